"""Money won and spent as a campaign goes down the list of scores.

In come outcomes (1 = churned), scores, and each customer's CLV, incentive and contact
cost; out go running sums, one step a distinct score, and the steps that can be best at
any acceptance rate. Every profit figure, curve and threshold is read off these sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import isotonic_regression

from regulars.metrics.arrays import ArrayLike, FloatArray, check_outcome, per_customer
from regulars.metrics.tables import SortedScores

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ProfitSteps", "check_accept_rate", "offer_amounts"]


def check_accept_rate(accept_rate: float) -> float:
    """Return the share of churners who stay when offered the incentive, or refuse it."""
    if not 0.0 <= accept_rate <= 1.0:
        msg = (
            f"'accept_rate' is {accept_rate}; the share of churners who take the offer "
            "and stay, 0 to 1, was expected."
        )
        raise ValueError(msg)
    return float(accept_rate)


def offer_amounts(
    n_customers: int, clv: ArrayLike, incentive_cost: ArrayLike, contact_cost: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return CLV, incentive and contact cost of each customer, checked."""
    amounts = []
    given = (
        ("clv", clv),
        ("incentive_cost", incentive_cost),
        ("contact_cost", contact_cost),
    )
    for name, value in given:
        amount = per_customer(name, value, n_customers)
        if amount.min() < 0.0:
            msg = (
                f"'{name}' has {int((amount < 0).sum()):,} negative values (lowest "
                f"{amount.min():g}); amounts of 0 or more were expected. Set customers "
                "of no value to 0."
            )
            raise ValueError(msg)
        amounts.append(amount)
    return amounts[0], amounts[1], amounts[2]


@dataclass(frozen=True)
class ProfitSteps:
    """Money at stake as more and more customers are contacted, nobody first.

    The profit of step ``i`` at an acceptance rate ``g`` is ``g * saved[i] - spent[i]``.
    """

    threshold: FloatArray
    contacted: FloatArray
    saved: FloatArray
    spent: FloatArray

    @classmethod
    def of(
        cls,
        y: ArrayLike,
        score: ArrayLike,
        clv: ArrayLike,
        incentive_cost: ArrayLike,
        contact_cost: ArrayLike,
    ) -> ProfitSteps:
        """Add up the money in falling order of score; O(n log n)."""
        outcome, scores = check_outcome(y, score)
        value, incentive, contact = offer_amounts(
            outcome.size, clv, incentive_cost, contact_cost
        )
        falling = SortedScores.of(outcome, scores)
        columns = (
            np.ones(outcome.size),
            outcome * (value - incentive),
            contact + (1.0 - outcome) * incentive,
        )
        running = [np.append(0.0, np.cumsum(falling.sums(c))) for c in columns]
        return cls(np.append(np.inf, falling.score), *running)

    def profit(self, accept_rate: float) -> FloatArray:
        """Return the total profit of each step."""
        return accept_rate * self.saved - self.spent

    def best_steps(self) -> NDArray[np.intp]:
        """Return the steps that are best at some acceptance rate: the convex hull.

        Pooling adjacent steps until the yield (saved over spent) only falls gives the
        upper hull, in linear time and without a loop in Python.
        """
        saved, spent = np.diff(self.saved), np.diff(self.spent)
        # A contact that costs nothing has an infinite yield; a speck keeps it finite.
        speck = 1e-12 * (spent.max() or 1.0)
        spent = np.maximum(spent, speck)
        pooled = isotonic_regression(saved / spent, weights=spent, increasing=False)
        return np.asarray(pooled.blocks, dtype=np.intp)
