"""The purchase process that a training fitted, and whether it holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from regulars.results.base import Part


class ProcessMetrics(Part):
    """How one purchase process did on the validation window."""

    log_loss: float
    mae: float


class Credibility(Part):
    """A share of all customers, and how many orders of one customer weigh as much."""

    mean: float
    orders: float | None  # None: customers do not differ, the mean is everybody's


class ProcessShares(Part):
    """How much of the amount bought is kept, and the margin on it."""

    kept: Credibility
    margin: Credibility | None


class ProcessFit(Part):
    """The fitted process; its parameters are those of purchases and of spend."""

    model: str
    params: Mapping[str, float]
    log_likelihood: float
    shares: ProcessShares


class FrequencyFit(Part):
    """Later purchases by how often customers had bought before."""

    frequency: tuple[str, ...]  # the last may be "7 or more"
    n_customers: tuple[int, ...]
    actual: tuple[float, ...]
    expected: tuple[float, ...]


class AliveMatrix(Part):
    """The oldest customers' probability of being customers still."""

    frequency: tuple[int, ...]
    recency: tuple[float, ...]  # weeks from first to last purchase
    p: tuple[tuple[float | None, ...], ...]  # a row a frequency


class SpendDensity(Part):
    """The spread of mean spend among repeat buyers."""

    value: tuple[float, ...]
    actual: tuple[float, ...]
    expected: tuple[float, ...]


class Tracking(Part):
    """Repeat purchases week by week, made and expected."""

    week: tuple[int, ...]
    start: tuple[date, ...]
    actual: tuple[float, ...]
    expected: tuple[float, ...]
    actual_cumulative: tuple[float, ...]
    expected_cumulative: tuple[float, ...]
    cutoff_week: float  # the process has seen the weeks before it


class Diagnostics(Part):
    """Does what the process assumes hold; None where the log is too short to say."""

    by_frequency: FrequencyFit | None = None
    alive_matrix: AliveMatrix | None = None
    spend_density: SpendDensity | None = None
    tracking: Tracking | None = None
