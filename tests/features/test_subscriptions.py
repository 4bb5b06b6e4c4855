from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.features.subscriptions import new_spells
from regulars.features.table_columns import NEVER


def test_what_runs_and_what_came_before(seen_of, dates):
    found = seen_of(
        "subscriptions",
        ["01-01", "02-01", "03-01"],
        ended_date=dates("02-01", "02-20", None),
        plan=["s", "m", "l"],
        monthly_amount=[9, 19, 29],
    )
    a = found.loc["a"]
    assert a["contracts_running"] == 1
    assert a["contract_days"] == a["tenure_days"] == 31
    assert a["plan"] == "l"
    assert a["plan_changes"] == 2
    assert a["monthly_amount"] == 29
    assert a["price_change"] == 10
    assert a["contracts_ended"] == 2
    # the second began on the day the first ended, the third after nine days without
    assert a["restarts"] == 1
    assert a["days_since_last_end"] == 41
    b = found.loc["b"]
    assert b["contracts_running"] == b["contracts_ended"] == b["restarts"] == 0
    assert b["plan"] is None
    assert np.isnan(b["tenure_days"])
    assert np.isnan(b["monthly_amount"])


@pytest.mark.parametrize(
    ("ended", "n_running"), [("03-31", 0), ("04-01", 1), ("04-02", 1), (None, 1)]
)
def test_a_contract_that_ends_on_the_cutoff_still_runs(
    seen_of, dates, ended, n_running
):
    found = seen_of("subscriptions", ["03-01"], ended_date=dates(ended))
    assert found["contracts_running"]["a"] == n_running
    assert found["contracts_ended"]["a"] == 1 - n_running


def test_of_contracts_side_by_side_the_later_is_the_current_one(seen_of, dates):
    found = seen_of(
        "subscriptions",
        ["01-01", "02-01", "03-01"],
        ended_date=dates(None, None, "03-20"),
        plan=["s", "m", "l"],
        monthly_amount=[9, None, 29],
    )
    a = found.loc["a"]
    assert a["plan"] == "m"
    assert a["monthly_amount"] == 9
    assert a["tenure_days"] == 91
    assert a["contract_days"] == 60
    assert np.isnan(a["price_change"])


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 12)), max_size=12
    )
)
def test_spells_open_as_in_a_loop(rows):
    # an end of 12 never comes
    rows = sorted((who, day, NEVER if end == 12 else end) for who, day, end in rows)
    reach, expected = {}, []
    for who, day, end in rows:
        expected.append(who not in reach or day > reach[who])
        reach[who] = max(end, reach.get(who, end))
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    assert new_spells(*columns).tolist() == expected
