from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.errors import DataError
from regulars.kpis.survival import hazard_by_tenure, kaplan_meier

# remission of leukaemia under 6-MP, weeks (Freireich et al. 1963)
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
OVER = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def test_survival_agrees_with_the_textbooks():
    curve = kaplan_meier(WEEKS, OVER)
    assert curve["tenure_days"].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve["n_at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    np.testing.assert_allclose(
        curve["survival"], [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], atol=6e-4
    )


def test_intervals_are_greenwoods_on_the_log_log_scale():
    first = kaplan_meier(WEEKS, OVER).iloc[0]
    # by hand: S = 18/21, variance term 3 / (21 * 18), z = 1.96
    np.testing.assert_allclose(
        [first["low"], first["high"]], [0.6197, 0.9516], atol=2e-4
    )


def test_share_has_no_interval_when_all_that_were_left_ended():
    last = kaplan_meier([1, 2], [True, True]).iloc[-1]
    assert last["survival"] == 0
    assert np.isnan(last["low"])


def test_nobody_ended_when_all_contracts_run():
    assert kaplan_meier([3, 4], [False, False]).empty


@given(st.lists(st.tuples(st.integers(0, 400), st.booleans()), min_size=1, max_size=60))
def test_survival_falls_within_its_interval(rows):
    tenure, over = map(list, zip(*rows, strict=True))
    curve = kaplan_meier(tenure, over)
    assert (curve["survival"].diff().dropna() <= 1e-12).all()
    known = curve.dropna()
    assert (known["low"] <= known["survival"] + 1e-9).all()
    assert (known["high"] >= known["survival"] - 1e-9).all()
    assert curve["n_ended"].sum() == sum(over)


@given(st.lists(st.tuples(st.integers(1, 400), st.booleans()), min_size=1, max_size=60))
def test_exposure_adds_up_to_the_days_that_were_seen(rows):
    tenure, over = map(list, zip(*rows, strict=True))
    found = hazard_by_tenure(tenure, over, period_days=30)
    assert found["n_exposed"].sum() * 30 == pytest.approx(sum(tenure))
    assert found["n_ended"].sum() == sum(over)


def test_hazard_is_the_rate_of_a_constant_process():
    rng = np.random.default_rng(0)
    life = rng.exponential(300, 20_000)
    found = hazard_by_tenure(np.minimum(life, 360), life < 360)
    np.testing.assert_allclose(found["hazard"], 0.1, atol=0.01)


@pytest.mark.parametrize(
    ("tenure", "ended", "told"),
    [
        ([1, 2], [True], r"shape \(2,\) and 'ended' \(1,\)"),
        ([-1, 2], [True, False], "1 of 2 values that are negative or missing"),
        ([np.nan], [True], "1 of 1 values"),
    ],
)
def test_tenure_is_refused_when(tenure, ended, told):
    with pytest.raises(DataError, match=told):
        kaplan_meier(tenure, ended)


def test_exposure_and_hazard_by_hand():
    # one contract seen for half of the first period, three for all of it
    table = hazard_by_tenure([15, 30, 60, 60], [True, False, True, False])
    assert table["n_exposed"].tolist() == [3.5, 2.0]
    assert table["hazard"].tolist() == pytest.approx([1 / 3.5, 1 / 2])


def test_upper_end_is_the_rule_of_three_when_none_ended():
    table = hazard_by_tenure([30, 30], [False, False])
    assert table["low"].tolist() == [0]
    assert table["high"].tolist() == pytest.approx([3.0 / 2], abs=0.01)
