from __future__ import annotations

import pyarrow as pa
import pytest

from regulars.campaigns.conditions import evaluate
from regulars.errors import ConfigError

TABLE = pa.table(
    {
        "churn_probability": [0.1, 0.9, None],
        "tier": ["gold", "basic", None],
        "consent": [True, False, None],
        "risk_reasons": [["late"], [], None],
        "since": pa.array([0, 1, 2], pa.date32()),
        "segment (customers)": ["a", "b", "c"],
        "address.city": ["x", "y", None],
    }
)


def held(condition):
    return evaluate(condition, TABLE, "rules.a.when")[0].tolist()


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("churn_probability > 0.5", [False, True, False]),
        ("CHURN_PROBABILITY > 0.5 -- a remark", [False, True, False]),
        ("tier IN ('gold', 'x') AND consent", [True, False, False]),
        ("consent IS NOT TRUE", [False, True, True]),
        ("NOT consent", [False, True, False]),
        ("tier LIKE 'g%' OR lower(tier) = 'BASIC'", [True, False, False]),
        ("coalesce(churn_probability, 1) > 0.5", [False, True, True]),
        ("list_contains(risk_reasons, 'late')", [True, False, False]),
        ("since + INTERVAL 1 DAY > DATE '1970-01-02'", [False, True, True]),
        ("CASE WHEN consent THEN 1 ELSE 0 END = 1", [True, False, False]),
        ("\"segment (customers)\" = 'b'", [False, True, False]),
        ("address.city = 'y'", [False, True, False]),
    ],
)
def test_condition_holds_for_those_of_whom_it_is_true(condition, expected):
    assert held(condition) == expected


def test_columns_that_are_used_are_told():
    _, used = evaluate("Tier = 'gold' AND consent AND tier <> 'x'", TABLE, "w")
    assert sorted(used) == ["consent", "tier"]


@pytest.mark.parametrize(
    "condition",
    [
        "SELECT 1",
        "DROP TABLE customers",
        "EXISTS (SELECT 1 FROM customers)",
        "(SELECT max(tier) FROM customers) = tier",
        "churn_probability > random()",
        "read_text('/etc/passwd') = tier",
        "getenv('HOME') = tier",
        "since < current_date",
        "since < today()",
        "count(*) > 3",
        "sum(churn_probability) OVER () > 1",
        "current_setting('threads') = tier",
        "churn_probability > ?",
        "COPY customers TO 'x.csv'",
        "SET threads = 4",
    ],
)
def test_condition_that_does_more_than_test_is_refused(condition):
    with pytest.raises(ConfigError, match=r"rules\.a\.when .*something else than test"):
        held(condition)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("churn_prob > 0.5", "'churn_prob', .* Did you mean 'churn_probability'"),
        ("(" * 900 + "consent" + ")" * 900, "nested too deeply"),
        ("NOT " * 450 + "consent", "nested too deeply"),
        ("since > date()", "cannot be read"),
        ("tier = gold", "'gold', which .* texts stand in single quotes"),
        ("customers.tier = 'gold'", "'customers.tier'"),
        ("churn_probability", "no condition: it gives a double"),
        ("1 = 1", "uses no column"),
        ("tier >", "cannot be read"),
        ("", "must be one condition"),
        ("tier = 'a'; tier = 'b'", "must be one condition"),
        ("tier::INTEGER > 3", "cannot be worked out: Could not convert"),
    ],
)
def test_condition_that_is_none_is_told_in_a_sentence(condition, told):
    with pytest.raises(ConfigError, match=told):
        held(condition)
