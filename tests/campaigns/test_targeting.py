from __future__ import annotations

import copy
import json
import math
from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest
from companies import CAMPAIGN, CUTOFF

from regulars.campaigns.campaign_folder import read_campaign
from regulars.campaigns.control import draw, in_holdout
from regulars.campaigns.files import (
    refuse_export,
    refuse_other_campaign,
    write_campaign,
)
from regulars.campaigns.offers import eligibility
from regulars.campaigns.promise import promise_of
from regulars.campaigns.targeting import make_plan, nothing_learned
from regulars.errors import ConfigError
from regulars.results import TargetResult, read_result
from regulars.results.campaign_manifest import CAMPAIGN_COLUMNS
from regulars.results.target import NOT_CAUSAL

BUDGET = 60.0


def plan_of(company, standing, budget=BUDGET, campaign=CAMPAIGN, **more):
    settings = company.settings(campaign, **more)
    return make_plan(
        standing,
        settings,
        eligibility(standing, settings.campaign),
        nothing_learned(),
        budget,
    ), settings


def write(company, standing, folder, **more):
    plan, settings = plan_of(company, standing, **more)
    result = promise_of(plan, settings)
    told = {"fingerprint": "f", "versions": {"regulars": "1"}}
    return plan, write_campaign(plan, result, settings, folder, **told), result


@pytest.fixture(scope="module")
def written(company, standing, tmp_path_factory):
    """A campaign of a budget of 60: its folder, plan, manifest and result."""
    folder = tmp_path_factory.mktemp("campaign")
    return folder, *write(company, standing, folder)


def test_file_keeps_to_its_contract_and_the_readout_reads_it(written, company):
    folder, _, manifest, _ = written
    found = read_campaign(folder, company.settings())
    assert found.manifest == manifest
    assert tuple(found.rows.columns) == tuple(CAMPAIGN_COLUMNS)


def test_budget_limits_consent_and_holdout_hold_for_those_who_are_sent(
    written, company, standing
):
    folder, *_ = written
    rows = pd.read_parquet(folder / "campaign.parquet")
    sent = rows[rows["role"] == "offer"]
    assert 0.9 * BUDGET < sent["expected_cost"].sum() <= BUDGET
    assert (sent["offer"] == "call").sum() <= 20
    consent = dict(
        zip(standing.ids, standing.table["consent"].to_pylist(), strict=True)
    )
    assert all(
        consent[who] for who in sent.loc[sent["channel"] == "email", "customer_id"]
    )
    held = {
        *np.array(standing.ids)[
            in_holdout(standing.ids, 0.1, name="company", period="all")
        ]
    }
    assert {*rows.loc[rows["role"] == "holdout", "customer_id"]} == held
    chosen = rows[rows["role"] != "holdout"]
    assert not {*chosen["customer_id"]} & held
    pressed = np.array(standing.ids)[standing.number("recent_contacts") >= 2]
    assert not {*chosen["customer_id"]} & {*pressed}


def test_control_is_who_draws_below_the_threshold_of_the_stratum(written):
    folder, plan, manifest, _ = written
    rows = pd.read_parquet(folder / "campaign.parquet")
    chosen = rows[rows["role"] != "holdout"]
    bounds = chosen["stratum"].map(manifest.thresholds)
    is_control = chosen["role"] == "control"
    assert ((chosen["draw"] < bounds) == is_control).all()
    np.testing.assert_array_equal(
        chosen["draw"], draw([*chosen["customer_id"]], plan.name)
    )
    assert is_control.mean() == pytest.approx(0.3, abs=0.05)
    np.testing.assert_allclose(chosen["p_offer"], 1 - manifest.control_share)


def test_files_for_mail_hold_those_who_are_sent_and_nobody_else(written):
    folder, *_ = written
    rows = pd.read_parquet(folder / "campaign.parquet")
    sent = rows[rows["role"] == "offer"]
    mails = pd.read_csv(folder / "email-email.csv")
    assert {*mails["customer_id"]} == {
        *sent.loc[sent["channel"] == "email", "customer_id"]
    }
    assert (mails["consent"] == "yes").all()
    assert [*mails] == [
        "customer_id", "email", "consent", "campaign", "offer", "region", "note"
    ]  # fmt: skip
    own = mails["customer_id"].str.lower() + "@example.org"
    assert (mails["email"] == own).all()
    # a cell that a spreadsheet would take for a formula
    assert {*mails["note"]} == {"'=1+1", "dear"}
    calls = pd.read_csv(folder / "email-phone.csv")
    assert (calls["consent"] == "not asked").all()


def test_control_file_names_control_and_holdout(written):
    folder, *_ = written
    rows = pd.read_parquet(folder / "campaign.parquet")
    kept = pd.read_csv(folder / "control.csv")
    assert {*kept["customer_id"]} == {*rows.loc[rows["role"] != "offer", "customer_id"]}


def test_every_file_says_that_an_assumption_is_none(written):
    folder, _, manifest, result = written
    assert NOT_CAUSAL == "not causal: an assumption"
    heading = (folder / "campaign.csv").read_text().splitlines()[0]
    assert f"expected_gain ({NOT_CAUSAL})" in heading
    assert json.loads((folder / "target.json").read_text())["heading"] == NOT_CAUSAL
    assert manifest.verdict.kind == "assumed"
    assert NOT_CAUSAL in manifest.verdict.sentence
    assert not manifest.is_causal
    assert not result.is_causal


