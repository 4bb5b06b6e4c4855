from __future__ import annotations

from datetime import date

import pytest

from regulars.errors import ConfigError, DataError
from regulars.kinds.non_contractual.workspace import open_workspace, read_and_check


def test_workspace_holds_the_checked_log_laid_out_in_time(shop, orders):
    told = []
    work = open_workspace(shop.settings(), told.append)
    assert told == ["check"]
    assert work.timeline.cutoff == date(2024, 12, 1)
    assert work.ledger.last_day < work.timeline.cutoff
    assert work.settings == shop.settings()
    past = orders[orders["order_time"] < "2024-12-01"]
    assert work.intake.tables["transactions"].count().to_pyarrow().as_py() == len(past)


def test_check_writes_its_account_and_the_quarantine(shop, orders):
    read_and_check(shop.settings(), lambda step: None)
    found = shop.read("check.json")
    table = found["tables"]["transactions"]
    assert found["name"] == "shop"
    assert table["rows_in"] == len(orders)
    assert table["rows_in"] == table["rows_kept"] + sum(
        reason["rows"] for reason in table["reasons"]
    )
    quarantine = (shop.out / "quarantine.csv").read_text().splitlines()
    assert len(quarantine) - 1 <= table["rows_in"] - table["rows_kept"]


def test_log_of_refunds_only_is_told(tmp_path, open_shop, orders):
    shop = open_shop(tmp_path, orders.assign(amount=-5.0))
    with pytest.raises(DataError, match=r"holds no purchase.* turn the sign"):
        open_workspace(shop.settings(), lambda step: None)


def test_nothing_before_the_cutoff_is_told(shop):
    with pytest.raises(DataError, match="on or after the cutoff"):
        open_workspace(shop.settings("time.cutoff=2020-01-01"), lambda step: None)


def test_outputs_that_cannot_be_made_are_told(shop):
    (shop.folder / "file").write_text("")
    settings = shop.settings(f"outputs={shop.folder}/file/out")
    with pytest.raises(ConfigError, match=r"Cannot write .*file/out"):
        read_and_check(settings, lambda step: None)
