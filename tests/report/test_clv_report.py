"""The page about a model stands alone and holds what it should."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from regulars.clv import (
    BetaGeoModel,
    GammaGammaModel,
    ShiftedBetaGeoModel,
    summary_from_survivors,
)
from regulars.report.clv_report import render_model_report, write_model_report


@pytest.fixture(scope="module")
def shop():
    """A hundred weeks of a shop: days and summary."""
    rng = np.random.default_rng(2)
    first = rng.integers(0, 300, 400)
    rate, stay = rng.gamma(0.8, 1 / 60, 400), rng.exponential(200, 400)
    rows = [
        (i, first[i] + int(gap))
        for i in range(400)
        for gap in np.cumsum(rng.exponential(1 / rate[i], 30))
        if gap < stay[i] and first[i] + gap < 700
    ]
    days = pd.DataFrame([*enumerate(first), *rows], columns=["customer_id", "day"])
    grouped = days.drop_duplicates().groupby("customer_id")["day"]
    summary = pd.DataFrame(
        {
            "frequency": grouped.count() - 1,
            "recency": (grouped.max() - grouped.min()) / 7,
            "T": (700 - grouped.min()) / 7,
        }
    )
    value = rng.gamma(5, 4, 400)
    summary["monetary_value"] = np.where(summary["frequency"] > 0, value, 0.0)
    start = pd.Timestamp("2023-01-02")
    return days.assign(day=start + pd.to_timedelta(days["day"], "D")), summary


def test_page_stands_alone_and_holds_every_picture(shop, tmp_path):
    days, summary = shop
    model = BetaGeoModel().fit(summary)
    path = write_model_report(
        tmp_path / "model.html",
        model,
        summary,
        purchase_days=days,
        time_unit_days=7,
        value_model=GammaGammaModel().fit(summary),
        title="Shop <one>",
    )
    page = path.read_text(encoding="utf-8")
    assert "Shop &lt;one&gt;" in page
    assert page.count("<figure>") == 7
    assert f"{model.r_:.4g}" in page
    head = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", head)
    assert [p.name for p in tmp_path.iterdir()] == ["model.html"]


def test_page_is_the_same_twice(shop):
    _, summary = shop
    model = BetaGeoModel().fit(summary)
    assert render_model_report(model, summary) == render_model_report(model, summary)


def test_page_of_a_spend_model_shows_the_assumption(shop):
    _, summary = shop
    page = render_model_report(GammaGammaModel().fit(summary), summary)
    assert "Gamma-Gamma takes this line to be flat" in page


def test_page_of_subscriptions_shows_survival():
    cohort = summary_from_survivors([1000, 869, 743, 653, 593])
    page = render_model_report(ShiftedBetaGeoModel().fit(cohort), cohort)
    assert "Renewal dates since the start" in page


def test_page_raises_when_days_come_without_a_unit(shop):
    days, summary = shop
    with pytest.raises(ValueError, match="needs time_unit_days"):
        render_model_report(BetaGeoModel().fit(summary), summary, purchase_days=days)
