"""Events: how often a customer visited, opened a mail or used the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.features.dated_rows import (
    COUNTS,
    TREND,
    Count,
    Has,
    Worded,
    meanings,
    within,
)
from regulars.features.sorted_rows import ratio

if TYPE_CHECKING:
    from regulars.features.dated_rows import SeenRows, Words
    from regulars.features.group import Columns
    from regulars.features.sorted_rows import Floats

SENT, OPENED = "_sent", "_open"


def _ignored(seen: SeenRows, sent: Has) -> Floats:
    # a mail may be opened twice
    opened = Has(sent.column, sent.word.removesuffix(SENT) + OPENED)
    share = ratio(seen.number(opened, 90), seen.number(sent, 90))
    return 1 - share.clip(max=1)


ALL = (*COUNTS, TREND)
VALUES = (within(30), within(90))
IGNORED = Count(
    "{}_ignored_share",
    "Share of those of the last 90 days that were not opened (1 less `_open` over "
    "`_sent`, at least 0)",
    _ignored,
)


def _counts_of(event_type: str) -> tuple[Count, ...]:
    return (*ALL, IGNORED) if event_type.endswith(SENT) else ALL


WORDED = {"events": Worded("event_type", 6, _counts_of)}
MEANINGS = {
    **meanings("events", "event", "Events", ALL),
    **meanings("events_{type}", "event of the type", "Events of the type", ALL),
    **meanings("events_{type}_sent", "", "", [IGNORED]),
    **meanings("value_of_events", "", "Sum of `value` of events", VALUES),
}


def events(seen: SeenRows, words: Words) -> Columns:
    """Return counts of a customer's events, in all and of each type."""
    columns = seen.counts("events", None, ALL) | seen.by_word(WORDED, words)
    if "value" in seen.rows:
        columns |= seen.counts("value_of_events", "value", VALUES)
    return columns
