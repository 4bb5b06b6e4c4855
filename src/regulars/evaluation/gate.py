"""Whether a challenger replaces the champion.

Both are compared by models that had not seen the test window: every registered model
carries, beside the model that scores, the one it was tested with. The rule and why it
is so: ``docs/adr/0020-gate.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.evaluation.slices import evaluate_slices
from regulars.metrics.bootstrap import PairedDifference, paired_bootstrap
from regulars.metrics.calibration import ece, log_loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

LARGE_SLICE = 0.05  # share of the customers; a smaller part stops nobody
CHANCE_DRAWS = 400


@dataclass(frozen=True)
class Decision:
    """The outcome of a comparison.

    Attributes
    ----------
    is_champion : bool
        Whether the challenger takes the alias.
    reason : str
        Why, in a sentence.
    """

    is_champion: bool
    reason: str


@dataclass(frozen=True)
class Comparison:
    """Challenger and champion on the same window.

    Attributes
    ----------
    challenger_loss, champion_loss : float
        Log loss of each.
    difference : PairedDifference
        Challenger less champion, with its paired 95% interval; below 0 the challenger
        is better.
    challenger_ece, champion_ece : float
        Calibration error of each.
    ece_by_chance : float
        Error that a perfectly calibrated model would show in one window of twenty.
    worse_slices : tuple of str
        Parts with at least 5% of the customers on which the challenger is worse beyond
        the paired interval (95% for all parts together).

    Examples
    --------
    >>> same = PairedDifference(0.0, -0.01, 0.01)
    >>> Comparison(0.3, 0.3, same, 0.01, 0.01, 0.02).worse_slices
    ()
    """

    challenger_loss: float
    champion_loss: float
    difference: PairedDifference
    challenger_ece: float
    champion_ece: float
    ece_by_chance: float
    worse_slices: tuple[str, ...] = ()


def compare(
    churned: ArrayLike,
    challenger: ArrayLike,
    champion: ArrayLike,
    *,
    labels: pd.DataFrame | None = None,
    random_state: int = 0,
) -> Comparison:
    """Compare two forecasts of one window.

    Parameters
    ----------
    churned : array-like of shape (n_customers,)
        1 where the customer churned, else 0.
    challenger, champion : array-like of shape (n_customers,)
        Probability of churn by each, from models that had not seen the window.
    labels : DataFrame of shape (n_customers, n_kinds), optional
        Parts of the base, as `label_customers` gives them.
    random_state : int, default=0
        Seed of the bootstrap.

    Returns
    -------
    Comparison

    Examples
    --------
    >>> y, p = np.array([0, 1] * 40), np.array([0.2, 0.8] * 40)
    >>> compare(y, p, np.full(80, 0.5)).difference.high < 0
    True
    """
    y, new, old = (
        np.asarray(a, dtype=np.float64) for a in (churned, challenger, champion)
    )
    return Comparison(
        challenger_loss=log_loss(y, new),
        champion_loss=log_loss(y, old),
        difference=paired_bootstrap(log_loss, y, new, old, random_state=random_state),
        challenger_ece=ece(y, new),
        champion_ece=ece(y, old),
        ece_by_chance=ece_by_chance(new, random_state=random_state),
        worse_slices=_worse_slices(y, new, old, labels, random_state),
    )


def ece_by_chance(probability: ArrayLike, *, random_state: int = 0) -> float:
    """Return the calibration error that chance alone reaches in one window of twenty.

    The error is never 0: in a small window even true probabilities look a little off.
    A bound below that would turn away every model of a small shop.
    """
    chance = np.asarray(probability, dtype=np.float64)
    generator = np.random.default_rng(random_state)
    drawn = (
        (generator.random(chance.size) < chance).astype(np.float64)
        for _ in range(CHANCE_DRAWS)
    )
    return float(np.quantile([ece(y, chance) for y in drawn], 0.95))


def _worse_slices(
    y: Floats,
    new: Floats,
    old: Floats,
    labels: pd.DataFrame | None,
    random_state: int,
) -> tuple[str, ...]:
    if labels is None:
        return ()
    large = [
        (kind, share)
        for kind in labels.columns
        for share in labels[kind].value_counts(normalize=True)
        if share >= LARGE_SLICE
    ]
    # one bad part of ten by chance would stop a model that is as good as the champion
    level = 1 - 0.05 / max(len(large), 1)
    rows = evaluate_slices(y, new, old, labels, level=level, random_state=random_state)
    return tuple(
        f"{row['slice']} {row['value']}"
        for row in rows
        if row["share"] >= LARGE_SLICE and row["low"] is not None and row["low"] > 0
    )


def decide(
    comparison: Comparison,
    *,
    max_ece: float = 0.05,
    is_simpler: bool = False,
    newer_days: int = 0,
    changed: Sequence[str] = (),
) -> Decision:
    """Apply the rule to a comparison.

    Parameters
    ----------
    comparison : Comparison
        Both on the same window.
    max_ece : float, default=0.05
        Largest calibration error; see `regulars.config.GateSettings`.
    is_simpler : bool, default=False
        Whether the challenger has fewer members than the champion.
    newer_days : int, default=0
        Days of records that the challenger has and the champion had not.
    changed : sequence of str
        Settings that shape the scores without shaping the comparison (the margin, the
        bands) and that differ from the champion's.

    Returns
    -------
    Decision

    Examples
    --------
    >>> same = Comparison(0.3, 0.3, PairedDifference(0.0, -0.01, 0.01), 0.01, 0.01, 0.1)
    >>> decide(same).reason
    'as good as the champion (log loss 0.3000 and 0.3000) and no simpler'
    >>> decide(same, newer_days=30).is_champion
    True
    """
    losses = (
        f"log loss {comparison.challenger_loss:.4f} and {comparison.champion_loss:.4f}"
    )
    obstacle = _obstacle(comparison, max_ece, losses)
    if obstacle:
        return Decision(False, obstacle)
    if comparison.difference.high < 0:
        return Decision(True, f"better than the champion ({losses})")
    reason = f"as good as the champion ({losses})"
    if is_simpler:
        return Decision(True, f"{reason} and simpler")
    if newer_days > 0:
        return Decision(True, f"{reason}, and has learnt from {more_days(newer_days)}")
    if changed:
        return Decision(True, f"{reason}, and follows the new {' and '.join(changed)}")
    return Decision(False, f"{reason} and no simpler")


def more_days(count: int) -> str:
    """Return a number of days in words."""
    return "1 more day" if count == 1 else f"{count:,} more days"


def _obstacle(comparison: Comparison, max_ece: float, losses: str) -> str:
    if comparison.difference.low > 0:
        return f"worse than the champion ({losses})"
    bound = max(max_ece, comparison.ece_by_chance)
    error = comparison.challenger_ece
    if error > bound and error >= comparison.champion_ece:
        return f"its calibration error {error:.3f} is above the bound {bound:.3f}"
    if comparison.worse_slices:
        parts = ", ".join(comparison.worse_slices[:3])
        return f"worse than the champion on a large part of the customers: {parts}"
    return ""
