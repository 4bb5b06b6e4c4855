"""Draws from a fitted purchase model: of known customers, and of new ones.

Where ``expected_*`` gives the mean, ``distribution_*`` shows how much one may vary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.clv.base import ParametricModel
from regulars.clv.histories import check_count, check_horizon

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.clv.fitting import FloatArray


class PurchaseDraws(ParametricModel):
    """What `PurchaseModel` draws: the ``distribution_*`` methods."""

    def distribution_purchases(
        self, summary: Any, t: Any, *, n_draws: int = 1000, random_state: Any = None
    ) -> pd.DataFrame:
        """Draw the number of purchases in the next ``t``."""
        rows, params, horizon, index = self._rows_at(summary, t)
        rng, shape = np.random.default_rng(random_state), (n_draws, len(rows))
        traits = self._draw_traits(rows, params, rng, shape)
        draws = self._draw_purchases(*traits, horizon, rng)
        return pd.DataFrame(draws.T.astype(np.int64), index=index)

    def distribution_traits(
        self, summary: Any, *, n_draws: int = 1000, random_state: Any = None
    ) -> dict[str, pd.DataFrame]:
        """Draw each customer's own state, given the history."""
        rows, params, _, index = self._rows_at(summary, 0.0)
        rng, shape = np.random.default_rng(random_state), (n_draws, len(rows))
        traits = self._draw_traits(rows, params, rng, shape)
        names = ("alive", "purchase_rate", "dropout")
        return {
            name: pd.DataFrame(values.T, index=index)
            for name, values in zip(names, traits, strict=True)
        }

    def distribution_new_customers(
        self,
        n_customers: int,
        T: Any,
        *,
        covariates: Any = None,
        random_state: Any = None,
    ) -> pd.DataFrame:
        """Draw the histories of new customers."""
        size = int(check_count(n_customers))
        age = np.broadcast_to(check_horizon(T, size), (size,)).astype(np.float64)
        params = self._new_params(covariates)
        rng = np.random.default_rng(random_state)
        count, recency = self._draw_histories(params, age, rng)
        columns = {"frequency": count, "recency": recency, "T": age}
        return pd.DataFrame(columns)


def latest_of(
    kept: NDArray[Any], made: NDArray[Any], span: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Draw when the last of the ``kept`` first of ``made`` purchases was made."""
    # the k-th of n uniform times is Beta(k, n - k + 1)
    some = kept > 0
    share = rng.beta(np.where(some, kept, 1.0), np.where(some, made - kept + 1, 1.0))
    return np.asarray(np.where(some, share * span, 0.0))
