from __future__ import annotations

import copy

import numpy as np
import pyarrow as pa
import pytest
from companies import CAMPAIGN, OFFERS

from regulars.campaigns.offers import (
    Effects,
    costs,
    costs_in_margin,
    eligibility,
    limits_of,
    offers_of,
    refuse_offers,
)
from regulars.errors import ConfigError


def campaign(**changes):
    own = copy.deepcopy(CAMPAIGN)
    own.update(changes)
    return own


def everybody(standing, n_offers=2):
    return np.ones((len(standing), n_offers), bool)


def test_assumption_saves_a_share_of_the_value_of_the_goal(company, standing):
    for goal, column in (
        ("win_back", "value_at_risk"),
        ("protect", "value_to_protect"),
    ):
        settings = company.settings(campaign(goal=goal))
        found = offers_of(standing, settings, None, everybody(standing))
        np.testing.assert_allclose(found.gain[:, 0], 0.2 * standing.number(column))
        np.testing.assert_allclose(found.gain[:, 1], 0.05 * standing.number(column))
        assert np.isnan(found.low).all()
        assert np.isnan(found.high).all()
        assert found.basis == ("assumption", "assumption")
        assert not found.is_causal
        np.testing.assert_allclose(found.cautious, 0.5 * found.gain)


def test_learned_effect_goes_before_an_assumption(company, standing):
    n = len(standing)
    learned = Effects(("ten",), np.full((n, 1), 3.0), np.full((n, 1), 1.0), True)
    found = offers_of(standing, company.settings(), learned, everybody(standing))
    assert found.basis == ("assumption", "learned")
    assert not found.is_causal
    effect = 3.0 + costs_in_margin(standing, company.settings())[:, 1]
    np.testing.assert_allclose(found.gain[:, 1], effect)
    np.testing.assert_allclose(found.low[:, 1], effect - 1.96)
    np.testing.assert_allclose(found.cautious[:, 1], effect - 1.645)


def test_nobody_is_sent_an_offer_that_was_measured_without_effect(company, standing):
    n = len(standing)
    learned = Effects(OFFERS, np.ones((n, 2)), np.ones((n, 2)), False)
    learned = learned._replace(offers=tuple(OFFERS))
    found = offers_of(standing, company.settings(), learned, everybody(standing))
    assert found.is_causal
    assert not found.allowed.any()


def test_offer_without_assumption_is_sent_to_nobody(company, standing):
    own = campaign()
    own["offers"]["call"]["saves"] = None
    found = offers_of(standing, company.settings(own), None, everybody(standing))
    assert found.basis == ("nothing", "assumption")
    assert not found.allowed[:, 0].any()
    own["offers"]["ten"]["saves"] = None
    with pytest.raises(ConfigError, match=r"Nothing is known .*\(call, ten\)"):
        offers_of(standing, company.settings(own), None, everybody(standing))


def test_cost_is_that_of_the_contact_and_of_the_share_who_take_it(company, standing):
    found = costs(standing, company.settings())
    order = np.nan_to_num(standing.number("typical_order"))
    np.testing.assert_allclose(found[:, 0], 4.0)
    np.testing.assert_allclose(found[:, 1], 0.05 + 0.2 * 0.1 * order)


def test_discount_has_lowered_the_margin_already(company, standing):
    found = costs_in_margin(standing, company.settings())
    order = np.nan_to_num(standing.number("typical_order"))
    margin = company.settings().value.margin
    # a call costs as much beside the order
    assert not found[:, 0].any()
    np.testing.assert_allclose(found[:, 1], margin * 0.2 * 0.1 * order)
    assert (found <= costs(standing, company.settings())).all()


def test_points_need_what_a_point_costs(company, standing):
    own = campaign()
    own["offers"]["ten"]["cost"] = {"points": 200, "redemption_rate": 0.5}
    with pytest.raises(ConfigError, match=r"ten\.cost\.points is 200, and what"):
        costs(standing, company.settings(own))
    settings = company.settings(own, **{"programme.point_value": 0.01})
    np.testing.assert_allclose(costs(standing, settings)[:, 1], 1.0)


def test_conditions_consent_and_pressure_leave_customers_out(company, standing):
    found = eligibility(standing, company.settings().campaign)
    agreed = np.array(standing.table["consent"].to_pylist(), bool)
    pressed = standing.number("recent_contacts") >= 2
    fits = standing.number("value_rank") > 0.5
    fits &= np.array(standing.table["risk_band"].to_pylist()) != "low"
    assert pressed.any()
    assert (found.allowed[:, 0] == (fits & ~pressed)).all()
    assert (found.allowed[:, 1] == (agreed & ~pressed)).all()
    assert found.n_eligible == {"call": int(fits.sum()), "ten": len(standing)}
    assert found.n_consenting["ten"] == int(agreed.sum())
    assert found.n_pressed == int(pressed.sum())


def test_limits_are_those_of_offers_and_of_channels(company):
    found = limits_of(company.settings().campaign)
    assert [(each.name, each.at_most) for each in found] == [
        ("offer call", 20),
        ("channel phone", 30),
    ]
    assert found[1].offers.tolist() == [True, False]


def test_consent_that_is_no_attribute_is_told_with_the_nearest(company, standing):
    own = campaign(channels={"email": {"consent": "consents"}})
    with pytest.raises(ConfigError, match=r"email\.consent .* Did you mean 'consent'"):
        eligibility(standing, company.settings(own).campaign)


def test_campaign_without_offers_is_refused(company):
    own = {"offers": {}}
    with pytest.raises(ConfigError, match="has no offers"):
        refuse_offers(company.settings(own))


def test_goal_whose_value_nobody_has_is_refused(company, standing):
    column = standing.table.schema.get_field_index("value_to_protect")
    nothing = pa.nulls(len(standing), pa.float64())
    table = standing.table.set_column(column, "value_to_protect", nothing)
    other = type(standing)(
        standing.cutoff, table, standing.attributes, standing.model_version, "r"
    )
    settings = company.settings(campaign(goal="protect"))
    with pytest.raises(ConfigError, match=r"set campaign\.goal: win_back"):
        offers_of(other, settings, None, everybody(standing))
