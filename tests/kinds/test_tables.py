from __future__ import annotations

import pytest

from regulars.errors import ConfigError
from regulars.kinds.tables import check_tables, read_and_check


def test_check_counts_every_row_and_writes_the_quarantine(shop, orders):
    read_and_check(shop.settings(), lambda step: None)
    summary = shop.read("check.json")
    table = summary["tables"]["transactions"]
    assert summary["name"] == "shop"
    assert table["rows_in"] == len(orders)
    assert table["rows_in"] == table["rows_kept"] + sum(
        reason["rows"] for reason in table["reasons"]
    )
    quarantine = (shop.out / "quarantine.csv").read_text().splitlines()
    assert len(quarantine) - 1 <= table["rows_in"] - table["rows_kept"]


def test_check_returns_what_it_writes(shop):
    summary = check_tables(shop.settings(), lambda step: None)
    written = shop.read("check.json")
    assert summary["kind"] == written["kind"] == "non_contractual"
    assert {*summary} == {*written} - {"schema_version"}


def test_outputs_that_cannot_be_made_are_refused(shop):
    (shop.folder / "file").write_text("")
    settings = shop.settings(f"outputs={shop.folder}/file/out")
    with pytest.raises(ConfigError, match=r"Cannot write .*file/out"):
        read_and_check(settings, lambda step: None)
