"""How often the 95% intervals of the purchase models hold the truth.

    python benchmarks/btyd.py --customers 0 --coverage 400

For each model, customers are simulated from known parameters (those of the published
data sets), the model is fitted to them, and every interval is held against the truth.
Fits that warn of a parameter at an edge give that parameter no interval: they are
counted and left out. Of 400 intervals that cover 95%, the share that hold the truth
lies between 92.9 and 97.1 in 19 of 20 runs.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.clv import (
    BetaGeoBetaBinomModel,
    BetaGeoModel,
    GammaGammaModel,
    ModifiedBetaGeoModel,
    ParetoNBDModel,
    ShiftedBetaGeoModel,
    discounted_clv,
)
from regulars.clv.value_intervals import discounted_clv_interval
from regulars.errors import BoundaryWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TERMS = {
    "margin": 0.3,
    "discount_rate_annual": 0.1,
    "horizon_days": 365,
    "time_unit_days": 7.0,
}
SOME = pd.DataFrame(
    {
        "frequency": [0, 1, 2, 7],
        "recency": [0.0, 20.0, 36.0, 37.0],
        "T": [39.0, 35.0, 38.0, 39.0],
        "monetary_value": [0.0, 20.0, 35.0, 50.0],
    }
)
DONORS = pd.DataFrame({"frequency": [0, 1, 5], "recency": [0, 3, 6], "T": 6})
TENURES = pd.DataFrame({"recency": [2, 6], "T": [6, 6]})


def at(model: Any, *natural: float) -> Any:
    """Return a model with these parameters, as if it had been fitted."""
    model._set_theta(np.log(natural), np.eye(len(natural)))
    model.feature_names_in_ = np.array(model._needed_columns(), dtype=object)
    return model


@dataclass(frozen=True)
class World:
    """A model with its truth, customers of it, and the predictions in question."""

    truth: Any
    draw: Callable[[Any, np.random.Generator], pd.DataFrame]
    predictions: tuple[tuple[str, tuple[Any, ...]], ...]


def buyers(truth: Any, rng: np.random.Generator) -> pd.DataFrame:
    """Return 2,500 customers of a purchase model, won over twelve weeks."""
    ages = rng.uniform(27.0, 39.0, 2500)
    seed = int(rng.integers(2**31))
    return truth.distribution_new_customers(ages.size, ages, random_state=seed)


def spenders(truth: Any, rng: np.random.Generator) -> pd.DataFrame:
    """Return 1,000 repeat buyers with their mean spend."""
    x = rng.geometric(0.4, 1000).astype(float)
    rate = rng.gamma(truth.q_, 1 / truth.v_, x.size)
    value = rng.gamma(truth.p_ * x) / (rate * x)
    return pd.DataFrame({"frequency": x, "monetary_value": value})


def donors(truth: Any, rng: np.random.Generator) -> pd.DataFrame:
    """Return 2,500 customers with six opportunities each."""
    shape = (2500, 1)
    buys = rng.beta(truth.alpha_, truth.beta_, shape)
    leaves = rng.beta(truth.gamma_, truth.delta_, shape)
    alive = np.arange(1, 7) < rng.geometric(np.maximum(leaves, 1e-12))
    made = alive & (rng.random((shape[0], 6)) < buys)
    last = np.where(made.any(axis=1), 6 - np.argmax(made[:, ::-1], axis=1), 0)
    return pd.DataFrame({"frequency": made.sum(axis=1), "recency": last, "T": 6})


def subscribers(truth: Any, rng: np.random.Generator) -> pd.DataFrame:
    """Return 1,500 subscribers who face six renewals."""
    chance = np.maximum(rng.beta(truth.alpha_, truth.beta_, 1500), 1e-12)
    stayed = np.minimum(rng.geometric(chance) - 1, 6)
    return pd.DataFrame({"recency": stayed, "T": 6})


BOUGHT = (
    ("expected_purchases", (SOME, 26.0)),
    ("probability_no_purchase", (SOME, 13.0)),
    ("expected_purchases_new_customer", (52.0,)),
)
WORLDS = {
    "BG/NBD": World(at(BetaGeoModel(), 0.243, 4.414, 0.793, 2.426), buyers, BOUGHT),
    "MBG/NBD": World(
        at(ModifiedBetaGeoModel(), 0.525, 6.183, 0.891, 1.614), buyers, BOUGHT
    ),
    "Pareto/NBD": World(
        at(ParetoNBDModel(), 0.553, 10.578, 0.606, 11.669), buyers, BOUGHT
    ),
    "Gamma-Gamma": World(
        at(GammaGammaModel(), 6.25, 3.74, 15.44),
        spenders,
        (("expected_average_value", (SOME.tail(3),)),),
    ),
    "BG/BB": World(
        at(BetaGeoBetaBinomModel(), 1.204, 0.750, 0.657, 2.783),
        donors,
        (
            ("expected_purchases", (DONORS, 5)),
            ("probability_no_purchase", (DONORS, 5)),
        ),
    ),
    "sBG": World(
        at(ShiftedBetaGeoModel(), 0.668, 3.806),
        subscribers,
        (("survival", (12,)), ("probability_alive", (TENURES, 3))),
    ),
}


def one_fit(world: World, seed: int) -> Iterator[tuple[str, Any]]:
    """Yield what the intervals of one sample hold: a name, and booleans."""
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BoundaryWarning)
        model = type(world.truth)().fit(world.draw(world.truth, rng))
    yield "at an edge", bool(model.at_edge_)
    if model.at_edge_:
        return
    half = 1.959964 * np.sqrt(np.diag(model.covariance_))
    held = np.abs(model.theta_ - world.truth.theta_) <= half
    yield from zip(model._theta_names(), held, strict=True)
    for name, arguments in world.predictions:
        expected = np.atleast_1d(np.asarray(getattr(world.truth, name)(*arguments)))
        found = model.interval(name, *arguments).to_numpy()
        # what is certain has no width; a rounding must not miss it
        slack = 1e-9 * np.abs(expected)
        inside = (found[:, 1] - slack <= expected) & (expected <= found[:, 2] + slack)
        yield name, inside
    if isinstance(world.truth, BetaGeoModel):
        yield "discounted_clv", _value_held(world.truth, model, rng)


def _value_held(truth: Any, model: Any, rng: np.random.Generator) -> Any:
    """Return which intervals of lifetime value hold it, both models estimated."""
    spend = WORLDS["Gamma-Gamma"].truth
    fitted = GammaGammaModel().fit(spenders(spend, rng))
    expected = discounted_clv(truth, SOME, value_model=spend, **TERMS).to_numpy()
    found = discounted_clv_interval(model, SOME, value_model=fitted, **TERMS)
    lower, upper = found["lower"].to_numpy(), found["upper"].to_numpy()
    return (lower <= expected) & (expected <= upper)


def coverage(name: str, n_fits: int) -> dict[str, float]:
    """Return the share of intervals that hold the truth.

    Parameters
    ----------
    name : str
        One of `WORLDS`.
    n_fits : int
        Samples to draw and fit.

    Returns
    -------
    dict of str to float
        By parameter and prediction, 0-1; of a prediction for several customers the
        mean. ``at an edge`` is the share of fits that were left out.
    """
    shares = defaultdict(list)
    for seed in range(n_fits):
        for what, held in one_fit(WORLDS[name], seed):
            shares[what].append(np.mean(held))
    return {what: float(np.mean(held)) for what, held in shares.items()}
