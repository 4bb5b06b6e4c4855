"""A batch that is killed at any moment leaves the old scores, or all of the new."""

from __future__ import annotations

import random

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.killing import Forks

KILLS = 20
SCORE = """
from functools import partial
import lightgbm, mlflow, sklearn.linear_model
from regulars import pipeline
from regulars.config import load_settings
from regulars.features.blocks import read_blocks
from regulars.kinds.non_contractual import customers, open_workspace

def work(seconds):
    customers.read_blocks = partial(read_blocks, n_lines=12)
    settings = load_settings(sys.argv[1], sys.argv[2:])
    opened = open_workspace(settings, lambda step: None)
    begin(seconds)
    pipeline.score(opened, lambda step: None)
"""


class Scorer(Forks):
    """A process whose copies score into a folder."""

    def __init__(self, config, folder):
        self.folder = folder
        super().__init__(
            SCORE,
            config,
            f"outputs={folder.as_posix()}/out",
            f"scores.table.engine=duckdb://{folder.as_posix()}/s.duckdb",
            "scores.table.table=scores",
            "scores.reasons=40",
            "scores.format=csv",
        )

    def file(self):
        """Return the scores in the file, or None."""
        path = self.folder / "out" / "scores.parquet"
        return _comparable(pq.read_table(path).to_pandas()) if path.exists() else None

    def table(self):
        """Return the scores in the table, or None."""
        path = self.folder / "s.duckdb"
        if not path.exists():
            return None
        with duckdb.connect(str(path)) as connection:
            if not connection.sql("SHOW TABLES").fetchall():
                return None
            rows = connection.sql("FROM scores").to_arrow_table().to_pandas()
        return _comparable(rows.drop(columns="name")) if len(rows) else None


def _comparable(scores):
    assert len({*scores["scored_at"]}) == 1
    lists = {name: scores[name].map(list) for name in ("risk_reasons", "stay_reasons")}
    return scores.drop(columns="scored_at").assign(**lists).reset_index(drop=True)


def _same(found, expected):
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-12)


@pytest.fixture
def scorers(run_shop, tmp_path):
    """One to be killed, and one that is left alone."""
    made = [Scorer(run_shop[0].config, tmp_path / name) for name in ("killed", "calm")]
    yield made
    for scorer in made:
        scorer.close()


@pytest.mark.slow
def test_run_killed_at_any_moment_leaves_no_part_and_nothing_twice(scorers):
    killed, calm = scorers
    seconds = calm.run()
    expected = calm.file()
    _same(calm.table(), expected)
    rng, n_killed, n_unfinished = random.Random(7), 0, 0
    while n_killed < KILLS:
        if killed.run(kill_after=rng.uniform(0, seconds)) is None:
            n_killed += 1
        for found in (killed.file(), killed.table()):
            # nothing yet, or everything
            if found is not None:
                _same(found, expected)
        parts = killed.folder / "out" / "scores.unfinished"
        n_unfinished += parts.exists() and any(parts.glob("*/*.parquet"))
    assert n_unfinished > KILLS // 4  # else the kills came too early or too late
    killed.run()
    _same(killed.file(), expected)
    _same(killed.table(), expected)
    names = {path.name for path in (killed.folder / "out").iterdir()}
    assert "scores.unfinished" not in names
    flat = pd.read_csv(killed.folder / "out" / "scores.csv")
    assert flat["customer_id"].tolist() == expected["customer_id"].tolist()
