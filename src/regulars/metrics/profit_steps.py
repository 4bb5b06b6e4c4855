"""Money won and spent as a campaign goes down the list of scores.

Every profit figure, curve and threshold is read off these running sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import isotonic_regression

from regulars.metrics.arrays import check_outcome
from regulars.metrics.costs import offer_amounts
from regulars.metrics.tables import SortedScores

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from regulars.metrics.arrays import FloatArray
    from regulars.metrics.costs import CampaignCosts


@dataclass(frozen=True)
class ProfitSteps:
    """Money at stake as more and more customers are contacted, nobody first.

    The profit of step ``i`` at an acceptance rate ``g`` is ``g * saved[i] - spent[i]``.
    """

    threshold: FloatArray
    contacted: FloatArray
    # if all churners contacted accept: their CLV less the incentive
    saved: FloatArray
    # whatever churners do: contacts, and incentives of those who would have stayed
    spent: FloatArray

    @classmethod
    def of(
        cls, y: ArrayLike, score: ArrayLike, clv: ArrayLike, costs: CampaignCosts
    ) -> ProfitSteps:
        """Add up the money in falling order of score; O(n log n)."""
        outcome, scores = check_outcome(y, score)
        value, incentive, contact = offer_amounts(outcome.size, clv, costs)
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
