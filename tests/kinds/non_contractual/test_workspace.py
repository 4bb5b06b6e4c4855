from __future__ import annotations

from datetime import date

import pytest

from regulars.errors import DataError
from regulars.kinds.non_contractual.workspace import open_workspace


def test_workspace_holds_the_checked_log_laid_out_in_time(shop, orders):
    steps = []
    work = open_workspace(shop.settings(), steps.append)
    assert steps == ["check"]
    assert work.timeline.cutoff == date(2024, 12, 1)
    assert work.ledger.last_day < work.timeline.cutoff
    assert work.settings == shop.settings()
    past = orders[orders["order_time"] < "2024-12-01"]
    assert work.intake.tables["transactions"].count().to_pyarrow().as_py() == len(past)


def test_log_of_refunds_only_is_refused(tmp_path, open_shop, orders):
    shop = open_shop(tmp_path, orders.assign(amount=-5.0))
    with pytest.raises(DataError, match=r"holds no purchase.* turn the sign"):
        open_workspace(shop.settings(), lambda step: None)


def test_nothing_before_the_cutoff_is_refused(shop):
    with pytest.raises(DataError, match="on or after the cutoff"):
        open_workspace(shop.settings("time.cutoff=2020-01-01"), lambda step: None)
