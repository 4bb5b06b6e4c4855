from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.models.segments import BEST, NAMES, ONCE, Segments

BREAKS = (1.5, 4.0), (0.5, 0.8)


def _rows(repeats, recency, silence):
    return pd.DataFrame(
        {
            "frequency": np.array(repeats, dtype=float),
            "recency_days": np.array(recency, dtype=float),
            "days_since_last_order": np.array(silence, dtype=float),
        }
    )


# ten orders, ten days apart; value from 1 to 100
STEADY = _rows([10] * 100, [100] * 100, [5] * 100)
VALUE = np.arange(1.0, 101.0)


@pytest.fixture
def segments():
    return Segments(*BREAKS).fit(STEADY, VALUE)


@pytest.mark.parametrize(
    ("silence", "value", "band", "name"),
    [
        (5, 100, "low", "Champions"),
        (5, 100, "medium", "Loyal"),
        (5, 100, "high", "Cannot lose"),
        (5, 60, "low", "Loyal"),
        (5, 10, "low", "Steady"),
        (20, 100, "medium", "Cannot lose"),
        (20, 60, "medium", "Needs attention"),
        (20, 10, "medium", "About to sleep"),
        (60, 100, "high", "Win back"),
        (60, 60, "high", "Hibernating"),
        (60, 10, "high", "Lost"),
    ],
)
def test_name_is_that_of_rhythm_and_value(segments, silence, value, band, name):
    rows = _rows([10], [100], [silence])
    assert segments.label(rows, [value], np.array([band])).tolist() == [name]


def test_silence_is_measured_by_the_customers_own_gap(segments):
    """Twenty-five days are long for one who comes every ten, not for a slow one."""
    rows = _rows([10, 10], [100, 1000], [25, 25])
    names = segments.label(rows, [60, 60], np.array(["medium", "medium"]))
    assert names.tolist() == ["Needs attention", "Loyal"]


def test_who_came_once_is_told_apart(segments):
    rows = _rows([0, 0, 0], [0, 0, 0], [5, 20, 60])
    names = segments.label(rows, [100, 100, 100], np.array(["low"] * 3))
    assert names.tolist() == ONCE.tolist()


def test_breaks_are_those_of_the_settings():
    patient = Segments((5.0, 50.0), (0.5, 0.8)).fit(STEADY, VALUE)
    rows = _rows([10], [100], [40])
    assert patient.label(rows, [60], np.array(["medium"])).tolist() == ["Loyal"]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 30),
            st.integers(1, 400),
            st.integers(0, 400),
            st.floats(0, 1e4),
            st.sampled_from(["low", "medium", "high"]),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_customer_alone_has_the_name_of_the_batch(customers):
    repeats, recency, silence, value, band = map(np.array, zip(*customers, strict=True))
    frame = _rows(repeats, np.where(repeats > 0, recency, 0), silence)
    segments = Segments(*BREAKS).fit(frame, value)
    kept = Segments.from_dict(json.loads(json.dumps(segments.to_dict())))
    places = [slice(k, k + 1) for k in range(len(frame))]
    alone = [kept.label(frame.iloc[k], value[k], band[k])[0] for k in places]
    names = segments.label(frame, value, band)
    assert alone == names.tolist()
    assert {*alone} <= {*NAMES.ravel(), *ONCE, BEST}
    # names promise no more than the probability
    assert not {*names[band == "high"]} & {"Champions", "Loyal", "Steady", "New"}
