"""Scores against the truth of a world: figures of a run, and their mean over seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from regulars.evaluation.gate import ece_by_chance
from regulars.metrics import ece, log_loss
from truths.beliefs import Beliefs
from truths.futures import (
    Year,
    believed_money,
    believed_stakes,
    scored_stakes,
    true_money,
    true_stakes,
)
from truths.policies import OFFERS, true_profits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from regulars.config import ValueSettings
    from truths.lives import Lives

# lives drawn for each customer by the rule that knows the parameters
DRAWS = 100
LEVEL = 0.95
# of a run's figures by name: lowest and highest that will do
TARGETS = {
    "behind_better": (-np.inf, 0.003),
    "ece": (-np.inf, 0.03),
    "spend_total": (0.9, 1.1),
    "value_total": (0.9, 1.1),
    # over all lives that agree with the log: those of one seed are mostly luck
    **{f"{world}.expected_share_of_fair": (0.85, np.inf) for world in OFFERS},
    **{f"{world}.policy": (0.0, np.inf) for world in OFFERS},
}


class Spread(NamedTuple):
    """Mean over seeds with its 95% interval (Student's t); no interval of one seed."""

    mean: float
    low: float
    high: float


def figures(
    scores: pd.DataFrame, lives: Lives, value: ValueSettings, *, seed: int
) -> dict[str, float]:
    """Judge scores by the lives, one row a customer in the order of the lives.

    Parameters
    ----------
    scores : DataFrame of shape (n_customers, n_columns)
        Columns of design section 7.
    lives : Lives
        What became of the customers, and what they were drawn from.
    value : ValueSettings
        Margin and discount that the scores were made with.
    seed : int
        Of the lives that the best rule draws.

    Returns
    -------
    dict of str to float
        Log losses and ECE; totals over what came; by world of the offer, profits a
        customer and what the lists catch.
    """
    rate, margin = value.discount_rate_annual, value.margin
    year = Year.of(lives.world, rate)
    beliefs = Beliefs.of(lives)
    draws = beliefs.draw(DRAWS, seed)
    there = beliefs.if_there().draw(DRAWS, seed)
    stakes = (
        true_stakes(lives, year, margin),
        believed_stakes(draws, year, margin),
        scored_stakes(draws, there, year, margin),
    )
    came, hoped = true_money(lives, rate, margin), believed_money(draws, year, margin)
    churn = scores["churn_probability"].to_numpy(np.float64)
    found = _churn(stakes[0].silent, churn, scores, beliefs) | {
        "spend_total": _over(scores["expected_spend"].sum(), came.spend.sum()),
        "spend_total_best": _over(hoped.spend.sum(), came.spend.sum()),
        "value_total": _over(scores["clv"].sum(), came.value.sum()),
        "value_total_best": _over(hoped.value.sum(), came.value.sum()),
    }
    for world in OFFERS:
        money = true_profits(world, scores, *stakes)
        found |= {f"{world}.{name}": figure for name, figure in money.items()}
    return found


def _churn(
    silent: np.ndarray, churn: np.ndarray, scores: pd.DataFrame, beliefs: Beliefs
) -> dict[str, float]:
    process = scores["btyd_no_purchase_probability"].to_numpy(np.float64)
    model = log_loss(silent, churn)
    alone = log_loss(silent, process)
    best = log_loss(silent, beliefs.no_purchase_probability())
    return {
        "churn_rate": float(silent.mean()),
        "log_loss": model,
        "log_loss_process": alone,
        "log_loss_best": best,
        "behind_better": model - min(model, alone),
        "behind_best": model - best,
        "ece": ece(silent, churn),
        "ece_by_chance": ece_by_chance(churn),
    }


def _over(predicted: float, actual: float) -> float:
    return float(predicted / actual) if actual > 0 else float("nan")


def spread(values: Sequence[float]) -> Spread:
    """Return the mean over seeds with its interval.

    Parameters
    ----------
    values : sequence of float
        One a seed.

    Returns
    -------
    Spread

    Examples
    --------
    >>> spread([1.0, 2.0, 3.0])
    Spread(mean=2.0, low=-0.48..., high=4.48...)
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if not known.size:
        return Spread(np.nan, np.nan, np.nan)
    mean = float(known.mean())
    if known.size == 1:
        return Spread(mean, np.nan, np.nan)
    half = stats.t.ppf((1 + LEVEL) / 2, known.size - 1) * stats.sem(known)
    return Spread(mean, mean - float(half), mean + float(half))


def verdict(name: str, found: Spread) -> str:
    """Return whether a mean is where it has to be, and whether seeds leave a doubt."""
    if name not in TARGETS:
        return ""
    low, high = TARGETS[name]
    if not low <= found.mean <= high:  # NaN is a miss
        return "missed"
    beyond = found.low < low or found.high > high  # NaN, of one seed, is neither
    return "met, not beyond the seeds" if beyond else "met"
