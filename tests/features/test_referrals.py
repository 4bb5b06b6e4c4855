from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from regulars.features.referrals import CONVERTED, with_conversions


def test_referrals_know_both_sides(seen_of):
    found = seen_of("referrals", ["03-01"], referred_id=["b"])
    assert found["referrals_ever"].tolist() == [1, 0]
    assert found["was_referred"].tolist() == [0, 1]
    assert found["days_since_was_referred"]["b"] == 31
    assert "referrals_converted" not in found


@pytest.mark.parametrize(
    ("first", "converted"),
    [("2024-03-31", 1), ("2024-04-01", 0), (None, 0), ("2023-01-01", 1)],
)
def test_who_has_bought_before_the_cutoff_is_converted(seen_of, first, converted):
    bought = pd.Series({"b": pd.Timestamp(first), "c": pd.NaT})
    found = seen_of("referrals", ["03-01", "03-02"], bought, referred_id=["b", "c"])
    assert found["referrals_converted"].tolist() == [converted, 0]
    assert found["referrals_converted_share"]["a"] == converted / 2
    assert np.isnan(found["referrals_converted_share"]["b"])


def test_first_purchases_stand_beside_referrals_in_arrow_and_pandas():
    frame = pd.DataFrame({"referred_id": ["b", "z"]})
    first = pd.Series({"b": pd.Timestamp("2024-03-01")})
    expected = [pd.Timestamp("2024-03-01"), None]
    for table in (frame, pa.Table.from_pandas(frame)):
        days = pa.array(with_conversions(table, first)[CONVERTED]).to_pylist()
        assert [day and pd.Timestamp(day) for day in days] == expected
