"""Survey answers: how many, the last score and the mean one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.features.dated_rows import numbers_of

if TYPE_CHECKING:
    from regulars.features.dated_rows import SeenRows
    from regulars.features.group import Columns


def surveys(seen: SeenRows) -> Columns:
    """Return counts and scores of a customer's answers."""
    # of several answers on one day the highest counts as the last, so that the order
    # of the rows does not matter
    score = numbers_of(seen.frame["score"])
    return seen.counts("surveys") | {
        "last_survey_score": seen.last(score, ~np.isnan(score)),
        "mean_survey_score": seen.mean(score),
    }
