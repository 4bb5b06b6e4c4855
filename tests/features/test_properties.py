"""What must hold of the features of any log: the oracle, and invariances bit by bit."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from regulars.data.ledger import build_ledger
from regulars.features import build_matrix

FIRST = date(2023, 1, 2)
CUTOFFS = (date(2023, 6, 5), date(2024, 3, 4))
OPTIONAL = (
    "order_id",
    "product_id",
    "category",
    "quantity",
    "discount_amount",
    "cost_amount",
    "margin_rate",
)
MONEY = (
    "gross_order_value",
    "gross_amount",
    "returned_amount",
    "monetary_value",
    "revenue",
    "aov",
    "largest_day_spend",
    "last_day_spend",
    *(f"spend_{w}d" for w in (28, 56, 91, 182, 365)),
)

# no shrinking, because a failing log is small as it is
properties = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def rows(draw):
    """A log with refunds, zero amounts, several lines a day and refund-only days."""
    columns = draw(st.sets(st.sampled_from(OPTIONAL)))
    line = st.fixed_dictionaries(
        {
            "customer_id": st.sampled_from("abcd"),
            "day": st.integers(0, 500),
            "minute": st.sampled_from([0, 0, 600, 601]),
            "cents": st.one_of(st.just(0), st.integers(-5_000, 20_000)),
            "order_id": st.sampled_from(["1", "2", "3"]),
            "product_id": st.sampled_from(["p", "q", "r", None]),
            "category": st.sampled_from(["x", "y", None]),
            "quantity": st.integers(1, 4),
            "discount_amount": st.integers(0, 300),
            "cost_amount": st.sampled_from([None, 0.0, 3.0, 60.0, -60.0]),
            "margin_rate": st.sampled_from([None, -0.5, 0.0, 0.25, 1.0]),
        }
    )
    # Few distinct days, so that days with several lines are common.
    lines = draw(st.lists(line, min_size=1, max_size=80))
    every = draw(st.sampled_from([1, 1, 7, 40]))
    return [_row(line, columns, every) for line in lines]


def _row(line, columns, every):
    day = FIRST + timedelta(days=line["day"] // every * every)
    at = datetime.combine(day, time()) + timedelta(minutes=line["minute"])
    row = {
        "customer_id": line["customer_id"],
        "order_date": day,
        "order_time": at,
        "amount": line["cents"] / 100,
        "is_return": line["cents"] < 0,
    }
    for name in columns:
        row[name] = line[name]
    if "discount_amount" in columns:
        row["discount_amount"] = line["discount_amount"] / 100
    if "quantity" in columns:
        row["quantity"] = float(line["quantity"])
    return row


def assert_same_bits(one, other):
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    numbers = one.select_dtypes("float64").to_numpy()
    assert numbers.tobytes() == other.select_dtypes("float64").to_numpy().tobytes()


def assert_like_oracle(found, expected):
    assert set(found.columns) == set(expected.columns)
    expected = expected[found.columns].astype(found.dtypes.to_dict())
    pd.testing.assert_frame_equal(
        found, expected, check_exact=False, rtol=1e-6, atol=1e-5
    )


@given(rows=rows())
@properties
def test_build_matrix_equals_oracle_on_any_log(rows, features_of, oracle, to_frame):
    found = features_of(rows, *CUTOFFS)
    assert_like_oracle(found, oracle.matrix(to_frame(rows), CUTOFFS))


@pytest.mark.slow
@given(rows=rows(), lookback_days=st.sampled_from([None, 1, 7, 200]))
@settings(properties, max_examples=200, derandomize=False)
def test_build_matrix_equals_oracle_on_many_logs(
    rows, lookback_days, features_of, oracle, to_frame
):
    found = features_of(rows, *CUTOFFS, lookback_days=lookback_days)
    expected = oracle.matrix(to_frame(rows), CUTOFFS, lookback_days=lookback_days)
    assert_like_oracle(found, expected)


@given(rows=rows(), lookback_days=st.sampled_from([1, 30, 200]))
@properties
def test_build_matrix_equals_oracle_with_lookback(
    rows, lookback_days, features_of, oracle, to_frame
):
    found = features_of(rows, *CUTOFFS, lookback_days=lookback_days)
    expected = oracle.matrix(to_frame(rows), CUTOFFS, lookback_days=lookback_days)
    assert_like_oracle(found, expected)


@given(rows=rows(), seed=st.integers(0, 99))
@properties
def test_build_matrix_is_same_bits_when_rows_are_shuffled(rows, seed, features_of):
    order = np.random.default_rng(seed).permutation(len(rows))
    shuffled = [rows[i] for i in order]
    assert_same_bits(features_of(rows, *CUTOFFS), features_of(shuffled, *CUTOFFS))


@given(rows=rows(), lookback_days=st.sampled_from([None, 200]))
@properties
def test_build_matrix_is_same_bits_when_cutoffs_are_worked_out_alone(
    rows, lookback_days, features_of
):
    # so close that most customers have nothing new between two of them
    cutoffs = [CUTOFFS[0] + timedelta(days=days) for days in (0, 3, 40, 200)]
    together = features_of(rows, *cutoffs, lookback_days=lookback_days)
    alone = [features_of(rows, day, lookback_days=lookback_days) for day in cutoffs]
    found = pd.concat(alone, ignore_index=True)
    assert_same_bits(together, found.astype(together.dtypes.to_dict()))


@given(rows=rows(), data=st.data())
@properties
def test_build_matrix_is_same_bits_when_future_is_corrupted(rows, data, features_of):
    cutoff = CUTOFFS[0]
    past = [row for row in rows if row["order_date"] < cutoff]
    fate = st.sampled_from(["keep", "drop", "corrupt", "double"])
    future = []
    for row in rows:
        if row["order_date"] < cutoff:
            continue
        what = data.draw(fate)
        if what == "drop":
            continue
        changed = {"amount": 9e9, "is_return": False, "customer_id": "a"}
        future += {"corrupt": [row | changed], "double": [row, row]}.get(what, [row])
    added = {**rows[0], "order_date": cutoff, "customer_id": "new", "amount": 5.0}
    if not past:
        return
    expected = features_of(past, cutoff)
    assert_same_bits(expected, features_of([*past, *future, added], cutoff))


@given(rows=rows(), weeks=st.integers(-80, 80))
@properties
def test_build_matrix_is_same_bits_when_all_dates_shift_by_weeks(
    rows, weeks, features_of
):
    shift = timedelta(weeks=weeks)
    moved = [
        row
        | {
            "order_date": row["order_date"] + shift,
            "order_time": row["order_time"] + shift,
        }
        for row in rows
    ]
    found = features_of(moved, *(cutoff + shift for cutoff in CUTOFFS))
    found["cutoff"] = found["cutoff"] - pd.Timedelta(shift)
    expected = features_of(rows, *CUTOFFS)
    found = found.astype(expected.dtypes.to_dict())
    # the day of the month is the one thing that a shift by weeks moves
    moving = ["month_start_share"]
    assert_same_bits(expected.drop(columns=moving), found.drop(columns=moving))


@given(rows=rows())
@properties
def test_build_matrix_scales_money_only_when_amounts_double(rows, features_of):
    amounts = ("amount", "discount_amount", "cost_amount")
    doubled = [
        row | {name: 2 * row[name] for name in amounts if row.get(name) is not None}
        for row in rows
    ]
    expected = features_of(rows, *CUTOFFS)
    own = [n for n in ("own_margin", "own_margin_amount") if n in expected]
    money = [*MONEY, *own]
    expected[money] = expected[money] * 2
    found = features_of(doubled, *CUTOFFS)
    pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=1e-12)


@given(rows=rows())
@properties
def test_build_matrix_of_one_customer_is_same_when_others_are_absent(rows, features_of):
    whole = features_of(rows, *CUTOFFS)
    first_day = min(row["order_date"] for row in rows)
    for customer, expected in whole.groupby("customer_id"):
        alone = [row for row in rows if row["customer_id"] == customer]
        found = features_of(alone, *CUTOFFS, first_day=first_day)
        assert_same_bits(expected.reset_index(drop=True), found[expected.columns])


@given(rows=rows())
@properties
def test_rfm_keeps_its_bounds_on_any_log(rows, features_of):
    matrix = features_of(rows, *CUTOFFS, groups=["rfm"])
    recency, age = matrix["recency_days"], matrix["T_days"]
    assert ((recency >= 0) & (recency < age)).all()
    assert ((matrix["frequency"] == 0) == (recency == 0)).all()
    assert (matrix["days_since_last_order"] == age - recency).all()
    assert (matrix["frequency"] <= recency).all()


def test_build_matrix_is_same_bits_when_log_is_split_and_rejoined(ledger_of):
    rows = [
        {"customer_id": c, "order_date": FIRST + timedelta(days=day), "amount": day / 7}
        for c, day in zip("abcabcabab", range(0, 300, 30), strict=True)
    ]
    whole = ledger_of(rows).transactions
    early = whole.order_date < ibis.literal(FIRST + timedelta(days=100))
    rejoined = whole.filter(~early).union(whole.filter(early))
    assert_same_bits(
        build_matrix(build_ledger(whole), CUTOFFS),
        build_matrix(build_ledger(rejoined), CUTOFFS),
    )


def test_build_matrix_is_same_bits_whatever_the_threads_and_row_order(tmp_path):
    rng = np.random.default_rng(1)
    n = 150_000
    frame = pd.DataFrame({"customer_id": rng.integers(0, 300, n)})
    frame["order_time"] = pd.Timestamp("2023-01-01") + pd.to_timedelta(
        rng.integers(0, 400, n), unit="D"
    )
    frame["order_date"] = frame["order_time"].dt.date
    frame["amount"] = rng.gamma(2.0, 7.0, n)
    frame["is_return"] = False
    matrices = []
    for threads in (1, 4):
        path = tmp_path / f"log-{threads}.parquet"
        frame.sample(frac=1.0, random_state=threads).to_parquet(path)
        con = ibis.duckdb.connect()
        con.raw_sql(f"SET threads = {threads}")
        log = con.read_parquet(path)
        matrices.append(build_matrix(build_ledger(log), CUTOFFS))
    assert_same_bits(*matrices)
