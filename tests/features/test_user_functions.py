from __future__ import annotations

import sys
import types
from datetime import date, timedelta

import pytest

from regulars.errors import ConfigError
from regulars.features import Group

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


def test_build_matrix_takes_a_group_from_an_own_function(features_of, own_module):
    own_module.oldest = lambda past: Group(
        {"oldest": past.days.age_days.max()}, lambda s: {"age_weeks": s.oldest / 7}
    )
    matrix = features_of(
        rows(), date(2023, 1, 16), groups=["rfm"], extra=["shop_features:oldest"]
    )
    assert matrix["age_weeks"].tolist() == [4 / 7, 2.0]


def test_build_matrix_adds_up_what_an_own_group_calls_recent_or_lasting(
    features_of, own_module
):
    def own(past):
        lines = past.known.days
        counts = lines.group_by(*past.known.by).agg(n_rows=lines.count())
        late = (past.days.age_days <= 30).cast("int32").sum()
        return Group(
            {},
            lambda s: {"late_days": s.late, "first": s.most_lines, "rows": s.n_rows},
            recent={30: {"late": late}},
            lasting={"most_lines": lines.n_lines.max()},
            lasting_tables=(counts,),
        )

    own_module.own = own
    cutoffs = date(2023, 1, 20), date(2023, 2, 5), date(2023, 3, 20)
    matrix = features_of(rows(), *cutoffs, groups=[], extra=["shop_features:own"])
    assert matrix["customer_id"].tolist() == ["a", "b", "a", "b", "a", "b"]
    assert matrix["late_days"].tolist() == [1, 1, 1, 1, 0, 0]
    assert matrix["first"].tolist() == [1] * 6
    assert matrix["rows"].tolist() == [1, 1, 1, 2, 1, 2]


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
        ("shop_features:clash", "uses the aggregate name 'spend', which is taken"),
        ("shop_features:ahead", "makes a table of 'past.known', which holds the days"),
        ("shop_features:aside", "makes a table of 'past.known', which holds the days"),
        ("shop_features:lasts", "uses the aggregate name 'n_days', which is taken"),
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
    own_module.clash = lambda past: Group(
        {"spend": past.days.count()}, lambda s: {"own": s.spend}
    )
    own_module.ahead = lambda past: past.known.days.group_by("customer_id").agg(
        n=past.known.days.count()
    )
    own_module.aside = lambda past: Group(
        {}, lambda s: {}, tables=(own_module.ahead(past),)
    )
    own_module.lasts = lambda past: Group(
        {}, lambda s: {}, lasting={"n_days": past.known.days.count()}
    )
    with pytest.raises(ConfigError, match=message):
        features_of(rows(), date(2023, 6, 1), groups=["rfm"], extra=[path])
