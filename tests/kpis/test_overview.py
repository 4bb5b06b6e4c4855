from __future__ import annotations

import json
from datetime import date

import pandas as pd

import regulars.kpis as k
from regulars.kpis import json_records, kpi_overview


def test_overview_is_json_without_nan(ledger):
    overview = kpi_overview(ledger, date(2024, 5, 1), currency="EUR")
    text = json.dumps(overview, allow_nan=False)
    assert json.loads(text) == overview
    assert overview["cutoff"] == "2024-05-01"
    assert overview["currency"] == "EUR"
    assert overview["monthly"][0]["n_lost"] is None
    assert overview["monthly"][1]["n_lost"] == 1
    assert overview["monthly"][2]["aov"] is None
    assert overview["monthly"][0]["is_complete"] is True


def test_json_records_are_plain_python():
    frame = pd.DataFrame(
        {"n": pd.array([1, None], dtype="Int64"), "x": [float("inf"), 0.5]}
    )
    records = json_records(frame)
    assert records == [{"n": 1, "x": None}, {"n": None, "x": 0.5}]
    assert [type(value) for value in records[1].values()] == [type(None), float]


def test_every_public_name_is_documented():
    for name in k.__all__:
        assert "Examples" in getattr(k, name).__doc__, name
