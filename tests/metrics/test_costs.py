from __future__ import annotations

import math

import numpy as np
import pytest

from regulars.metrics import CampaignCosts, accept_shapes, empc
from regulars.metrics.costs import offer_amounts


@pytest.mark.parametrize("rate", [-0.1, 1.1, math.nan])
def test_costs_refuse_a_rate_outside_0_to_1(rate):
    with pytest.raises(ValueError, match=r"'accept_rate' is .*0 to 1, was expected"):
        CampaignCosts(accept_rate=rate)


def test_amounts_are_laid_out_by_customer():
    costs = CampaignCosts(incentive_cost=[1.0, 3.0], contact_cost=2)
    clv, incentive, contact = offer_amounts(2, 200, costs)
    assert clv.tolist() == [200.0, 200.0]
    assert incentive.tolist() == [1.0, 3.0]
    assert contact.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("name", ["incentive_cost", "contact_cost"])
def test_amounts_refuse_what_is_negative(name):
    with pytest.raises(ValueError, match=f"'{name}' has 1 negative values .lowest -4"):
        offer_amounts(2, 200, CampaignCosts(**{name: [5.0, -4.0]}))


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_accept_shapes_have_the_mean_asked_for_and_are_a_distribution(rate):
    shapes = accept_shapes(rate)
    alpha, beta = shapes["accept_alpha"], shapes["accept_beta"]
    assert alpha / (alpha + beta) == pytest.approx(rate, abs=1e-5)
    assert alpha + beta == pytest.approx(20.0)
    assert np.isfinite(empc([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.3], **shapes).profit)


def test_accept_shapes_refuse_a_rate_beyond_one():
    with pytest.raises(ValueError, match=r"'accept_rate' is 1\.2"):
        accept_shapes(1.2)
