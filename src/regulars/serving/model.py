"""The model that answers, and the next one that takes its place."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pandas as pd

from regulars.errors import RequestError
from regulars.scoring.histories import Histories, refused_ids
from regulars.scoring.pyfunc import NestedScorer, load_scorer
from regulars.serving.answers import predictions, written
from regulars.serving.parsing import (
    HistoryReader,
    Question,
    check_customers,
    read_columns,
)
from regulars.tracking import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.config import ServingSettings, Settings
    from regulars.scoring.pyfunc import RowScorer


@dataclass(frozen=True)
class Answer:
    """The body of an answer, and how many customers it is about."""

    body: bytes
    n_customers: int

    @classmethod
    def of(cls, rows: Sequence[dict[str, Any]]) -> Answer:
        """Write the rows of an answer."""
        return cls(written({"predictions": rows}), len(rows))


@dataclass(frozen=True)
class ServedModel:
    """A loaded version, ready to answer."""

    version: str
    run_id: str
    scorer: NestedScorer | RowScorer

    def read(self, body: bytes, limits: ServingSettings) -> Question | pd.DataFrame:
        """Return what a request asks: histories, or rows of attributes."""
        if isinstance(self.scorer, NestedScorer):
            return HistoryReader(self.scorer.columns, limits).read(body)
        columns, _ = read_columns(body)
        check_customers(columns, limits)
        _check_attributes(columns)
        return pd.DataFrame(columns)

    def answer(self, questions: Sequence[Question | pd.DataFrame]) -> list[Answer]:
        """Answer questions; those that `Question.goes_with` each other at once."""
        if not isinstance(self.scorer, NestedScorer):
            frames = [each for each in questions if isinstance(each, pd.DataFrame)]
            scores = [self.scorer.predict(frame) for frame in frames]
            return [Answer.of(predictions(each, len(each))) for each in scores]
        asked = [each for each in questions if isinstance(each, Question)]
        first, histories = asked[0], [each.histories for each in asked]
        together = Histories.together(histories)
        scored = self.scorer.score(together, first.cutoff, first.reasons)
        rows = predictions(scored, len(together.ids))
        ends = [*accumulate(len(each.ids) for each in histories)]
        starts = [0, *ends[:-1]]
        return [
            Answer.of(rows[start:end]) for start, end in zip(starts, ends, strict=True)
        ]


def _check_attributes(columns: dict[str, list[Any]]) -> None:
    for name, values in columns.items():
        for row, value in enumerate(values):
            if isinstance(value, list | dict):
                msg = f"'{name}' of row {row} is a list or an object; send one value."
                raise RequestError(msg, code="not_a_value", field=f"[{row}].{name}")
    fault = refused_ids(columns.get("customer_id", []))
    if fault is not None:
        raise fault


class ModelHolder:
    """Holds the version that answers; a reload puts another in its place at once."""

    def __init__(self, settings: Settings, version: str | None = None) -> None:
        self._store = Store(settings.tracking.uri, settings.name)
        self._version = version
        self._loading = threading.Lock()
        self.model = self._load(version)

    @property
    def name(self) -> str:
        """Name of the registered model."""
        return self._store.name

    def reload(self) -> tuple[str, str] | None:
        """Load the champion if it is another; return the versions before and after."""
        with self._loading:
            if self._version is not None:
                return None
            champion, before = self._store.champion_version(), self.model.version
            if champion in {None, before}:
                return None
            # requests in hand keep the old model, later ones find the new one
            self.model = self._load(champion)
            return before, self.model.version

    def _load(self, version: str | None) -> ServedModel:
        folder, registered = self._store.fetch(version)
        scorer = load_scorer(folder)
        return ServedModel(registered.model_version, registered.run_id, scorer)
