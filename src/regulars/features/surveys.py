"""Survey answers: would they recommend us, and do they more than before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.features.dated_rows import Known, meanings

if TYPE_CHECKING:
    from regulars.features.dated_rows import SeenRows, Words
    from regulars.features.group import Columns

PROMOTER, DETRACTOR = 9, 6
SCORE = Known("score")

MEANINGS = {
    **meanings("surveys", "answer", "Answers"),
    "never_answered": "1 for customers without an answer",
    "last_survey_score": "Last score (0 to 10; of several on one day the highest)",
    "survey_score_change": "Last score less the one before it",
    "mean_survey_score": "Mean score",
    "is_promoter": "1 where the last score is 9 or 10",
    "is_passive": "1 where the last score is 7 or 8",
    "is_detractor": "1 where the last score is 6 or less",
}


def surveys(seen: SeenRows, words: Words) -> Columns:
    """Return counts and scores of a customer's answers."""
    score = seen.rows["score"]
    last = seen.last(score, SCORE)
    answered = ~np.isnan(last)

    def flag(is_so: np.ndarray) -> np.ndarray:
        return np.where(answered, is_so, np.nan)

    return seen.counts("surveys", SCORE) | {
        "never_answered": ~answered,
        "last_survey_score": last,
        "survey_score_change": last - seen.last(score, SCORE, back=1),
        "mean_survey_score": seen.mean("score"),
        "is_promoter": flag(last >= PROMOTER),
        "is_passive": flag((last > DETRACTOR) & (last < PROMOTER)),
        "is_detractor": flag(last <= DETRACTOR),
    }
