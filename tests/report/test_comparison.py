from __future__ import annotations

import pytest

from regulars.report.comparison import churn_comparison, value_comparison
from regulars.results import TrainingResult


@pytest.fixture
def churn(build):
    """A function from parts of a training to its table of churn."""
    return lambda **parts: churn_comparison(build(TrainingResult, **parts))


@pytest.fixture
def spend(build):
    """A function from parts of a training to its table of spend."""
    return lambda **parts: value_comparison(build(TrainingResult, **parts))


def best_of(table):
    return {
        heading: [label for label, _, cells in table.rows if cells[place].is_best]
        for place, heading in enumerate(table.headings)
    }


def test_best_is_marked_by_the_way_that_is_better(churn):
    table = churn(
        test={"roc_auc": 0.8, "log_loss": 0.4},
        baselines={"rfm": {"roc_auc": 0.7, "log_loss": 0.3}},
    )
    assert best_of(table) == {"ROC AUC": ["Model"], "Log loss": ["rfm"]}
    assert table.summary == (
        "A baseline is better than the model on 1 of 2 measures: log loss (rfm)."
    )


def test_total_is_best_when_it_is_nearest_to_one(spend):
    table = spend(
        value_test={"total_ratio": 1.2},
        value_baselines={"naive": {"total_ratio": 0.9}},
    )
    assert best_of(table) == {"Predicted / actual total": ["naive"]}
    assert table.summary.startswith("A baseline is better than the model on every")


def test_ties_are_both_best_and_no_loss(churn):
    table = churn(test={"roc_auc": 0.8}, baselines={"rfm": {"roc_auc": 0.8}})
    assert best_of(table) == {"ROC AUC": ["Model", "rfm"]}
    assert table.summary == "No baseline is better than the model on any of 1 measure."


def test_best_is_told_by_the_figure_and_not_by_how_it_reads(churn):
    table = churn(test={"roc_auc": 0.80001}, baselines={"rfm": {"roc_auc": 0.80002}})
    assert best_of(table) == {"ROC AUC": ["rfm"]}


def test_missing_figures_win_nothing(churn):
    table = churn(
        test={"roc_auc": 0.8, "ece": None},
        baselines={"rfm": {"roc_auc": float("nan"), "ece": None}},
    )
    assert best_of(table) == {"ROC AUC": ["Model"]}


def test_intervals_stand_beneath_their_figures(churn):
    table = churn(test={"roc_auc": 0.8}, test_intervals={"roc_auc": [0.75, 0.85]})
    assert table.rows[0][2][0].interval == "0.750\u20130.850"


def test_there_is_no_table_when_nothing_was_tested(churn, spend):
    assert churn(test=None, baselines={"rfm": {}}) is None
    assert spend() is None
