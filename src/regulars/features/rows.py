"""Feature rows by cutoff: what purchases say, and what else is known of customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from regulars.features.matrix import FEATURES
from regulars.features.signals import Signals, Vocabulary, named_apart
from regulars.features.value import VALUE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from regulars.features.cache import FeatureCache

ADDED = (
    "churned",
    "n_purchases",
    "spend",
    "p_alive",
    "btyd_no_purchase_probability",
    "btyd_expected_purchases",
    "btyd_order_value",
    "btyd_expected_spend",
)
"""Columns that rows get later on: outcomes, and those of the purchase process."""


class FeatureRows:
    """Rows of purchases with the columns of the dated tables beside them."""

    def __init__(self, purchases: FeatureCache, signals: Signals | None = None) -> None:
        self.purchases = purchases
        self._signals = signals or Signals()
        self._known: dict[date, Vocabulary] = {}

    def vocabulary(self, known_at: date) -> Vocabulary:
        """Return the words of the dated tables that have columns, as of a day."""
        if known_at not in self._known:
            rows = self.purchases.by_cutoff([known_at]).get(known_at)
            if not self._signals or rows is None:
                return Vocabulary()
            self._known[known_at] = self._signals.vocabulary(
                known_at, pd.Index(rows["customer_id"]), taken=taken_names(rows)
            )
        return self._known[known_at]

    def of_earlier_models(self, cutoff: date) -> pd.DataFrame:
        """Return the rows of a cutoff with the words that earlier models know, too."""
        rows = self.purchases.by_cutoff([cutoff])[cutoff]
        who = pd.Index(rows["customer_id"])
        wide = self._signals.wide_vocabulary(cutoff, who, taken=taken_names(rows))
        return self.by_cutoff([cutoff], wide)[cutoff]

    def by_table(
        self, vocabulary: Vocabulary, names: Iterable[str]
    ) -> dict[str, list[str]]:
        """Return which of the names are columns of each dated table."""
        known = set(names)
        found = {}
        for table, own in self._signals.names(vocabulary).items():
            apart = [(name, named_apart(name, table)) for name in own]
            held = [long if long in known else short for short, long in apart]
            found[table] = [name for name in held if name in known]
        return found

    def by_cutoff(
        self, cutoffs: Sequence[date], vocabulary: Vocabulary | None = None
    ) -> dict[date, pd.DataFrame]:
        """Return the rows of each cutoff; `vocabulary` as of the last by default."""
        rows = self.purchases.by_cutoff(cutoffs)
        if not self._signals or not rows:
            return rows
        words = vocabulary or self.vocabulary(max(rows))
        signals = self._signals.read_by(words)
        return {day: with_signals(own, signals, words) for day, own in rows.items()}


def with_signals(
    rows: pd.DataFrame, signals: Signals, vocabulary: Vocabulary
) -> pd.DataFrame:
    """Return the rows of a cutoff with the columns of dated tables."""
    if rows.empty:
        return rows
    known = signals.columns(
        rows["cutoff"].iloc[0].date(),
        pd.Index(rows["customer_id"]),
        vocabulary,
        taken=taken_names(rows),
    )
    return pd.concat([rows, known.reset_index(drop=True)], axis=1)


def taken_names(rows: pd.DataFrame) -> list[str]:
    """Return the names that mean something else, there or not."""
    return [*rows.columns, *FEATURES, *VALUE_COLUMNS, *ADDED]
