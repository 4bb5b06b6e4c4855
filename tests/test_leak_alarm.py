"""The leak alarm: outcomes drawn at random must be beyond foretelling."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.kinds.non_contractual import (
    open_workspace,
    purchase_problem,
    snapshots,
)
from regulars.training import train

pytestmark = pytest.mark.slow


def _quietly(step):
    """Say nothing of the steps."""


@pytest.fixture
def shuffled(monkeypatch):
    """Outcomes that change hands within each snapshot."""
    honest = snapshots.build_labels

    def build(ledger, timeline, rows, **options):
        labels = honest(ledger, timeline, rows, **options)
        outcomes = ["churned", "n_purchases", "spend"]
        seed = labels["cutoff"].iloc[0].toordinal()
        order = np.random.default_rng(seed).permutation(len(labels))
        labels[outcomes] = labels[outcomes].to_numpy()[order]
        return labels

    monkeypatch.setattr(snapshots, "build_labels", build)


def _interval_of_auc(shop):
    settings = shop.settings("churn.tuning_trials=1")
    work = open_workspace(settings, _quietly)
    training = train(purchase_problem(work, _quietly), _quietly)
    return training.churn_test.intervals["model"]["roc_auc"]


@pytest.mark.usefixtures("few_trees", "shuffled")
def test_shuffled_outcomes_cannot_be_foretold(shop):
    low, high = _interval_of_auc(shop)
    assert low <= 0.5 <= high


@pytest.mark.usefixtures("few_trees")
def test_outcomes_as_they_were_can_be_foretold(shop):
    low, _ = _interval_of_auc(shop)
    assert low > 0.5
