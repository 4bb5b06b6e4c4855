from __future__ import annotations

import pytest

from regulars.report.captions import captions
from regulars.report.formats import MINUS, MISSING
from regulars.report.kpi_charts import waterfall_chart
from regulars.report.kpi_section import kpi_section
from regulars.report.page import render_report
from regulars.report.results import Results
from regulars.results import KpiResult, write_result


@pytest.fixture(scope="module")
def kpis(build, period):
    return lambda **change: build(KpiResult, **period | {"currency": "EUR"} | change)


def test_questions_are_answered_with_what_there_is(kpis):
    section = kpi_section(kpis())
    first, second, third = section["questions"]
    assert first["title"] == "Are we keeping them?"
    assert first["rows"] == [
        {
            "label": "Customers kept (CRR)",
            "value": "81%",
            "interval": "80% to 82%",
            "change": f"{MINUS}4.2 points",
            "mood": "worse",
            "n": "1\u202f200",
        }
    ]
    assert [row["value"] for row in second["rows"]] == ["31.4"]
    # half a euro more is within the interval: nothing to colour
    assert [row["mood"] for row in third["rows"]] == [""]


def test_changes_beyond_chance_come_largest_first(kpis):
    assert kpi_section(kpis())["changes"] == [
        ("better", "Net promoter score: +19.4, from 12.0 to 31.4"),
        ("worse", f"Customers kept (CRR): {MINUS}4.2 points, from 85% to 81%"),
    ]


def test_period_is_said_with_its_last_day(kpis):
    words = kpi_section(kpis())["period"].replace("\u00a0", " ")
    assert words == (
        "1 January 1998 to 30 June 1998, beside 1 July 1997 to 31 December 1997"
    )


def test_segments_have_a_row_each(kpis):
    [table] = kpi_section(kpis())["segments"]
    assert table["by"] == "tier"
    assert table["columns"] == ["Customers kept (CRR)", "Net promoter score"]
    assert table["rows"] == [("gold", ["90%", "55.0"]), ("<b>tin", ["70%", MISSING])]


def test_moves_are_a_square_of_counts(kpis):
    moves = kpi_section(kpis())["moves"]
    assert moves["columns"] == [
        "Staying, but not loyal",
        "Leaving",
        "No longer counted",
    ]
    assert moves["rows"] == [
        ("Loyal and staying", ["17", "0", "0"]),
        ("Staying, but not loyal", ["0", "0", "3"]),
        ("New", ["0", "5", "0"]),
    ]


def test_reasons_of_what_is_absent_stand_together(kpis):
    assert kpi_section(kpis())["absent"] == [
        (
            "There is no table of referrals.",
            "Customers who brought somebody, referrals that bought",
        )
    ]


def test_no_period_is_no_section(build):
    assert kpi_section(build(KpiResult)) is None
    assert kpi_section(None) is None


def test_bare_period_says_what_the_data_do_not(kpis):
    bare = kpis(
        figures=[],
        absent=[],
        waterfall=[],
        loyalty_index=None,
        loyalty_map=None,
        support=None,
        no_loyalty_index="There is no loyalty index.",
    )
    section = kpi_section(bare)
    assert [question["rows"] for question in section["questions"]] == [[], [], []]
    assert section["map"] is section["moves"] is None
    assert waterfall_chart(bare) is None
    assert "waterfall" not in captions(Results(kpis=bare))


def test_waterfall_starts_and_ends_with_a_total(kpis):
    bars = waterfall_chart(kpis()).data[0]
    assert list(bars.measure) == ["absolute", "relative", "relative", "total"]
    assert list(bars.y) == [11000.0, -3000.0, 4345.0, 12345.0]
    text = captions(Results(kpis=kpis()))["waterfall"].replace("\u202f", " ")
    assert text == (
        "€11 000 of 900 buyers became €12 345 of 950. 200 buyers of the period before "
        "did not buy, which took €3 000 away. In brackets how many customers."
    )


def test_page_shows_the_section_first_and_escapes_what_users_wrote(kpis, tmp_path):
    write_result(kpis(), tmp_path / "kpis.json")
    page = render_report(tmp_path)
    section = page[page.index('<section id="business">') :]
    section = section[: section.index("</section>")]
    assert page.index('<section id="business">') < page.index('<section id="spread">')
    for words in (
        "Are we keeping them?",
        "Are they loyal?",
        "Where do we lose money?",
        "What changed?",
        "a better offer takes them",
        "An association, not a cause",
        "department: billing",
        "&lt;b&gt;tin",
        f"{MINUS}0.31",
    ):
        assert words in section
    assert "<b>tin" not in section


def test_figure_without_a_change_has_no_mood(kpis):
    rows = kpi_section(kpis())["rows"]
    revenue = next(row for row in rows if row["label"] == "Revenue")
    # a total has no interval: nobody can say whether chance made its change
    assert (revenue["change"], revenue["mood"]) == ("+€1\u202f345", "")
