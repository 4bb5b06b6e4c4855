from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars.errors import DataError
from regulars.monitoring.kept_scores import KeptScores
from regulars.scoring.history import FileHistory

DAY = date(2024, 6, 1)


def _keep(folder, day, name=None):
    scores = pd.DataFrame(
        {
            "customer_id": ["a"],
            "churn_probability": [0.5],
            "expected_spend": [1.0],
            "clv": [2.0],
            "risk_band": ["low"],
            "model_version": ["1"],
        }
    )
    table = pa.Table.from_pandas(scores)
    if name:
        table = table.replace_schema_metadata({"regulars.name": name})
    (folder / "scores").mkdir(exist_ok=True)
    pq.write_table(table, folder / "scores" / f"cutoff={day}.parquet")


def test_scores_of_a_day_are_read(tmp_path):
    _keep(tmp_path, DAY, "shop")
    assert KeptScores(FileHistory(tmp_path, "shop")).frame(DAY)[
        "model_version"
    ].tolist() == ["1"]
    assert (
        KeptScores(FileHistory(tmp_path, "shop")).frame(DAY + timedelta(days=1)) is None
    )


def test_scores_of_another_name_are_not_ours(tmp_path):
    _keep(tmp_path, DAY, "other")
    assert KeptScores(FileHistory(tmp_path, "shop")).frame(DAY) is None


def test_day_is_that_of_the_latest_scores_within_reach(tmp_path):
    kept = KeptScores(FileHistory(tmp_path, "shop"))
    assert kept.near(DAY, timedelta(days=30)) == DAY
    for back in (5, 9, 40):
        _keep(tmp_path, DAY - timedelta(days=back), "shop")
    kept = KeptScores(FileHistory(tmp_path, "shop"))
    assert kept.near(DAY, timedelta(days=30)) == DAY - timedelta(days=5)
    later = DAY + timedelta(days=60)
    assert kept.near(later, timedelta(days=30)) == later


def test_file_cut_short_is_refused_in_a_sentence(tmp_path):
    _keep(tmp_path, DAY)
    path = tmp_path / "scores" / f"cutoff={DAY}.parquet"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DataError, match="Delete the file, or put back a whole one"):
        KeptScores(FileHistory(tmp_path, "shop")).frame(DAY)
