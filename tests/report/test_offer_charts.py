"""What the page and the card say of an offer."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.config import ProfitSettings
from regulars.evaluation import evaluate_offer
from regulars.report import render_report
from regulars.report.captions import captions
from regulars.report.charts import render_charts
from regulars.report.formats import money
from regulars.report.model_card import render_model_card
from regulars.report.offer_charts import offer_rows, profit_caption, profit_chart
from regulars.report.results import read_results
from regulars.results import TrainingResult, as_result
from regulars.results.training import Offer


@pytest.fixture
def content():
    """A function from the costs of an offer to what a training writes of it."""
    rng = np.random.default_rng(0)
    p = rng.uniform(0, 1, 500)
    y = (rng.random(500) < p).astype(float)
    clv = rng.gamma(2, 60, 500)

    return lambda **costs: evaluate_offer(y, p, clv, ProfitSettings(**costs))


@pytest.fixture
def offer(content):
    """A function from the costs of an offer to what it would have earned."""
    return lambda **costs: as_result(Offer, content(**costs))


def test_chart_marks_the_rules_on_the_curves(offer):
    chart = profit_chart(offer(), "EUR")
    assert chart.layout.yaxis.title.text == "Profit (EUR)"
    star = next(trace for trace in chart.data if "expected profit is" in trace.name)
    rule = offer().rules["chosen"]
    assert star.x == (round(rule.n_contacted / 500, 5),)
    assert star.y == (round(rule.profit, 2),)


def test_caption_claims_no_more_than_a_condition(offer):
    found = offer()
    text = profit_caption(found, "EUR")
    worth = money(found.leaver_value, "EUR")
    assert text.startswith(f"If a leaver who stays is worth {worth}, contacting those")
    assert "would have earned \u20ac" in text
    assert "was expected before the outcome" in text
    assert text.endswith("a log cannot show whether that comes.")


def test_caption_tells_a_loss(content):
    lost = content()
    lost["rules"]["chosen"]["profit"] = -12.0
    text = profit_caption(as_result(Offer, lost), "EUR")
    assert "would have lost \u20ac12.00" in text


def test_offer_that_never_pays_is_told_in_a_sentence(offer):
    text = profit_caption(offer(contact_cost=1000), "EUR")
    assert "no contact is expected to pay at these costs" in text


def test_rows_tell_how_far_the_chosen_rule_is_ahead(offer):
    chosen, *others = offer_rows(offer(), "USD")
    assert chosen["ahead"] == chosen["interval"] == ""
    for row in others:
        low, high = row["interval"].split(" to ")
        assert low.startswith("$")
        assert high.startswith("$")
        assert row["ahead"].startswith("$")


def test_page_and_card_show_the_money_that_is_there(run_folder, parts, content, build):
    training = parts("training") | {"profit": content()}
    folder = run_folder(training=training)
    results = read_results(folder)
    assert "profit" in captions(results)
    assert "profit" in render_charts(results)
    page = render_report(folder)
    assert 'id="money"' in page
    assert "The riskiest tenth" in page
    assert "If a leaver who stays is worth" in page
    card = render_model_card(build(TrainingResult, **training))
    assert "The riskiest tenth" in card
    assert "If a leaver who stays is worth" in card
    assert "the first is " in card
