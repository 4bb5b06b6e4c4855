"""Spend, BG/BB and sBG on anything: a fit no worse than the truth, or a sentence."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from regulars.clv import (
    BetaGeoBetaBinomModel,
    BetaGeoModel,
    GammaGammaModel,
    ModifiedBetaGeoModel,
    ParetoNBDModel,
    ShiftedBetaGeoModel,
)
from regulars.clv.fitting import maximise
from regulars.errors import ConvergenceError, RegularsError, RegularsWarning


def _spend(rng, n):
    truth = {"p": 10 ** rng.uniform(-1, 2), "q": 10 ** rng.uniform(-0.3, 1.5)}
    truth["v"] = 10 ** rng.uniform(-3, 5)
    x = rng.geometric(rng.uniform(0.01, 0.9), n).astype(float)
    nu = rng.gamma(truth["q"], 1 / truth["v"], n)
    value = rng.gamma(truth["p"] * x) / nu / x
    return truth, pd.DataFrame({"frequency": x, "monetary_value": value})


def _opportunities(rng, n):
    names = ("alpha", "beta", "gamma", "delta")
    truth = dict(zip(names, 10 ** rng.uniform(-1, 1.3, 4), strict=True))
    periods = np.arange(1, rng.integers(2, 40))
    leave = np.maximum(rng.beta(truth["gamma"], truth["delta"], n), 1e-12)
    alive = periods <= (rng.geometric(leave) - 1)[:, None]
    takes = rng.beta(truth["alpha"], truth["beta"], n)[:, None]
    buys = (rng.random((n, periods.size)) < takes) & alive
    summary = {"frequency": buys.sum(axis=1), "recency": (buys * periods).max(axis=1)}
    return truth, pd.DataFrame(summary | {"T": periods.size})


def _contracts(rng, n):
    truth = dict(zip(("alpha", "beta"), 10 ** rng.uniform(-1, 1.3, 2), strict=True))
    leave = np.maximum(rng.beta(truth["alpha"], truth["beta"], n), 1e-12)
    dates = rng.integers(1, rng.integers(2, 40), n)
    recency = np.minimum(rng.geometric(leave) - 1, dates)
    return truth, pd.DataFrame({"recency": recency, "T": dates})


KINDS = {
    "spend": (GammaGammaModel, _spend, "expected_average_value", ()),
    "discrete": (BetaGeoBetaBinomModel, _opportunities, "expected_purchases", (5,)),
    "subscriptions": (ShiftedBetaGeoModel, _contracts, "expected_purchases", (5,)),
}


def _survives(kind, draw, prediction, arguments, seed):
    rng = np.random.default_rng(seed)
    truth, summary = draw(rng, int(10 ** rng.uniform(0.5, 4)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RegularsWarning)
        try:
            model = kind().fit(summary)
        except RegularsError:
            return
        values = getattr(model, prediction)(summary, *arguments)
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    at_truth = model._objective(model._read(summary))(
        np.log([truth[name] for name in model._parameters])
    )[0]
    inside = all(abs(np.log(value)) < 9 for value in truth.values())
    assert not inside or model.log_likelihood_ >= at_truth - 1e-3


@pytest.mark.parametrize("case", KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("seed", range(12))
def test_fit_beats_the_truth_or_says_why_not(case, seed):
    _survives(*case, seed)


@pytest.mark.slow
@pytest.mark.parametrize("case", KINDS.values(), ids=KINDS.keys())
def test_five_hundred_random_worlds(case):
    for seed in range(167):  # of each kind
        _survives(*case, seed + 1000)


@pytest.mark.parametrize(
    ("kind", "rows", "prediction", "arguments"),
    [
        (GammaGammaModel, [(1, 5.0)], "expected_average_value", ()),
        (GammaGammaModel, [(5000, 1e9)], "expected_average_value", ()),
        (
            GammaGammaModel,
            [(1, 1e-6), (2, 1.0), (5000, 1e9)],
            "expected_average_value",
            (),
        ),
        (
            GammaGammaModel,
            [(3, -1.0), (3, 0.0), (2, 4.0)],
            "expected_average_value",
            (),
        ),
        (BetaGeoBetaBinomModel, [(1, 1, 1)], "expected_purchases", (5,)),
        (
            BetaGeoBetaBinomModel,
            [(0, 0, 500), (500, 500, 500)],
            "expected_purchases",
            (5,),
        ),
        (BetaGeoBetaBinomModel, [(0, 0, 0), (1, 1, 1)], "expected_purchases", (5,)),
        (ShiftedBetaGeoModel, [(0, 1)], "expected_purchases", (5,)),
        (ShiftedBetaGeoModel, [(1, 1)], "expected_purchases", (5,)),
        (ShiftedBetaGeoModel, [(1000, 1000), (3, 1000)], "expected_purchases", (5,)),
    ],
)
def test_nasty_summaries_give_finite_predictions(kind, rows, prediction, arguments):
    summary = pd.DataFrame(rows, columns=list(kind._columns))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RegularsWarning)
        model = kind().fit(summary)
        values = getattr(model, prediction)(summary, *arguments)
    assert np.isfinite(values).all()
    assert (values >= 0).all()


@pytest.mark.parametrize("kind", [BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel])
def test_recency_above_age_by_rounding_changes_nothing(kind):
    """272 days in weeks, once divided and once worked out from the cutoff."""
    rng = np.random.default_rng(0)
    age = rng.integers(100, 273, 400) / 7
    x = rng.poisson(rng.gamma(0.6, 3, 400)) * 1.0
    recency = np.where(x > 0, age * np.sqrt(rng.random(400)), 0.0)
    recency[(x > 0) & (rng.random(400) < 0.2)] = np.nan
    exact = pd.DataFrame({"frequency": x, "recency": recency, "T": age})
    exact["recency"] = exact["recency"].fillna(exact["T"])
    above = exact["recency"].where(
        exact["recency"] < exact["T"], np.nextafter(exact["T"], np.inf)
    )
    rounded = exact.assign(recency=above.where(exact["frequency"] > 0, 0.0))
    assert (rounded["recency"] > rounded["T"]).any()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RegularsWarning)
        model, same = kind().fit(exact), kind().fit(rounded)
    assert same.log_likelihood_ == pytest.approx(model.log_likelihood_)
    np.testing.assert_allclose(
        same.expected_purchases(rounded, 39.0), model.expected_purchases(exact, 39.0)
    )


def test_maximise_raises_when_the_likelihood_is_no_number():
    def nowhere(theta):
        return float("nan"), np.full_like(theta, np.nan)

    with pytest.raises(ConvergenceError, match="could not be maximised"):
        maximise(nowhere, [np.zeros(2)], names=("u", "v"), n_customers=1)
