"""What a kind of churn hands to the training: windows, and the problem they make up.

Choice, fit, test, gate and registration are the same for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from regulars.models.churn import Recipe
from regulars.models.spend import SpendRecipe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.evaluation.holdout import ChurnTest, ValueTest
    from regulars.models.churn import Selection
    from regulars.models.churn.ensemble import Encoder
    from regulars.models.churn.space import Space
    from regulars.models.folds import ValidationFold
    from regulars.models.retention import RetentionModel
    from regulars.models.spend import SpendSelection
    from regulars.scoring.history_rows import ServingContext
    from regulars.scoring.reference import Past
    from regulars.training.dataset import Dataset

    Floats = NDArray[np.float64]


class FoldPair(NamedTuple):
    """A validation window with churn, and with spend, as the outcome."""

    churn: ValidationFold
    spend: ValidationFold | None = None


class Baselines(NamedTuple):
    """Forecasts of simple rules for the rows of a test, by the name of the rule."""

    churn: Mapping[str, Floats]
    spend: Mapping[str, Floats] = {}


@dataclass(frozen=True)
class Choices:
    """What was chosen on validation windows; None where there were none."""

    churn: Selection | None = None
    spend: SpendSelection | None = None

    @property
    def recipe(self) -> Recipe:
        """How churn is forecast."""
        return self.churn.recipe if self.churn else Recipe.process_only()

    @property
    def spend_recipe(self) -> SpendRecipe:
        """How spend is forecast."""
        return self.spend.recipe if self.spend else SpendRecipe()


class Window(Protocol):
    """Rows known as of a day, and those that are tested from there on."""

    @property
    def name(self) -> str:
        """The day of the test, or the number of the part."""

    @property
    def cutoff(self) -> date | None:
        """First day of the test; None where rows have no days."""

    @property
    def space(self) -> Space:
        """What is tried."""

    @property
    def encoder(self) -> Callable[[], Encoder] | None:
        """What makes an encoder of the rows; None where they are numbers."""

    @property
    def test(self) -> Dataset | None:
        """The rows that are tested; None where there are none."""

    def folds(self, *, with_value: bool) -> Sequence[FoldPair]:
        """Return the validation windows, latest first."""

    def groups(self, columns: Sequence[str]) -> dict[str, list[str]] | None:
        """Return the groups of columns that may be left out; None: all stay."""

    def joining(self, columns: Sequence[str]) -> dict[str, list[str]] | None:
        """Return the groups of columns that have to earn their place, likewise."""

    def settled(self, choices: Choices) -> Window:
        """Return the window with what else follows from the choices."""

    def fit(self, choices: Choices) -> RetentionModel:
        """Return a model of the rows that learn."""

    def current(self) -> pd.DataFrame:
        """Return the rows that the model stands at."""

    def baselines(self) -> Baselines:
        """Return what simple rules say of the test."""

    def seen_rows(self) -> pd.DataFrame | None:
        """Return the rows that learn where no day says so; None where days do."""

    def facts(self) -> Mapping[str, Any]:
        """Return what a backtest says of the window beside its figures."""

    def notes(
        self, choices: Choices, churn: ChurnTest | None, spend: ValueTest | None
    ) -> list[str]:
        """Return what a reader has to know, in sentences."""


@dataclass(frozen=True)
class Fitted:
    """A model with what it was chosen by, and the window that it was made of."""

    window: Window
    choices: Choices
    model: RetentionModel


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A window with the choices made on it, the tested model and its figures."""

    window: Window
    choices: Choices
    # had not seen the test; None where there is no test, as the two below
    tested_model: RetentionModel | None = None
    churn_test: ChurnTest | None = None
    value_test: ValueTest | None = None
    # what the tested model says of the test
    scores: pd.DataFrame | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Training:
    """The model that scores, and what models made like it showed on rows not seen."""

    model: RetentionModel
    choices: Choices
    final: Window
    trials: Sequence[Trial]
    # mean over the trials
    churn_test: ChurnTest | None
    value_test: ValueTest | None
    # features by mean absolute contribution, largest first
    importance: list[dict[str, Any]]
    # what the offer of the settings would have earned on the test
    profit: dict[str, Any] | None
    notes: list[str]

    @property
    def process_only(self) -> bool:
        """Whether the purchase process carries the churn scores alone."""
        return not self.model.churn.needs_fitting


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """What a model says of itself, beside its figures."""

    kind: str
    # what is predicted: the horizon, or the label
    question: str
    # of the data
    fingerprint: str
    # day before which the data lie; None where rows have no days
    cutoff: date | None = None
    # why its inputs have not passed their check
    faults: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What a kind of churn gives to be learnt."""

    settings: Settings
    description: ModelDescription
    # what is tested
    windows: Sequence[Window]
    # what the model that scores is chosen on and learns from; nothing of it is tested
    final: Window
    notes: Callable[[Training], list[str]]
    # of features, in a line; others are told by their names
    meanings: Mapping[str, str] = field(default_factory=dict)
    # further keys of the card
    details: Callable[[Training], dict[str, Any]]
    # one made-up row as the endpoint takes it
    example: pd.DataFrame
    # of the endpoint: None where raw histories are nested in a row
    inputs: Sequence[str] | None = None
    serving: ServingContext | None = None
    # the customers that were learnt from, which later ones are compared with
    past: Callable[[RetentionModel], Past] | None = None
