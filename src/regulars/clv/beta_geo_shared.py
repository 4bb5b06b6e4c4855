"""BG/NBD and MBG/NBD in one: the coin that a customer flips after each purchase.

They differ by a single flip: MBG/NBD lets a customer leave right after the first
purchase. With that flip as a number (0 or 1) one set of formulas serves both.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import digamma, expit, gammaln

from regulars.clv.beta_geo_likelihood import GeometricLikelihood
from regulars.clv.covariates import CovariateBlock
from regulars.clv.draws import latest_of
from regulars.clv.histories import by_distinct
from regulars.clv.purchases import RATE_EDGES, PurchaseModel
from regulars.clv.rows import Rows
from regulars.clv.special import (
    expected_geometric_purchases,
    geometric_leaving_probability,
    geometric_purchase_probability,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from regulars.clv.fitting import FloatArray, Objective

    Params = dict[str, FloatArray]

_MANY = 200_000  # rows that are no longer grouped


class GeometricDropoutModel(PurchaseModel):
    """Base of `BetaGeoModel` and `ModifiedBetaGeoModel`."""

    _parameters: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    _unit_powers: ClassVar[tuple[int, ...]] = (0, 1, 0, 0)
    _age_scale: ClassVar[str] = "alpha"
    _blocks: ClassVar[tuple[CovariateBlock, ...]] = (
        CovariateBlock("alpha", "purchase_covariates", -1.0, "purchase"),
        CovariateBlock("a", "dropout_covariates", 1.0, "dropout_a"),
        CovariateBlock("b", "dropout_covariates", 1.0, "dropout_b"),
    )
    _edge_meanings: ClassVar[Mapping[tuple[str, str], str]] = {
        **RATE_EDGES,
        ("a", "lower"): "in these data nobody ever seems to leave",
        (
            "b",
            "upper",
        ): "all customers leave with the same probability, or none ever does",
        ("a", "upper"): "all customers leave with the same probability",
        ("b", "lower"): "customers either leave at once or never",
    }
    _start_shapes = (
        (0.5, 0.8, 2.5),
        (1.0, 0.1, 1.0),
        (0.25, 1.5, 1.5),
        (3.0, 0.5, 5.0),
    )
    #: Coins flipped at the first purchase: 0 for BG/NBD, 1 for MBG/NBD.
    _first_flip: ClassVar[int] = 0

    # -- likelihood -------------------------------------------------------------

    def _row_likelihood(
        self, rows: Rows, params: Params
    ) -> tuple[FloatArray, dict[str, FloatArray]]:
        r, alpha, a, b = (params[name] for name in self._parameters)
        x, recency, age = rows["frequency"], rows["recency"], rows["T"]
        flips = x + self._first_flip
        late, early = alpha + age, alpha + recency
        silence = np.log(late) - np.log(early)
        log_odds = self._log_odds_left(x, silence, params)
        left = expit(log_odds)
        value = (
            gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(late)
        ) + (gammaln(a + b) - gammaln(a + b + flips) + gammaln(b + flips) - gammaln(b))
        both = digamma(a + b) - digamma(a + b + flips)
        last = np.maximum(b + flips - 1, 1e-300)  # only where somebody can have left
        slopes = {
            "r": digamma(r + x) - digamma(r) + np.log(alpha / late) + left * silence,
            "alpha": r / alpha
            - (r + x) / late
            + left * (r + x) * (1 / late - 1 / early),
            "a": both + left / a,
            "b": both + digamma(b + flips) - digamma(b) - left / last,
        }
        slopes = {name: slope * params[name] for name, slope in slopes.items()}
        return value + np.logaddexp(0.0, log_odds), slopes

    def _log_odds_left(
        self, x: FloatArray, silence: FloatArray, params: Params
    ) -> FloatArray:
        """Return the log-odds that a customer has left, -inf where none can."""
        r, a, b = params["r"], params["a"], params["b"]
        flips = x + self._first_flip
        possible = flips > 0
        before = np.where(possible, b + flips - 1, 1.0)
        log_odds = np.log(a) - np.log(before) + (r + x) * silence
        return np.where(possible, log_odds, -np.inf)

    def _groups_rows(self, n_rows: int) -> bool:
        # Sorted rows make the fit the same to the last bit in any order; in a large
        # frame that costs three times the fit itself
        return n_rows < _MANY or bool(self._used_blocks())

    def _plain_objective(self, rows: Rows) -> Objective:
        return GeometricLikelihood(rows, self._first_flip)

    # -- predictions ------------------------------------------------------------

    def _alive(self, rows: Rows, params: Params, ahead: FloatArray | float) -> Any:
        """Return P(alive) when a further time ``ahead`` passes without a purchase."""
        alpha = params["alpha"]
        silence = np.log((alpha + rows["T"] + ahead) / (alpha + rows["recency"]))
        return expit(-self._log_odds_left(rows["frequency"], silence, params))

    def _active(self, rows: Rows, params: Params) -> tuple[Any, ...]:
        """Return r, alpha, a, b of a customer who is alive at the cutoff."""
        x = rows["frequency"]
        return (
            params["r"] + x,
            params["alpha"] + rows["T"],
            params["a"],
            params["b"] + x + self._first_flip,
        )

    def _purchases_if_there(
        self, rows: Rows, params: Params, t: FloatArray
    ) -> FloatArray:
        if t.ndim > 1:  # several times of histories that are distinct
            r, alpha, a, b = self._active(rows, params)
            return expected_geometric_purchases(r, alpha, a, b, t)
        return self._of_active(expected_geometric_purchases, rows, params, t)

    def _of_active(
        self,
        function: Callable[..., FloatArray],
        rows: Rows,
        params: Params,
        t: FloatArray,
    ) -> FloatArray:
        """Evaluate a function of (r, alpha, a, b, t) for those alive at the cutoff."""

        def of_history(*columns: FloatArray) -> FloatArray:
            x, age, until, *values = columns
            history = Rows({"frequency": x, "T": age}, np.ones(1))
            known = dict(zip(self._parameters, values, strict=True))
            return function(*self._active(history, known), until)

        columns = (rows["frequency"], rows["T"], t)
        return by_distinct(of_history, *columns, *params.values())

    def _no_purchase(self, rows: Rows, params: Params, t: FloatArray) -> FloatArray:
        alive = self._alive(rows, params, 0.0)
        r, alpha, _, _ = self._active(rows, params)
        some = -np.expm1(-r * np.log1p(t / alpha))
        return np.asarray(1.0 - alive * some)

    def _leaving(self, rows: Rows, params: Params, t: FloatArray) -> FloatArray:
        chance = self._of_active(geometric_leaving_probability, rows, params, t)
        return np.asarray(self._alive(rows, params, 0.0) * chance)

    def _comebacks(
        self, rows: Rows, params: Params, silence: float
    ) -> Iterator[tuple[FloatArray, FloatArray, Rows, Params]]:
        """Yield those who are there, and those who left after their last purchase.

        Who left did not buy since, and is likelier to leave again.
        """
        a, b = params["a"], params["b"]
        stayed = b + rows["frequency"] + self._first_flip
        there = self._alive(rows, params, silence)
        later = rows.with_columns(T=rows["T"] + silence)
        yield there, stayed / (a + stayed), later, params | {"b": b + 1.0}
        before = np.maximum(stayed - 1.0, 0.0)
        left = rows.with_columns(T=rows["recency"])
        yield 1.0 - there, before / (a + stayed), left, params | {"a": a + 1.0}

    def _n_purchases(
        self, rows: Rows, params: Params, n: FloatArray, t: FloatArray
    ) -> FloatArray:
        alive = self._alive(rows, params, 0.0)
        chance = self._of_active(
            partial(geometric_purchase_probability, n), rows, params, t
        )
        return np.asarray(alive * chance + np.where(n == 0, 1.0 - alive, 0.0))

    def _next_order(self, rows: Rows, params: Params, share: Any) -> FloatArray:
        alive = self._alive(rows, params, 0.0)
        r, alpha, _, _ = self._active(rows, params)
        within = np.minimum(share / np.maximum(alive, 1e-300), 1.0)
        with np.errstate(divide="ignore", over="ignore"):
            wait = alpha * np.expm1(-np.log1p(-within) / r)
        return np.asarray(np.where(share < alive, wait, np.inf))

    def _new_customer(self, params: Params) -> tuple[Any, ...]:
        """Return P(stays after the first purchase), then r, alpha, a, b of those."""
        r, alpha, a, b = (params[name] for name in self._parameters)
        stays = b / (a + b) if self._first_flip else np.ones_like(b)
        return stays, r, alpha, a, b + self._first_flip

    def _new_purchases(self, params: Params, t: FloatArray) -> FloatArray:
        stays, r, alpha, a, b = self._new_customer(params)
        return np.asarray(stays * expected_geometric_purchases(r, alpha, a, b, t))

    def _new_n_purchases(
        self, params: Params, n: FloatArray, t: FloatArray
    ) -> FloatArray:
        stays, r, alpha, a, b = self._new_customer(params)
        chance = stays * geometric_purchase_probability(n, r, alpha, a, b, t)
        return np.asarray(chance + np.where(n == 0, 1.0 - stays, 0.0))

    # -- draws ------------------------------------------------------------------

    def _draw_traits(
        self,
        rows: Rows,
        params: Params,
        rng: np.random.Generator,
        size: tuple[int, ...],
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return draws of: is alive, purchase rate, dropout probability."""
        r, alpha, a, b = self._active(rows, params)
        alive = rng.random(size) < self._alive(rows, params, 0.0)
        rate = rng.standard_gamma(r, size) / alpha
        return np.asarray(alive, float), rate, rng.beta(a, b, size)

    def _draw_purchases(
        self,
        alive: FloatArray,
        rate: FloatArray,
        dropout: FloatArray,
        t: FloatArray,
        rng: np.random.Generator,
    ) -> FloatArray:
        """Return draws of the number of purchases in t."""
        wanted = rng.poisson(rate * t)
        allowed = rng.geometric(np.maximum(dropout, 1e-12))
        return np.asarray(alive * np.minimum(wanted, allowed), float)

    def _draw_histories(
        self, params: Params, age: FloatArray, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """Return draws of frequency and recency of new customers."""
        r, alpha, a, b = (params[name] for name in self._parameters)
        rate = rng.standard_gamma(np.broadcast_to(r, age.shape)) / alpha
        dropout = np.maximum(rng.beta(a, b, age.shape), 1e-12)
        made = rng.poisson(rate * age)
        allowed = rng.geometric(dropout) - self._first_flip
        kept = np.minimum(made, allowed)
        return np.asarray(kept, float), latest_of(kept, made, age, rng)
