from __future__ import annotations

from datetime import date

import pytest

from regulars.config import parse_settings
from regulars.timeline import plan
from regulars.training.terms import horizon_of, timeline_record


@pytest.fixture
def settings():
    return parse_settings(
        "name: x\n"
        "source: {transactions: {path: a.csv}, currency: CHF}\n"
        "time: {horizon_days: 90, gap_days: 7}\n"
        "value: {margin: 0.25}\n"
    )


def test_terms_are_those_of_the_settings(settings):
    terms = horizon_of(settings)
    assert (terms.days, terms.gap_days, terms.margin) == (90, 7, 0.25)
    assert terms.currency == "CHF"
    assert terms.teaching.days == 90


def test_short_history_teaches_the_timelines_shorter_horizon(settings):
    timeline = plan(settings.time, date(2024, 1, 1), date(2024, 9, 1))
    assert timeline.is_extrapolated
    terms = horizon_of(settings, timeline)
    assert terms.teaching.days == timeline.label_horizon_days < terms.days == 90


def test_rows_without_days_have_no_horizon(settings):
    terms = horizon_of(settings, has_days=False)
    assert terms.horizon_days is None
    assert terms.gap_days == 0


def test_record_names_the_days_of_a_timeline(settings):
    timeline = plan(settings.time, date(2020, 1, 1), date(2024, 9, 1))
    record = timeline_record(timeline)
    assert record["cutoff"] == timeline.cutoff
    assert record["validation_cutoff"] == timeline.folds[0].cutoff
    assert record["refit_cutoffs"] == timeline.refit_cutoffs
