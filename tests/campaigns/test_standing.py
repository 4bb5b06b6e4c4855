from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from companies import CUTOFF

from regulars.campaigns.attributes import as_tested, attributes_as_written
from regulars.campaigns.standing import META, SCORE_COLUMNS, read_standing
from regulars.data.engine import connect
from regulars.errors import ConfigError, DataError
from regulars.features.dated_tables import describe_dated


def test_every_customer_with_scores_has_a_row_in_their_order(standing, company):
    scores = pd.read_parquet(company.out / "scores.parquet")
    assert standing.ids == scores["customer_id"].tolist()
    assert {*META, *SCORE_COLUMNS} <= {*standing.table.column_names}


def test_open_breached_tickets_are_those_of_the_table(standing, company):
    tickets = pd.read_parquet(company.folder / "data" / "tickets.parquet")
    day = pd.Timestamp(CUTOFF)
    seen = tickets[tickets["opened_at"] < day]
    is_open = seen["resolved_at"].isna() | (seen["resolved_at"] >= day)
    # the day of the cutoff is not over: what was due on it is not late
    late = is_open & (seen["due_at"] < day)
    late_ids = {*seen.loc[late, "customer_id"]} & {*standing.ids}
    found = np.array(standing.ids)[standing.number("days_past_due") > 0]
    assert {*found} == late_ids


def test_recent_contacts_are_those_of_the_pressure_days(standing, company):
    contacts = pd.read_parquet(company.folder / "data" / "contacts.parquet")
    first = pd.Timestamp(CUTOFF - timedelta(days=60))
    seen = contacts[~contacts["is_control"].astype(bool)]
    seen = seen[(seen["contacted_at"] >= first)]
    seen = seen[seen["contacted_at"] < pd.Timestamp(CUTOFF)]
    counts = seen.groupby("customer_id").size().reindex(standing.ids).fillna(0)
    assert counts.max() >= 2
    assert standing.number("recent_contacts").tolist() == counts.tolist()


def test_bands_rise_against_the_lowest_of_the_last_30_days(standing):
    risen = standing.number("bands_risen_30_days")
    bands = standing.table["risk_band"].to_pylist()
    expected = [
        {"low": 0, "medium": 1, "high": 2}[band] if row % 3 == 0 else 0
        for row, band in enumerate(bands)
    ]
    assert risen.tolist() == expected
    change = standing.number("risk_change_30_days")
    np.testing.assert_allclose(change, standing.number("risk_change"))


def test_spend_and_typical_order_are_those_of_the_log(standing, company):
    lines = pd.read_parquet(company.folder / "data" / "transactions.parquet")
    lines = lines[lines["order_time"] < pd.Timestamp(CUTOFF)]
    days = company.settings().time.horizon_days
    last = lines[lines["order_time"] >= pd.Timestamp(CUTOFF - timedelta(days=days))]
    sign = np.where(last["is_return"] & (last["amount"] > 0), -1.0, 1.0)
    spend = (last["amount"] * sign).groupby(last["customer_id"]).sum()
    expected = spend.reindex(standing.ids).fillna(0.0).to_numpy()
    np.testing.assert_allclose(standing.number("recent_spend"), expected, atol=1e-6)
    assert np.isfinite(standing.number("typical_order")).all()


def test_value_rank_and_band_order_customers_by_value(standing):
    value, rank = standing.number("clv_if_kept"), standing.number("value_rank")
    assert np.argsort(value).tolist() == np.argsort(rank).tolist()
    assert rank.max() == 1.0
    counts = pd.Series(standing.table["value_band"].to_pylist()).value_counts()
    assert {*counts.index} == {"low", "middle", "high"}
    assert counts.max() - counts.min() <= 2


def test_columns_of_dated_tables_are_documented(standing):
    """Each column is a score, one of ours, an attribute, or a feature by its name."""
    names = describe_dated()["feature"]
    words = [name for name in names if "{" in name]
    stems = tuple(name.partition("{")[0] for name in words)
    plain = {*names, *META, *SCORE_COLUMNS, *map(str, standing.attributes)}
    unknown = [
        name
        for name in standing.table.column_names
        if name not in plain and not name.startswith(tuple(s for s in stems if s))
    ]
    assert [n for n in unknown if not n.startswith("days_since_")] == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["yes", "No", None], [True, False, None]),
        (["1", "0", "1"], [True, False, True]),
        (["3", "4.5", None], [3.0, 4.5, None]),
        (["north", "3", "x"], ["north", "3", "x"]),
        ([True, False, None], [True, False, None]),
        ([None, None, None], [None, None, None]),
    ],
)
def test_attributes_are_read_as_what_they_hold(values, expected):
    assert as_tested(pd.Series(values, dtype=object)).to_pylist() == expected


def test_latest_attribute_before_the_cutoff_counts_and_undated_ones_too():
    day = pd.to_datetime(["2024-01-01", "2024-06-01", "2025-01-01", None])
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b"],
            "known_from_date": day,
            "consent": ["old", "new", "later", "undated"],
        }
    )
    table = connect("duckdb://").create_table("people", rows)
    found = attributes_as_written(
        {"customers": table}, pd.Index(["b", "a", "c"]), CUTOFF
    )
    assert found["consent"].fillna("none").tolist() == ["undated", "new", "none"]


def test_scores_that_are_not_there_or_stale_are_told_in_a_sentence(company, tmp_path):
    work = company.work(outputs=str(tmp_path))
    with pytest.raises(DataError, match="There are no scores in"):
        read_standing(work)
    for name in ("scores.parquet", "scores.manifest.json"):
        (tmp_path / name).write_bytes((company.out / name).read_bytes())
    told = json.loads((tmp_path / "scores.manifest.json").read_text())
    path = tmp_path / "scores.manifest.json"
    path.write_text(json.dumps(told | {"cutoff": "2024-11-01"}))
    with pytest.raises(DataError, match="are as of 2024-11-01, and the data reach to"):
        read_standing(work)
    path.write_text(json.dumps(told | {"fingerprint": "other"}))
    with pytest.raises(DataError, match="made from other data"):
        read_standing(work)


def test_table_with_labels_is_refused():
    churn = SimpleNamespace(kind="labelled")
    work = SimpleNamespace(settings=SimpleNamespace(churn=churn))
    with pytest.raises(ConfigError, match="'labelled', whose rows have no days"):
        read_standing(work)
