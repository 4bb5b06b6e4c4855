"""The model that answers, and the next one that takes its place."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regulars.errors import RequestError
from regulars.scoring.histories import refused_ids
from regulars.scoring.pyfunc import NestedScorer, load_scorer
from regulars.serving.answers import predictions
from regulars.serving.parsing import HistoryReader, check_customers, read_frame
from regulars.tracking import Store

if TYPE_CHECKING:
    import pandas as pd

    from regulars.config import ServingSettings, Settings
    from regulars.scoring.pyfunc import RowScorer


@dataclass(frozen=True)
class Answer:
    """The body of an answer, and how many customers it is about."""

    body: bytes
    n_customers: int


@dataclass(frozen=True)
class ServedModel:
    """A loaded version, ready to answer."""

    version: str
    run_id: str
    scorer: NestedScorer | RowScorer

    def answer(self, body: bytes, limits: ServingSettings) -> Answer:
        """Answer a request."""
        if isinstance(self.scorer, NestedScorer):
            asked = HistoryReader(self.scorer.columns, limits).read(body)
            scores = self.scorer.score(asked.histories, asked.cutoff, asked.reasons)
        else:
            frame, params = read_frame(body)
            check_customers(len(frame), limits)
            _check_attributes(frame, params)
            scores = self.scorer.predict(frame.infer_objects(), params)
        return Answer(predictions(scores), len(scores))


def _check_attributes(frame: pd.DataFrame, params: dict[str, object]) -> None:
    for name in frame.columns:
        nested = [*frame[name].map(lambda each: isinstance(each, list | dict))]
        if any(nested):
            row = nested.index(True)
            msg = f"'{name}' of row {row} is a list or an object; send one value."
            raise RequestError(msg, code="not_a_value", field=f"[{row}].{name}")
    if "customer_id" in frame and (fault := refused_ids(frame["customer_id"].tolist())):
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
