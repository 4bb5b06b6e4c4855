from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from scipy.stats import norm

from regulars.monitoring.checks import Watch, holm, ring, tail


def _watch(p_value, *, name="n", is_beyond=True):
    return Watch(
        room="inputs",
        name=name,
        value=1.0,
        expected=0.0,
        threshold=0.2,
        p_value=p_value,
        sentence=f"{name} is off.",
        since=date(2024, 1, 1),
        is_beyond=is_beyond,
    )


def test_holm_is_the_textbooks():
    # Holm (1979): p(i) * (n - i + 1), never falling
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]).size == 0
    assert holm([0.9, 0.8]).max() == 1.0


def test_one_of_many_checks_has_to_be_surer_than_one_alone():
    assert ring([_watch(0.04)], 0.05)[1]
    many = [_watch(0.04), *(_watch(0.5) for _ in range(9))]
    assert not ring(many, 0.05)[1]


def test_a_figure_within_its_threshold_never_rings():
    checks, alarms = ring([_watch(1e-9, is_beyond=False)], 0.05)
    assert not alarms
    assert not checks[0].is_alarm


def test_the_surest_alarm_stands_first():
    _, alarms = ring([_watch(1e-3, name="b"), _watch(1e-6, name="a")], 0.05)
    assert [each.name for each in alarms] == ["a", "b"]


def test_no_more_than_the_asked_share_of_months_rings_whatever_depends_on_what():
    rng = np.random.default_rng(0)
    # forty checks that are nearly one, as features of the same customers are
    shared = rng.normal(size=(4000, 1))
    z = np.sqrt(0.8) * shared + np.sqrt(0.2) * rng.normal(size=(4000, 40))
    rung = [(holm(norm.sf(row)) <= 0.05).any() for row in z]
    assert np.mean(rung) < 0.05


def test_tail_is_certain_where_nothing_is_known():
    assert tail(1.0, np.nan) == 1.0
    assert tail(np.nan, 1.0) == 1.0
    assert (tail(1.0, 0.0), tail(-1.0, 0.0)) == (0.0, 1.0)
    assert tail(0.0, 1.0) == 0.5
