from __future__ import annotations

import pytest

from regulars.serving.faults import ServingError
from regulars.serving.limits import Places, RateLimit


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_bucket_holds_a_second_s_worth_and_fills_again():
    clock = Clock()
    rate = RateLimit(3, clock)
    for _ in range(3):
        rate.take("a")
    with pytest.raises(ServingError, match="3 requests a second") as refused:
        rate.take("a")
    assert (refused.value.status, refused.value.retry_after) == (429, 1)
    clock.now = 0.34
    rate.take("a")


def test_keys_have_buckets_of_their_own():
    rate = RateLimit(1, Clock())
    rate.take("a")
    rate.take("b")


def test_slow_rate_says_how_long_to_wait():
    rate = RateLimit(0.1, Clock())
    rate.take("a")
    with pytest.raises(ServingError, match=r"0\.1 requests") as refused:
        rate.take("a")
    assert refused.value.retry_after == 10


def test_places_run_out_and_come_back():
    places = Places(1)
    places.enter()
    with pytest.raises(ServingError, match="1 requests in hand") as refused:
        places.enter()
    assert (refused.value.status, refused.value.retry_after) == (503, 1)
    places.leave()
    places.enter()
