"""P(alive) along time: as one customer at a time, with jumps at purchases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.clv.modified_beta_geo import ModifiedBetaGeoModel
from regulars.clv.paths import alive_paths
from regulars.clv.summary import summarise
from regulars.errors import DataError


@pytest.fixture
def log():
    days = ["2024-01-01", "2024-01-09", "2024-02-02", "2024-01-20", "2024-01-20"]
    return pd.DataFrame(
        {
            "customer_id": ["ann", "ann", "ann", "bob", "bob"],
            "order_date": pd.to_datetime(days),
        }
    )


def test_paths_equal_a_summary_at_each_date(log, toy):
    model = ModifiedBetaGeoModel().fit(toy)
    dates = pd.date_range("2023-12-30", "2024-03-01", freq="3D")
    paths = alive_paths(model, log, dates, time_unit_days=7)
    assert paths.shape == (2, len(dates))
    for date in dates:
        cutoff = date + pd.Timedelta(days=1)
        seen = log[log["order_date"] <= date]
        if seen.empty:
            assert paths[date].isna().all()
            continue
        then = summarise(seen, cutoff, time_unit_days=7, count_last_day=False)
        expected = model.probability_alive(then)
        np.testing.assert_allclose(paths.loc[then.index, date], expected, rtol=1e-14)
        assert paths[date].notna().sum() == len(then)


def test_paths_fall_in_silence_and_rise_with_a_purchase(log, toy):
    model = ModifiedBetaGeoModel().fit(toy)
    dates = pd.to_datetime(["2024-01-10", "2024-02-01", "2024-02-02"])
    path = alive_paths(model, log, dates).loc["ann"]
    assert path.iloc[1] < path.iloc[0]
    assert path.iloc[2] > path.iloc[1]


def test_paths_do_not_depend_on_the_order_of_purchases(log, toy):
    model = ModifiedBetaGeoModel().fit(toy)
    dates = pd.date_range("2024-01-01", periods=40)
    shuffled = log.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(
        alive_paths(model, shuffled, dates), alive_paths(model, log, dates)
    )


@pytest.mark.parametrize(
    "refund", [{"amount": -3.0}, {"amount": 3.0, "is_return": True}]
)
def test_paths_leave_returns_out(log, toy, refund):
    model = ModifiedBetaGeoModel().fit(toy)
    dates = pd.date_range("2024-01-01", periods=40)
    bought = log.assign(amount=5.0, is_return=False)
    sent_back = {"customer_id": "ann", "order_date": pd.Timestamp("2024-01-15")}
    more = pd.concat([bought, pd.DataFrame([sent_back | refund])])
    pd.testing.assert_frame_equal(
        alive_paths(model, more, dates), alive_paths(model, log, dates)
    )


def test_paths_say_which_columns_they_need(toy):
    model = ModifiedBetaGeoModel().fit(toy)
    with pytest.raises(DataError, match="needs the columns 'customer_id'"):
        alive_paths(model, toy, ["2024-01-01"])
