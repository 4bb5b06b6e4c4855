from __future__ import annotations

import pandas as pd
import pytest
from tests.init.logs import every, log, read

from regulars.init.guess_trial import choose_horizon


@pytest.mark.parametrize(
    ("gap", "n_days", "horizon"),
    [
        (3, 365, 7),
        (25, 365, 28),
        (80, 365, 90),
        (300, 365, 90),
        (5, 10, 7),
        (None, 20, 7),
    ],
)
def test_horizon_follows_rhythm_and_length(gap, n_days, horizon):
    assert choose_horizon(gap, n_days) == horizon


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M", "%d.%m.%Y", "%Y%m%d"])
def test_nothing_is_based_on_a_stray_day(init, form):
    frame = log(status=every(10, "failed", "paid"))
    odd = frame.iloc[[1]].assign(order_id=1, date="1970-01-01 00:00")
    frame = pd.concat([frame, odd])
    frame["date"] = pd.to_datetime(frame.date).dt.strftime(form)
    text, settings = init(orders=frame)
    assert "1 row is of 1970-01-01" in text
    assert "from 2023-01-" in text
    assert settings.time.horizon_days == 90
    assert read(settings)[1] == {"left_out": 41}
