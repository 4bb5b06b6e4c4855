"""Tracking against the published walkthrough, and counts small enough to check."""

from __future__ import annotations

import datetime as dt
import importlib.util
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from regulars.clv import (
    BetaGeoBetaBinomModel,
    BetaGeoModel,
    ParetoNBDModel,
    ShiftedBetaGeoModel,
    summary_from_survivors,
)
from regulars.clv.diagnostics import (
    frequency_fit,
    holdout_by_frequency,
    holdout_scores,
    survival_fit,
    tracking,
)
from regulars.errors import DataError, NotEnoughHistoryError

CUTOFF = dt.date(1997, 10, 1)


@pytest.fixture(scope="module")
def log():
    """The one-tenth sample of CDNOW, by day."""
    # found, not imported: lifetimes warns when pandas 3 imports it
    (folder,) = importlib.util.find_spec("lifetimes").submodule_search_locations
    names = ["master_id", "customer_id", "day", "n_cds", "amount"]
    frame = pd.read_csv(
        Path(folder, "datasets", "CDNOW_sample.txt"),
        sep=r"\s+",
        header=None,
        names=names,
    )
    return frame.assign(day=pd.to_datetime(frame["day"].astype(str)))


@pytest.fixture(scope="module")
def summary(log):
    days = log[log["day"] < pd.Timestamp(CUTOFF)].drop_duplicates(
        ["customer_id", "day"]
    )
    first, last, n = (
        days.groupby("customer_id")["day"].agg(f) for f in ("min", "max", "count")
    )
    age = pd.Timestamp(CUTOFF) - dt.timedelta(days=1) - first
    return pd.DataFrame(
        {
            "frequency": n - 1,
            "recency": (last - first).dt.days / 7,
            "T": age.dt.days / 7,
        }
    )


@pytest.fixture(scope="module")
def bg_nbd(summary):
    return BetaGeoModel().fit(summary)


@pytest.fixture(scope="module")
def holdout(log):
    days = log[log["day"] >= pd.Timestamp(CUTOFF)].drop_duplicates(
        ["customer_id", "day"]
    )
    return days.groupby("customer_id").size()


class Steady:
    """A purchase every second day, for everybody, for ever."""

    def expected_purchases_new_customer(self, t):
        return 0.5 * np.asarray(t)

    def expected_purchases(self, summary, t):
        return pd.Series(0.5 * t, summary.index)


def test_tracking_equals_the_btyd_walkthrough(log, summary):
    """BTYD walkthrough, cum.tracking[, 20:25] and inc.tracking[, 20:25]."""
    model = ParetoNBDModel().fit(summary)
    found = tracking(model, log, time_unit_days=7, calibration_end=CUTOFF).iloc[19:25]
    assert found["actual_cumulative"].tolist() == [1359, 1414, 1484, 1517, 1573, 1672]
    assert found["expected_cumulative"].round().tolist() == [
        1309, 1385, 1460, 1533, 1604, 1674,
    ]  # fmt: skip
    assert found["actual"].tolist() == [73, 55, 70, 33, 56, 99]
    np.testing.assert_allclose(
        found["expected"], [78.31, 76.42, 74.65, 72.98, 71.41, 69.93], atol=0.01
    )


def test_tracking_marks_the_periods_the_model_has_not_seen(log, bg_nbd):
    found = tracking(bg_nbd, log, time_unit_days=7, calibration_end=CUTOFF)
    assert len(found) == 78
    assert found["is_holdout"].sum() == 39
    assert found.loc[~found["is_holdout"], "period"].max() == 39
    assert found["start"].iloc[0] == dt.date(1997, 1, 1)


def test_tracking_is_the_same_for_an_ibis_table(log, bg_nbd):
    table = ibis.memtable(log[["customer_id", "day"]])
    pd.testing.assert_frame_equal(
        tracking(bg_nbd, log, time_unit_days=7),
        tracking(bg_nbd, table, time_unit_days=7),
    )


def test_tracking_counts_by_hand():
    log = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "a", "b", "c", "c"],
            "day": pd.to_datetime(
                [f"2024-01-{day:02d}" for day in (1, 1, 2, 5, 3, 6, 7)]
            ),
        }
    )
    found = tracking(
        Steady(),
        log,
        time_unit_days=1,
        period_days=3,
        calibration_end=dt.date(2024, 1, 4),
    )
    # c came after the calibration; a comes back on the 2nd and the 5th
    assert found["actual"].tolist() == [1.0]
    assert found["expected"].tolist() == [0.5 * (3 + 1)]
    longer = tracking(
        Steady(), log, time_unit_days=1, period_days=3, end=dt.date(2024, 1, 8)
    )
    assert longer["actual"].tolist() == [1.0, 1.0]
    assert longer["expected_cumulative"].tolist() == [2.0, 0.5 * (6 + 4 + 1)]


