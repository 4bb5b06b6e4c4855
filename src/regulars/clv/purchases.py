"""What BG/NBD, MBG/NBD and Pareto/NBD share: checks, scaling, covariates, predictions.

Every prediction is vectorised over rows and keyed like the frame it came from.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from regulars.clv.covariates import (
    CovariateBlock,
    LikelihoodRatio,
    block_gradient,
    likelihood_ratio,
    linear_predictors,
)
from regulars.clv.draws import PurchaseDraws
from regulars.clv.histories import (
    are_histories,
    check_count,
    check_histories,
    check_horizon,
    check_level,
    within_age,
)
from regulars.clv.intervals import PredictionIntervals
from regulars.clv.persistence import JsonModel
from regulars.clv.rows import Rows, read_columns
from regulars.clv.standing import Standing
from regulars.errors import DataError, NotEnoughHistoryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from regulars.clv.fitting import FloatArray, Objective

    Params = dict[str, FloatArray]

_LONGEST = 10.0  # scaled time units in the longest history

RATE_EDGES = {
    ("r", "upper"): "all customers buy at the same rate",
    ("alpha", "upper"): "all customers buy at the same rate",
    ("r", "lower"): "almost all customers buy once and hardly ever again",
    ("alpha", "lower"): "purchase rates differ beyond what a gamma can follow",
}


class PurchaseModel(PurchaseDraws, PredictionIntervals, JsonModel):
    """Base of BG/NBD, MBG/NBD and Pareto/NBD.

    Subclasses write `_row_likelihood`, the predictions and the names of their
    parameters.
    """

    _columns: ClassVar[tuple[str, ...]] = ("frequency", "recency", "T")
    _unit_columns: ClassVar[tuple[str, ...]] = ("recency", "T")
    _blocks: ClassVar[tuple[CovariateBlock, ...]] = ()
    #: The parameter that age is added to, where expected purchases ask for their sum.
    _age_scale: ClassVar[str | None] = None
    #: r and the two parameters of the dropout where the starts of the search lie.
    _start_shapes: ClassVar[tuple[tuple[float, float, float], ...]] = ()

    def __init__(
        self,
        penalty: float = 0.0,
        *,
        purchase_covariates: Sequence[str] = (),
        dropout_covariates: Sequence[str] = (),
    ) -> None:
        self.penalty = penalty
        self.purchase_covariates = purchase_covariates
        self.dropout_covariates = dropout_covariates

    # -- what a subclass writes -------------------------------------------------

    @abstractmethod
    def _row_likelihood(
        self, rows: Rows, params: dict[str, FloatArray]
    ) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Return log-likelihoods by row, and slopes by log-parameter and row."""

    def _plain_objective(self, rows: Rows) -> Objective:
        """Return the objective without covariates; override where faster."""
        return self._general_objective(rows)

    @abstractmethod
    def _purchases_if_there(
        self, rows: Rows, params: dict[str, FloatArray], t: FloatArray
    ) -> FloatArray:
        """Return expected purchases in ``t`` of those who are there at the cutoff.

        Of times in a column, one row a time.
        """

    @abstractmethod
    def _comebacks(
        self, rows: Rows, params: dict[str, FloatArray], silence: float
    ) -> Iterable[tuple[FloatArray, FloatArray | float, Rows, dict[str, FloatArray]]]:
        """Yield what `Standing.comebacks` makes `Comeback` of."""

    # -- fitting ----------------------------------------------------------------

    def _needed_columns(self) -> list[str]:
        covariates = [*self.purchase_covariates, *self.dropout_covariates]
        return list(dict.fromkeys([*self._columns, *covariates]))

    def _used_blocks(self) -> list[tuple[CovariateBlock, list[str]]]:
        """Return the covariate blocks in use, each with its columns."""
        pairs = [(block, list(getattr(self, block.argument))) for block in self._blocks]
        return [(block, columns) for block, columns in pairs if columns]

    def _theta_names(self) -> tuple[str, ...]:
        coefficients = [
            f"{block.name}_{column}"
            for block, columns in self._used_blocks()
            for column in columns
        ]
        return (*self._parameters, *coefficients)

    def _check(self, table: pd.DataFrame, weight: FloatArray) -> None:
        check_histories(table)
        if not (table["T"] > 0).any():
            msg = (
                "T is 0 for every customer: all first purchases fall on the cutoff. "
                "Pass a later cutoff."
            )
            raise NotEnoughHistoryError(msg)
        needed = len(self._theta_names())
        if float(weight.sum()) < needed:
            msg = (
                f"{weight.sum():g} customers cannot pin down the {needed} parameters "
                f"of {type(self).__name__}. Pass at least {needed}, better hundreds."
            )
            raise NotEnoughHistoryError(msg)
        if not (table["frequency"] > 0).any():
            msg = (
                f"None of {weight.sum():,.0f} customers has bought a second time "
                "(frequency is 0 everywhere), so nothing tells how often they buy. "
                "Pass a later cutoff, or a longer log."
            )
            raise NotEnoughHistoryError(msg)

    def _read(self, summary: Any) -> Rows:
        rows = within_age(super()._read(summary))
        columns = self._needed_columns()[len(self._columns) :]
        self.covariate_means_: dict[str, float] = {}
        self.covariate_scales_: dict[str, float] = {}
        for name in columns:
            mean = float(np.average(rows[name], weights=rows.weight))
            spread = np.average((rows[name] - mean) ** 2, weights=rows.weight)
            if spread <= 1e-24 * max(1.0, mean * mean):
                msg = (
                    f"Covariate {name!r} is {mean:g} for every customer, so it can "
                    "explain nothing. Leave it out."
                )
                raise DataError(msg)
            self.covariate_means_[name] = mean
            self.covariate_scales_[name] = float(np.sqrt(spread))
        return rows

    def _unit(self, rows: Rows) -> float:
        return float(rows["T"].max()) / _LONGEST

    def _n_densities(self, rows: Rows) -> float:
        return float(rows.weight @ rows["frequency"])

    def _to_user(self, unit: float) -> tuple[FloatArray, FloatArray]:
        matrix, shift = super()._to_user(unit)
        place = len(self._parameters)
        for block, columns in self._used_blocks():
            row = self._parameters.index(block.parameter)
            for name in columns:
                scale = self.covariate_scales_[name]
                matrix[place, place] = 1 / scale
                matrix[row, place] = -block.sign * self.covariate_means_[name] / scale
                place += 1
        return matrix, shift

    def _objective(self, rows: Rows) -> Objective:
        if not self._used_blocks():
            return self._plain_objective(rows)
        standard = {
            name: (rows[name] - mean) / self.covariate_scales_[name]
            for name, mean in self.covariate_means_.items()
        }
        return self._general_objective(rows.with_columns(**standard))

    def _general_objective(self, rows: Rows) -> Objective:
        """Return the objective summed over rows, with or without covariates."""

        def objective(theta: FloatArray) -> tuple[float, FloatArray]:
            logs = self._row_logs(theta, rows.columns)
            params = {name: np.exp(values) for name, values in logs.items()}
            value, slopes = self._row_likelihood(rows, params)
            slopes = {name: rows.weight * slope for name, slope in slopes.items()}
            gradient = [float(slopes[name].sum()) for name in self._parameters]
            for block, columns in self._used_blocks():
                gradient += block_gradient(block, slopes, rows.columns, columns)
            return float(rows.weight @ value), np.array(gradient)

        return objective

    def _row_logs(
        self, theta: FloatArray, columns: dict[str, FloatArray]
    ) -> dict[str, FloatArray]:
        """Return the logarithms of each parameter, by row where covariates enter."""
        n_logs = len(self._parameters)
        logs = {
            name: np.asarray(value)
            for name, value in zip(self._parameters, theta[:n_logs], strict=True)
        }
        shifts = linear_predictors(self._used_blocks(), theta[n_logs:], columns)
        return {name: value + shifts.get(name, 0.0) for name, value in logs.items()}

    def _starts(self, rows: Rows) -> list[FloatArray]:
        pace = float(rows.weight @ rows["T"]) / self._n_densities(rows)
        coefficients = np.zeros(len(self._theta_names()) - len(self._parameters))
        # The pace counts the time of customers who left long ago, hence the half
        starts = [
            np.log([r, 0.5 * r, *dropout]) + np.array([0.0, np.log(pace), 0.0, 0.0])
            for r, *dropout in self._start_shapes
        ]
        return [np.concatenate([start, coefficients]) for start in starts]

    def likelihood_ratio_test(self, restricted: PurchaseModel) -> LikelihoodRatio:
        """Test this model against one with fewer covariates."""
        check_is_fitted(self, "theta_")
        check_is_fitted(restricted, "theta_")
        return likelihood_ratio(self, restricted)

    # -- predicting -------------------------------------------------------------

    def _histories(self, summary: Any) -> tuple[Rows, pd.Index]:
        """Return the histories of a summary, one row a customer, and its index."""
        check_is_fitted(self, "theta_")
        table = read_columns(summary, self._needed_columns())
        check_histories(table)
        columns = {name: table[name].to_numpy() for name in table.columns}
        return within_age(Rows(columns, np.ones(len(table)))), table.index

    def _row_params(self, columns: dict[str, FloatArray]) -> dict[str, FloatArray]:
        """Return each parameter, by row where covariates enter."""
        logs = self._row_logs(self.theta_, columns)
        return {name: np.exp(values) for name, values in logs.items()}

    def _new_params(self, covariates: Any) -> dict[str, FloatArray]:
        """Return each parameter for new customers with these covariates."""
        check_is_fitted(self, "theta_")
        names = self._needed_columns()[len(self._columns) :]
        if not names:
            return self._row_params({})
        if covariates is None:
            msg = (
                f"The model was fitted with covariates {names}: pass "
                "covariates=<frame with these columns>, one row a new customer."
            )
            raise DataError(msg)
        table = read_columns(covariates, names)
        return self._row_params({name: table[name].to_numpy() for name in names})

    def standing(self, summary: Any) -> Standing:
        """Return the customers of a summary, checked, to be asked more than once."""
        rows, _ = self._histories(summary)
        return Standing(self, rows, self._row_params(rows.columns))

    def standing_of(self, columns: Mapping[str, FloatArray]) -> Standing:
        """Return customers of whom the columns of a summary are at hand as arrays."""
        used = {name: columns[name] for name in self._needed_columns()}
        if not are_histories(used):
            return self.standing(pd.DataFrame(used))  # which says what is wrong
        rows = within_age(Rows(used, np.ones(len(used["T"]))))
        return Standing(self, rows, self._row_params(rows.columns))

    def _rows_at(self, summary: Any, t: Any) -> tuple[Any, ...]:
        """Return rows, parameters, horizon and index for a prediction."""
        rows, index = self._histories(summary)
        return rows, self._row_params(rows.columns), check_horizon(t, len(rows)), index

    def probability_alive(self, summary: Any) -> pd.Series:
        """Return P(still a customer at the cutoff), given the history.

        It is no churn score: under BG/NBD a customer who bought once is alive for
        certain. See `probability_no_purchase` for that.
        """
        rows, params, _, index = self._rows_at(summary, 0.0)
        values = self._alive(rows, params, 0.0)
        return pd.Series(values, index=index, name="probability_alive")

    def probability_alive_path(self, summary: Any, times: Sequence[float]) -> Any:
        """Return P(alive) of many customers at times after the cutoff, if silent."""
        ahead = check_horizon(times)
        rows, params, _, index = self._rows_at(summary, 0.0)
        paths = [self._alive(rows, params, time) for time in ahead]
        return pd.DataFrame(np.column_stack(paths), index=index, columns=ahead)

    def expected_purchases(self, summary: Any, t: Any) -> pd.Series:
        """Return the expected number of purchases in the next ``t``."""
        rows, params, horizon, index = self._rows_at(summary, t)
        there = self._purchases_if_there(rows, params, horizon)
        values = self._alive(rows, params, 0.0) * there
        return pd.Series(values, index=index, name="expected_purchases")

    def probability_no_purchase(self, summary: Any, t: Any) -> pd.Series:
        """Return P(no purchase in the next ``t``): the model's churn probability."""
        rows, params, horizon, index = self._rows_at(summary, t)
        values = np.clip(self._no_purchase(rows, params, horizon), 0.0, 1.0)
        return pd.Series(values, index=index, name="probability_no_purchase")

    def probability_leaving(self, summary: Any, t: Any) -> pd.Series:
        """Return P(a customer at the cutoff, and none any more after ``t``)."""
        rows, params, horizon, index = self._rows_at(summary, t)
        values = np.clip(self._leaving(rows, params, horizon), 0.0, 1.0)
        return pd.Series(values, index=index, name="probability_leaving")

    def probability_n_purchases(self, summary: Any, n: int, t: Any) -> pd.Series:
        """Return P(exactly ``n`` purchases in the next ``t``)."""
        rows, params, horizon, index = self._rows_at(summary, t)
        values = self._n_purchases(rows, params, check_count(n), horizon)
        return pd.Series(values, index=index, name="probability_n_purchases")

    def expected_next_order(self, summary: Any, level: float = 0.8) -> pd.DataFrame:
        """Return when the next order is to be expected, with an interval."""
        check_level(level)
        rows, params, _, index = self._rows_at(summary, 0.0)
        shares = {"median": 0.5, "lower": (1 - level) / 2, "upper": (1 + level) / 2}
        waits = {
            k: self._next_order(rows, params, share) for k, share in shares.items()
        }
        return pd.DataFrame(waits, index=index)

    def next_order_quantile(self, summary: Any, share: Any) -> pd.Series:
        """Return the time by which the next order has come with P = ``share``.

        Infinite where that is never reached; `share` may be one for each customer.
        """
        rows, params, shares, index = self._rows_at(summary, share)
        values = self._next_order(rows, params, shares)
        return pd.Series(values, index=index, name="next_order")

    def expected_purchases_new_customer(self, t: Any, covariates: Any = None) -> Any:
        """Return expected repeat purchases in ``t`` from the first purchase on."""
        params = self._new_params(covariates)
        values = self._new_purchases(params, check_horizon(t))
        return float(values) if values.ndim == 0 else values

    def probability_n_purchases_new_customer(
        self, n: Any, t: Any, covariates: Any = None
    ) -> Any:
        """Return P(exactly ``n`` repeat purchases in ``t`` from the first one on)."""
        params = self._new_params(covariates)
        values = self._new_n_purchases(params, check_count(n), check_horizon(t))
        return float(values) if values.ndim == 0 else values
