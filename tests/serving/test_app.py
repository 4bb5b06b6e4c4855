"""What the application answers, asked in process."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from regulars.scoring.batch import COLUMNS
from regulars.serving.app import create_app
from regulars.serving.keys import KeyFile

AS_OF = "2024-12-01"
SECRETS = ("Traceback", ".py", "/tmp", "site-packages", 'File "')


def post(client, content, **more):
    return client.post("/invocations", json=content, **more)


def error_of(answer, status):
    assert answer.status_code == status, answer.text
    assert not any(word in answer.text for word in SECRETS)
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "customer", "field"}
    return error


def test_scores_are_those_of_the_batch_in_the_order_asked(
    client, customers, run_shop, asked
):
    turned = customers[::-1]
    found = post(client, asked(turned)).json()["predictions"]
    batch = pd.read_parquet(run_shop[0].out / "scores.parquet")
    batch = batch.set_index("customer_id", drop=False)
    assert [row["customer_id"] for row in found] == [r["customer_id"] for r in turned]
    for row in found:
        assert list(row) == list(COLUMNS)
        expected = batch.loc[row["customer_id"]]
        for name in COLUMNS:
            _assert_equal(row[name], expected[name], name)


def _assert_equal(found, expected, name):
    if name in {"scored_at", "cutoff", "expected_next_order"}:
        told = None if pd.isna(expected) else str(expected)[:10]
        assert name == "scored_at" or (found or "")[:10] == (told or "")
    elif name in {"risk_reasons", "stay_reasons"}:
        assert found == list(expected)
    elif isinstance(found, float):
        assert math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-9), name
    else:
        assert found is None if pd.isna(expected) else found == expected, name


def _same(first, second):
    def plain(answer):
        rows = answer.json()["predictions"]
        return [{n: v for n, v in row.items() if n != "scored_at"} for row in rows]

    assert plain(first) == plain(second)


@pytest.mark.parametrize("form", ["inputs", "instances"])
def test_every_form_of_a_request_gives_the_same(client, customers, form, asked):
    _same(post(client, asked(customers)), post(client, asked(customers, form)))


def test_split_and_column_forms_give_the_same(client, customers, asked):
    names = ["customer_id", "transactions"]
    split = {"columns": names, "data": [[row[n] for n in names] for row in customers]}
    columns = {n: [row[n] for row in customers] for n in names}
    expected = post(client, asked(customers))
    _same(expected, post(client, asked(split, "dataframe_split")))
    _same(expected, post(client, asked(columns, "inputs")))


def test_answers_are_those_of_mlflow_s_own_server(
    client, customers, settings, asked, serving
):
    from mlflow.pyfunc import load_model, scoring_server

    from regulars.tracking import Store
    from regulars.tracking.environment import addressed, quiet

    store = Store(settings.tracking.uri, settings.name)
    with quiet(), addressed(store.uri):
        model = load_model("models:/shop/1")
        with serving(scoring_server.init(model)) as theirs:
            never = {"customer_id": "new", "transactions": []}
            content = asked([*customers[:5], never])
            mine, other = post(client, content), post(theirs, content)
            # MLflow writes NaN, which is no JSON; we write null
            text = other.text.replace("NaN", "null").replace('"NaT"', "null")
            rows = json.loads(text)["predictions"]
            for row, expected in zip(mine.json()["predictions"], rows, strict=True):
                del row["scored_at"], expected["scored_at"]
                assert row == expected
            for path in ("/ping", "/version"):
                assert client.get(path).content == theirs.get(path).content
            wrong = [
                dict(customers[0], transactions=[{"order_time": 1, "amount": "x"}])
            ]
            refused = post(theirs, asked(wrong))
            assert refused.status_code == 400
            assert not any(word in refused.text for word in SECRETS)


def test_customer_without_a_history_is_answered_with_nulls(client, customers, asked):
    new = {"customer_id": "new", "transactions": []}
    found = post(client, asked([new, customers[0]])).json()["predictions"]
    assert found[0]["customer_id"] == "new"
    assert found[0]["cutoff"] == AS_OF
    known = {"customer_id", "cutoff"}
    assert all(v is None for n, v in found[0].items() if n not in known)
    assert found[1]["churn_probability"] is not None


def test_number_and_text_are_one_customer(client, customers, asked):
    lines = customers[0]["transactions"]
    rows = [
        post(client, asked([{"customer_id": who, "transactions": lines}])).json()
        for who in (7, "7", " 7 ")
    ]
    found = [row["predictions"][0] for row in rows]
    assert [row["customer_id"] for row in found] == [7, "7", " 7 "]
    assert len({row["churn_probability"] for row in found}) == 1
    both = [{"customer_id": who, "transactions": lines} for who in (7, "7")]
    error = error_of(post(client, asked(both)), 422)
    assert error["code"] == "bad_customer_id"


def test_reasons_may_be_left_out(client, customers, asked):
    found = post(client, asked(customers[:2], reasons="none")).json()["predictions"]
    assert [row["risk_reasons"] for row in found] == [[], []]


def test_wrong_amount_names_customer_field_and_cure(client, customers, asked):
    wrong = json.loads(json.dumps(customers[:3]))
    wrong[1]["transactions"][2]["amount"] = "dear"
    error = error_of(post(client, asked(wrong)), 422)
    assert error["code"] == "amount_not_a_number"
    assert error["customer"] == wrong[1]["customer_id"]
    assert error["field"] == "transactions[2].amount"
    assert "'dear'" in error["message"]
    assert "send it like 12.50" in error["message"]


LINE = {
    "order_id": 1,
    "product_id": "p",
    "category": "k",
    "quantity": 1,
    "discount_amount": 0,
}


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        ({"order_time": "soon", "amount": 1}, "order_time_unreadable", "order_time"),
        ({"order_time": None, "amount": 1}, "missing_order_time", "order_time"),
        (
            {"order_time": "1066-10-14", "amount": 1},
            "order_time_impossible",
            "order_time",
        ),
        (
            {"order_time": "2024-01-01", "amount": 1e15},
            "amount_implausible",
            "amount",
        ),
        ({"order_time": "2024-01-01", "amount": None}, "missing_amount", "amount"),
        ({"order_time": "2024-01-01", "amount": [1]}, "amount_not_a_number", "amount"),
        (
            {"order_time": "2024-01-01", "amount": 1, "is_return": "perhaps"},
            "is_return_not_a_flag",
            "is_return",
        ),
    ],
)
def test_wrong_field_is_named(client, customers, row, code, field, asked):
    wrong = {"customer_id": "w", "transactions": [{**LINE, **row}]}
    error = error_of(post(client, asked([customers[0], wrong])), 422)
    assert (error["code"], error["customer"]) == (code, "w")
    assert error["field"] == f"transactions[0].{field}"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({}, "bad_form"),
        ([], "bad_form"),
        ({"inputs": [], "instances": []}, "bad_form"),
        ({"inputs": []}, "bad_form"),
        ({"inputs": 3}, "bad_form"),
        ({"inputs": [3]}, "bad_form"),
        ({"inputs": {"customer_id": 3}}, "bad_form"),
        ({"inputs": {"customer_id": [3], "transactions": []}}, "bad_form"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}, "bad_form"),
        ({"dataframe_split": []}, "bad_form"),
        ({"inputs": [{"customer_id": 1}]}, "missing_field"),
        ({"inputs": [{"customer_id": 1, "transactions": 4}]}, "not_a_list"),
        ({"inputs": [{"customer_id": 1, "transactions": {}}]}, "not_a_list"),
        ({"inputs": [{"customer_id": 1, "transactions": [4]}]}, "not_an_object"),
        ({"inputs": [{"customer_id": None, "transactions": []}]}, "bad_customer_id"),
        ({"inputs": [{"customer_id": "null", "transactions": []}]}, "bad_customer_id"),
        ({"inputs": [{"customer_id": 1.5, "transactions": []}]}, "bad_customer_id"),
        ({"inputs": [{"customer_id": {}, "transactions": []}]}, "bad_customer_id"),
        ({"inputs": [{"customer_id": True, "transactions": []}]}, "bad_customer_id"),
        (
            {
                "inputs": [{"customer_id": 1, "transactions": []}],
                "params": {"as_of": "soon"},
            },
            "bad_parameter",
        ),
        (
            {
                "inputs": [{"customer_id": 1, "transactions": []}],
                "params": {"reasons": "some"},
            },
            "bad_parameter",
        ),
        (
            {"inputs": [{"customer_id": 1, "transactions": []}], "params": 3},
            "bad_parameter",
        ),
        (
            {"inputs": [{"customer_id": 1, "transactions": []}], "params": []},
            "bad_parameter",
        ),
        (
            {
                "inputs": [{"customer_id": 1, "transactions": []}],
                "params": {"asof": "2024-12-01"},
            },
            "bad_parameter",
        ),
    ],
)
def test_malformed_request_is_refused(client, content, code):
    assert error_of(post(client, content), 422)["code"] == code


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"inputs": [{"customer_id": "\xff"}]}',
        b"[" * 100_000,
        b"{}{}",
    ],
)
def test_body_that_is_no_json_is_refused(client, body):
    error = error_of(post_raw(client, body), 422)
    assert error["code"] in {"no_json", "bad_form"}


def post_raw(client, body, kind="application/json"):
    return client.post("/invocations", data=body, headers={"Content-Type": kind})


@pytest.mark.parametrize("kind", ["text/csv", "application/json; charset=latin-1"])
def test_other_content_is_refused(client, kind):
    assert error_of(post_raw(client, b"{}", kind), 415)["code"] == "not_json"


def test_other_paths_and_methods_are_refused_in_json(client):
    assert error_of(client.get("/"), 404)["code"] == "no_such_path"
    assert error_of(client.get("/invocations"), 405)["code"] == "no_such_method"


def test_half_a_surrogate_is_no_reason_to_fall(client, customers, asked):
    wrong = {"customer_id": "\ud800", "transactions": []}
    body = json.dumps(asked([wrong])).encode()
    assert error_of(post_raw(client, body), 422)["code"] == "no_json"
    line = dict(customers[0]["transactions"][0], category="\ud800")
    body = json.dumps(asked([{"customer_id": "a", "transactions": [line]}])).encode()
    assert error_of(post_raw(client, body), 422)["code"] == "no_json"


@pytest.fixture
def open_app(run_shop, serving):
    """A function from settings to a client, for a ``with``."""
    return lambda *given: serving(create_app(run_shop[0].settings(*given)))


def test_limits_have_their_statuses(customers, asked, open_app):
    overrides = (
        "serving.body_bytes=60000",
        "serving.customers_per_request=3",
        "serving.lines_per_customer=40",
    )
    with open_app(*overrides) as client:
        error = error_of(post(client, asked(customers * 20)), 413)
        assert error["code"] == "body_too_large"
        few = [dict(row, transactions=[]) for row in customers[:4]]
        assert error_of(post(client, asked(few)), 413)["code"] == "too_many_customers"
        many = dict(customers[0], transactions=customers[0]["transactions"][:1] * 41)
        error = error_of(post(client, asked([many])), 413)
        assert error["code"] == "too_many_lines"
        assert error["customer"] == many["customer_id"]
        assert error["field"] == "transactions"

        def stream():
            yield b" " * 50_000
            yield b" " * 50_000

        answer = client.post(
            "/invocations", data=stream(), headers={"Content-Type": "application/json"}
        )
        assert error_of(answer, 413)["code"] == "body_too_large"


def test_rate_is_limited_and_says_when_to_come_again(customers, open_app):
    with open_app("serving.requests_per_second=2") as client:
        statuses = [post(client, {}).status_code for _ in range(3)]
        assert statuses == [422, 422, 429]
        answer = post(client, {})
        assert error_of(answer, 429)["code"] == "too_many_requests"
        assert answer.headers["Retry-After"] == "1"
        assert client.get("/ping").status_code == 200


def test_slow_answer_is_given_up(customers, monkeypatch, asked, open_app):
    with open_app("serving.request_seconds=0.001") as client:
        answer = post(client, asked(customers))
        assert error_of(answer, 503)["code"] in {"too_slow", "body_too_slow"}
        assert answer.headers["Retry-After"] == "1"


def test_nothing_of_an_unforeseen_error_is_answered(
    customers, monkeypatch, asked, open_app
):
    def fall(*_):
        raise RuntimeError("in /secret/place.py")

    monkeypatch.setattr("regulars.scoring.pyfunc.NestedScorer.score", fall)
    with open_app() as client:
        error = error_of(post(client, asked(customers)), 500)
        assert error["code"] == "server_error"
        assert "secret" not in str(error)


def test_key_is_asked_for_everywhere_but_where_a_balancer_looks(
    customers, tmp_path, asked, open_app
):
    place = f"serving.keys={tmp_path / 'keys.json'}"
    secret = KeyFile(tmp_path / "keys.json").add("app")
    with open_app(place) as client:
        for path in ("/ping", "/health", "/version"):
            assert client.get(path).status_code == 200
        for path in ("/metrics", "/openapi.json", "/customers/c001", "/nowhere"):
            answer = client.get(path)
            assert error_of(answer, 401)["code"] == "no_valid_key"
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        content = asked(customers[:1])
        assert post(client, content).status_code == 401
        for headers in (
            {"Authorization": f"Bearer {secret}"},
            {"authorization": f"bearer {secret}"},
            {"X-API-Key": secret},
        ):
            assert post(client, content, headers=headers).status_code == 200
        for headers in (
            {"Authorization": secret},
            {"Authorization": "Bearer "},
            {"X-API-Key": secret + "x"},
            {"X-API-Key": ""},
        ):
            assert post(client, content, headers=headers).status_code == 401
        KeyFile(tmp_path / "keys.json").revoke("app")
        assert post(client, content, headers={"X-API-Key": secret}).status_code == 401


def test_keys_that_cannot_be_read_let_nobody_in_and_show_no_path(tmp_path, open_app):
    keys = KeyFile(tmp_path / "keys.json")
    headers = {"X-API-Key": keys.add("app")}
    with open_app(f"serving.keys={keys.path}") as client:
        keys.path.write_text("{")
        answer = client.get("/metrics", headers=headers)
        error = error_of(answer, 503)
        assert error["code"] == "keys_not_read"
        assert "keys.json" not in str(error)
        assert answer.headers["Retry-After"] == "60"


def test_metrics_count_requests_customers_and_versions(customers, asked, open_app):
    with open_app() as client:
        post(client, asked(customers))
        post(client, {})
        client.get("/customers/c001")
        text = client.get("/metrics").text
    assert 'regulars_requests_total{path="/invocations",status="200"} 1.0' in text
    assert 'regulars_requests_total{path="/invocations",status="422"} 1.0' in text
    assert 'path="/customers/{customer_id}"' in text
    assert "c001" not in text
    assert "regulars_customers_scored_total 25.0" in text
    assert 'regulars_model_version{model="shop",version="1"} 1.0' in text
    assert "regulars_requests_in_flight 0.0" in text
    assert 'regulars_request_seconds_bucket{le="0.05",path="/invocations"}' in text


def test_health_says_which_model_answers(client):
    found = client.get("/health").json()
    assert (found["status"], found["model"], found["model_version"]) == (
        "ok",
        "shop",
        "1",
    )
