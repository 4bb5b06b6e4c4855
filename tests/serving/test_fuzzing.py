"""Whatever is sent: no 5xx, no traceback, no path, and the server answers on."""

from __future__ import annotations

import json
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from regulars.config import ServingSettings
from regulars.serving.faults import fault_of
from regulars.serving.model import ModelHolder

CALLS = 60
LEAKS = re.compile(r'Traceback|\.py\b|site-packages|File \\?"|/tmp/|/home/')
# what programs send in place of a value, and what nobody should
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [
            "",
            "null",
            "NaN",
            "1e400",
            "2024-02-30",
            "2024-01-01T25:00:00",
            "9999-12-31",
            "0000-00-00",
            "1.234,56",
            "0x10",
            "1_000",
            "\x00",
            "é",
            -1e308,
            2**63,
            2**64,
            -0.0,
            10**400,
        ]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
TIMES = st.one_of(st.datetimes().map(str), st.dates().map(str), ODD)
ROW = st.dictionaries(st.text(max_size=4), ODD, max_size=2).flatmap(
    lambda more: st.fixed_dictionaries(
        {},
        optional={
            "order_time": TIMES,
            "amount": st.one_of(st.floats(), st.decimals().map(str), ODD),
            "order_id": ODD,
            "product_id": ODD,
            "category": ODD,
            "quantity": ODD,
            "discount_amount": ODD,
            "is_return": ODD,
        },
    ).map(lambda row: {**more, **row})
)
GOOD = st.fixed_dictionaries(
    {
        "order_time": st.sampled_from(["2024-05-01", "2024-06-01T10:00:00"]),
        "amount": st.floats(-1e3, 1e3),
        "order_id": st.integers(0, 99),
        "product_id": st.just("p"),
        "category": st.just("k"),
        "quantity": st.integers(0, 9),
        "discount_amount": st.floats(0, 9),
    }
)
# a good history with one odd value or row in it reaches further than noise
SPOILT = st.tuples(
    st.lists(GOOD, min_size=1, max_size=4),
    st.sampled_from([*["order_time", "amount", "order_id", "quantity", "is_return"]]),
    ODD,
).map(lambda drawn: [{**drawn[0][0], drawn[1]: drawn[2]}, *drawn[0][1:]])
HISTORY = st.one_of(SPOILT, st.lists(st.one_of(ROW, ODD), max_size=4), ODD)
CUSTOMER = st.fixed_dictionaries(
    {"customer_id": st.one_of(st.text(max_size=5), st.integers(), ODD)},
    optional={"transactions": HISTORY},
)
PARAMS = st.fixed_dictionaries({}, optional={"as_of": TIMES, "reasons": ODD})
CUSTOMERS = st.lists(st.one_of(CUSTOMER, CUSTOMER, ODD), max_size=3)
CONTENT = st.one_of(
    st.fixed_dictionaries(
        {"dataframe_records": CUSTOMERS},
        optional={"params": st.one_of(PARAMS, ODD), "inputs": ODD},
    ),
    st.fixed_dictionaries({"inputs": st.one_of(CUSTOMERS, ODD)}),
    st.fixed_dictionaries(
        {
            "dataframe_split": st.fixed_dictionaries(
                {
                    "columns": st.just(["customer_id", "transactions"]),
                    "data": st.lists(st.tuples(st.integers(), HISTORY), max_size=2),
                }
            )
        }
    ),
    ODD,
)


@pytest.fixture(scope="module")
def model(settings):
    return ModelHolder(settings).model


def _is_answered(model, content):
    body = json.dumps(content).encode()
    try:
        question = model.read(body, ServingSettings())
        (answer,) = model.answer([question])
    except Exception as error:
        fault = fault_of(error)
        assert fault.status < 500, body
        text = fault.answer().body.decode()
        assert set(json.loads(text)["error"]) == {
            "code",
            "message",
            "customer",
            "field",
        }
    else:
        text = answer.body.decode()
        assert len(json.loads(text)["predictions"]) == answer.n_customers
    assert not LEAKS.search(text), text


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=50, suppress_health_check=QUIET)
@given(content=CONTENT)
def test_malformed_histories_are_refused_or_answered(model, content):
    _is_answered(model, content)


@pytest.mark.slow
@settings(max_examples=10_000, suppress_health_check=QUIET)
@given(content=CONTENT)
def test_ten_thousand_malformed_histories(model, content):
    _is_answered(model, content)


@settings(max_examples=50, suppress_health_check=QUIET)
@given(body=st.binary(max_size=60))
def test_any_bytes_are_refused(client, body):
    answer = client.post(
        "/invocations", data=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert not LEAKS.search(answer.text)


@pytest.fixture(scope="module")
def described(client):
    """The endpoint's own description, and where to call it."""
    return schemathesis.openapi.from_url(f"{client.address}/openapi.json")


def test_description_is_valid(client):
    from jsonschema_rs import Draft202012Validator

    document = client.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    sent = document["paths"]["/invocations"]["post"]["requestBody"]
    content = sent["content"]["application/json"]["schema"]
    form = content["oneOf"][0]["properties"]["dataframe_records"]
    row = form["items"]["properties"]["transactions"]["items"]
    assert {"order_time", "amount", "order_id", "is_return"} <= set(row["properties"])
    assert row["required"] == ["order_time", "amount"]
    Draft202012Validator(content)


def _call(operation):
    """Make calls of one operation, bounded."""
    checks = [not_a_server_error]
    # these two answer as MLflow does: text that calls itself JSON
    if operation.path not in {"/ping", "/version"}:
        checks.append(response_schema_conformance)

    @settings(max_examples=CALLS, deadline=None, suppress_health_check=[*HealthCheck])
    @given(case=operation.as_strategy())
    def call(case):
        answer = case.call()
        case.validate_response(answer, checks=checks)
        assert not LEAKS.search(answer.text)

    call()


def test_calls_out_of_the_description_never_break_it(client, described):
    for operation in described.get_all_operations():
        _call(operation.ok())
    assert client.get("/ping").status_code == 200
