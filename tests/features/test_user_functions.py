from __future__ import annotations

import sys
import types
from datetime import date, timedelta

import ibis
import pyarrow as pa
import pytest

from regulars.data.ledger import build_ledger
from regulars.errors import ConfigError
from regulars.features import build_matrix

FIRST = date(2023, 1, 2)


def rows():
    return [
        {"customer_id": customer, "order_date": FIRST + timedelta(days=day)}
        for customer, day in (("b", 0), ("b", 30), ("a", 10), ("c", 500))
    ]


@pytest.fixture
def own_module():
    """A module of the user's own that can be imported by name."""
    module = types.ModuleType("shop_features")
    sys.modules["shop_features"] = module
    yield module
    del sys.modules["shop_features"]


def test_build_matrix_joins_the_table_of_an_own_function(features_of, own_module):
    def busiest(past):
        days = past.days
        return days.group_by("customer_id").agg(most_lines=days.n_lines.max())

    own_module.busiest = busiest
    matrix = features_of(
        rows(), date(2024, 6, 1), groups=["rfm"], extra=["shop_features:busiest"]
    )
    assert matrix["most_lines"].tolist() == [1.0, 1.0, 1.0]
    assert matrix["most_lines"].dtype == "float64"


def test_build_matrix_takes_arrays_from_an_own_function(features_of, own_module):
    own_module.late = lambda past: {
        "late_days": past.total("is_purchase", 30),
        "age_weeks": past.first_age / 7,
    }
    cutoffs = date(2023, 1, 20), date(2023, 2, 5), date(2023, 3, 20)
    matrix = features_of(rows(), *cutoffs, groups=[], extra=["shop_features:late"])
    assert matrix["customer_id"].tolist() == ["a", "b", "a", "b", "a", "b"]
    assert matrix["late_days"].tolist() == [1, 1, 1, 1, 0, 0]
    assert matrix["age_weeks"].tolist()[1] == 18 / 7


def test_own_function_may_read_any_column_of_the_log(own_module):
    days = {"customer_id": ["b", "a"], "order_date": [FIRST, FIRST + timedelta(days=9)]}
    times = pa.array(days["order_date"]).cast(pa.timestamp("us"))
    log = pa.table(days).append_column("order_time", times)
    for name, values in {
        "amount": [2.0, 3.0],
        "is_return": [False, False],
        "order_id": ["1", "2"],
        "channel": ["web", "shop"],
    }.items():
        log = log.append_column(name, pa.array(values))

    def web(past):
        assert past.has("channel", "order_time")
        lines = past.transactions.filter(past.transactions.channel == "web")
        return lines.group_by("customer_id").agg(n_web=lines.count())

    own_module.web = web
    ledger = build_ledger(ibis.duckdb.connect().create_table("log", log))
    matrix = build_matrix(
        ledger, [date(2024, 1, 1)], groups=[], extra=["shop_features:web"]
    )
    assert matrix["n_web"].fillna(0).tolist() == [0, 1]


def test_own_function_sees_no_later_row(features_of, own_module):
    seen = []

    def look(past):
        seen.append(past.rows.day.max())
        return {"n": past.count()}

    own_module.look = look
    cutoff = date(2023, 1, 16)
    features_of(rows(), cutoff, groups=[], extra=["shop_features:look"])
    assert max(seen) < cutoff.toordinal() - date(1970, 1, 1).toordinal()


def test_customers_without_a_row_of_an_own_table_have_none(features_of, own_module):
    def few(past):
        lines = past.transactions.filter(past.transactions.customer_id == "b")
        return lines.group_by("customer_id").agg(n=lines.count())

    own_module.few = few
    matrix = features_of(
        rows(), date(2024, 6, 1), groups=[], extra=["shop_features:few"]
    )
    assert matrix["n"].fillna(-1).tolist() == [-1, 2, -1]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("shop_features", "write it as 'module:function'"),
        ("no_such_shop:f", r"'no_such_shop:f', which cannot be imported \(No module"),
        ("shop_features:none", "'shop_features:none', which cannot be imported"),
        ("shop_features:number", "'shop_features:number', which is not a function"),
        ("shop_features:fails", "'shop_features:fails' .* failed: KeyError: 'x'"),
        ("shop_features:text", "'shop_features:text' .* returned a str"),
        ("shop_features:unkeyed", "returned a table with the columns {'n': 'int64'}"),
        ("shop_features:taken", "uses the feature name 'n_orders', which is taken"),
        ("shop_features:repeated", "returned 1 rows too many"),
        ("shop_features:short", r"returned 'n' as float64 of shape \(1,\) for 2"),
        ("shop_features:words", "returned 'n' as <U1 of shape"),
        ("shop_features:empty", "returned a dict"),
    ],
)
def test_build_matrix_refuses_a_bad_own_function(
    features_of, own_module, path, message
):
    own_module.number = 3
    own_module.fails = lambda past: {}["x"]
    own_module.text = lambda past: "features"
    own_module.unkeyed = lambda past: past.days.agg(n=past.days.count())
    own_module.taken = lambda past: past.days.group_by("customer_id").agg(
        n_orders=past.days.count()
    )
    own_module.repeated = lambda past: past.days.select("customer_id", "n_lines")
    own_module.short = lambda past: {"n": [1.0]}
    own_module.words = lambda past: {"n": ["x"] * len(past)}
    own_module.empty = lambda past: {}
    with pytest.raises(ConfigError, match=message):
        features_of(rows(), date(2023, 6, 1), groups=["rfm"], extra=[path])
