from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from regulars.errors import LeakageError
from regulars.scoring.hindsight import refuse_hindsight


def store(**tags):
    return SimpleNamespace(name="shop", version_tags=lambda version: tags)


def test_version_does_not_score_a_day_before_its_cutoff():
    learnt = store(cutoff="2024-06-01")
    with pytest.raises(LeakageError, match=r"up to 2024-06-01; .* as of 2024-05-31"):
        refuse_hindsight(learnt, "3", date(2024, 5, 31))


@pytest.mark.parametrize("day", [date(2024, 6, 1), date(2024, 6, 2)])
def test_version_scores_its_cutoff_and_later_days(day):
    refuse_hindsight(store(cutoff="2024-06-01"), "3", day)


@pytest.mark.parametrize("tags", [{}, {"cutoff": ""}])
def test_version_of_rows_without_days_scores_any_day(tags):
    refuse_hindsight(store(**tags), "3", date(2020, 1, 1))
