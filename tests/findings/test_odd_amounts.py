from __future__ import annotations

import pytest


def _all_zero(log):
    return log.assign(amount=0.0, paid=log["amount"])


def _mostly_zero(log):
    return log.assign(amount=log["amount"].where(log.index % 4 == 0, 0.0))


def _all_equal(log):
    return log[~log["is_return"]].assign(amount=9.99)


CASES = [
    (_all_zero, "amounts_all_zero", {"share_zero": 1.0}),
    (_mostly_zero, "amounts_mostly_zero", {}),
    (_all_equal, "amounts_all_equal", {"amount": 9.99}),
]


@pytest.mark.parametrize(("spoil", "key", "figures"), CASES)
def test_spoilt_log_is_asked_about(assert_asked, spoil, key, figures):
    assert_asked(spoil, key, figures)
