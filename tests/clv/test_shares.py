"""Kept share and own margin: by hand, at the edges, and as a property of customers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from regulars.clv.shares import Credibility, ValueShares
from regulars.errors import DataError


def rows(customers, **more):
    """One row a customer: purchase days, bought, sent back."""
    frame = pd.DataFrame(customers, columns=["days", "gross", "back"]).astype(float)
    return pd.DataFrame(
        {
            "frequency": frame["days"] - 1,
            "gross_order_value": frame["gross"] / frame["days"],
            "gross_amount": frame["gross"],
            "returned_amount": frame["back"],
            **{name: np.asarray(value, float) for name, value in more.items()},
        }
    )


def margins(money, amount, days, spread):
    return {
        "own_margin": money,
        "own_margin_amount": amount,
        "own_margin_days": days,
        "own_margin_spread": spread,
    }


def test_all_is_kept_to_the_last_bit_where_nothing_came_back():
    found = rows([(1, 0.1, 0), (7, 12345.678901, 0), (3, 0, 0)])
    assert ValueShares.fit(found).net_share(found).tolist() == [1.0, 1.0, 1.0]


def test_who_sent_all_back_keeps_nothing_beside_those_who_keep_all():
    found = rows([(5, 100, 0)] * 20 + [(5, 100, 100)] * 20)
    share = ValueShares.fit(found).net_share(found)
    assert share[:20] == pytest.approx(1.0)
    assert share[20:] == pytest.approx(0.0)


def test_share_is_everybodys_where_customers_differ_by_chance_alone():
    rng = np.random.default_rng(0)
    back = rng.binomial(4, 0.25, 3000)
    found = rows([(4, 40, 10 * n) for n in back])
    shares = ValueShares.fit(found)
    share = shares.net_share(found)
    assert shares.kept.mean == pytest.approx(1 - back.mean() / 4)
    assert np.ptp(share) < 0.1  # own shares reach from 0 to 1


def test_own_share_counts_the_more_the_more_orders():
    rng = np.random.default_rng(1)
    days = rng.integers(1, 12, 4000)
    back = rng.binomial(days, rng.beta(1, 3, 4000))
    found = rows(list(zip(days, 10 * days, 10 * back, strict=True)))
    shares = ValueShares.fit(found)
    # a beta prior of 1 and 3 counts as four orders
    assert shares.kept.orders == pytest.approx(4.0, rel=0.25)
    assert shares.kept.mean == pytest.approx(0.75, abs=0.02)
    few, many = shares.net_share(rows([(1, 10, 10), (10, 100, 100)]))
    assert 0.0 < many < few < 0.75


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        pytest.param((2, 10, 25), 0.0, id="more came back than was bought"),
        pytest.param((2, 10, 10), 0.0, id="all"),
        pytest.param((2, 10, 5), 0.5, id="half"),
        pytest.param((2, 0, 0), 0.5, id="gifts alone: everybody's"),
        pytest.param((2, 0, 3), 0.5, id="gifts and a return: everybody's"),
    ],
)
def test_share_of_odd_customers(customer, expected):
    shares = ValueShares(Credibility(0.5, 0.0))
    assert shares.net_share(rows([customer])).tolist() == [expected]


def test_share_of_one_customer_is_everybodys():
    shares = ValueShares.fit(rows([(4, 40, 10)]))
    assert shares.net_share(rows([(1, 10, 10)])).tolist() == [0.75]


@pytest.mark.parametrize("money", [1e-6, 1.0, 1e9])
def test_shares_do_not_depend_on_the_unit_of_money(money):
    customers = np.array([(1, 10, 0), (3, 50, 20), (4, 30, 30), (2, 20, 0)], float)
    base = ValueShares.fit(rows(customers)).net_share(rows(customers))
    customers[:, 1:] *= money
    scaled = ValueShares.fit(rows(customers)).net_share(rows(customers))
    np.testing.assert_allclose(scaled, base, rtol=1e-12)


def test_configured_margin_is_taken_as_it_is_where_no_line_has_its_own():
    found = rows([(2, 10, 0)])
    assert ValueShares.fit(found).margin_share(found, 0.3) == 0.3


def test_margin_share_is_the_customers_own_where_orders_do_not_vary():
    found = rows([(4, 40, 0), (4, 40, 0)], **margins([20, 4], [40, 40], [4, 4], [0, 0]))
    assert ValueShares.fit(found).margin_share(found, 0.9).tolist() == [0.5, 0.1]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        pytest.param((0, 0, 0, 0), 0.3, id="no line has its own: configured"),
        pytest.param((12, 20, 2, 0), 0.45, id="half of them has: half and half"),
        pytest.param((24, 40, 4, 0), 0.6, id="all have"),
        pytest.param((-9, 40, 4, 0), 0.0, id="a loss counts nothing"),
        pytest.param((90, 40, 4, 0), 1.0, id="at most all"),
    ],
)
def test_lines_without_their_own_count_with_the_configured_margin(own, expected):
    shares = ValueShares(margin=Credibility(0.5, 0.0))
    found = rows([(4, 40, 0)], **margins(*([value] for value in own)))
    assert shares.margin_share(found, 0.3) == pytest.approx([expected])


def test_margin_of_who_sent_all_back_is_everybodys():
    shares = ValueShares(margin=Credibility(0.4, 1.0))
    found = rows([(4, 40, 40)], **margins([0], [0], [4], [0]))
    assert shares.margin_share(found, 0.9) == pytest.approx([0.4])


def test_margin_of_who_keeps_next_to_nothing_says_nothing():
    whole = rows([(4, 40, 0)] * 9, **margins([20] * 9, [40] * 9, [4] * 9, [0.1] * 9))
    odd = rows([(4, 40, 39.999)], **margins([-3], [0.001], [4], [0.1]))
    shares = ValueShares.fit(pd.concat([whole, odd]))
    assert shares.margin.orders is None
    assert shares.margin_share(odd, 0.3) == pytest.approx([0.5], abs=0.01)


def test_margin_share_is_drawn_towards_everybodys_by_how_orders_vary():
    rng = np.random.default_rng(2)
    true = rng.normal(0.4, 0.1, 2000)
    days = rng.integers(1, 10, 2000)
    each = [rng.normal(m, 0.2, n) for m, n in zip(true, days, strict=True)]
    money = [10 * day.sum() for day in each]
    spread = [len(day) * day.var() for day in each]
    found = rows(
        list(zip(days, 10 * days, 0 * days, strict=True)),
        **margins(money, 10 * days, days, spread),
    )
    shares = ValueShares.fit(found)
    assert shares.margin.orders == pytest.approx(4.0, rel=0.25)  # 0.2^2 / 0.1^2
    drawn = shares.margin_share(found, 0.3)
    own = np.array([day.mean() for day in each])
    assert np.mean((drawn - true) ** 2) < 0.6 * np.mean((own - true) ** 2)


@pytest.mark.parametrize(
    ("shares", "ask"),
    [
        (ValueShares(Credibility(0.9, 1.0)), lambda s, f: s.net_share(f)),
        (
            ValueShares(margin=Credibility(0.4, 1.0)),
            lambda s, f: s.margin_share(f, 0.3),
        ),
    ],
)
def test_rows_without_what_the_shares_need_are_refused(shares, ask):
    with pytest.raises(DataError, match=r"lack .*, which value is made of"):
        ask(shares, pd.DataFrame({"frequency": [1.0]}))


@pytest.mark.parametrize(
    "shares",
    [
        ValueShares(),
        ValueShares(Credibility(0.8, None), Credibility(0.4, 2.5)),
    ],
)
def test_shares_come_back_from_json(shares):
    text = json.dumps(shares.to_dict(), allow_nan=False)
    assert ValueShares.from_dict(json.loads(text)) == shares


def test_model_saved_without_shares_keeps_all():
    assert ValueShares.from_dict(None) == ValueShares()
