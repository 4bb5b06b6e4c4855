from __future__ import annotations

import pandas as pd
import pytest

from regulars.serving.faults import ServingError
from regulars.serving.lookup import FileScores, customer_page


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
        scores.to_parquet(tmp_path / "scores" / f"cutoff={day}.parquet")
    scores.to_parquet(tmp_path / "scores.parquet")
    return tmp_path


def test_latest_and_history_come_newest_first_and_once_each(outputs):
    page = customer_page(FileScores(outputs), "b")
    assert page["customer_id"] == "b"
    assert page["latest"]["churn_probability"] == pytest.approx(0.5)
    assert page["latest"]["risk_reasons"] == []
    cutoffs = [str(row["cutoff"]) for row in page["history"]]
    assert cutoffs == ["2024-12-01", "2024-11-03"]


@pytest.mark.parametrize("who", ["c", "", "' OR 1=1 --", "é", "\x00"])
def test_unknown_customer_is_not_found(outputs, who):
    with pytest.raises(ServingError, match="No batch has scored") as refused:
        customer_page(FileScores(outputs), who)
    assert refused.value.status == 404


def test_before_the_first_batch_nobody_is_found(tmp_path):
    with pytest.raises(ServingError, match="No batch has scored"):
        customer_page(FileScores(tmp_path), "a")


def test_numbers_are_looked_up_as_numbers(tmp_path):
    scores = pd.DataFrame({"customer_id": [7], "churn_probability": [0.5]})
    scores.to_parquet(tmp_path / "scores.parquet")
    reader = FileScores(tmp_path)
    assert customer_page(reader, "7")["customer_id"] == 7
    with pytest.raises(ServingError, match="No batch"):
        customer_page(reader, "seven")


def test_new_batch_is_seen_at_once(outputs):
    reader = FileScores(outputs)
    customer_page(reader, "a")
    later = pd.read_parquet(outputs / "scores.parquet").assign(
        cutoff=pd.Timestamp("2025-01-01").date(), churn_probability=0.9
    )
    later.to_parquet(outputs / "new.parquet")
    (outputs / "new.parquet").replace(outputs / "scores.parquet")
    assert customer_page(reader, "a")["latest"]["churn_probability"] == 0.9


def test_endpoint_answers_the_batch(client, run_shop):
    batch = pd.read_parquet(run_shop[0].out / "scores.parquet")
    who = batch["customer_id"][3]
    found = client.get(f"/customers/{who}")
    assert found.status_code == 200
    assert found.json()["latest"]["churn_probability"] == batch["churn_probability"][3]
    missing = client.get("/customers/nobody")
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == "unknown_customer"
