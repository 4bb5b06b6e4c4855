from __future__ import annotations

import numpy as np
import pytest

from regulars.kpis.overview import json_records
from regulars.kpis.survival import hazard_by_tenure, kaplan_meier
from regulars.report.churn_charts import (
    CAPTIONS,
    CHARTS,
    hazard_chart,
    part_name,
    parts_chart,
    survival_chart,
)
from regulars.results import KpiResult
from regulars.results.kpis import SliceKpis


@pytest.fixture
def content():
    tenure = np.arange(1.0, 501.0)
    over = np.arange(500) % 2 == 0
    return {
        "survival": {
            "curve": json_records(kaplan_meier(tenure, over)),
            "hazard": json_records(hazard_by_tenure(tenure, over)),
            "plans": {
                "<b>": json_records(kaplan_meier(tenure[:50], over[:50])),
                "pro": [],
            },
            "period_days": 30,
            "median_days": 401.0,
        }
    }


@pytest.fixture
def kpis(build, content):
    return build(KpiResult, **content)


def test_curve_starts_at_everybody_and_falls(kpis):
    band, whole, plan = survival_chart(kpis).data
    assert (whole.x[0], whole.y[0]) == (0.0, 1.0)
    assert (np.diff(whole.y) <= 0).all()
    assert whole.line.shape == "hv"
    assert len(band.x) % 2 == 0
    assert plan.name == "&lt;b&gt;"


def test_band_holds_the_curve(kpis):
    band, whole, _ = survival_chart(kpis).data
    half = len(band.x) // 2
    curve = dict(zip(whole.x, whole.y, strict=True))
    low = dict(zip(band.x[half:], band.y[half:], strict=True))
    for day, high in zip(band.x[:half], band.y[:half], strict=True):
        assert low[day] <= curve[day] <= high


def test_months_with_hardly_a_contract_are_not_drawn(build, content):
    rows = content["survival"]["hazard"]
    rows[-1]["n_exposed"] = 2.0
    drawn = hazard_chart(build(KpiResult, **content)).data[0]
    assert len(drawn.x) == len(rows) - 1
    assert drawn.x[0] == 15.0


def test_captions_say_what_the_figures_say(kpis):
    assert "Half have left after 401 days" in CAPTIONS["survival"](kpis)
    assert "of customers stay longer than a year" in CAPTIONS["survival"](kpis)
    assert "Leaving is most common between day" in CAPTIONS["hazard"](kpis)


def test_parts_that_differ_most_are_drawn(build):
    rows = [
        {"part": "city", "value": str(n), "n_customers": 50, "churn_rate": n / 100}
        for n in range(40)
    ]
    kpis = build(KpiResult, by_part=rows, summary={"churn_rate": 0.0})
    bars = parts_chart(kpis).data[0]
    assert list(bars.x) == sorted(bars.x)
    assert len(bars.x) == 14
    assert max(bars.x) == pytest.approx(0.39)
    assert "city: 39 loses most, 39% of 50 customers" in CAPTIONS["parts"](kpis)


def test_nothing_is_drawn_or_said_when_nothing_was_written(build):
    nothing = build(KpiResult)
    assert {draw(nothing) for draw in CHARTS.values()} == {None}
    assert {write(nothing) for write in CAPTIONS.values()} == {""}


def test_part_is_called_in_words(build):
    row = build(SliceKpis, part="value_band", value="lowest third")
    assert part_name(row) == "value band: lowest third"
