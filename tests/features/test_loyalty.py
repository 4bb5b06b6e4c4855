from __future__ import annotations

import numpy as np
import pytest


def test_balance_and_last_tier(seen_of):
    days = ["03-01", "03-02", "03-03"]
    kinds = ["earn", "redeem", "badge"]
    tiers = ["gold", "silver", None]
    found = seen_of("loyalty", days, kind=kinds, points=[50, -20, 0], tier=tiers)
    assert found["points_balance"]["a"] == 30
    assert np.isnan(found["points_balance"]["b"])
    assert found["tier"].tolist() == ["silver", None]
    assert found["days_since_tier_change"]["a"] == 30
    assert found["days_in_programme"]["a"] == 31
    assert np.isnan(found["days_in_programme"]["b"])


@pytest.mark.parametrize("sign", [1, -1])
def test_points_redeemed_and_expired_lower_the_balance_whatever_their_sign(
    seen_of, sign
):
    points = [100, sign * 30, sign * 20, -5]
    kinds = ["earn", "redeem", "expire", "adjust"]
    days = ["03-01", "03-02", "03-03", "03-04"]
    found = seen_of("loyalty", days, kind=kinds, points=points)
    assert found["points_balance"]["a"] == 45
    assert found["points_redeemed_ever"]["a"] == 30
    assert found["points_expired_last_90_days"]["a"] == 20
    assert found["points_redeemed_share"]["a"] == 0.3


@pytest.mark.parametrize(
    ("redeemed", "older_than_180", "older_than_365"),
    [
        (0, 140, 40),
        # the oldest points go first
        (30, 110, 10),
        (100, 40, 0),
        (160, 0, 0),
    ],
)
def test_old_points_are_what_is_left_of_those_that_came_long_ago(
    seen_of, redeemed, older_than_180, older_than_365
):
    # 365 days before the cutoff is 2023-04-02, 180 days before it 2023-10-04
    days = ["2023-04-01", "2023-04-02", "2023-10-04", "03-02"]
    kinds = ["earn", "earn", "earn", "redeem"]
    points = [40, 100, 50, redeemed]
    found = seen_of("loyalty", days, kind=kinds, points=points)
    assert found["points_balance"]["a"] == 190 - redeemed
    assert found["points_older_than_180_days"]["a"] == older_than_180
    assert found["points_older_than_365_days"]["a"] == older_than_365
    assert np.isnan(found["points_older_than_365_days"]["b"])


def test_tier_reached_again_is_a_change(seen_of):
    days = ["01-01", "02-01", "03-01", "03-05"]
    found = seen_of("loyalty", days, kind="tier", tier=["x", "y", "x", "x"])
    assert found["days_since_tier_change"]["a"] == 31


def test_badges_are_counted(seen_of):
    days = ["01-01", "02-01"]
    found = seen_of("loyalty", days, kind="badge", badge=["fan", None])
    assert found["badges"].tolist() == [1, 0]
