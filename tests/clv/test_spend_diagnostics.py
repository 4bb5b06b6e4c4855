"""Spend beside the model: densities that integrate, means to check by hand."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest

from regulars.clv import GammaGammaModel
from regulars.clv.spend_diagnostics import spend_by_frequency, spend_density
from regulars.errors import NotEnoughHistoryError


@pytest.fixture(scope="module")
def summary():
    rng = np.random.default_rng(0)
    x = rng.geometric(0.4, 4000) - 1.0
    nu = rng.gamma(4, 1 / 15, 4000)
    repeat = np.maximum(x, 1)
    value = np.where(x > 0, rng.gamma(6 * repeat) / nu / repeat, np.nan)
    return pd.DataFrame({"frequency": x, "monetary_value": value})


def test_densities_follow_each_other_when_the_model_is_true(summary):
    found = spend_density(GammaGammaModel().fit(summary), summary, upper_share=0.999)
    step = found["value"].iloc[0]
    assert found["actual"].sum() * step == pytest.approx(1.0, abs=0.02)
    assert found["expected"].sum() * step == pytest.approx(1.0, abs=0.02)
    assert (found["actual"] - found["expected"]).abs().sum() * step < 0.1


def test_weights_count_identical_customers(summary):
    few = summary.assign(weight=3)
    many = pd.concat([summary] * 3)
    model = GammaGammaModel().fit(many)
    left, right = spend_density(model, few), spend_density(model, many)
    pd.testing.assert_frame_equal(left, right)


def test_spend_by_frequency_averages_by_hand():
    rows = pd.DataFrame(
        {"frequency": [0, 1, 1, 4, 9], "monetary_value": [0.0, 10, 20, 7, 9]}
    )
    found = spend_by_frequency(rows, max_frequency=4)
    assert found["frequency"].tolist() == [1, 4]
    assert found["n_customers"].tolist() == [2, 2]
    assert found["mean_value"].tolist() == [15.0, 8.0]
    assert found["standard_error"].tolist() == [pytest.approx(5.0), pytest.approx(1.0)]


def test_an_ibis_table_gives_the_same(summary):
    pd.testing.assert_frame_equal(
        spend_by_frequency(summary), spend_by_frequency(ibis.memtable(summary))
    )


def test_spend_raises_when_nobody_came_back():
    rows = pd.DataFrame({"frequency": [0], "monetary_value": [0.0]})
    with pytest.raises(NotEnoughHistoryError, match="no repeat buyer"):
        spend_by_frequency(rows)
