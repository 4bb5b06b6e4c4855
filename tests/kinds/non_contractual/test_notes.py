from __future__ import annotations

import pandas as pd
import pytest

from regulars.config import TimeSettings
from regulars.kinds.non_contractual import notes as notes_of
from regulars.timeline import plan

FIRST = pd.Timestamp("2024-01-01").date()


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (20, []),
        (80, ["learnt on windows of 17 days", "of the 6 training windows asked for"]),
        (150, ["of the 6 training windows asked for"]),
        (900, []),
    ],
)
def test_history_notes_tell_what_a_short_history_costs(days, words):
    timeline = plan(
        TimeSettings(horizon_days=28), FIRST, FIRST + pd.Timedelta(days=days)
    )
    notes = notes_of.history_notes(timeline, 6)
    assert len(notes) == len(words)
    for note, expected in zip(notes, words, strict=True):
        assert expected in note


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (20, ["no test window"]),
        (110, ["learnt on windows of 28 days"]),
        (900, []),
    ],
)
def test_reader_hears_in_what_the_tested_model_differs(days, words):
    line = plan(TimeSettings(horizon_days=28), FIRST, FIRST + pd.Timedelta(days=days))
    notes = notes_of.tested_otherwise(line, line.final)
    assert len(notes) == len(words)
    for note, expected in zip(notes, words, strict=True):
        assert expected in note
