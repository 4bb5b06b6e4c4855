"""Customers of a fitted purchase model at a cutoff, checked once, as arrays."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from regulars.clv.interpolation import along_ages
from regulars.clv.rows import Rows, distinct

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from regulars.clv.fitting import FloatArray

_MANY = 1_000  # histories from which interpolation is made up for


class Standing:
    """What a purchase model expects of customers whose histories were checked.

    One row a customer; parameters are arrays where covariates enter.
    """

    def __init__(self, model: Any, rows: Rows, params: dict[str, FloatArray]) -> None:
        self._model = model
        self._params = params
        self.rows = rows
        # the same span is asked for by several who ask one after the other
        self._known: dict[tuple[str, float], FloatArray] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> FloatArray:
        return self.rows[name]

    def moved(self, **columns: FloatArray) -> Self:
        """Return the same customers with another recency or T."""
        rows = self.rows.with_columns(**columns)
        return type(self)(self._model, rows, self._params)

    def fresh(self) -> Self:
        """Return the same customers as if they had bought a moment ago."""
        found = self.moved(recency=np.where(self["frequency"] > 0, self["T"], 0.0))
        # who is there does not remember when the last purchase was
        there = self._model._purchases_if_there.__name__
        found._known |= {k: v for k, v in self._known.items() if k[0] == there}
        return found

    def distinct(self) -> tuple[Self, NDArray[np.intp]]:
        """Return the distinct histories, and where each customer's went."""
        if len(self) == 1:
            return self, np.zeros(1, dtype=np.intp)
        names, wide = list(self.rows.columns), list(self._params)
        by_row = [name for name in wide if np.ndim(self._params[name])]
        arrays = [self.rows[n] for n in names] + [self._params[n] for n in by_row]
        unique, place = distinct(arrays)
        columns = dict(zip(names, unique, strict=False))
        params = self._params | dict(zip(by_row, unique[len(names) :], strict=True))
        rows = Rows(columns, np.ones(len(unique[0])))
        return type(self)(self._model, rows, params), place

    def alive(self, ahead: float = 0.0) -> FloatArray:
        """Return P(a customer), after so much more silence."""
        return self._once(self._model._alive, ahead)

    def no_purchase(self, t: float) -> FloatArray:
        """Return P(no purchase in the next ``t``)."""
        return np.clip(self._once(self._model._no_purchase, t), 0.0, 1.0)

    def leaving(self, t: float) -> FloatArray:
        """Return P(a customer at the cutoff, and none any more after ``t``)."""
        return np.clip(self._once(self._model._leaving, t), 0.0, 1.0)

    def purchases(self, t: float) -> FloatArray:
        """Return the expected number of purchases in the next ``t``."""
        key = "purchases", t
        if key not in self._known:
            there = self.purchases_if_there(np.array([t]), np.ones(1))
            self._known[key] = self.alive() * there
        return self._known[key]

    def purchases_if_there(self, times: FloatArray, weights: FloatArray) -> FloatArray:
        """Return the same of each who is there at the cutoff, several times weighed.

        It does not remember when the last purchase was.
        """
        latest, place = self._latest
        column, params = times[:, np.newaxis], latest._params

        def weighed(rows: Rows) -> FloatArray:
            found = self._model._purchases_if_there(rows, params, column)
            return np.asarray((weights[:, np.newaxis] * found).sum(axis=0))

        def of(frequency: FloatArray, age: FloatArray) -> FloatArray:
            recency = np.where(frequency > 0, age, 0.0)
            columns = {"frequency": frequency, "recency": recency, "T": age}
            return weighed(Rows(columns, np.ones(len(age))))

        scale = params.get(self._model._age_scale)
        if len(latest) < _MANY or any(np.ndim(own) for own in params.values()):
            scale = None  # few, or each customer has parameters of their own
        if scale is None:
            return weighed(latest.rows)[place]
        return along_ages(of, latest["frequency"], latest["T"], float(scale))[place]

    @cached_property
    def _latest(self) -> tuple[Self, NDArray[np.intp]]:
        return self.fresh().distinct()

    def comebacks(self, silence: float) -> list[Comeback]:
        """Return who silent customers may be, had they bought once more."""
        lives = self._model._comebacks(self.rows, self._params, silence)
        return [
            Comeback(share, stays, type(self)(self._model, rows, params))
            for share, stays, rows, params in lives
        ]

    def next_order(self, share: FloatArray) -> FloatArray:
        """Return the time by which the next order has come with P = ``share``."""
        found: FloatArray = self._model._next_order(self.rows, self._params, share)
        return found

    def _once(self, what: Callable[..., FloatArray], t: float) -> FloatArray:
        key = what.__name__, t
        if key not in self._known:
            values = what(self.rows, self._params, np.float64(t))
            self._known[key] = np.asarray(values)
        return self._known[key]


class Comeback(NamedTuple):
    """Lives that silent customers may have, were they to buy once more.

    `share` is that of such lives among the silent, `stays` P(a customer still after
    the purchase), and `standing` those who are, as if they had bought a moment ago.
    """

    share: FloatArray
    stays: FloatArray | float
    standing: Standing
