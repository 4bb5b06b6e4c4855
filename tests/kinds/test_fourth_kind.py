"""A kind of churn is one object: nothing outside it knows what it is about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from regulars import pipeline
from regulars.config import parse_settings
from regulars.kinds import registry
from regulars.kinds.kind import Kind
from regulars.scoring import Customers
from regulars.scoring.population import HeldCustomers
from regulars.training import Problem
from regulars.training.dataset import Dataset, Split
from regulars.training.tabular import BASELINE_LABELS, TabularWindow, example_row
from regulars.training.terms import horizon_of
from regulars.training.window import ModelDescription

if TYPE_CHECKING:
    from regulars.config import Settings

QUESTION = "usage falls by half within 30 days"
N_ROWS = 240


@dataclass(frozen=True)
class Usage:
    """Minutes a month of each customer, and whether they fell by half afterwards."""

    settings: Settings
    cutoff = last_record = None

    @property
    def dataset(self):
        rng = np.random.default_rng(0)
        minutes = rng.gamma(4, 25, N_ROWS)
        plan = np.where(rng.random(N_ROWS) < 0.5, "prepaid", "yearly")
        odds = 2 - minutes / 40 + 1.5 * (plan == "prepaid")
        halved = rng.random(N_ROWS) < 1 / (1 + np.exp(-odds))
        return Dataset(
            pd.DataFrame({"minutes": minutes, "plan": plan}), halved.astype(float)
        )

    def fingerprint(self):
        return "5ca1ab1e"


def usage_problem(work, step):
    dataset = work.dataset
    rows, terms = np.arange(N_ROWS), horizon_of(work.settings)
    train, test, valid = rows[:160], rows[160:], rows[120:160]
    split = Split(train, test, [(rows[:120], valid)], "half 1")
    everything = Split(rows, rows[:0], split.pairs)
    return Problem(
        settings=work.settings,
        description=ModelDescription(
            kind="usage", question=QUESTION, fingerprint=work.fingerprint()
        ),
        windows=[TabularWindow(dataset, split, terms)],
        final=TabularWindow(dataset, everything, terms),
        notes=lambda training: ["Usage is counted in minutes."],
        details=lambda training: {"baseline_labels": BASELINE_LABELS},
        example=example_row(dataset.features),
        inputs=["customer_id", "minutes", "plan"],
    )


USAGE = Kind(
    name="usage",
    check=lambda settings, step: {},
    open=lambda settings, step: Usage(settings),
    open_for_kpis=None,
    lay_out=None,
    problem=usage_problem,
    backtest=lambda work: pytest.fail("not asked for"),
    customers=lambda work, model, learnt: HeldCustomers(
        Customers(work.dataset.features, [f"c{number}" for number in range(N_ROWS)]),
        work.fingerprint(),
    ),
    kpis=lambda work, step, no_scores=None: {},
)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setitem(registry.KINDS, "usage", USAGE)
    folder = tmp_path.as_posix()
    known = parse_settings(
        "name: usage\n"
        "source: {transactions: {path: none.csv}}\n"
        "churn: {members: [process, logistic], calibration: none}\n"
        f"tracking: {{uri: 'sqlite:///{folder}/store/mlflow.db'}}\n"
        f"outputs: '{folder}/out'\n"
    )
    churn = known.churn.model_copy(update={"kind": "usage"})
    return known.model_copy(update={"churn": churn})


def test_fourth_kind_is_trained_and_scored_by_its_object_alone(settings):
    work = pipeline.open_work(settings, lambda step: None)
    trained = pipeline.train_model(work, lambda step: None)
    assert trained["is_champion"]
    assert trained["kind"] == "usage"
    assert trained["notes"] == ["Usage is counted in minutes."]
    assert trained["test"]["roc_auc"] > 0.7
    card = json.loads((settings.outputs_folder / "card.json").read_text())
    assert card["question"] == QUESTION

    scored = pipeline.score(work, lambda step: None)
    assert scored["n_customers"] == N_ROWS
    scores = pd.read_parquet(scored["scores"])
    assert scores["churn_probability"].between(0, 1).all()
    high = scores["risk_band"] == "high"
    assert (scores["risk_reasons"].map(len)[high] > 0).mean() > 0.9


def test_training_it_again_does_not_take_the_champions_place(settings):
    work = pipeline.open_work(settings, lambda step: None)
    pipeline.train_model(work, lambda step: None)
    again = pipeline.train_model(work, lambda step: None)
    assert not again["is_champion"]
