from __future__ import annotations

import numpy as np
import pytest

from regulars.kpis.overview import json_records
from regulars.kpis.survival import hazard_by_tenure, kaplan_meier
from regulars.report.kinds_card import data_facts, purpose
from regulars.report.kinds_charts import (
    CAPTIONS,
    hazard_chart,
    parts_chart,
    survival_chart,
)


@pytest.fixture
def kpis():
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


def test_months_with_hardly_a_contract_are_not_drawn(kpis):
    rows = kpis["survival"]["hazard"]
    rows[-1]["n_exposed"] = 2.0
    drawn = hazard_chart(kpis).data[0]
    assert len(drawn.x) == len(rows) - 1
    assert drawn.x[0] == 15.0


def test_captions_say_what_the_figures_say(kpis):
    assert "Half have left after 401 days" in CAPTIONS["survival"](kpis)
    assert "of customers stay longer than a year" in CAPTIONS["survival"](kpis)
    assert "Leaving is most common between day" in CAPTIONS["hazard"](kpis)
    assert {write({}) for write in CAPTIONS.values()} == {""}


def test_parts_that_differ_most_are_drawn():
    rows = [
        {"part": "city", "value": str(n), "n_customers": 50, "churn_rate": n / 100}
        for n in range(40)
    ]
    kpis = {"by_part": rows, "summary": {"churn_rate": 0.0}}
    bars = parts_chart(kpis).data[0]
    assert list(bars.x) == sorted(bars.x)
    assert len(bars.x) == 14
    assert max(bars.x) == pytest.approx(0.39)
    assert "city: 39 loses most, 39% of 50 customers" in CAPTIONS["parts"](kpis)


def test_nothing_is_drawn_when_nothing_was_written():
    assert survival_chart({}) is hazard_chart({}) is parts_chart({}) is None


def test_card_tells_the_kind_of_churn():
    assert "running contract" in purpose({"kind": "contractual", "horizon_days": 30})
    facts = dict(data_facts({"kind": "labelled", "test": {"cutoff": "2024-01-01"}}))
    assert facts["Tests"] == "rows from 2024-01-01 on"
    assert facts["Rows"] is None
