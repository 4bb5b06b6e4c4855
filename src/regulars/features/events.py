"""Events: how often a customer visited, opened a mail or used the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.features.dated_rows import SeenRows
    from regulars.features.group import Columns

WORD_COLUMN = "event_type"


def events(seen: SeenRows, words: Sequence[str] = ()) -> Columns:
    """Return counts of a customer's events, in all and of each type in ``words``."""
    by_word = seen.counts_by_word("events", WORD_COLUMN, words)
    return seen.counts("events") | by_word
