"""Loyalty programme: postings, balance of points, tier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.features.dated_rows import category, numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.features.dated_rows import SeenRows
    from regulars.features.group import Columns

WORD_COLUMN = "kind"


def loyalty(seen: SeenRows, words: Sequence[str] = ()) -> Columns:
    """Return counts of postings, of each kind, the balance and the last tier."""
    by_word = seen.counts_by_word("loyalty", WORD_COLUMN, words)
    columns = seen.counts("loyalty") | by_word
    if "points" in seen.frame:
        balance = seen.added(np.nan_to_num(numbers_of(seen.frame["points"])))
        columns["points_balance"] = np.where(seen.count() > 0, balance, np.nan)
    if "tier" in seen.frame:
        # two tiers on one day: the last of the alphabet, whatever the order of rows
        tier = seen.frame["tier"]
        last = seen.last(tier.to_numpy(object), tier.notna().to_numpy())
        columns["tier"] = category(last)
    return columns
