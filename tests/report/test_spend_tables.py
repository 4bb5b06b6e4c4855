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
    spend_level,
    spend_tenths,
)
from regulars.results import TrainingResult

KINDS = ("process", "tweedie", "ratio", "hurdle", "median")


@pytest.fixture
def content():
    names = [
        "+".join(subset) for size in (1, 2, 3) for subset in combinations(KINDS, size)
    ]
    figures = {
        name: {
            "mae": 30.0 + place,
            "tweedie_deviance": 30.0 - place,
            "total_ratio": 1.0,
            "decile_error": 0.1,
        }
        for place, name in enumerate(names)
    }
    return {
        "spend_selection": figures,
        "value_model": "process+tweedie",
        "spend_intervals": {
            "level": 0.9,
            "validation": {
                "interval_coverage": 0.912,
                "interval_width": 50.0,
                "interval_gap": 0.02,
            },
            "test": {"interval_coverage": 0.87, "interval_width": 61.0},
        },
        "spend_level": {"factor": 1.204, "season_share": 0.5, "season_gap": -0.4},
        "spend_tenths": [
            {
                "decile": decile,
                "n_customers": 10,
                "total_predicted": 900.0 / decile,
                "total_actual": 800.0 / decile,
                "coverage_meant": 0.9,
                "coverage_held": 0.85,
            }
            for decile in (1, 2)
        ],
    }


@pytest.fixture
def training(build, content):
    return build(TrainingResult, **content)


def test_table_holds_the_least_deviances_those_alone_and_the_chosen(training):
    table = spend_comparison(training)
    names = [name for name, _, _ in table.rows]
    assert len(names) == MOST_CANDIDATES + len(KINDS) + 1
    assert names[0] == "ratio + hurdle + median"
    assert {*KINDS} < {*names}
    assert [n for n, is_chosen, _ in table.rows if is_chosen] == ["process + tweedie"]
    assert "Normalised Gini" not in table.headings
    assert "Deciles off by" in table.headings


def test_sentence_tells_what_the_windows_told(build, content, training):
    text = spend_intervals(training, "EUR")
    assert "held for 91% on validation windows" in text
    assert "learnt from (at most 2.0% off in any tenth of expected spend)" in text
    assert "for 87% on the test window, where they are \u20ac61.00 wide" in text
    content["spend_intervals"]["test"] = {}
    untested = build(TrainingResult, **content)
    assert spend_intervals(untested, "EUR").endswith("expected spend).")


def test_tenths_stand_beside_what_came_in(build, content, training):
    table = spend_tenths(training, "EUR")
    texts = [[cell.text for cell in cells] for _, _, cells in table.rows]
    assert texts[0] == ["10", "\u20ac900", "\u20ac800", "90%", "85%"]
    for row in content["spend_tenths"]:
        row["coverage_held"] = None
    without = spend_tenths(build(TrainingResult, **content), "EUR")
    assert without.headings == ["Customers", "Expected", "Came in"]
    assert [len(cells) for _, _, cells in without.rows] == [3, 3]


def test_level_says_what_is_multiplied_and_why(build, content, training):
    text = spend_level(training)
    assert "multiplied by 0.82 for the season, 50% of what it made" in text
    assert "Expected spend is multiplied by 1.20, since totals" in text
    content["spend_level"] = {"factor": 1.0, "season_share": 0.0, "season_gap": 0.3}
    assert spend_level(build(TrainingResult, **content)) == ""


def test_page_shows_both(run_folder, parts, content, build):
    whole = parts("training") | content
    page = render_report(run_folder(training=whole))
    assert "Candidates for expected spend on the validation windows" in page
    assert "Expected spend is made to be summed" in page
    assert "Spend by tenth of what was expected" in page
    assert "for the season, 50% of" in page
    assert "meant to hold for 90% of customers" in page
    card = render_model_card(build(TrainingResult, **whole))
    assert "meant to hold for 90% of customers" in card
    assert "Intervals meant for" in card


def test_nothing_is_shown_when_nothing_was_chosen(build):
    assert spend_comparison(build(TrainingResult)) is None
    assert spend_intervals(build(TrainingResult), "EUR") == ""
    assert spend_tenths(build(TrainingResult), "EUR") is None
    assert spend_level(build(TrainingResult)) == ""
