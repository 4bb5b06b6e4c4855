"""Both roads of a body mean the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.config import ServingSettings
from regulars.errors import RequestError
from regulars.serving.parsing import HistoryReader

COLUMNS = {
    "transactions": ["is_return", "order_id", "quantity", "margin_rate"],
    "events": ["event_type"],
    "customers": ["known_from", "tier", "age"],
    "referrals": ["referred_id"],
}
READER = HistoryReader(COLUMNS, ServingSettings())
TEXT = st.sampled_from(["a", "b c", "2024-01-01", "7", ""])
NUMBER = st.one_of(st.integers(-5, 5), st.floats(-5, 5), st.none())
ROWS = {
    "transactions": {
        "order_time": TEXT,
        "amount": NUMBER,
        "order_id": st.one_of(TEXT, st.integers(0, 9)),
        "quantity": NUMBER,
        "margin_rate": NUMBER,
        "is_return": st.one_of(st.booleans(), st.none()),
        "unknown": st.one_of(TEXT, NUMBER, st.lists(TEXT, max_size=1)),
    },
    "events": {"event_time": TEXT, "event_type": TEXT},
    "customers": {"known_from": TEXT, "tier": TEXT, "age": NUMBER},
    "referrals": {
        "referrer_id": st.one_of(TEXT, st.none()),
        "referred_id": TEXT,
        "referred_at": TEXT,
    },
}
CUSTOMER = st.fixed_dictionaries(
    {
        name: st.lists(st.fixed_dictionaries(rows), min_size=1, max_size=3)
        for name, rows in ROWS.items()
    }
)
IDS = st.one_of(
    st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=3, unique=True),
)


def _plain(question):
    tables = question.histories.tables
    return (
        [*question.histories.ids],
        question.cutoff,
        question.reasons,
        {
            name: {c: rows[c].to_pylist() for c in sorted(rows.column_names)}
            for name, rows in tables.items()
        },
    )


@given(data=st.data(), ids=IDS)
def test_fast_road_reads_what_the_careful_one_reads(data, ids):
    rows = [{"customer_id": who, **data.draw(CUSTOMER)} for who in ids]
    form = data.draw(st.sampled_from(["dataframe_records", "inputs", "instances"]))
    body = json.dumps({form: rows, "params": {"as_of": "2024-12-01"}}).encode()
    fast = READER._read_fast(body)
    if fast is None:
        return
    assert _plain(fast) == _plain(READER._read_carefully(body))


def test_common_bodies_take_the_fast_road():
    row = {"order_time": "2024-01-01", "amount": 1, "order_id": "o", "quantity": 2}
    reader = HistoryReader(
        {"transactions": ["is_return", "order_id", "quantity"]}, ServingSettings()
    )
    for ids in (["a", "b"], [1, 2]):
        rows = [{"customer_id": who, "transactions": [row]} for who in ids]
        for indent in (None, 2):
            body = json.dumps({"inputs": rows}, indent=indent).encode()
            assert reader._read_fast(body) is not None


@pytest.mark.parametrize(
    "params", [{"asof": "2024-12-01"}, {"reasons": "none", "x": "}"}, {"x": {}}]
)
def test_misspelt_parameter_is_refused_on_both_roads(params, monkeypatch):
    monkeypatch.setattr("regulars.serving.parsing._SMALL", 0)
    with pytest.raises(RequestError, match=r"There is no parameter '(asof|x)'"):
        _question([1, 2], **params)


@pytest.mark.parametrize("body", [b"{}{}", b'{"inputs": [{}]} {"inputs": [{}]}'])
def test_two_bodies_in_one_are_refused(body):
    assert READER._read_fast(body) is None
    with pytest.raises(RequestError, match="no JSON"):
        READER.read(body)


def _question(ids, **params):
    rows = [
        {
            "customer_id": who,
            "transactions": [
                {"order_time": "2024-01-01", "amount": 1, "quantity": 1, "order_id": 1}
            ],
        }
        for who in ids
    ]
    reader = HistoryReader(
        {"transactions": ["is_return", "order_id", "quantity"]}, ServingSettings()
    )
    return reader.read(json.dumps({"inputs": rows, "params": params}).encode())


def test_requests_are_answered_together_when_no_customer_is_in_both():
    first = _question(["a"])
    assert first.goes_with(_question(["b"]))
    assert not first.goes_with(_question(["a", "c"]))
    assert not first.goes_with(_question(["b"], reasons="none"))
    assert not first.goes_with(_question(["b"], as_of="2024-01-02"))
    assert not _question([1]).goes_with(_question(["1"]))
