from __future__ import annotations

import numpy as np
import pytest

from regulars.scoring.figures import counted, days_ago, money, number, percent


def _one(written, value, *more):
    (text,) = written(np.array([value]), *more)
    return text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_one(number, 1234.4), "1,234"),
        (_one(number, np.nan), "0"),
        (_one(number, 1.25, 1), "1.2"),
        (_one(counted, 1.0, "order"), "1 order"),
        (_one(counted, 0.0, "order"), "0 orders"),
        (_one(counted, 1234.0, "order"), "1,234 orders"),
        (_one(days_ago, 0.0), "today"),
        (_one(days_ago, 1.0), "1 day ago"),
        (_one(money, 1234.4, "SEK"), "SEK 1,234"),
        (_one(money, 99.994, "SEK"), "SEK 99.99"),
        (_one(money, 0.5, ""), "0.50"),
        (_one(percent, 0.253), "25%"),
    ],
)
def test_figure_is_written_as_a_person_would(text, expected):
    assert text == expected
