from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.scoring.reasons import N_REASONS, by_theme, strongest

ROWS = pd.DataFrame(
    {
        "days_since_last_order": [63.0, 1.0, 5.0],
        "gap_mean_days": [12.0, np.nan, 6.4],
        "n_orders": [4.0, 1.0, 1234.0],
        "T_days": [99.0, 1.0, 700.0],
        "aov": [1234.5, 9.0, 20.0],
        "returns_share": [0.25, 0.0, 0.0],
        "btyd_no_purchase_probability": [0.9, 0.5, 0.1],
    }
)
RISES = np.array([True, True, True])


def _shares(**columns):
    return pd.DataFrame(
        {name: np.broadcast_to(value, 3) * 1.0 for name, value in columns.items()}
    )


def test_silence_is_reported_with_the_customers_own_figures():
    found = by_theme(ROWS, _shares(days_since_last_order=1), RISES, "")
    assert found[0] == ["no order for 63 days; used to order every 12"]
    assert found[1] == ["no order for 1 day; one order so far"]
    assert found[2] == ["no order for 5 days; used to order every 6"]


def test_counts_are_written_for_people():
    found = by_theme(ROWS, _shares(n_orders=1), RISES, "")
    assert [reasons[0] for reasons in found] == [
        "4 orders in 99 days",
        "1 order in 1 day",
        "1,234 orders in 700 days",
    ]


def test_no_more_than_three_and_the_strongest_first():
    shares = _shares(aov=3, n_orders=2, returns_share=1, days_since_last_order=0.5)
    found = by_theme(ROWS, shares, RISES, "")[0]
    assert len(found) == N_REASONS
    assert found[0].startswith("spends 1,234 an order")
    assert found[1] == "4 orders in 99 days"
    assert found[2] == "sent back 25% of what was bought"


@pytest.mark.parametrize(
    ("aov", "sentence"),
    [
        (1234.4, "spends SEK 1,234 an order; SEK 99.95 in the last 91 days"),
        (99.994, "spends SEK 99.99 an order; SEK 99.95 in the last 91 days"),
        (0.5, "spends SEK 0.50 an order; SEK 99.95 in the last 91 days"),
    ],
)
def test_amounts_bear_the_currency_and_cents_only_where_they_matter(aov, sentence):
    rows = ROWS.assign(aov=aov, spend_91d=99.95)
    shares = _shares(aov=1)
    found = by_theme(rows, shares, RISES, "SEK")
    assert {reasons[0] for reasons in found} == {sentence}
    plain = by_theme(rows, shares, RISES, "")
    assert {reasons[0] for reasons in plain} == {sentence.replace("SEK ", "")}


def test_reasons_of_a_high_risk_raise_it_and_of_a_low_risk_lower_it():
    shares = _shares(n_orders=[1.0, 1.0, 1.0], aov=[-1.0, -1.0, -1.0])
    risk = np.array([0.9, 0.9, 0.1])
    high, _, low = by_theme(ROWS, shares, risk > 0.5, "")
    assert high[0] == "4 orders in 99 days"
    assert not any("an order" in reason for reason in high)
    assert low[0].startswith("spends 20.00 an order")
    assert not any("orders in 700" in reason for reason in low)


def test_features_of_one_theme_are_one_reason():
    shares = _shares(days_since_last_order=1, silence_over_mean_gap=1, n_orders=1.5)
    found = by_theme(ROWS, shares, RISES, "")[0]
    assert found[0].startswith("no order for 63 days")
    assert len(found) == 2


def test_nothing_to_say_of_a_customer_is_no_reason():
    found = by_theme(ROWS, _shares(returns_share=5), RISES, "")
    assert found[0][0] == "sent back 25% of what was bought"
    assert not any("sent back" in reason for reason in found[1])


def test_silence_is_reported_when_nothing_else_speaks():
    found = by_theme(ROWS, _shares(unheard_of=9), RISES, "")
    assert all(len(reasons) == 1 for reasons in found)
    assert found[0][0].startswith("no order for 63 days")


def test_process_alone_tells_silence_its_own_figure_and_the_orders():
    found = by_theme(ROWS, None, RISES, "")
    assert found[0][0].startswith("no order for 63 days")
    assert "10%" in found[0][1]
    assert found[0][2] == "4 orders in 99 days"


def test_reason_that_is_always_said_comes_last_where_it_is_none():
    strength = np.array([[0.0, 2.0, -1.0], [-3.0, -2.0, -1.0]])
    always = np.array([0, 2])
    sentences = strongest(
        strength, always, lambda place, who: np.array([f"reason {place}"] * who.sum())
    )
    assert sentences == [["reason 1", "reason 0"], ["reason 2"]]
