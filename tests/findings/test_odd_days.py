from __future__ import annotations

import pandas as pd
import pytest


def _busy(log):
    extra = log.sample(600, random_state=1)
    day = pd.Timestamp("2024-05-15 12:00")
    return pd.concat(
        [log, extra.assign(order_time=day, order_id="x" + extra["order_id"])]
    )


def _late_start(log):
    return log[log["order_time"] >= "2024-02-12"]


def _early_end(log):
    return log[log["order_time"] < "2024-12-11"]


def _gap(log):
    return log[~log["order_time"].between("2024-06-01", "2024-07-15")]


def _stray(log):
    row = log.head(1).assign(order_time=pd.Timestamp("1970-01-01"), order_id="s1")
    return pd.concat([row, log])


CASES = [
    (_busy, "busy_days", {"n_days": 1}),
    (_late_start, "first_month_in_part", {"month": "2024-02"}),
    (_early_end, "last_month_in_part", {"month": "2024-12"}),
    (_gap, "gaps", {"n_stretches": 1}),
    (_stray, "stray_days", {"n_rows": 1}),
]


@pytest.mark.parametrize(("spoil", "key", "figures"), CASES)
def test_spoilt_log_is_asked_about(assert_asked, spoil, key, figures):
    assert_asked(spoil, key, figures)
