"""The members of the churn model: how each is made, and read back as data.

A member gives log-odds of churn from the rows that the ensemble reads. The purchase
process is one like the others: its probability is a column, so it has nothing to fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from regulars.models.churn.extra_trees import ExtraTreesChurn
from regulars.models.churn.lightgbm_churn import LightGBMChurn
from regulars.models.churn.logistic import LogisticChurn
from regulars.models.churn.pooling import log_odds_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

PROCESS, RFM_LOGISTIC, LOGISTIC = "process", "rfm_logistic", "logistic"
LIGHTGBM, EXTRA_TREES = "lightgbm", "extra_trees"
MEMBERS = (PROCESS, RFM_LOGISTIC, LOGISTIC, LIGHTGBM, EXTRA_TREES)
PROCESS_COLUMN = "btyd_no_purchase_probability"
RFM_COLUMNS = ("days_since_last_order", "frequency", "monetary_value", "T_days")
# columns without which a member has nothing to say
NEEDS: Mapping[str, tuple[str, ...]] = {
    PROCESS: (PROCESS_COLUMN,),
    RFM_LOGISTIC: RFM_COLUMNS,
}
# members that read features as they are where others read ranks
READ_LEVELS = frozenset({PROCESS, RFM_LOGISTIC})
# between the seeds of boosters that differ in nothing else
BAG_SEEDS = 101


class Member(Protocol):
    """What the ensemble asks of a member; rows are arrays with the columns of `fit`."""

    def fit(self, rows: pd.DataFrame, churned: ArrayLike) -> Self:
        """Learn from rows and whether each churned."""

    def log_odds(self, rows: Floats) -> Floats:
        """Return the log-odds of churn."""

    def shares(self, rows: Floats) -> Floats:
        """Return each column's share of the log-odds."""

    def to_dict(self) -> dict[str, Any]:
        """Return all but the trees, as JSON-safe data."""

    def trees(self) -> list[str]:
        """Return the trees as LightGBM's text; none where there are none."""


class ProcessMember:
    """The purchase process, which learnt from the histories themselves."""

    def __init__(self, columns: Sequence[str] = (PROCESS_COLUMN,)) -> None:
        self._place = list(columns).index(PROCESS_COLUMN)

    def fit(self, rows: pd.DataFrame, churned: ArrayLike) -> Self:
        """Learn nothing but where the column is."""
        self._place = list(rows.columns).index(PROCESS_COLUMN)
        return self

    def log_odds(self, rows: Floats) -> Floats:
        """Return the log-odds of no purchase."""
        return log_odds_of(rows[:, self._place])

    def shares(self, rows: Floats) -> Floats:
        """Return the whole of the log-odds as the share of the process's column."""
        shares: Floats = np.zeros(rows.shape)
        shares[:, self._place] = self.log_odds(rows)
        return shares

    def to_dict(self) -> dict[str, Any]:
        """Return nothing: the process is saved by itself."""
        return {}

    def trees(self) -> list[str]:
        """Return none."""
        return []


class LogisticMember:
    """A regression on all columns, or on some."""

    def __init__(
        self,
        model: LogisticChurn,
        read: Sequence[str] = (),
        columns: Sequence[str] = (),
    ) -> None:
        self.model = model
        self.read = list(read)
        if columns:
            self._find(columns)

    def _find(self, columns: Sequence[str]) -> None:
        names = list(columns)
        self._places = [names.index(name) for name in self.read or names]
        self._reads_all = self._places == [*range(len(names))]

    def _own(self, rows: Floats) -> Floats:
        return rows if self._reads_all else rows[:, self._places]

    def fit(self, rows: pd.DataFrame, churned: ArrayLike) -> Self:
        """Fit the regression."""
        self._find(list(rows.columns))
        self.model.fit(rows[self.read] if self.read else rows, churned)
        return self

    def log_odds(self, rows: Floats) -> Floats:
        """Return the log-odds of churn."""
        return self.model.log_odds(self._own(rows))

    def shares(self, rows: Floats) -> Floats:
        """Return each column's share of the log-odds; 0 where it is not read."""
        shares: Floats = np.zeros(rows.shape)
        shares[:, self._places] = self.model.shares(self._own(rows))
        return shares

    def to_dict(self) -> dict[str, Any]:
        """Return the table of numbers."""
        return self.model.to_dict()

    def trees(self) -> list[str]:
        """Return none."""
        return []


class TreesMember:
    """LightGBM's trees; several models that differ in their seed are averaged."""

    def __init__(self, models: Sequence[LightGBMChurn | ExtraTreesChurn]) -> None:
        self.models = models

    def fit(self, rows: pd.DataFrame, churned: ArrayLike) -> Self:
        """Fit each model."""
        for model in self.models:
            model.fit(rows, churned)
        return self

    def log_odds(self, rows: Floats) -> Floats:
        """Return the mean log-odds of churn."""
        total: Floats = np.mean([model.log_odds(rows) for model in self.models], 0)
        return total

    def shares(self, rows: Floats) -> Floats:
        """Return each column's mean share of the log-odds."""
        total: Floats = np.mean([model.shares(rows) for model in self.models], 0)
        return total

    def to_dict(self) -> dict[str, Any]:
        """Return the settings of each model."""
        return {"models": [model.to_dict() for model in self.models]}

    def trees(self) -> list[str]:
        """Return the trees of each model."""
        return [model.to_text() for model in self.models]


def make_member(name: str, settings: Mapping[str, Any], bags: int) -> Member:
    """Return a member that is not fitted yet.

    `bags` boosters differ in their seed alone; other members come once.
    """
    if name == PROCESS:
        return ProcessMember()
    if name == RFM_LOGISTIC:
        # a weak penalty: a few columns do not overfit
        return LogisticMember(LogisticChurn(**{"C": 1.0, **settings}), RFM_COLUMNS)
    if name == LOGISTIC:
        return LogisticMember(LogisticChurn(**settings))
    if name == EXTRA_TREES:
        return TreesMember([ExtraTreesChurn(**settings)])
    seed = int(settings.get("random_state", 0))
    seeds = [seed + BAG_SEEDS * bag for bag in range(bags)]
    return TreesMember(
        [LightGBMChurn(**{**settings, "random_state": s}) for s in seeds]
    )


def read_member(
    name: str, data: Mapping[str, Any], trees: Sequence[str], columns: Sequence[str]
) -> Member:
    """Return the member of some columns that `to_dict` and `trees` described."""
    if name == PROCESS:
        return ProcessMember(columns)
    if name in {RFM_LOGISTIC, LOGISTIC}:
        read = RFM_COLUMNS if name == RFM_LOGISTIC else ()
        return LogisticMember(LogisticChurn.from_dict(data), read, columns)
    kind = ExtraTreesChurn if name == EXTRA_TREES else LightGBMChurn
    models = zip(data["models"], trees, strict=True)
    return TreesMember([kind.from_text(each, text) for each, text in models])
