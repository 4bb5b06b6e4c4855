from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.models.segments import NAMES, RfmSegments


def _rows(silence, orders):
    return pd.DataFrame(
        {
            "days_since_last_order": np.array(silence, dtype=float),
            "n_orders": np.array(orders, dtype=float),
        }
    )


SPREAD = _rows(range(1, 101), range(100, 0, -1))


@pytest.mark.parametrize(
    ("silence", "orders", "name"),
    [
        (1, 100, "Champions"),
        (1, 1, "New"),
        (30, 1, "Promising"),
        (50, 50, "Needs attention"),
        (70, 100, "Cannot lose"),
        (70, 1, "Hibernating"),
        (100, 1, "Lost"),
    ],
)
def test_label_names_the_corner(silence, orders, name):
    found = RfmSegments().fit(SPREAD).label(_rows([silence], [orders]))
    assert found.tolist() == [name]


def test_one_time_buyers_are_never_frequent_when_they_are_many():
    rows = _rows(np.arange(1, 101), [1] * 90 + [5] * 10)
    found = RfmSegments().fit(rows).label(rows)
    frequent = {*NAMES[:, 2:].ravel()} - {*NAMES[:, :2].ravel()}
    assert not frequent & {*found[:90]}
    assert {*found[90:]} <= frequent


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(1, 50)), min_size=1, max_size=40
    )
)
def test_customer_alone_has_the_name_of_the_batch(rows):
    frame = _rows(*zip(*rows, strict=True))
    segments = RfmSegments().fit(frame)
    kept = RfmSegments.from_dict(json.loads(json.dumps(segments.to_dict())))
    alone = [kept.label(frame.iloc[[k]])[0] for k in range(len(frame))]
    assert alone == segments.label(frame).tolist()
    assert {*alone} <= {*NAMES.ravel()}
