from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars.config import ScoreTableSettings
from regulars.scoring.history import NAME, FileHistory
from regulars.scoring.sinks.tables import TableHistory
from regulars.serving.faults import ServingError
from regulars.serving.lookup import customer_page


def write(scores, path):
    """Write scores as the batch does: with the name that they belong to."""
    table = pa.Table.from_pandas(scores, preserve_index=False)
    pq.write_table(table.replace_schema_metadata({NAME: b"shop"}), path)


@pytest.fixture
def outputs(tmp_path):
    (tmp_path / "scores").mkdir()
    for day, shift in (("2024-11-03", 0.1), ("2024-12-01", 0.3)):
        scores = pd.DataFrame(
            {
                "customer_id": ["a", "b"],
                "cutoff": [pd.Timestamp(day).date()] * 2,
                "churn_probability": [0.1 + shift, 0.2 + shift],
                "risk_band": ["low", "low"],
                "risk_reasons": [["late"], []],
            }
        )
        write(scores, tmp_path / "scores" / f"cutoff={day}.parquet")
    write(scores, tmp_path / "scores.parquet")
    return tmp_path


def test_latest_and_history_come_newest_first_and_once_each(outputs):
    page = customer_page(FileHistory(outputs, "shop"), "b")
    assert page["customer_id"] == "b"
    assert page["latest"]["churn_probability"] == pytest.approx(0.5)
    assert page["latest"]["risk_reasons"] == []
    cutoffs = [str(row["cutoff"]) for row in page["history"]]
    assert cutoffs == ["2024-12-01", "2024-11-03"]


@pytest.mark.parametrize("who", ["c", "", "' OR 1=1 --", "é", "\x00"])
def test_unknown_customer_is_not_found(outputs, who):
    with pytest.raises(ServingError, match="No batch has scored") as refused:
        customer_page(FileHistory(outputs, "shop"), who)
    assert refused.value.status == 404


def test_before_the_first_batch_nobody_is_found(tmp_path):
    with pytest.raises(ServingError, match="No batch has scored"):
        customer_page(FileHistory(tmp_path, "shop"), "a")


def test_numbers_are_looked_up_as_numbers(tmp_path):
    scores = pd.DataFrame({"customer_id": [7], "churn_probability": [0.5]})
    write(scores, tmp_path / "scores.parquet")
    reader = FileHistory(tmp_path, "shop")
    assert customer_page(reader, "7")["customer_id"] == 7
    with pytest.raises(ServingError, match="No batch"):
        customer_page(reader, "seven")


def test_new_batch_is_seen_at_once(outputs):
    reader = FileHistory(outputs, "shop")
    customer_page(reader, "a")
    later = pd.read_parquet(outputs / "scores.parquet").assign(
        cutoff=pd.Timestamp("2025-01-01").date(), churn_probability=0.9
    )
    write(later, outputs / "new.parquet")
    (outputs / "new.parquet").replace(outputs / "scores.parquet")
    assert customer_page(reader, "a")["latest"]["churn_probability"] == 0.9


def test_scores_of_another_name_are_not_shown(outputs):
    with pytest.raises(ServingError, match="No batch has scored"):
        customer_page(FileHistory(outputs, "wholesale"), "a")


def test_table_that_cannot_be_read_asks_for_patience(tmp_path):
    file = tmp_path / "scores.duckdb"
    file.write_text("no database")
    place = ScoreTableSettings(engine=f"duckdb://{file}", table="scores")
    with pytest.raises(ServingError, match="cannot be read at the moment") as refused:
        customer_page(TableHistory(place, "shop"), "a")
    assert refused.value.status == 503
    assert str(tmp_path) not in str(refused.value)


def test_endpoint_answers_the_batch(client, run_shop):
    batch = pd.read_parquet(run_shop[0].out / "scores.parquet")
    who = batch["customer_id"][3]
    found = client.get(f"/customers/{who}")
    assert found.status_code == 200
    assert found.json()["latest"]["churn_probability"] == batch["churn_probability"][3]
    missing = client.get("/customers/nobody")
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == "unknown_customer"
