"""The model card for people."""

from __future__ import annotations

import pytest

from regulars.report.model_card import render_model_card
from regulars.results import TrainingResult

PROCESS = {"shares": {"kept": {"mean": 1.0, "orders": 0.0}}}


@pytest.fixture
def card(build):
    """A function from parts of a training to its card."""
    return lambda **parts: render_model_card(build(TrainingResult, **parts))


def test_card_holds_figures_with_intervals_baselines_and_limits(card, parts):
    training = parts("training") | {"fingerprint": "6826c555"}
    text = card(**training)
    assert f"# Model card: {training['name']}" in text
    auc = f"{training['test']['roc_auc']:.3f}"
    assert f"**Model** | {auc} (" in text
    for name in training["baselines"]:
        assert training["baseline_labels"].get(name, name) in text
    assert "## Limits" in text
    assert "6826c555" in text


def test_card_says_how_the_model_was_searched_for(card, parts):
    tuning = {"n_trials": 9, "n_pruned": 4, "objective": "profit", "left_out": {}}
    text = card(**parts("training") | {"tuning": tuning})
    assert "9 trials by profit, 4 of them given up early" in text
    assert "without the features" not in text
    more = {"tuning": tuning | {"left_out": {"basket": ["n_products"]}}}
    assert "without the features of basket" in card(**parts("training") | more)


def test_card_says_so_when_nothing_was_tested(card, parts):
    training = parts("training") | {"test": None, "baselines": {}, "profit": None}
    text = card(**training)
    assert "It was not tested" in text
    assert "Not worked out" in text


@pytest.mark.parametrize("note", ["one | two", "one\n# two"])
def test_notes_cannot_break_the_document(card, note):
    text = card(notes=[note])
    assert "\n# two" not in text
    assert "one | two" not in text


@pytest.mark.parametrize(
    ("margin", "expected"),
    [
        ({"rate": 0.3, "own": None}, "Margin: 30% of spend for all (`value.margin`)"),
        (
            {
                "rate": 0.3,
                "own": {
                    "columns": ["cost_amount", "margin_rate"],
                    "n_lines": 1200,
                    "n_own": 1000,
                    "share": 0.42,
                },
            },
            "Margin: by line (`cost_amount`, else `margin_rate`) for 1 000 lines, "
            "together 42%; 30% (`value.margin`) for the other 200;",
        ),
    ],
)
def test_card_says_which_margin_was_used(card, margin, expected):
    text = card(margin=margin, process=PROCESS)
    assert expected in text


def test_card_says_how_much_is_kept_where_orders_came_back(card):
    kept = {"mean": 0.81, "orders": 4.3}
    text = card(process={"shares": {"kept": kept}})
    assert "Kept of what is bought: 81% of the amount; it weighs as much as 4.3" in text
    assert "Kept of" not in card(process=PROCESS)
