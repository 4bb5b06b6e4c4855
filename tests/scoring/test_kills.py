"""A batch that is killed at any moment leaves the old scores, or all of the new."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

KILLS = 20
# A process that has imported everything and done nothing yet; each line that it reads
# makes it a copy that scores from there, as a command would without its slow start, and
# is killed so many seconds after the data were opened.
SCORER = """
import os, signal, sys, threading
from functools import partial
import lightgbm, mlflow, sklearn.linear_model
from regulars import pipeline
from regulars.config import load_settings
from regulars.features.blocks import read_blocks
from regulars.kinds.non_contractual import customers, open_workspace

def score(seconds):
    customers.read_blocks = partial(read_blocks, n_lines=12)
    settings = load_settings(sys.argv[1], sys.argv[2:])
    work = open_workspace(settings, lambda step: None)
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
    print("open", flush=True)
    pipeline.score(work, lambda step: None)
    os._exit(0)

print("ready", flush=True)
for line in iter(sys.stdin.readline, ""):
    child = os.fork()
    if not child:
        try:
            score(float(line))
        finally:
            os._exit(1)
    print("ended", os.waitpid(child, 0)[1], flush=True)
"""


class Scorer:
    """A process whose copies score into a folder."""

    def __init__(self, config, folder):
        self.folder = folder
        overrides = [
            f"outputs={folder.as_posix()}/out",
            f"scores.table.engine=duckdb://{folder.as_posix()}/s.duckdb",
            "scores.table.table=scores",
            "scores.reasons=40",
            "scores.format=csv",
        ]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCORER, str(config), *overrides],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # threads of a library would not be in the copies
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        assert self._says("ready")

    def _says(self, word):
        said = self.process.stdout.readline().split()
        assert said[:1] == [word], said
        return said[-1]

    def run(self, kill_after=3_600.0):
        """Score; return the seconds it took, or None of a run that was killed."""
        self.process.stdin.write(f"{kill_after}\n")
        self.process.stdin.flush()
        assert self._says("open")
        begin = time.monotonic()
        status = int(self._says("ended"))
        assert status in (0, signal.SIGKILL)
        return None if status else time.monotonic() - begin

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
        scorer.process.stdin.close()
        scorer.process.wait(timeout=60)
        scorer.process.stdout.close()


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
