"""Events: how often a customer visited, opened a mail or used the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.features.counting import counts, counts_by_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from regulars.features.counting import Columns

WORD_COLUMN = "event_type"


def events(
    rows: pd.DataFrame,
    day: pd.Timestamp,
    customers: pd.Index,
    words: Sequence[str] = (),
) -> Columns:
    """Return counts of a customer's events, in all and of each type in ``words``."""
    return {
        **counts("events", rows, day, customers),
        **counts_by_word("events", WORD_COLUMN, words, rows, day, customers),
    }
