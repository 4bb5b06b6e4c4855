from __future__ import annotations

import pytest

from regulars.report.formats import MINUS
from regulars.report.page import render_report
from regulars.report.programme_section import programme_section, what_if_section
from regulars.results import KpiResult, write_result
from regulars.terminal import kpi_tables

EFFECT = {
    "joined_from": "2024-01-05",
    "joined_to": "2024-06-30",
    "follow_days": 90,
    "n_joined": 400,
    "outcomes": [
        {
            "outcome": "bought",
            "unit": "share",
            "members": 0.72,
            "comparable": 0.65,
            "difference": 0.07,
            "low": -0.01,
            "high": 0.15,
            "naive": 0.39,
            "naive_low": 0.3,
            "naive_high": 0.48,
        }
    ],
    "e_value": 1.44,
    "e_value_low": 1.0,
    "balance": [
        {"covariate": "orders", "before": 1.2, "after": 0.04},
        {"covariate": "spend", "before": 1.1, "after": -0.12},
    ],
    "assumptions": ["No <b>cause</b>."],
}
MONEY = {
    "added_margin": 500.0,
    "added_margin_low": -100.0,
    "added_margin_high": 1_100.0,
    "roi": -0.5,
    "roi_low": -1.1,
    "roi_high": 0.1,
    "cost": 1_000.0,
}
POINTS = {"outstanding": 2_000.0, "breakage": 0.25, "liability": None}
WORTH = {
    "start": "2023-07-01",
    "end": "2024-07-01",
    "margin_rate": 0.3,
    "figures": [
        {
            "lever": "retention",
            "unit": "share",
            "now": 0.8,
            "margin": 900.0,
            "low": 850.0,
            "high": 950.0,
            "formula": "1% of the customers stay",
        }
    ],
}


@pytest.fixture(scope="module")
def kpis(build, period):
    programme = {"n_members": 7, "effect": EFFECT, "points": POINTS, "money": MONEY}
    given = {"currency": "EUR", "programme": programme, "what_if": WORTH}
    return lambda **change: build(KpiResult, **period | given | change)


def test_members_stand_beside_comparable_and_naive(kpis):
    section = programme_section(kpis())
    assert section["rows"] == [
        {
            "label": "Bought at all",
            "members": "72%",
            "comparable": "65%",
            "difference": "+7.0 points",
            "interval": f"{MINUS}1.0 points to +15.0 points",
            "naive": "+39.0 points",
        }
    ]
    assert "An association, not a cause" in section["intro"]
    assert (
        "0.12 standard deviations, before weighing 1.20; 1 of 2" in section["trust"][0]
    )
    assert "by 1.44 (for an interval that includes none: 1.00)" in section["trust"][2]


def test_money_has_its_interval_and_what_is_not_known_a_dash(kpis):
    rows = {label: rest for label, *rest in programme_section(kpis())["money"]}
    assert rows["Owed (liability)"][0] == "\N{EN DASH}"
    assert rows["Return on the cost"] == [f"{MINUS}50%", f"{MINUS}110% to +10%"]


def test_what_cannot_be_said_has_its_reason(kpis):
    none = kpis(
        programme=None, no_programme="No table.", what_if=None, no_what_if="No."
    )
    assert programme_section(none)["why"] == "No table."
    assert what_if_section(none) == {"why": "No.", "rows": []}
    words = [part for part in kpi_tables(none) if isinstance(part, str)]
    assert "Not shown: what the programme brings. No table." in words
    assert "Not shown: what one more point would be worth. No." in words
    # a result of before, or of another kind of churn
    assert programme_section(kpis(programme=None)) is None
    assert what_if_section(kpis(what_if=None)) is None


def test_terminal_has_a_table_of_each(kpis):
    titles = [
        str(part.title) for part in kpi_tables(kpis()) if not isinstance(part, str)
    ]
    assert titles[-3].startswith("Members of the programme beside comparable")
    assert titles[-2] == "The programme's money"
    assert titles[-1].startswith("What one more point would be worth in a year, from")


def test_page_shows_both_and_escapes_what_it_is_given(kpis, tmp_path):
    effect = EFFECT | {"effective_n": 300.0, "joined_later_share": 0.1}
    points = POINTS | {"redeemed_last_year": 9.0, "redeemed_share": 0.75}
    money = MONEY | {"margin_rate": 0.3, "redeemed_cost": 900.0, "running_cost": 100.0}
    programme = {
        "n_members": 7,
        "effect": effect,
        "points": points | {"expected": 1_500.0},
        "money": money,
    }
    write_result(kpis(programme=programme), tmp_path / "kpis.json")
    page = render_report(tmp_path)
    assert "What the loyalty programme brings" in page
    assert "What one more point would be worth" in page
    assert "1% of the customers stay" in page
    assert "No &lt;b&gt;cause&lt;/b&gt;." in page
