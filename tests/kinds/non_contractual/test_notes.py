from __future__ import annotations

import pandas as pd
import pytest

from regulars.config import TimeSettings
from regulars.kinds.non_contractual.notes import history_notes
from regulars.timeline import plan

FIRST = pd.Timestamp("2024-01-01").date()


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (20, ["no test window"]),
        (150, ["of the 6 training windows asked for"]),
        (900, []),
    ],
)
def test_history_notes_tell_what_a_short_history_costs(days, words):
    timeline = plan(
        TimeSettings(horizon_days=28), FIRST, FIRST + pd.Timedelta(days=days)
    )
    notes = history_notes(timeline, 6)
    assert len(notes) == len(words)
    for note, expected in zip(notes, words, strict=True):
        assert expected in note
