"""The champion, and what the model that served on an earlier day says of that day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from regulars.models.memo import Memo
from regulars.models.retention import RetentionModel
from regulars.monitoring.bands import score_month
from regulars.results import TrainingResult, read_result
from regulars.scoring.reference import Reference, scored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regulars.monitoring.kept_scores import KeptScores
    from regulars.results.monitoring import ScoreMonth
    from regulars.results.training import FeatureImportance
    from regulars.scoring.batch import Customers
    from regulars.scoring.reference import Past
    from regulars.tracking import Store


@dataclass(frozen=True)
class Champion:
    """The model that serves, with what stands beside it."""

    model: RetentionModel
    version: str
    # what it has learnt from lies before this day
    trained_at: date | None
    card: TrainingResult | None
    # None: registered by a release that wrote none
    reference: Reference | None

    @classmethod
    def of(cls, store: Store) -> Champion:
        """Load the champion of a store."""
        folder, registered = store.fetch()
        card = folder / "card.json"
        tag = store.version_tags(registered.model_version).get("cutoff")
        return cls(
            RetentionModel.load(folder),
            registered.model_version,
            date.fromisoformat(tag) if tag else None,
            read_result(TrainingResult, card) if card.is_file() else None,
            Reference.load(folder),
        )

    @property
    def learnt_at(self) -> tuple[date, ...]:
        """The cutoffs that it has learnt from and stands at."""
        timeline = self.card.timeline if self.card else None
        learnt = timeline.refit_cutoffs if timeline else ()
        return (*sorted(learnt), *([self.trained_at] if self.trained_at else []))

    @property
    def importance(self) -> tuple[FeatureImportance, ...]:
        """What its card says of its features."""
        return self.card.importance if self.card else ()


@dataclass(frozen=True)
class Scorers:
    """The models that served, each with what it says of its days."""

    champion: Champion
    store: Store
    past: Past
    kept: KeptScores
    memo: Memo = field(default_factory=Memo)

    def has_served(self, day: date) -> bool:
        """Return whether some model scored a day, or could without knowing of it."""
        return day in self.kept.days or self._version(day) is not None

    def month(self, day: date) -> ScoreMonth:
        """Return the figures of the scores of a day, kept or worked out."""
        kept = self.kept.frame(day)
        if kept is not None and len(kept):
            return score_month(kept, day, str(kept["model_version"].iloc[0]))
        version, scores = self._anew(day, self.customers(day))
        return score_month(scores, day, version)

    def scores(self, day: date, customers: Customers) -> tuple[str, pd.DataFrame]:
        """Return who scored the customers of a day, and their scores in their order.

        As they were kept; worked out where they were not, or not for all customers.
        """
        kept = self.kept.frame(day)
        if kept is None or not len(kept):
            return self._anew(day, customers)
        by_id = kept.set_index(kept["customer_id"].astype(str))
        ids = pd.Index(map(str, _ids(customers)))
        if by_id.index.has_duplicates or not ids.isin(by_id.index).all():
            return self._anew(day, customers)
        return str(kept["model_version"].iloc[0]), by_id.loc[ids].reset_index(drop=True)

    def customers(self, day: date | None) -> Customers:
        """Return the customers of a day, worked out once."""
        return self.memo.of(("customers", day), lambda: self.past.customers(day))

    def by_champion(self, customers: Customers) -> pd.DataFrame:
        """Return what the champion says of customers."""
        return self._by(self.champion.version, customers)

    def _anew(self, day: date, customers: Customers) -> tuple[str, pd.DataFrame]:
        version = self._version(day)
        assert version is not None
        return version, self._by(version, customers)

    def _by(self, version: str, customers: Customers) -> pd.DataFrame:
        # the rows are kept with their scores: no other object takes their number
        key = ("scores", version, id(customers.features))
        _, scores = self.memo.of(
            key, lambda: (customers, scored(self._model(version), customers))
        )
        return scores

    def _version(self, day: date) -> str | None:
        trained = self.champion.trained_at
        if trained is None or trained <= day:
            return self.champion.version
        return self.memo.of(
            ("version", day), lambda: self.store.served_at(day.isoformat())
        )

    def _model(self, version: str) -> RetentionModel:
        if version == self.champion.version:
            return self.champion.model
        return self.memo.of(("model", version), lambda: self.store.load(version)[0])


def _ids(customers: Customers) -> Iterable[object]:
    if customers.customer_id is not None:
        return customers.customer_id
    return customers.features["customer_id"].tolist()
