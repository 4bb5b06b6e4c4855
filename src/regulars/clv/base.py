"""What all models share: fitting by maximum likelihood, and the fitted attributes.

A subclass says which columns it needs, how the likelihood reads and what a unit is.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from regulars.clv.fitting import Optimum, maximise, single_threaded
from regulars.clv.rows import Rows, distinct, read_rows
from regulars.errors import BoundaryWarning, NotEnoughHistoryError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from regulars.clv.fitting import FloatArray, Objective


class ParametricModel(BaseEstimator, ABC):  # type: ignore[misc]
    """Base of the models: a few positive parameters, found by maximum likelihood.

    A subclass sets the class variables below and writes `_objective` and `_starts`;
    everything a user sees of a fitted model comes from here. The vector ``theta`` holds
    the logarithms of the positive parameters, then any coefficients as they are.
    """

    #: Positive parameters, in the order of the paper.
    _parameters: ClassVar[tuple[str, ...]] = ()
    #: Columns that `fit` and the predictions need.
    _columns: ClassVar[tuple[str, ...]] = ()
    #: Columns measured in the unit that is scaled away (time, or money) ...
    _unit_columns: ClassVar[tuple[str, ...]] = ()
    #: ... and the power of that unit in each parameter.
    _unit_powers: ClassVar[tuple[int, ...]] = ()
    #: What a parameter at an edge means, in words: (name, "lower" | "upper") -> clause.
    _edge_meanings: ClassVar[Mapping[tuple[str, str], str]] = {}
    #: Half-width of the search in logarithms, after scaling.
    _edge: ClassVar[float] = 10.0

    #: Customers on whom the starts race, where there are many.
    _sample_size: ClassVar[int] = 20_000

    penalty: float

    # -- what a subclass writes -------------------------------------------------

    @abstractmethod
    def _objective(self, rows: Rows) -> Objective:
        """Return ``theta -> (log-likelihood, gradient)`` over scaled rows."""

    @abstractmethod
    def _starts(self, rows: Rows) -> list[FloatArray]:
        """Return starting points on scaled rows."""

    def _check(self, table: pd.DataFrame, weight: FloatArray) -> None:
        """Raise a DataError or NotEnoughHistoryError for data that cannot be used."""

    def _unit(self, rows: Rows) -> float:
        """Return how many of the user's units make one scaled unit."""
        return 1.0

    def _n_densities(self, rows: Rows) -> float:
        """Return how many densities per unit the likelihood multiplies."""
        return 0.0

    def _theta_names(self) -> tuple[str, ...]:
        """Return the names of all entries of theta."""
        return self._parameters

    def _needed_columns(self) -> list[str]:
        """Return the columns that fit needs."""
        return list(self._columns)

    def _to_user(self, unit: float) -> tuple[FloatArray, FloatArray]:
        """Return matrix and shift that take theta from scaled to user's units."""
        shift = np.zeros(len(self._theta_names()))
        shift[: len(self._parameters)] = np.array(self._unit_powers) * np.log(unit)
        return np.eye(shift.size), shift

    # -- fitting ----------------------------------------------------------------

    def fit(self, summary: Any, y: None = None) -> Self:
        """Fit the model by maximum likelihood."""
        self._check_penalty()
        rows = self._read(summary)
        unit = self._unit(rows)
        with single_threaded():
            optimum = self._maximise(rows, unit)
        self._store(optimum, rows, unit)
        self._warn(optimum)
        return self

    def _maximise(self, rows: Rows, unit: float) -> Optimum:
        """Return the optimum on scaled rows; the starts race on a sample."""
        scaled = rows.with_columns(**{n: rows[n] / unit for n in self._unit_columns})
        coarse = None
        if len(scaled) > 2 * self._sample_size:
            coarse = self._objective(scaled.sample(self._sample_size))
        return maximise(
            self._objective(scaled),
            self._starts(scaled),
            names=self._theta_names(),
            n_customers=rows.n_customers,
            lower=-self._edge,
            upper=self._edge,
            penalty=self.penalty,
            coarse=coarse,
        )

    def _check_penalty(self) -> None:
        if not (np.isfinite(self.penalty) and self.penalty >= 0):
            msg = f"penalty must be a finite number >= 0, got {self.penalty!r}."
            raise ValueError(msg)

    def _groups_rows(self, n_rows: int) -> bool:
        """Return whether finding equal rows costs less than evaluating them."""
        return True

    def _read(self, summary: Any) -> Rows:
        """Return the rows of a summary, checked; distinct where that saves work."""
        names = self._needed_columns()
        table, weight = read_rows(summary, names)
        if len(table) == 0:
            msg = "The summary has no customers. Pass one row a customer."
            raise NotEnoughHistoryError(msg)
        self._check(table, weight)
        if not self._groups_rows(len(table)):
            return Rows({name: table[name].to_numpy() for name in names}, weight)
        columns, place = distinct([table[name].to_numpy() for name in names])
        total = np.bincount(place, weights=weight).astype(np.float64)
        return Rows(dict(zip(names, columns, strict=True)), total)

    def _store(self, optimum: Optimum, rows: Rows, unit: float) -> None:
        """Set the attributes of a fitted model."""
        matrix, shift = self._to_user(unit)
        self.n_customers_ = rows.n_customers
        self.n_features_in_ = len(self._needed_columns())
        self.feature_names_in_ = np.array(self._needed_columns(), dtype=object)
        # densities were multiplied on the scaled unit: back to that of the papers
        jacobian = self._n_densities(rows) * float(np.log(unit))
        self.log_likelihood_ = optimum.log_likelihood - jacobian
        self.converged_ = True
        self.n_iter_ = optimum.iterations
        self.at_edge_ = dict(optimum.at_edge)
        self._set_theta(
            matrix @ optimum.theta + shift, matrix @ optimum.covariance @ matrix.T
        )

    def _set_theta(self, theta: FloatArray, covariance: FloatArray) -> None:
        """Set everything that follows from theta and its covariance."""
        names, n_logs = self._theta_names(), len(self._parameters)
        self.theta_, self.covariance_ = theta, covariance
        natural = np.concatenate([np.exp(theta[:n_logs]), theta[n_logs:]])
        self.params_ = dict(zip(names, map(float, natural), strict=True))
        for name in self._parameters:
            setattr(self, f"{name}_", self.params_[name])
        deviation = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        deviation = np.where(deviation > 0, deviation, np.nan)
        # delta method: of exp(theta) the error is exp(theta) times that of theta
        slope = np.concatenate([natural[:n_logs], np.ones(natural.size - n_logs)])
        errors = map(float, deviation * slope)
        self.standard_errors_ = dict(zip(names, errors, strict=True))
        correlation = covariance / np.outer(deviation, deviation)
        self.correlations_ = pd.DataFrame(correlation, index=names, columns=names)

    @property
    def aic_(self) -> float:
        """Akaike's criterion, 2 k - 2 log L."""
        return 2.0 * len(self._theta_names()) - 2.0 * self.log_likelihood_

    @property
    def bic_(self) -> float:
        """Schwarz's criterion, k log n - 2 log L."""
        k = len(self._theta_names())
        return float(k * np.log(self.n_customers_)) - 2.0 * self.log_likelihood_

    def _warn(self, optimum: Optimum) -> None:
        """Say in words what an edge or a flat direction means."""
        sentences = []
        if optimum.at_edge:
            clauses = "; ".join(
                f"{name!r} to the {side} ({self.params_[name]:.3g}): "
                + self._edge_meanings.get((name, side), "the data do not pin it down")
                for name, side in optimum.at_edge.items()
            )
            sentences.append(
                f"Parameters ran to the edge of their range: {clauses}. These have no "
                "standard error; a small penalty (0.001) keeps them inside."
            )
        if optimum.unidentified:
            names = ", ".join(map(repr, optimum.unidentified))
            sentences.append(
                f"The data hardly pin down {names}: other values fit as well, and "
                "intervals leave this direction out."
            )
        if sentences:
            sentences.append("Predictions stay finite.")
            warnings.warn(" ".join(sentences), BoundaryWarning, stacklevel=3)

    def _adopt(self, theta: FloatArray, covariance: FloatArray, summary: Any) -> None:
        """Take over parameters found elsewhere; the likelihood is worked out here."""
        rows = self._read(summary)
        unit = self._unit(rows)
        matrix, shift = self._to_user(unit)
        inner = np.asarray(np.linalg.solve(matrix, theta - shift), dtype=np.float64)
        scaled = rows.with_columns(**{n: rows[n] / unit for n in self._unit_columns})
        value, gradient = self._objective(scaled)(inner)
        adopted = Optimum(inner, value, covariance, gradient, 0, "taken over", {}, ())
        self._store(adopted, rows, unit)

    def _with_theta(self, theta: FloatArray) -> Self:
        """Return this fitted model at other parameters, for intervals."""
        check_is_fitted(self, "theta_")
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._set_theta(np.asarray(theta, dtype=np.float64), self.covariance_)
        return other
