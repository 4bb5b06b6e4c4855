from __future__ import annotations

import numpy as np
import pytest


@pytest.mark.parametrize("scores", [[3, 9, 1], [9, 3, 1]])
def test_last_score_of_a_day_is_the_highest_whatever_the_order(seen_of, scores):
    found = seen_of("surveys", ["03-02", "03-02", "03-01"], score=scores)
    assert found["last_survey_score"]["a"] == 9
    assert found["survey_score_change"]["a"] == 6
    assert found["mean_survey_score"]["a"] == pytest.approx(13 / 3)


@pytest.mark.parametrize(
    ("score", "flags"),
    [
        (10, [1, 0, 0]),
        (9, [1, 0, 0]),
        (8, [0, 1, 0]),
        (7, [0, 1, 0]),
        (6, [0, 0, 1]),
        (0, [0, 0, 1]),
    ],
)
def test_promoters_passives_and_detractors(seen_of, score, flags):
    found = seen_of("surveys", ["03-02"], score=[score])
    names = ["is_promoter", "is_passive", "is_detractor"]
    assert found.loc["a", names].tolist() == flags
    assert found.loc["b", names].isna().all()


def test_who_never_answered_has_no_score(seen_of):
    found = seen_of("surveys", ["03-02"], score=[5])
    assert found["never_answered"].tolist() == [0, 1]
    assert np.isnan(found["last_survey_score"]["b"])
    assert np.isnan(found["survey_score_change"]["a"])


def test_an_answer_without_a_score_is_none(seen_of):
    found = seen_of("surveys", ["03-02", "03-05"], score=[5, None])
    assert found["surveys_ever"]["a"] == 1
    assert found["days_since_surveys"]["a"] == 30
    assert found["last_survey_score"]["a"] == 5
