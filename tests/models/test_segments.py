from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.models.segments import BEST, NAMES, ONCE, Segments

BREAKS = ((1.5, 4.0), (0.5, 0.8))
NAMED = {*NAMES.ravel(), *ONCE, BEST}


def _rows(repeats, gap, silence):
    """Customers who came back so often, so many days apart, and then fell silent."""
    repeats, gap = np.array(repeats, dtype=float), np.array(gap, dtype=float)
    return pd.DataFrame(
        {
            "frequency": repeats,
            "recency_days": repeats * gap,
            "days_since_last_order": np.array(silence, dtype=float),
        }
    )


USUAL = _rows([5] * 100, [30] * 100, [10] * 100)
FITTED = Segments(*BREAKS).fit(USUAL, np.arange(1.0, 101.0))


@pytest.mark.parametrize(
    ("repeats", "gap", "silence", "value", "band", "name"),
    [
        (9, 30, 20, 90, "low", "Champions"),
        (9, 30, 20, 90, "medium", "Loyal"),
        (9, 30, 20, 60, "low", "Loyal"),
        (9, 30, 20, 10, "low", "Steady"),
        # at high risk nobody is on time, however short the silence
        (9, 30, 20, 90, "high", "Cannot lose"),
        (9, 30, 20, 10, "high", "About to sleep"),
        (9, 30, 60, 90, "low", "Cannot lose"),
        (9, 30, 60, 60, "medium", "Needs attention"),
        (9, 30, 150, 90, "high", "Win back"),
        (9, 30, 150, 60, "high", "Hibernating"),
        (9, 30, 150, 10, "high", "Lost"),
        (0, 0, 20, 90, "low", "New"),
        (0, 0, 60, 10, "medium", "Undecided"),
        (0, 0, 150, 10, "high", "Came once"),
    ],
)
def test_name_is_that_of_rhythm_value_and_risk(
    repeats, gap, silence, value, band, name
):
    rows = _rows([repeats], [gap], [silence])
    assert FITTED.label(rows, [value], np.array([band])).tolist() == [name]


def test_same_silence_is_late_for_the_quick_and_on_time_for_the_slow():
    rows = _rows([20, 20], [7, 90], [40, 40])
    found = FITTED.label(rows, [90.0, 90.0], np.array(["low", "low"]))
    assert found.tolist() == ["Win back", "Champions"]


def test_one_short_gap_is_drawn_towards_the_usual_one():
    """Two orders a day apart make no daily customer: (1 + 30) / 2 days are the gap."""
    rows = _rows([1], [1], [20])
    assert FITTED.label(rows, [60.0], np.array(["medium"])).tolist() == ["Loyal"]


def test_breaks_are_those_that_were_set():
    rows = _rows([9], [30], [40])
    patient = Segments((2.0, 4.0), (0.5, 0.95)).fit(USUAL, np.arange(1.0, 101.0))
    band = np.array(["low"])
    assert FITTED.label(rows, [90.0], band).tolist() == ["Champions"]
    hasty = Segments((1.0, 4.0), (0.5, 0.8)).fit(USUAL, np.arange(1.0, 101.0))
    assert hasty.label(rows, [90.0], band).tolist() == ["Cannot lose"]
    assert patient.label(rows, [90.0], band).tolist() == ["Loyal"]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 50),
            st.integers(1, 90),
            st.integers(1, 400),
            st.floats(0, 1e4),
            st.sampled_from(["low", "medium", "high"]),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_customer_alone_has_the_name_of_the_batch(customers):
    repeats, gap, silence, value, band = zip(*customers, strict=True)
    rows, band = _rows(repeats, gap, silence), np.array(band)
    segments = Segments(*BREAKS).fit(rows, value)
    kept = Segments.from_dict(json.loads(json.dumps(segments.to_dict())))
    alone = [
        kept.label(rows.iloc[[k]], value[k : k + 1], band[k : k + 1])[0]
        for k in range(len(rows))
    ]
    assert alone == segments.label(rows, value, band).tolist()
    assert {*alone} <= NAMED
