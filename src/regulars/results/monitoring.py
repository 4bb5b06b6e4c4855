"""What a watch over a model found: the content of ``monitoring.json``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, Literal

from regulars.results.base import Part, Result
from regulars.results.measures import Bounds

Room = Literal["inputs", "scores", "arrival", "quality", "outcome"]


class Check(Part):
    """One figure that is watched, and whether it is beyond what is tolerated."""

    room: Room
    name: str
    value: float | None
    expected: float | None
    threshold: float
    p_value: float  # of as much or more, if no more than is tolerated had changed
    is_alarm: bool = False


class Alarm(Part):
    """A crossed threshold in a sentence."""

    room: Room
    name: str
    since: date | None
    sentence: str


class ColumnDrift(Part):
    """An input or a score against customers of like tenure where the model learnt."""

    name: str
    meaning: str
    psi: float
    psi_among_snapshots: float
    ks: float
    missing: float | None
    missing_before: float | None
    psi_by_cutoff: Mapping[str, float]


class ScoreMonth(Part):
    """The scores of one cutoff."""

    cutoff: date
    model_version: str
    n_customers: int
    mean_churn_probability: float
    band_shares: Mapping[str, float]
    expected_spend: float | None  # in all
    clv: float | None


class Period(Part):
    """What came in one period, and what was expected of it."""

    start: date
    end: date  # the day after its last
    n_lines: int
    n_customers: int
    revenue: float
    median_amount: float | None


class Outcome(Part):
    """Scores of one cutoff against what happened."""

    cutoff: date
    model_version: str
    n_customers: int
    churn_rate: float
    mean_churn_probability: float
    roc_auc: float | None
    roc_auc_bounds: Bounds
    log_loss: float
    log_loss_bounds: Bounds
    ece: float | None
    ece_by_chance: float | None  # what true probabilities would show
    calibration_slope: float | None
    calibration_slope_bounds: Bounds
    spend: float | None = None
    expected_spend: float | None = None
    total_ratio: float | None = None  # expected over actual
    total_ratio_bounds: Bounds = (None, None)


class ValueOutcome(Part):
    """Customer value of a cutoff whose time is over, against the margin that came."""

    cutoff: date
    days: int
    model_version: str
    n_customers: int
    expected: float
    came: float  # discounted as if all of it had come in the middle of the time
    ratio: float  # expected over what came
    ratio_bounds: Bounds


class Promise(Part):
    """What the test of the training, or the backtest, has let expect."""

    source: str
    roc_auc: float | None
    roc_auc_bounds: Bounds
    log_loss: float | None
    ece: float | None
    total_ratio: float | None


class IntakeCount(Part):
    """Rows of one table that were read and set aside by a day."""

    cutoff: date | None
    table: str
    rows_in: int
    rows_set_aside: int


class MonitoringResult(Result):
    """Drift of inputs and scores, arrival and quality of data, and outcomes.

    Examples
    --------
    >>> MonitoringResult.file
    'monitoring.json'
    """

    file: ClassVar[str] = "monitoring.json"
    command: ClassVar[str] = "regulars monitor"

    cutoff: date | None
    model_version: str
    trained_at: date | None
    currency: str | None = None
    share_compared: float | None = None  # customers of a tenure that training saw
    snapshots: Mapping[str, int] = {}
    notes: tuple[str, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    checks: tuple[Check, ...] = ()
    inputs: tuple[ColumnDrift, ...] = ()
    scores: tuple[ColumnDrift, ...] = ()
    score_months: tuple[ScoreMonth, ...] = ()
    periods: tuple[Period, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    value: ValueOutcome | None = None
    promise: Promise | None = None
    intake: tuple[IntakeCount, ...] = ()
    run_id: str | None = None