def test_tracking_leaves_out_days_without_a_purchase():
    days = pd.date_range("2024-01-01", periods=4)
    log = pd.DataFrame(
        {"customer_id": "a", "day": days, "is_purchase": [True, False, False, True]}
    )
    found = tracking(Steady(), log, time_unit_days=1, period_days=4)
    assert found["actual"].tolist() == [1.0]


def test_tracking_raises_when_there_is_nothing_to_track(log, bg_nbd):
    with pytest.raises(DataError, match="lacks the columns"):
        tracking(bg_nbd, log.drop(columns="day"), time_unit_days=7)
    with pytest.raises(NotEnoughHistoryError, match="do not fill one period"):
        tracking(bg_nbd, log, time_unit_days=7, period_days=9999)
    with pytest.raises(NotEnoughHistoryError, match="no purchase before"):
        tracking(bg_nbd, log, time_unit_days=7, calibration_end=dt.date(1990, 1, 1))


def test_frequency_fit_adds_up_to_the_customers(bg_nbd, summary):
    found = frequency_fit(bg_nbd, summary)
    assert found["actual"].sum() == 2357
    assert found["expected"].sum() == pytest.approx(2357)
    assert found["actual"].tolist()[:3] == [1411, 439, 214]
    # Fader, Hardie and Lee (2005), figure 3: the model follows the counts closely
    assert np.abs(found["actual"] - found["expected"]).max() < 25


def test_frequency_fit_works_for_discrete_opportunities():
    rows = pd.DataFrame(
        {"frequency": [0, 1, 2], "recency": [0, 2, 4], "T": 4, "weight": [60, 25, 15]}
    )
    model = BetaGeoBetaBinomModel(penalty=0.01).fit(rows)
    found = frequency_fit(model, rows, max_frequency=4)
    assert found["expected"].sum() == pytest.approx(100)


def test_holdout_by_frequency_averages_by_hand():
    rows = pd.DataFrame({"frequency": [0, 0, 3, 9]}, index=list("abcd"))
    found = holdout_by_frequency(
        Steady(), rows, pd.Series({"a": 2, "d": 5}), t=4.0, max_frequency=3
    )
    assert found["frequency"].tolist() == [0, 3]
    assert found["n_customers"].tolist() == [2, 2]
    assert found["actual"].tolist() == [1.0, 2.5]
    assert found["expected"].tolist() == [2.0, 2.0]


def test_holdout_scores_equal_the_known_figures_of_cdnow(bg_nbd, summary, holdout):
    scores = holdout_scores(bg_nbd.expected_purchases(summary, 39), holdout)
    assert scores["mae"] == pytest.approx(0.7855, abs=5e-4)
    assert scores["total_ratio"] == pytest.approx(-0.122, abs=1e-3)
    zero = holdout_scores(pd.Series(0.0, summary.index), holdout)
    assert zero["mae"] == pytest.approx(0.7985, abs=5e-4)
    assert zero["spearman"] == 0.0


def test_holdout_refuses_customers_it_was_not_asked_about(bg_nbd, summary):
    with pytest.raises(DataError, match="names 1 customers"):
        holdout_scores(pd.Series(1.0, summary.index), pd.Series({-5: 1}))
    with pytest.raises(DataError, match="has shape"):
        holdout_by_frequency(bg_nbd, summary, [1, 2], t=39)
    with pytest.raises(DataError, match="Nobody bought"):
        holdout_scores([1.0], [0])


def test_survival_fit_counts_by_hand():
    rows = pd.DataFrame(
        {"recency": [0, 1, 2, 1], "T": [2, 2, 2, 1], "weight": [20, 10, 50, 20]}
    )
    model = ShiftedBetaGeoModel().fit(rows)
    found = survival_fit(model, rows)
    assert found["n_at_risk"].tolist() == [100, 100, 60]
    np.testing.assert_allclose(found["actual"], [1.0, 0.8, 0.8 * 50 / 60])


def test_survival_fit_returns_the_survivors_of_a_cohort():
    survivors = [1000, 869, 743, 653, 593, 551, 517, 491]
    cohort = summary_from_survivors(survivors)
    found = survival_fit(ShiftedBetaGeoModel().fit(cohort), cohort)
    np.testing.assert_allclose(found["actual"] * 1000, survivors)
    assert np.abs(found["actual"] - found["expected"]).max() < 0.02
