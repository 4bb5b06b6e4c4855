from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from regulars.kinds.non_contractual.value_check import _ratio, value_check
from regulars.kinds.non_contractual.workspace import open_workspace


@pytest.mark.filterwarnings("ignore::regulars.errors.RegularsWarning")
def test_value_of_the_last_months_stands_beside_what_came(shop, orders):
    settings = shop.settings("value.clv_horizon_days=180", "value.margin=0.5")
    found = value_check(open_workspace(settings, lambda step: None), "bg_nbd")
    assert found["cutoff"] == date(2024, 6, 4)
    before = orders[orders["order_time"] < "2024-06-04"]
    known = {*before.loc[before["amount"] >= 0, "customer_id"]}
    assert found["n_customers"] == len(known)
    later = orders[orders["order_time"].between("2024-06-04", "2024-11-30 23:59:59")]
    amount = later["amount"].abs() * np.where(later["is_return"], -1, 1)
    came = 0.5 * amount[later["customer_id"].isin(known)].sum()
    assert found["came"] == pytest.approx(came)
    assert found["ratio"] == pytest.approx(found["expected"] / came)
    assert found["ratio_low"] < found["ratio"] < found["ratio_high"]
    assert 0.3 < found["ratio"] < 3


def test_short_log_has_no_such_time(shop):
    settings = shop.settings("value.clv_horizon_days=330")
    assert value_check(open_workspace(settings, lambda step: None), "bg_nbd") is None


def test_interval_holds_the_ratio_of_nineteen_samples_in_twenty():
    rng = np.random.default_rng(0)
    held = []
    for _ in range(400):
        expected = rng.lognormal(2, 1, 500)
        # seven in ten bring nothing, the rest what was expected, in the mean
        came = expected * (rng.random(500) < 0.3) / 0.3 * rng.gamma(2, 0.5, 500)
        figures = _ratio("r", expected, came)
        held.append(figures["r_low"] <= 1.0 <= figures["r_high"])
    assert np.mean(held) == pytest.approx(0.95, abs=0.04)


def test_log_whose_first_days_lie_far_away_has_no_such_time(
    tmp_path, orders, open_shop
):
    stray = orders.head(1).assign(order_time=pd.Timestamp("1990-01-01"))
    shop = open_shop(tmp_path, pd.concat([stray, orders]))
    settings = shop.settings("value.clv_horizon_days=365", "time.lookback_days=365")
    assert value_check(open_workspace(settings, lambda step: None), "bg_nbd") is None
