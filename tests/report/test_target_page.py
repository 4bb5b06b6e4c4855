from __future__ import annotations

import datetime as dt
import re

import pytest

from regulars.report.target_page import render_target
from regulars.results import TargetResult
from regulars.results.campaign_manifest import CampaignVerdict
from regulars.results.target import (
    NOT_CAUSAL,
    BudgetPoint,
    CampaignDesign,
    CautiousPlan,
    LimitPrice,
    OfferPlan,
    Rival,
)


def result_of(**changes):
    """A plan of one offer to 70 of 1,000 customers."""
    offer = OfferPlan(
        name="<b>call</b>",
        mechanic="early_access",
        channel="phone",
        basis="assumption",
        saves=0.1,
        n_eligible=500,
        n_consenting=400,
        n_allowed=390,
        mean_gain=5.0,
        mean_cost=2.0,
        n_sent=70,
        n_exploring=1,
        n_control=30,
        gain=900.0,
        gain_bounds=(None, None),
        cost=140.0,
    )
    own = {
        "name": "shop",
        "campaign": "spring",
        "goal": "win_back",
        "cutoff": dt.date(2024, 12, 15),
        "horizon_days": 90,
        "gain_days": 365,
        "currency": "EUR",
        "model_version": "3",
        "budget": 150.0,
        "heading": NOT_CAUSAL,
        "is_causal": False,
        "verdict": CampaignVerdict(kind="assumed", sentence=f"It is {NOT_CAUSAL}."),
        "n_scored": 1000,
        "n_holdout": 50,
        "n_pressed": 12,
        "n_harmed": 0,
        "n_not_paying": 7,
        "n_chosen": 100,
        "n_sent": 70,
        "n_control": 30,
        "cost": 140.0,
        "gain": 900.0,
        "gain_bounds": (None, None),
        "profit": 760.0,
        "break_even": 140 / 900,
        "gap": 0.0,
        "price_of_budget": 1.25,
        "limits": (LimitPrice(name="offer call", at_most=100, price=2.0),),
        "offers": (offer,),
        "rivals": (
            Rival(
                name="plan", label="Plan", n_contacts=90, cost=150, gain=950, profit=800
            ),
            Rival(
                name="nobody", label="Nobody", n_contacts=0, cost=0, gain=0, profit=0
            ),
        ),
        "curve": tuple(
            BudgetPoint(
                budget=b, n_contacts=int(b), cost=b, profit=5 * b, next_unit=1.0
            )
            for b in (75.0, 150.0, 300.0)
        ),
        "cautious": CautiousPlan(
            basis="half", n_contacts=60, cost=99.0, profit=500.0, low_profit=200.0
        ),
        "control_share": 0.3,
        "control_reason": "because the campaign is a test",
        "strata": 3,
        "design": CampaignDesign(
            known_on=dt.date(2025, 3, 15),
            looks=1,
            kept_rate=0.2,
            smallest_kept=0.25,
            promised_gain=1.5,
            gain_spread=8.0,
            smallest_gain=4.9,
            needed=1066,
        ),
    }
    return TargetResult(**(own | changes))


def text_of(page):
    body = page.partition("</style>")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_page_says_what_is_proposed_costs_and_is_expected():
    text = text_of(render_target(result_of()))
    for words in (
        "customers are sent an offer 70 of 1 000 scored",
        "expected cost €140 budget: €150",
        "30 as control, 50 held out of all campaigns",
        "early access, phone",
        "assumption: saves 10%",
        "The campaign pays for itself if 16% of the expected margin comes.",
        "One more €1.00 of budget would add €1.25 of profit.",
        "One more customer for the offer call would add €2.00.",
        "12 customers were contacted too often of late.",
        "A cautious plan counts half",
    ):
        assert words in text


def test_page_says_who_is_control_why_and_what_can_be_seen():
    text = text_of(render_target(result_of()))
    assert "30 of the 100 chosen (30%) are kept without an offer, because" in text
    assert "The result is known on 15\u00a0March\u00a02025, 90 days after" in (
        render_target(result_of())
    )
    assert "four times in five, from 25.0 points on" in text
    assert "would have to be chosen; 100 are" in text


def test_every_table_of_an_assumption_says_so():
    page = render_target(result_of())
    captions = re.findall(r"<caption>(.*?)</caption>", page)
    assert len(captions) == 3
    assert all(NOT_CAUSAL in caption for caption in captions)
    assert NOT_CAUSAL in re.search("<title>(.*?)</title>", page)[1]
    assert NOT_CAUSAL in re.search("<figcaption>(.*?)</figcaption>", page)[1]


def test_learned_effects_come_with_their_interval_and_no_such_mark():
    learned = (
        result_of()
        .offers[0]
        .model_copy(update={"basis": "learned", "gain_bounds": (500.0, 1300.0)})
    )
    result = result_of(
        heading="learned from M1",
        is_causal=True,
        gain_bounds=(500.0, 1300.0),
        offers=(learned,),
        verdict=CampaignVerdict(kind="proven", sentence="It pays."),
    )
    text = text_of(render_target(result))
    assert NOT_CAUSAL not in text
    assert "€500 to €1\u202f300" in render_target(result)
    assert "Proven: spend" in text


@pytest.mark.parametrize("budget", [None, 0.0])
def test_page_of_nobody_is_drawn_all_the_same(budget):
    nobody = result_of(
        budget=budget,
        n_sent=0,
        n_control=0,
        n_chosen=0,
        curve=(),
        design=None,
        break_even=None,
        price_of_budget=0.0,
        limits=(),
    )
    text = text_of(render_target(nobody))
    assert "no effect can be seen" in text
    assert "More budget would add nothing" in text


def test_more_budget_is_not_said_to_be_useless_for_want_of_customers():
    # of 100 places none is left
    text = text_of(render_target(result_of(price_of_budget=0.0)))
    assert "the places are taken" in text
    assert "everybody who pays is chosen" not in text
    everybody = result_of(price_of_budget=0.0, limits=())
    assert "everybody who pays is chosen" in text_of(render_target(everybody))


def test_names_are_text():
    page = render_target(result_of(campaign="<script>x</script>"))
    assert "<script>" not in page
    assert "<b>call" not in page