def test_second_run_writes_the_same_bytes_but_for_the_time(
    written, company, standing, tmp_path
):
    folder, *_ = written
    write(company, standing, tmp_path)
    for path in sorted(folder.iterdir()):
        other = (tmp_path / path.name).read_bytes()
        if path.name != "manifest.json":
            assert other == path.read_bytes(), path.name
    first, second = (
        json.loads((each / "manifest.json").read_text()) for each in (folder, tmp_path)
    )
    assert {**first, "created_at": ""} == {**second, "created_at": ""}


def test_result_is_what_the_file_adds_up_to(written):
    folder, _, _, result = written
    read = read_result(TargetResult, folder / "target.json")
    assert read == result
    rows = pd.read_parquet(folder / "campaign.parquet")
    sent = rows[rows["role"] == "offer"]
    assert result.n_sent == len(sent)
    assert result.cost == pytest.approx(sent["expected_cost"].sum())
    assert result.gain == pytest.approx(sent["expected_gain"].sum())
    assert result.profit == pytest.approx(result.gain - result.cost)
    assert result.n_control == (rows["role"] == "control").sum()
    assert sum(each.n_sent for each in result.offers) == result.n_sent
    assert result.break_even == pytest.approx(result.cost / result.gain)


def test_plan_is_held_against_simple_rules_of_the_same_budget(written):
    *_, result = written
    names = [each.name for each in result.rivals]
    assert names == [
        "plan", "highest_risk", "value_at_risk", "value_if_kept", "random", "nobody"
    ]  # fmt: skip
    plan, *others = result.rivals
    assert all(each.cost <= BUDGET for each in result.rivals)
    assert all(each.profit <= plan.profit + 1e-9 for each in others)
    assert others[-1].profit == 0.0


def test_more_budget_never_brings_less_and_its_price_falls(written):
    *_, result = written
    profits = [each.profit for each in result.curve]
    assert profits == sorted(profits)
    assert all(each.cost <= each.budget * (1 + 1e-9) for each in result.curve)
    assert result.price_of_budget > 0
    assert result.cautious.low_profit < result.rivals[0].profit


def test_budget_of_nothing_contacts_nobody_whom_it_would_cost(company, standing):
    plan, settings = plan_of(company, standing, budget=0.0)
    result = promise_of(plan, settings)
    assert (result.n_chosen, result.cost, result.curve) == (0, 0.0, ())
    assert result.design is None


def test_without_a_budget_whoever_pays_is_chosen(company, standing):
    own = copy.deepcopy(CAMPAIGN)
    own["channels"].pop("phone")
    own["offers"]["call"]["at_most"] = None
    own["exploration_share"] = 0.0
    plan, settings = plan_of(company, standing, budget=math.inf, campaign=own)
    result = promise_of(plan, settings)
    pays = np.isfinite(plan.problem.net).any(axis=1)
    assert result.n_chosen == pays.sum() > 0
    assert result.budget is None
    assert result.price_of_budget == 0.0


def test_stated_share_of_control_is_kept(company, standing):
    own = copy.deepcopy(CAMPAIGN)
    own["control"] = {"share": 0.2}
    plan, settings = plan_of(company, standing, campaign=own)
    result = promise_of(plan, settings)
    assert result.control_share == 0.2
    assert result.n_control == pytest.approx(0.2 * result.n_chosen, abs=4)
    assert "campaign.control.share" in result.control_reason


def test_attribute_for_the_mail_tool_that_is_not_there_is_told(company, standing):
    own = copy.deepcopy(CAMPAIGN)
    own["export"] = {"address": "e_mail"}
    export = company.settings(own).campaign.export
    with pytest.raises(ConfigError, match=r"export\.address names 'e_mail'.*'email'"):
        refuse_export(standing, export)


def test_attribute_never_takes_the_place_of_a_column_of_the_mail_file(
    company, standing
):
    own = copy.deepcopy(CAMPAIGN)
    own["export"] = {"merge_fields": ["consent"]}
    export = company.settings(own).campaign.export
    with pytest.raises(ConfigError, match="has a column of that name already"):
        refuse_export(standing, export)


def test_folder_of_another_campaign_is_not_overwritten(written, company):
    folder, plan, *_ = written
    refuse_other_campaign(company.work(), plan.name, CUTOFF, folder)
    with pytest.raises(ConfigError, match="would lose who drew which group"):
        refuse_other_campaign(company.work(), "other", CUTOFF, folder)


def test_campaign_that_was_sent_is_not_planned_again(written, company):
    folder, plan, *_ = written
    work = company.work()
    contacts = work.tables["contacts"].mutate(campaign_id=ibis.literal(plan.name))
    tables = {**work.tables, "contacts": contacts}
    sent = replace(work, intake=replace(work.intake, tables=tables))
    with pytest.raises(ConfigError, match="has been sent: 'contacts' names it"):
        refuse_other_campaign(sent, plan.name, CUTOFF, folder)


def test_customers_without_an_address_are_told(company, standing):
    attributes = standing.attributes.assign(email=None)
    bare = replace(standing, attributes=attributes)
    settings = company.settings()
    plan = make_plan(
        bare, settings, eligibility(bare, settings.campaign), nothing_learned(), BUDGET
    )
    result = promise_of(plan, settings)
    told = [note for note in result.notes if "have no email" in note]
    assert told[0].startswith(f"{result.n_sent} of those who are sent an offer")
