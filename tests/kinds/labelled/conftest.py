from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from regulars import pipeline
from regulars.config import parse_settings

if TYPE_CHECKING:
    from pathlib import Path

N_ROWS = 400


@dataclass(frozen=True)
class Table:
    """A folder with a labelled table and the settings that read it."""

    folder: Path
    text: str

    def settings(self, *overrides):
        return parse_settings(self.text, overrides)

    def read(self, name):
        return json.loads((self.folder / "out" / name).read_text())

    def write(self, frame):
        frame.to_csv(self.folder / "customers.csv", index=False)


def made_up(n_rows=N_ROWS, seed=0):
    """Calls and a plan that drive churn, and an age that does not."""
    rng = np.random.default_rng(seed)
    calls = rng.poisson(20, n_rows).astype(float)
    plan = rng.choice(["gold", "silver", "basic"], n_rows)
    odds = 2.5 - 0.2 * calls + 1.5 * (plan == "basic")
    left = rng.random(n_rows) < 1 / (1 + np.exp(-odds))
    frame = pd.DataFrame(
        {
            "who": [f"c{number}" for number in range(n_rows)],
            "calls": calls,
            "plan": plan,
            "age": rng.integers(18, 80, n_rows),
            "left": np.where(left, "Yes", "No"),
        }
    )
    frame.loc[::17, "calls"] = np.nan
    frame.loc[::23, "plan"] = None
    return frame


@pytest.fixture
def frame():
    return made_up()


def _table_in(folder):
    root = folder.as_posix()
    text = (
        "name: telecom\n"
        "churn: {kind: labelled, tuning_trials: 1, labelled: "
        f"{{path: '{root}/customers.csv', label: left, positive: 'yes', "
        "id: who, test_splits: 2}}\n"
        f"tracking: {{uri: 'sqlite:///{root}/store/mlflow.db'}}\n"
        f"outputs: '{root}/out'\n"
    )
    return Table(folder, text)


@pytest.fixture
def table(tmp_path, frame):
    made = _table_in(tmp_path)
    made.write(frame)
    return made


@pytest.fixture(scope="module")
def first_training(tmp_path_factory):
    """A table with its first champion, and what its training said; only to be read."""
    made = _table_in(tmp_path_factory.mktemp("trained"))
    made.write(made_up())
    work = pipeline.open_work(made.settings(), lambda step: None)
    return made, pipeline.train_model(work, lambda step: None)


@pytest.fixture
def table_with_champion(tmp_path, first_training):
    """A copy of that table, to be trained on again."""
    folder = tmp_path / "copy"
    shutil.copytree(first_training[0].folder, folder)
    return _table_in(folder)
