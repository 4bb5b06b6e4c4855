"""A batch from the log to everything that it writes: blocks, resumption, history."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from functools import partial

import duckdb
import numpy as np
import pandas as pd
import pytest

from regulars import pipeline
from regulars.errors import ConfigError, DataError
from regulars.features.blocks import read_blocks
from regulars.kinds.non_contractual import customers, open_workspace
from regulars.scoring import champion as stage
from regulars.scoring import parts
from regulars.scoring.layout import BEFORE
from regulars.scoring.reasons import REASONS
from regulars.scoring.risk_rose import COLUMNS

LATER = "time.cutoff=2024-12-15"


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(customers, "read_blocks", partial(read_blocks, n_lines=30))


@pytest.fixture
def score(run_shop, tmp_path, small_blocks):
    """A function that scores the shop into a folder of its own."""

    def into_folder(*overrides):
        outputs = f"outputs={tmp_path.as_posix()}"
        settings = run_shop[0].settings(outputs, *overrides)
        return pipeline.score(open_workspace(settings, quiet), quiet)

    return into_folder


def quiet(step):
    """Say nothing of the steps."""


def read(folder):
    return pd.read_parquet(folder / "scores.parquet")


def same(found, expected):
    """Compare scores, but for when they were made."""
    names = [name for name in expected if name != "scored_at"]
    pd.testing.assert_frame_equal(found[names], expected[names], rtol=1e-12)


@pytest.fixture
def whole(run_shop):
    """The scores of the run, made in one block."""
    return read(run_shop[0].out)


class StoppedError(Exception):
    """What stops a run here."""


@pytest.fixture
def stop_after(monkeypatch):
    """A function that stops a run when it has scored so many blocks; counts them."""
    honest, scored = stage.Scoring.block, []

    def set_limit(most):
        scored.clear()

        def block(self, *arguments):
            if len(scored) == most:
                raise StoppedError
            scored.append(honest(self, *arguments))
            return scored[-1]

        monkeypatch.setattr(stage.Scoring, "block", block)
        return scored

    return set_limit


def test_blocks_are_the_whole(score, whole, tmp_path, stop_after):
    scored = stop_after(None)
    told = []
    result = score()
    assert len(scored) > 5
    same(read(tmp_path), whole)
    assert result["n_customers"] == len(whole)
    assert result["mean_churn_probability"] == pytest.approx(
        whole["churn_probability"].mean(), rel=1e-12
    )
    assert result["value_at_risk"] == pytest.approx(whole["value_at_risk"].sum())
    assert not told
    assert not (tmp_path / parts.FOLDER).exists()


def test_run_that_was_stopped_is_taken_up_where_it_was(
    score, whole, tmp_path, stop_after
):
    stop_after(5)
    with pytest.raises(StoppedError):
        score()
    assert not (tmp_path / "scores.parquet").exists()
    (folder,) = (tmp_path / parts.FOLDER).iterdir()
    kept = sum(len(pd.read_parquet(path)) for path in folder.iterdir())
    assert kept > 0
    scored = stop_after(None)
    score()
    assert sum(block.num_rows for block in scored) == len(whole) - kept
    found = read(tmp_path)
    same(found, whole)
    assert len({*found["scored_at"]}) == 1


def test_parts_of_other_scores_are_not_taken_up(score, whole, tmp_path, stop_after):
    stop_after(5)
    with pytest.raises(StoppedError):
        score(LATER)
    scored = stop_after(None)
    score()
    assert sum(block.num_rows for block in scored) == len(whole)
    same(read(tmp_path), whole)


@pytest.mark.parametrize("fault", ["half", "gap"])
def test_part_that_is_not_whole_is_scored_again(
    score, whole, tmp_path, stop_after, fault
):
    stop_after(6)
    with pytest.raises(StoppedError):
        score()
    (folder,) = (tmp_path / parts.FOLDER).iterdir()
    second = sorted(folder.iterdir())[1]
    if fault == "half":
        second.write_bytes(second.read_bytes()[:900])
    else:
        second.unlink()
    stop_after(None)
    score()
    same(read(tmp_path), whole)


def test_reasons_of_some_are_those_of_the_whole(score, whole, tmp_path):
    score("scores.reasons=20")
    found = read(tmp_path)
    most = whole["value_at_risk"].rank(ascending=False, method="first") <= 20
    for name in REASONS:
        assert found[name].map(list)[most].tolist() == (
            whole[name].map(list)[most].tolist()
        )
        assert found[name][~most].map(len).sum() == 0
    same(found.drop(columns=[*REASONS]), whole.drop(columns=[*REASONS]))


def test_progress_counts_the_customers(run_shop, tmp_path, small_blocks):
    settings = run_shop[0].settings(f"outputs={tmp_path.as_posix()}")
    steps = []
    result = pipeline.score(open_workspace(settings, quiet), steps.append)
    counts = [int(step.removeprefix("score ").replace(",", "")) for step in steps[1:]]
    assert counts == sorted(counts)
    assert counts[-1] == result["n_customers"]


def test_what_the_cutoff_before_said_is_a_column(score, whole, tmp_path):
    first = score()
    assert first["cutoff_before"] is None
    assert first["n_risen"] is None
    assert read(tmp_path)[[*BEFORE]].isna().all(axis=None)
    for _ in range(2):  # once more changes nothing
        second = score(LATER, "scores.rise=0.1")
        later = read(tmp_path).set_index("customer_id")
        before = whole.set_index("customer_id").reindex(later.index)
        assert second["cutoff_before"] == "2024-12-01"
        np.testing.assert_allclose(
            later["churn_probability_before"], before["churn_probability"], rtol=1e-12
        )
        assert later["band_before"].dropna().tolist() == (
            before["risk_band"].dropna().tolist()
        )
        is_new = before["cutoff"].isna()
        assert (later["cutoff_before"].isna() == is_new).all()
    kept = {path.name for path in (tmp_path / "scores").iterdir()}
    assert kept == {"cutoff=2024-12-01.parquet", "cutoff=2024-12-15.parquet"}
    same(pd.read_parquet(tmp_path / "scores" / "cutoff=2024-12-01.parquet"), whole)


def test_list_of_the_risen_goes_by_value_at_risk(score, tmp_path):
    score()
    assert not (tmp_path / "risk_rose.csv").exists()
    told = score(LATER, "scores.rise=0.1")
    later, listed = read(tmp_path), pd.read_csv(tmp_path / "risk_rose.csv")
    bands = {"low": 0, "medium": 1, "high": 2}
    rise = later["churn_probability"] - later["churn_probability_before"]
    band = later["risk_band"].map(bands) > later["band_before"].map(bands)
    risen = later[(rise.round(12) >= 0.1) | band]
    assert 0 < len(risen) < len(later)
    assert told["n_risen"] == len(listed) == len(risen)
    assert {*listed["customer_id"]} == {*risen["customer_id"]}
    assert listed.columns.tolist() == list(COLUMNS)
    assert listed["value_at_risk"].is_monotonic_decreasing


def test_history_of_another_name_is_not_read(score, run_shop, tmp_path):
    score()
    kept = tmp_path / "scores" / "cutoff=2024-12-01.parquet"
    pd.read_parquet(kept).to_parquet(kept)  # without the name
    assert score(LATER)["cutoff_before"] is None


def test_history_that_cannot_be_read_is_named(score, tmp_path):
    score()
    (tmp_path / "scores" / "cutoff=2024-12-01.parquet").write_text("half")
    with pytest.raises(DataError, match=r"cutoff=2024-12-01\.parquet' cannot be read"):
        score(LATER)


def test_manifest_says_what_was_scored(score, tmp_path):
    score()
    said = json.loads((tmp_path / "scores.manifest.json").read_text())
    content = (tmp_path / "scores.parquet").read_bytes()
    scores = read(tmp_path)
    assert said["sha256"] == hashlib.sha256(content).hexdigest()
    assert said["n_customers"] == len(scores)
    assert said["cutoff"] == "2024-12-01"
    assert {said["model_version"]} == {*scores["model_version"]}
    assert {said["run_id"]} == {*scores["run_id"]}
    assert {pd.Timestamp(said["scored_at"])} == {*scores["scored_at"]}
    whole = json.loads((tmp_path / "manifest.json").read_text())
    assert said["fingerprint"] == whole["fingerprint"]
    assert said["versions"] == whole["versions"]
    assert len(said["config_digest"]) == 16


def in_table(tmp_path, keep):
    return [
        f"scores.table.engine=duckdb://{tmp_path.as_posix()}/s.duckdb",
        "scores.table.table=marts.scores",
        f"scores.table.keep={keep}",
    ]


def rows_of(tmp_path, query):
    with duckdb.connect(str(tmp_path / "s.duckdb")) as connection:
        return connection.sql(query).fetchall()


@pytest.mark.parametrize("keep", ["every_cutoff", "latest"])
def test_table_holds_one_set_a_cutoff(score, tmp_path, keep):
    table = in_table(tmp_path, keep)
    n_first = score(*table)["n_customers"]
    for _ in range(2):
        later = score(LATER, *table)
        assert later["cutoff_before"] == "2024-12-01"
    counts = "SELECT cutoff::VARCHAR, count(*) FROM marts.scores GROUP BY 1 ORDER BY 1"
    both = [("2024-12-01", n_first), ("2024-12-15", later["n_customers"])]
    assert rows_of(tmp_path, counts) == both[keep == "latest" :]
    file, column = read(tmp_path), "churn_probability_before"
    order = (
        f"SELECT {column} FROM marts.scores WHERE cutoff = '2024-12-15' ORDER BY ALL"
    )
    found = [value for (value,) in rows_of(tmp_path, order)]
    expected = file[column].sort_values(na_position="last").tolist()
    np.testing.assert_array_equal(np.array(found, float), expected)
    # a history lies in one place
    assert (tmp_path / "scores").exists() == (keep == "latest")


def test_table_that_cannot_be_opened_stops_the_run_before_the_work(
    score, tmp_path, stop_after
):
    scored = stop_after(None)
    (tmp_path / "s.duckdb").write_text("no database" * 99)
    with pytest.raises(ConfigError, match=r"DuckDB cannot open .*s\.duckdb"):
        score(*in_table(tmp_path, "latest"))
    assert not scored


def test_second_run_into_one_folder_is_kept_out(score, tmp_path):
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(ConfigError, match="Another run is writing scores"):
        score()
    os.close(handle)
    score()


def test_csv_is_safe_for_spreadsheets(run_shop, tmp_path, open_shop, orders):
    evil = '=HYPERLINK("http://x")'
    changed = orders.replace({"customer_id": {"c001": evil}})
    shop = open_shop(tmp_path / "evil", changed)
    store = run_shop[0].settings().tracking.uri
    settings = shop.settings(f"tracking.uri={store}", "scores.format=csv")
    pipeline.score(open_workspace(settings, quiet), quiet)
    assert evil in {*read(shop.out)["customer_id"]}
    listed = {*pd.read_csv(shop.out / "scores.csv")["customer_id"]}
    assert f"'{evil}" in listed
    assert evil not in listed
