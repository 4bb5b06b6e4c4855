"""A training, its choices and its test: the content of ``training.json``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from regulars.results.base import PURCHASES, Part, Result
from regulars.results.check import ColumnCheck, TableCheck
from regulars.results.measures import (
    ChurnMetrics,
    Curves,
    Intervals,
    OfferRule,
    SpendMetrics,
)
from regulars.results.process import Diagnostics, ProcessFit, ProcessMetrics
from regulars.results.survival import Survival


class StudyTimeline(Part):
    """The days on which the training stood."""

    first_order: date | None
    last_order: date | None
    cutoff: date
    label_horizon_days: int
    test_cutoff: date | None  # None: the history is too short to keep a window apart
    validation_cutoff: date | None
    training_cutoffs: tuple[date, ...]
    refit_cutoffs: tuple[date, ...]


class Tuning(Part):
    """How the churn model was searched for."""

    objective: str
    n_trials: int
    n_pruned: int
    n_features: int
    left_out: Mapping[str, tuple[str, ...]]  # columns, by feature group
    group_gains: Mapping[str, float]


class IntervalFigures(Part):
    """How far intervals of spend held."""

    interval_coverage: float | None = None
    interval_width: float | None = None


class SpendIntervals(Part):
    """Intervals of spend, meant to hold for a share of the customers."""

    level: float
    validation: IntervalFigures
    test: IntervalFigures


class FeatureImportance(Part):
    """How far a feature moves the log-odds on average, and which way."""

    feature: str
    meaning: str
    importance: float
    direction: str


class OwnMargins(Part):
    """Lines that carry their own margin."""

    columns: tuple[str, ...]
    n_lines: int
    n_own: int
    share: float | None


class Margin(Part):
    """The margin that value is worked out with."""

    rate: float
    own: OwnMargins | None


class ValueCheck(Part):
    """Value expected over a time that is over, over what came; with 95% intervals."""

    cutoff: date  # on which the time began
    days: int
    n_customers: int
    expected: float  # margin, before the discount
    came: float
    ratio: float
    ratio_low: float
    ratio_high: float
    top_tenth: float | None  # of those who were expected to bring most
    top_tenth_low: float | None
    top_tenth_high: float | None


class ProfitMeasure(Part):
    """Maximum profit a customer, and the share of customers contacted for it."""

    profit: float
    target_fraction: float


class ProfitCurve(Part):
    """Profit of all contacts by share contacted."""

    share_contacted: tuple[float, ...]
    profit: tuple[float, ...]


class OfferCosts(Part):
    """What an offer costs and how often it is accepted."""

    contact_cost: float
    incentive_cost: float
    accept_rate: float


class OwnValueList(Part):
    """Customers whose own value makes an offer pay: expected, not measured."""

    n_contacted: int
    expected_profit: float


class Offer(Part):
    """What a retention offer would have earned, at one value for all who stay."""

    leaver_value: float
    empc: ProfitMeasure
    mpc: ProfitMeasure
    threshold: float | None  # None: contact nobody
    chosen_on: str
    expected_profit: float
    rules: Mapping[str, OfferRule]
    curve: ProfitCurve  # riskiest first
    own_value: OwnValueList
    costs: OfferCosts
    n_customers: int


class TrainingResult(Result):
    """What was chosen, tested and registered, and how to make it again.

    Examples
    --------
    >>> TrainingResult.model_fields["test"].annotation
    regulars.results.measures.ChurnMetrics | None
    """

    file: ClassVar[str] = "training.json"
    command: ClassVar[str] = "regulars train"

    question: str | None = None  # what churn means in this table
    is_champion: bool
    champion_reason: str
    horizon_days: int | None = None
    gap_days: int | None = None
    process_only: bool = False
    notes: tuple[str, ...]
    timeline: StudyTimeline | None = None
    model_name: str
    weights: Mapping[str, float]
    calibration: str
    value_model: str | None = None
    selection: Mapping[str, float]  # validation log loss by candidate
    tuning: Tuning | None = None
    spend_selection: Mapping[str, SpendMetrics] = {}
    spend_intervals: SpendIntervals | None = None
    test: ChurnMetrics | None
    test_intervals: Intervals | None
    test_splits: tuple[ChurnMetrics, ...] = ()
    value_test: SpendMetrics | None = None
    baselines: Mapping[str, ChurnMetrics]
    baseline_intervals: Mapping[str, Intervals]
    baseline_labels: Mapping[str, str]
    value_baselines: Mapping[str, SpendMetrics] = {}
    curves: Mapping[str, Curves]
    importance: tuple[FeatureImportance, ...]
    processes: Mapping[str, ProcessMetrics] = {}
    diagnostics: Diagnostics = Diagnostics()
    process: ProcessFit | None = None
    margin: Margin | None = None
    value_check: ValueCheck | None = None
    profit: Offer | None
    currency: str | None = None
    # how to make it again
    config: Mapping[str, Any]
    fingerprint: str
    versions: Mapping[str, str]
    commit: str | None
    python: str
    seed: int
    # of contracts
    survival: Survival | None = None
    # of a labelled table
    leak_suspects: tuple[str, ...] = ()
    columns: tuple[ColumnCheck, ...] = ()
    rows: TableCheck | None = None
    # known once it is registered
    model_version: str | None = None
    run_id: str | None = None


class TrainingSummary(Part):
    """What ``train --json`` ends with (design section 7).

    Examples
    --------
    >>> TrainingSummary.model_fields["kind"].default
    'non_contractual'
    """

    model_uri: str
    model_version: str
    run_id: str
    is_champion: bool
    champion_reason: str
    kind: str = PURCHASES
    process_only: bool
    notes: tuple[str, ...]
    test: ChurnMetrics | None
    value_test: SpendMetrics | None
    baselines: Mapping[str, ChurnMetrics]
    baseline_labels: Mapping[str, str] = {}
    test_splits: tuple[ChurnMetrics, ...] = ()


class RunSummary(TrainingSummary):
    """What ``run --json`` ends with.

    Examples
    --------
    >>> {*RunSummary.model_fields} - {*TrainingSummary.model_fields} == {
    ...     "scores", "report", "outputs"}
    True
    """

    scores: str
    report: str
    outputs: str
