"""The table of the spend candidates and the sentence on the intervals."""

from __future__ import annotations

from itertools import combinations

import pytest

from regulars.report import render_report
from regulars.report.model_card import render_model_card
from regulars.report.spend_tables import (
    MOST_CANDIDATES,
    spend_comparison,
    spend_intervals,
)
from regulars.results import TrainingResult

KINDS = ("process", "tweedie", "ratio", "log", "sqrt", "hurdle")


@pytest.fixture
def content():
    names = [
        "+".join(subset) for size in (1, 2) for subset in combinations(KINDS, size)
    ]
    figures = {
        name: {"mae": 30.0 - place, "total_ratio": 1.0, "decile_error": 0.1}
        for place, name in enumerate(names)
    }
    return {
        "spend_selection": figures,
        "value_model": "process+tweedie",
        "spend_intervals": {
            "level": 0.9,
            "validation": {"interval_coverage": 0.912, "interval_width": 50.0},
            "test": {"interval_coverage": 0.87, "interval_width": 61.0},
        },
    }


@pytest.fixture
def training(build, content):
    return build(TrainingResult, **content)


def test_table_holds_the_nearest_those_alone_and_the_chosen(training):
    table = spend_comparison(training)
    names = [name for name, _, _ in table.rows]
    assert len(names) == MOST_CANDIDATES + len(KINDS) + 1
    assert names[0] == "sqrt + hurdle"
    assert {*KINDS} < {*names}
    assert [n for n, is_chosen, _ in table.rows if is_chosen] == ["process + tweedie"]
    assert "Normalised Gini" not in table.headings
    assert "Deciles off by" in table.headings


def test_sentence_tells_what_the_windows_told(build, content, training):
    text = spend_intervals(training, "EUR")
    assert "held for 91% on validation windows" in text
    assert "for 87% on the test window, where they are \u20ac61.00 wide" in text
    content["spend_intervals"]["test"] = {}
    untested = build(TrainingResult, **content)
    assert spend_intervals(untested, "EUR").endswith("learnt from.")


def test_page_shows_both(run_folder, parts, content, build):
    whole = parts("training") | content
    page = render_report(run_folder(training=whole))
    assert "Candidates for spend on the validation windows" in page
    assert "A candidate is passed over if its total or its deciles" in page
    assert "meant to hold for 90% of customers" in page
    card = render_model_card(build(TrainingResult, **whole))
    assert "meant to hold for 90% of customers" in card


def test_nothing_is_shown_when_nothing_was_chosen(build):
    assert spend_comparison(build(TrainingResult)) is None
    assert spend_intervals(build(TrainingResult), "EUR") == ""
