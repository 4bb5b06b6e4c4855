"""Covariates that do not change over time, and the test of whether they help.

A covariate multiplies a parameter by exp(sign * coefficient * value): with sign -1 on a
gamma's rate, a positive coefficient means more purchases, or sooner dropout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from scipy.stats import chi2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.clv.base import ParametricModel
    from regulars.clv.fitting import FloatArray


class CovariateBlock(NamedTuple):
    """How a list of covariates enters a model."""

    parameter: str  # the one that varies by customer
    argument: str  # of the constructor: it lists the columns
    sign: float  # 1 if a positive coefficient raises the parameter, -1 if it lowers it
    name: str  # prefix of the coefficients' names


@dataclass(frozen=True)
class LikelihoodRatio:
    """Result of a likelihood-ratio test of two nested models."""

    statistic: float  # twice the gain in log-likelihood
    degrees_of_freedom: int
    p_value: float


def linear_predictors(
    blocks: Sequence[tuple[CovariateBlock, list[str]]],
    coefficients: FloatArray,
    columns: Mapping[str, FloatArray],
) -> dict[str, FloatArray]:
    """Return by how much covariates shift each log-parameter."""
    shifts: dict[str, FloatArray] = {}
    place = 0
    for block, names in blocks:
        for name in names:
            shift = block.sign * coefficients[place] * columns[name]
            shifts[block.parameter] = shifts.get(block.parameter, 0.0) + shift
            place += 1
    return shifts


def block_gradient(
    block: CovariateBlock,
    slopes: Mapping[str, FloatArray],
    columns: Mapping[str, FloatArray],
    names: Sequence[str],
) -> list[float]:
    """Return the slope of the log-likelihood along each coefficient of a block."""
    slope = slopes[block.parameter]
    return [block.sign * float(slope @ columns[name]) for name in names]


def likelihood_ratio(
    full: ParametricModel, restricted: ParametricModel
) -> LikelihoodRatio:
    """Compare two nested fits of one model to the same customers."""
    more, fewer = set(full.params_), set(restricted.params_)
    if type(full) is not type(restricted) or not fewer < more:
        msg = (
            f"{type(restricted).__name__} with {sorted(fewer)} is not nested in "
            f"{type(full).__name__} with {sorted(more)}. Fit the same class with a "
            "part of the covariates."
        )
        raise ValueError(msg)
    if full.n_customers_ != restricted.n_customers_:
        msg = (
            f"The models saw {full.n_customers_:,.0f} and "
            f"{restricted.n_customers_:,.0f} customers. Fit both to the same summary."
        )
        raise ValueError(msg)
    statistic = max(0.0, 2 * (full.log_likelihood_ - restricted.log_likelihood_))
    freedom = len(more) - len(fewer)
    return LikelihoodRatio(statistic, freedom, float(chi2.sf(statistic, freedom)))
