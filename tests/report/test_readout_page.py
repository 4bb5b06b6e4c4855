from __future__ import annotations

import datetime as dt
import re

import pytest

from regulars.report.readout_page import points, render_readout, write_readout_page
from regulars.results import ReadoutResult
from regulars.results.readout import (
    Contacted,
    Estimate,
    GroupEffect,
    MeasuredEffect,
    OfferLearned,
    PromiseKept,
    RankingHeld,
    ReadoutVerdict,
    SampleRatio,
)


def _estimate(value, reach=1.0):
    return Estimate(value=value, low=value - reach, high=value + reach)


def _effect(name, value, reach):
    same = _estimate(value, reach)
    return MeasuredEffect(
        name=name,
        meaning=name,
        offer_mean=0.5,
        control_mean=0.4,
        adjusted=same,
        stratified=same,
        cuped=same,
        plain=_estimate(value, 2 * reach),
        smallest=0.1,
    )


def _group(by, name, value, *, is_harm=False):
    return GroupEffect(
        by=by,
        name=name,
        n_offer=70,
        n_control=30,
        retention=_estimate(0.1, 0.05),
        margin=_estimate(value),
        promised=3.0,
        is_harm=is_harm,
    )


def _readout(**changes):
    content = {
        "name": "shop",
        "campaign": "summer <b>",
        "goal": "win_back",
        "currency": "EUR",
        "launch": dt.date(2024, 7, 1),
        "until": dt.date(2024, 9, 23),
        "horizon_days": 84,
        "promised_days": 84,
        "elapsed_days": 84,
        "is_final": True,
        "look": 1,
        "looks": 1,
        "next_look": dt.date(2024, 9, 23),
        "multiplier": 1.96,
        "offers": {"call": "call by phone"},
        "n_offer": 70,
        "n_control": 30,
        "n_holdout": 0,
        "n_explore": 0,
        "n_gone": 0,
        "is_cost_measured": True,
        "sample_ratio": SampleRatio(
            n_offer=70, n_control=30, expected_control=30.0, p_value=1.0, is_alarm=False
        ),
        "contacted": Contacted(
            is_known=True,
            has_control=False,
            n_offer=69,
            n_control=0,
            n_holdout=0,
            n_redeemed=12,
        ),
        "effects": (
            _effect("retention", 0.1, 0.04),
            _effect("orders", 0.2, 0.1),
            _effect("margin", 2.5, 1.0),
        ),
        "roi": _estimate(1.25, 0.5),
        "cost_per_kept": Estimate(value=None),
        "promise": PromiseKept(
            n_offer=70,
            expected_gain=300.0,
            expected_gain_low=150.0,
            expected_gain_high=450.0,
            expected_cost=140.0,
            gain=_estimate(315.0, 70.0),
            cost=140.0,
            margin=_estimate(175.0, 70.0),
        ),
        "ranking": RankingHeld(slope=_estimate(1.3), p_value=0.001, verdict="held"),
        "groups": (
            _group("segment", "loyal", 4.0),
            _group("segment", "new", -2.0, is_harm=True),
            _group("offer", "call", 2.5),
        ),
        "learned": (
            OfferLearned(
                offer="call",
                n_offer=70,
                n_control=30,
                saves=_estimate(0.2, 0.1),
                assumed_saves=0.1,
                redemption_rate=None,
                assumed_redemption_rate=0.1,
                yaml="campaign:\n  offers:\n    call:\n      saves: 0.2\n",
            ),
        ),
        "verdict": ReadoutVerdict(kind="pays", sentence="It brought 2.50 EUR."),
        "lessons": ("The ranking held.",),
        "next_steps": ("Repeat it.",),
        "notes": ("A note.",),
    }
    return ReadoutResult(**{**content, **changes})


def _text(page):
    body = page[page.index("<body>") :]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_page_says_what_was_done_happened_learned_and_next():
    text = _text(render_readout(_readout()))
    for words in (
        "It paid It brought 2.50 EUR.",
        "customers kept by the offer +10.0 points +6.0 to +14.0 points; about 7 "
        "customers more",
        "margin brought, after cost €175 €105 to €245",
        "return on its cost 125% 75% to 175%",
        "cost of a customer kept not determined",
        "69 of those who were to be sent an offer were contacted, and 12 of them took",
        "The offers cost €140 in all.",
        "Margin before cost €300 (€150 to €450) €315 (€245 to €385)",
        "saves: 0.2",
        "Repeat it.",
        "A note.",
    ):
        assert words in text


def test_page_holds_nothing_that_was_not_escaped():
    page = render_readout(_readout())
    assert "summer &lt;b&gt;" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_group_that_was_harmed_is_marked_and_one_alone_is_left_out():
    page = render_readout(_readout())
    assert page.count('class="harmed"') == 1
    assert "By segment" in page
    assert "By offer" not in page


def test_bars_stand_within_their_drawing():
    page = render_readout(_readout())
    spans = re.findall(r'class="span" x1="([\d.]+)" x2="([\d.]+)"', page)
    assert spans == [("77.6", "96.0"), ("22.4", "40.8")]


def test_refused_readout_shows_no_figure():
    refused = _readout(
        effects=(),
        groups=(),
        learned=(),
        promise=None,
        ranking=None,
        roi=None,
        cost_per_kept=None,
        lessons=(),
        verdict=ReadoutVerdict(kind="refused", sentence="No verdict: 1 of 9."),
    )
    text = _text(render_readout(refused))
    assert "No verdict No verdict: 1 of 9." in text
    assert "Changed by the offer" not in text
    assert "What we learned" not in text


def test_contracts_are_said_to_run_on():
    text = _text(render_readout(_readout(kind="contractual")))
    assert "Customers who still have a contract" in text
    assert "Customers who came back" not in text


def test_page_is_written_beside_the_result(tmp_path):
    path = write_readout_page(_readout(), tmp_path)
    assert path == tmp_path / "readout.html"
    assert path.read_text(encoding="utf-8") == render_readout(_readout())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123, "+12.3 points"),
        (-0.05, "\u22125.0 points"),
        (-0.0001, "0.0 points"),
        (None, "not determined"),
    ],
)
def test_points_carry_their_sign(value, text):
    assert points(value) == text
