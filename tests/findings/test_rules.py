"""All questions together: of a healthy log, and of other tables."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.findings import (
    test_double_exports,
    test_odd_amounts,
    test_odd_customers,
    test_odd_days,
    test_odd_orders,
    test_similar_ids,
)
from tests.findings.shops import plain, shop

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.findings.rules import LOG_RULES, find_findings, find_in_ids


@pytest.mark.parametrize("seed", range(2))
def test_a_healthy_log_is_asked_nothing(ask, seed):
    assert ask(shop(seed)) == {}
    assert ask(plain(shop(seed))) == {}


def test_every_rule_has_a_case():
    modules = (
        test_double_exports,
        test_odd_amounts,
        test_odd_customers,
        test_odd_days,
        test_odd_orders,
        test_similar_ids,
    )
    keys = {case[1] for module in modules for case in module.CASES}
    keys.add("orders_in_two_files")
    # three findings on amounts come from one rule
    assert len(LOG_RULES) == len(keys) - 2


def test_ids_of_contracts_are_asked_about(tmp_path):
    rows = ["customer_id,started_at,ended_at"]
    rows += [f"c{k},2024-0{1 + k % 9}-01,2024-11-05" for k in range(40)]
    rows += ["C1,2024-02-01,2024-12-01", "c99,1970-01-01,2024-12-01"]
    (tmp_path / "contracts.csv").write_text("\n".join(rows))
    settings = parse_settings(
        "name: x\nchurn: {kind: contractual}\n"
        f"source: {{subscriptions: {{path: {tmp_path}/contracts.csv}}}}"
    )
    found = find_findings(read_tables(settings, connect()), settings)
    assert {(each.key, each.table) for each in found} == {
        ("similar_ids", "subscriptions"),
        ("stray_days", "subscriptions"),
    }


def test_ids_of_a_labelled_table_are_asked_about():
    assert [each.key for each in find_in_ids(pd.Series(["Ann", "ann"]), "x")] == [
        "similar_ids"
    ]
    assert find_in_ids(pd.Series([1, 2]), "x") == []
