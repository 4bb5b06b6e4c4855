from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from regulars.config import parse_settings
from regulars.errors import DataError
from regulars.scoring.freshness import AUTO_DAYS, Freshness
from regulars.scoring.manifest import FILE

TODAY = date(2025, 3, 1)


@pytest.fixture
def settings(tmp_path):
    def parse(*overrides):
        text = f"name: x\nsource: {{transactions: {{path: a}}}}\noutputs: '{tmp_path}'"
        return parse_settings(text, overrides)

    return parse


def ask(settings, n_days):
    Freshness(TODAY - timedelta(days=n_days), TODAY).refuse_stale(settings)


def scored_before(tmp_path, n_days):
    scored = date(2025, 1, 10)
    last = scored - timedelta(days=n_days)
    said = {"scored_at": f"{scored}T03:00:00+00:00", "last_record": str(last)}
    (tmp_path / FILE).write_text(json.dumps(said))


def test_archive_is_scored_as_often_as_one_likes(settings, tmp_path):
    ask(settings(), 9_999)
    scored_before(tmp_path, 9_999)
    ask(settings(), 9_999)


def test_log_that_was_up_to_date_and_stopped_is_refused(settings, tmp_path):
    scored_before(tmp_path, 1)
    ask(settings(), AUTO_DAYS)
    told = (
        r"last record is of 2025-02-14, 15 days before 2025-03-01.*"
        r"scores\.max_age_days=15"
    )
    with pytest.raises(DataError, match=told):
        ask(settings(), AUTO_DAYS + 1)
    ask(settings("scores.max_age_days=15"), AUTO_DAYS + 1)
    ask(settings("scores.max_age_days=null"), 900)
    # who names the day knows how old the log is
    ask(settings("time.cutoff=2024-12-01"), 900)


def test_limit_of_the_users_own_counts_from_the_first_time_on(settings):
    ask(settings("scores.max_age_days=3"), 3)
    with pytest.raises(DataError, match="4 days before 2025-03-01"):
        ask(settings("scores.max_age_days=3"), 4)


def test_limit_counts_from_a_stated_cutoff(settings):
    stated = settings("scores.max_age_days=3", "time.cutoff=2025-02-20")
    ask(stated, 12)
    with pytest.raises(DataError, match="4 days before 2025-02-20"):
        ask(stated, 13)


def test_manifest_that_cannot_be_read_says_nothing(settings, tmp_path):
    (tmp_path / FILE).write_text("half")
    ask(settings(), 900)
