"""Draws from a fitted purchase model: of known customers, and of new ones.

Where ``expected_*`` gives the mean, ``distribution_*`` gives draws: of the number of
purchases to come, of a customer's own rates given the history, or of whole new
customers, which is how recovery is tested and scenarios are simulated. All randomness
comes from ``random_state``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.clv.histories import check_count, check_horizon

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.clv.fitting import FloatArray


class PurchaseDraws:
    """Mixin of `PurchaseModel` with the ``distribution_*`` methods."""

    def distribution_purchases(
        self, summary: Any, t: Any, *, n_draws: int = 1000, random_state: Any = None
    ) -> pd.DataFrame:
        """Draw the number of purchases in the next ``t``.

        Parameters
        ----------
        summary : pandas.DataFrame or ibis.Table of n_customers rows
            With ``frequency``, ``recency`` and ``T``.
        t : float or array of shape (n_customers,)
            Length of the period from the cutoff, >= 0, in the unit of the summary.
        n_draws : int, default 1000
            Draws of each customer.
        random_state : int or numpy.random.Generator, optional
            Seed.

        Returns
        -------
        pandas.DataFrame of shape (n_customers, n_draws)
            Whole numbers >= 0, keyed like ``summary``.

        Examples
        --------
        >>> from regulars.clv import BetaGeoModel
        >>> rows = pd.DataFrame({"frequency": [0, 1, 4], "recency": [0, 9, 30],
        ...     "T": 39, "weight": [60, 25, 15]})
        >>> model = BetaGeoModel(penalty=0.01).fit(rows)
        >>> model.distribution_purchases(rows, 13, n_draws=5, random_state=0).shape
        (3, 5)
        """
        rows, params, horizon, index = self._rows_at(summary, t)  # type: ignore[attr-defined]
        rng, shape = np.random.default_rng(random_state), (n_draws, len(rows))
        traits = self._draw_traits(rows, params, rng, shape)  # type: ignore[attr-defined]
        draws = self._draw_purchases(*traits, horizon, rng)  # type: ignore[attr-defined]
        return pd.DataFrame(draws.T.astype(np.int64), index=index)

    def distribution_traits(
        self, summary: Any, *, n_draws: int = 1000, random_state: Any = None
    ) -> dict[str, pd.DataFrame]:
        """Draw each customer's own state, given the history.

        Parameters
        ----------
        summary : pandas.DataFrame or ibis.Table of n_customers rows
            With ``frequency``, ``recency`` and ``T``.
        n_draws : int, default 1000
            Draws of each customer.
        random_state : int or numpy.random.Generator, optional
            Seed.

        Returns
        -------
        dict of str to pandas.DataFrame of shape (n_customers, n_draws)
            ``alive`` (0 or 1), ``purchase_rate`` (purchases a unit of time) and
            ``dropout`` (probability a purchase, or rate for Pareto/NBD); the last two
            are those of a customer who is alive.

        Examples
        --------
        >>> from regulars.clv import BetaGeoModel
        >>> rows = pd.DataFrame({"frequency": [0, 1, 4], "recency": [0, 9, 30],
        ...     "T": 39, "weight": [60, 25, 15]})
        >>> model = BetaGeoModel(penalty=0.01).fit(rows)
        >>> sorted(model.distribution_traits(rows, n_draws=5, random_state=0))
        ['alive', 'dropout', 'purchase_rate']
        """
        rows, params, _, index = self._rows_at(summary, 0.0)  # type: ignore[attr-defined]
        rng, shape = np.random.default_rng(random_state), (n_draws, len(rows))
        traits = self._draw_traits(rows, params, rng, shape)  # type: ignore[attr-defined]
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
        """Draw the histories of new customers.

        Parameters
        ----------
        n_customers : int
            How many, >= 0.
        T : float or array of shape (n_customers,)
            Age of each at the cutoff, >= 0.
        covariates : pandas.DataFrame of n_customers rows
            Needed if the model was fitted with covariates.
        random_state : int or numpy.random.Generator, optional
            Seed.

        Returns
        -------
        pandas.DataFrame of shape (n_customers, 3)
            ``frequency``, ``recency`` and ``T``: a summary that could be fitted again.

        Examples
        --------
        >>> from regulars.clv import BetaGeoModel
        >>> rows = pd.DataFrame({"frequency": [0, 1, 4], "recency": [0, 9, 30],
        ...     "T": 39, "weight": [60, 25, 15]})
        >>> model = BetaGeoModel(penalty=0.01).fit(rows)
        >>> model.distribution_new_customers(100, 39, random_state=0).shape
        (100, 3)
        """
        size = int(check_count(n_customers))
        age = np.broadcast_to(check_horizon(T, size), (size,)).astype(np.float64)
        params = self._new_params(covariates)  # type: ignore[attr-defined]
        rng = np.random.default_rng(random_state)
        count, recency = self._draw_histories(params, age, rng)  # type: ignore[attr-defined]
        columns = {"frequency": count, "recency": recency, "T": age}
        return pd.DataFrame(columns)


def latest_of(
    kept: NDArray[Any], made: NDArray[Any], span: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Draw when the last of the ``kept`` first of ``made`` purchases was made.

    Parameters
    ----------
    kept, made : array of shape (n_customers,)
        Purchases that count, and all of the span; 0 <= kept <= made.
    span : array of shape (n_customers,)
        Length of time in which the purchases fall, evenly.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    array of shape (n_customers,)
        A time in (0, span); 0 where nothing was kept.

    Notes
    -----
    The k-th of n uniform times is Beta(k, n - k + 1).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> latest_of(np.zeros(1), np.zeros(1), np.ones(1), rng).tolist()
    [0.0]
    """
    some = kept > 0
    share = rng.beta(np.where(some, kept, 1.0), np.where(some, made - kept + 1, 1.0))
    return np.asarray(np.where(some, share * span, 0.0))
