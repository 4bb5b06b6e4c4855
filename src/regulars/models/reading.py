"""Feature rows as a model reads them: its process and its members are asked once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from regulars.clv.process_shares import process_shares
from regulars.clv.shares import VALUE_COLUMNS
from regulars.models.churn.members import PROCESS
from regulars.models.inputs import Numbers, as_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from regulars.clv.outlook import Outlook
    from regulars.clv.process import PurchaseProcess
    from regulars.models.churn.ensemble import ChurnEnsemble, Heard
    from regulars.models.horizon import Horizon

    Floats = NDArray[np.float64]


KEYS = ("customer_id", "cutoff")
OUTCOMES = ("churned", "n_purchases", "spend")


def feature_columns(rows: pd.DataFrame) -> list[str]:
    """Return the columns that are features, in their order.

    Parameters
    ----------
    rows : DataFrame
        Keys, features, what value is made of and perhaps outcomes.

    Returns
    -------
    list of str
    """
    others = {*KEYS, *OUTCOMES, *VALUE_COLUMNS}
    return [name for name in rows.columns if name not in others]


class Reading:
    """Rows that are scored and explained, with what was found out about them so far."""

    def __init__(
        self,
        features: pd.DataFrame,
        process: PurchaseProcess | None,
        horizon: Horizon,
        churn: ChurnEnsemble | None = None,
        learnt: Sequence[str] = (),
    ) -> None:
        self.features = features
        self.outlook: Outlook | None = None
        if process is not None:
            self.outlook = process.outlook(features)
        self._horizon = horizon
        self._churn = churn
        # names of features, of the process's columns too
        self._learnt = learnt

    def is_of(self, churn: ChurnEnsemble) -> bool:
        """Return whether it was read for a churn model."""
        return self._churn is churn

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The features with those of the process, over the horizon it learnt on."""
        if self.outlook is None:
            return self.features
        columns = self.expected(self._horizon.teaching)
        expected = pd.DataFrame(columns, index=self.features.index, copy=False)
        return pd.concat([self.features, expected], axis=1)

    @cached_property
    def numbers(self) -> Numbers:
        """What the model learnt from, as one array."""
        expected = self.expected(self._horizon.teaching)
        names = [name for name in self._learnt if name not in expected]
        # half the time of `self.features[names]`; that none is missing was checked
        places = self.features.columns.get_indexer(pd.Index(names))
        own = Numbers(names, as_array(self.features.take(places, axis=1)))
        return own.joined(expected)

    def expected(self, horizon: Horizon) -> dict[str, Floats]:
        """Return what the process expects of a horizon, by feature."""
        assert self.outlook is not None
        return self.outlook.columns(
            horizon_days=horizon.days, gap_days=horizon.gap_days
        )

    @cached_property
    def heard(self) -> Heard:
        """What the members of the churn model say."""
        assert self._churn is not None
        return self._churn.hear(self.features if self.outlook is None else self.numbers)

    def own_shares(self, reference: pd.Series[float]) -> dict[str, dict[str, Floats]]:
        """Return what moves the process, by its own inputs, where it is a member."""
        if self.outlook is None or PROCESS not in self.heard.log_odds:
            return {}
        terms = self._horizon.teaching
        shares = process_shares(
            self.outlook, reference, horizon_days=terms.days, gap_days=terms.gap_days
        )
        return {PROCESS: shares}
