"""A log that ends well before the cutoff is told of, not read as customers leaving."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from regulars.kinds.non_contractual.notes import STALE_DAYS, stale_notes

LAST = date(2024, 12, 31)


def notes(silent_days):
    cutoff = LAST + timedelta(days=1 + silent_days)
    return stale_notes(SimpleNamespace(last_day=LAST), cutoff)


@pytest.mark.parametrize("silent_days", [0, STALE_DAYS - 1])
def test_a_few_silent_days_are_no_news(silent_days):
    assert notes(silent_days) == []


def test_stale_log_is_told_with_the_day_to_pass():
    (note,) = notes(30)
    assert "ends 30 days before the cutoff" in note
    assert "pass a cutoff of 2025-01-01" in note
