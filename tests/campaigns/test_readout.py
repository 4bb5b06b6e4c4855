from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
import yaml

from regulars.campaigns.learned import snippet
from regulars.config import load_settings
from regulars.errors import ConfigError, DataError
from regulars.results.campaign_manifest import CampaignManifest
from regulars.results.readout import Estimate


def _effect(result, name):
    return next(each for each in result.effects if each.name == name)


def test_six_customers_by_hand(few):
    result = few.read_out()
    kept, gain, margin = (_effect(result, n) for n in ("retention", "gain", "margin"))
    assert (kept.offer_mean, kept.control_mean) == pytest.approx((2 / 3, 1 / 3))
    assert kept.plain.value == pytest.approx(1 / 3)
    reach = 1.959964 * math.sqrt(2 / 9)
    assert kept.plain.low == pytest.approx(1 / 3 - reach, abs=1e-5)
    # 30 % of 100, 50 and 0 against that of 40, 0 and 0; 900 came a day too late
    assert gain.plain.value == pytest.approx(15 - 4)
    assert margin.plain.value == pytest.approx(15 - 2 - 4)
    assert _effect(result, "orders").plain.value == pytest.approx(1 / 3)
    # nothing is known that could adjust it
    assert margin.adjusted == margin.plain
    assert result.promise.expected_gain == 30.0
    assert result.promise.cost == 6.0
    assert result.promise.gain.value == pytest.approx(33.0)
    assert result.verdict.kind == "open"


def test_promise_of_a_year_is_held_against_its_share_of_the_days(few):
    few.manifest["gain_days"] = 10 * few.manifest["horizon_days"]
    result = few.write().read_out()
    assert result.promise.expected_gain == pytest.approx(3.0)
    assert result.promise.gain.value == pytest.approx(33.0)
    assert any("the share of it that falls in" in note for note in result.notes)


def test_cost_of_a_customer_kept_is_not_determined_where_none_may_be(few):
    result = few.read_out()
    assert result.cost_per_kept.value is None
    assert result.cost_per_kept.low is None
    # the cost is known: its ratio is
    assert result.roi.value == pytest.approx(9 / 2)


def test_campaign_that_works_is_told_to_have_paid(make_many):
    result = make_many().read_out()
    assert result.verdict.kind == "pays"
    assert "2.15 EUR a customer" in result.verdict.sentence
    kept = _effect(result, "retention").adjusted
    assert kept.low < 0.15 < kept.high
    margin = _effect(result, "margin")
    width = margin.adjusted.high - margin.adjusted.low
    assert width < margin.plain.high - margin.plain.low
    assert result.cost_per_kept.low < 0.1 / 0.15 < result.cost_per_kept.high


def test_control_group_knows_the_offer_s_saved_share(make_many, tmp_path):
    result = make_many(n=3_000).read_out()
    (learned,) = result.learned
    # .15 of all, of the half that would have been silent
    assert learned.saves.low < 0.3 < learned.saves.high
    assert learned.assumed_saves == 0.2
    pasted = yaml.safe_load(learned.yaml)
    offer = pasted["campaign"]["offers"]["call"]
    assert offer["saves"] == pytest.approx(learned.saves.value, abs=1e-4)
    path = tmp_path / "shop.yaml"
    text = path.read_text(encoding="utf-8") + learned.yaml
    path.write_text(text + "      mechanic: call\n", encoding="utf-8")
    assert load_settings(path).campaign.offers["call"].saves == offer["saves"]


@pytest.mark.parametrize("name", ["20 percent", "10", "no", "1.5"])
def test_learned_offer_keeps_its_name_in_the_configuration(few, name):
    saves = Estimate(value=0.1, low=0.05, high=0.2)
    pasted = yaml.safe_load(
        snippet(CampaignManifest(**few.manifest), name, saves, None)
    )
    assert [*pasted["campaign"]["offers"]] == [name]


def test_campaign_without_effect_is_open(make_many):
    result = make_many(effect=0.0, seed=3).read_out()
    assert result.verdict.kind == "open"
    assert "four times in five" in result.verdict.sentence
    assert "no effect is possible" in result.learned[0].yaml


def test_contact_that_drives_customers_away_is_told(make_many):
    result = make_many(effect=-0.15).read_out()
    assert result.verdict.kind == "harm"
    assert result.harm[0].startswith("All customers: -1")
    assert any(each.is_harm for each in result.groups)
    assert result.next_steps[0].startswith("Stop it")
    assert yaml.safe_load(result.learned[0].yaml)["campaign"]["offers"]["call"] == {
        "saves": 0.0
    }


def test_harm_among_some_is_told_beside_the_rest(make_many):
    launched = make_many(n=8_000, effect=0.0, seed=1)
    orders, rows = launched.orders, launched.rows
    # half of the new customers who are called never come back
    new = (rows["segment"] == "new") & (rows["role"] == "offer")
    lost = rows.loc[new, "customer_id"].iloc[::2]
    gone = orders["customer_id"].isin(lost) & (orders["order_time"] >= "2024-07-01")
    launched.orders = orders[~gone]
    result = launched.write().read_out()
    harmed = {(each.by, each.name) for each in result.groups if each.is_harm}
    assert ("segment", "new") in harmed
    assert ("segment", "loyal") not in harmed
    assert any("Segment 'new'" in sentence for sentence in result.harm)


def test_ranking_that_holds_and_one_upside_down(make_many):
    launched = make_many(n=4_000)
    assert launched.read_out().ranking.verdict == "held"
    rows = launched.rows
    launched.rows = rows.assign(expected_gain=-rows["expected_gain"])
    assert launched.write().read_out().ranking.verdict == "reversed"


def test_ranking_of_a_control_group_that_is_expected_the_same_is_untold(few):
    few.rows["expected_gain"] = [9.0, 8.0, 7.0, 5.0, 5.0, 5.0]
    few.rows["expected_cost"] = 2.0
    assert few.write().read_out().ranking is None


def test_missing_control_customers_refuse_a_verdict(make_many):
    launched = make_many()
    control = launched.rows["role"] == "control"
    launched.rows = launched.rows.drop(launched.rows.index[control][:120])
    result = launched.write().read_out()
    assert result.sample_ratio.is_alarm
    assert result.verdict.kind == "refused"
    assert "480 customers are in the control group" in result.verdict.sentence
    assert result.effects == ()
    assert result.learned == ()


def test_contacted_control_customers_are_told(few):
    more = pd.DataFrame([{**few.contacts.iloc[0], "customer_id": "e"}])
    few.contacts = pd.concat([few.contacts, more])
    result = few.write().read_out()
    assert result.contacted.n_control == 1
    assert result.contacted.control_ids == ("e",)
    assert any("(customers e)" in note for note in result.notes)
    # intention to treat: e stays in the control group, with the contact's cost
    assert _effect(result, "margin").control_mean == pytest.approx(4 - 2 / 3)


def test_control_customers_listed_as_held_out_were_not_contacted(few):
    more = few.contacts.assign(customer_id=list("def"), is_control=1)
    few.contacts = pd.concat([few.contacts, more])
    result = few.write().read_out()
    assert result.contacted.n_control == 0
    assert result.contacted.has_control
    assert not any("Enter the control group" in step for step in result.next_steps)


def test_campaign_that_contacts_do_not_name_is_taken_to_have_been_sent(few):
    few.contacts = few.contacts.assign(campaign_id="other")
    result = few.write().read_out()
    assert not result.contacted.is_known
    assert result.promise.cost == 6.0
    assert any("does not name the campaign" in note for note in result.notes)


def test_who_was_not_reached_counts_with_those_who_were(few):
    few.contacts = few.contacts.iloc[:2]
    result = few.write().read_out()
    assert _effect(result, "retention").offer_mean == pytest.approx(2 / 3)
    assert result.promise.cost == 4.0


def test_discount_is_counted_once(few):
    # a took 20 % off: paid 100 of 125, of which the margin of 30 % shows 7.50
    terms = few.offer(mechanic="discount", per_contact=0.0, share_of_order=0.2)
    few.manifest["offers"] = {"call": terms}
    few.contacts = few.contacts.assign(redeemed_at=["2024-07-05", None, None])
    result = few.write().read_out()
    assert result.is_cost_measured
    assert result.promise.cost == pytest.approx(25.0)
    assert _effect(result, "gain").offer_mean == pytest.approx((30 + 7.5 + 15) / 3)
    # what is left of 37.50 had nothing been taken off, less 25, and b's 15
    assert _effect(result, "margin").offer_mean == pytest.approx((12.5 + 15) / 3)


def test_discount_off_lines_with_their_own_cost_shows_in_the_margin(few):
    terms = few.offer(mechanic="discount", per_contact=0.0, share_of_order=0.2)
    few.manifest["offers"] = {"call": terms}
    few.contacts = few.contacts.assign(redeemed_at=["2024-07-05", None, None])
    few.orders = few.orders.assign(cost_amount=0.7 * few.orders["amount"])
    result = few.write().read_out()
    assert _effect(result, "margin").offer_mean == pytest.approx((30 + 15) / 3)
    assert _effect(result, "gain").offer_mean == pytest.approx((30 + 25 + 15) / 3)


def test_cost_without_redemptions_rests_on_the_assumed_rate(few):
    few.manifest["offers"] = {"call": few.offer(per_redemption=10.0)}
    few.rows = few.rows.assign(expected_cost=3.0)
    result = few.write().read_out()
    assert not result.is_cost_measured
    assert result.promise.cost == pytest.approx(3 * (2 + 0.1 * 10))
    assert any("assumed rate" in note for note in result.notes)


def test_early_look_is_told_with_its_wider_intervals(make_many):
    launched = make_many(effect=0.02, looks=4)
    result = launched.read_out("time.cutoff=2024-08-15")
    assert (result.elapsed_days, result.look, result.is_final) == (45, 2, False)
    assert result.multiplier == pytest.approx(2.024 * math.sqrt(2), abs=2e-3)
    assert result.verdict.kind == "early"
    assert "45 of 84 days" in result.notes[0]
    assert str(result.next_look) == "2024-09-02"
    assert result.learned[0].yaml is None


def test_before_the_first_look_there_is_no_verdict(make_many):
    result = make_many(effect=0.5).read_out("time.cutoff=2024-09-20")
    assert result.look == 0
    assert result.verdict.kind == "early"
    assert "81 of 84 days" in result.verdict.sentence


def test_exploration_stands_apart(make_many):
    launched = make_many(n=4_000)
    rng = np.random.default_rng(0)
    part = np.where(rng.random(4_000) < 0.25, "explore", "best")
    launched.rows = launched.rows.assign(part=part)
    result = launched.write().read_out()
    parts = {each.name: each for each in result.groups if each.by == "part"}
    assert parts.keys() == {"best", "explore"}
    assert result.promise.n_offer == parts["best"].n_offer
    assert result.n_explore == parts["explore"].n_offer + parts["explore"].n_control


def test_holdout_is_not_measured_and_its_contacts_are_told(few):
    few.rows = few.rows.assign(role=[*few.rows["role"][:5], "holdout"], p_offer=0.6)
    more = pd.DataFrame([{**few.contacts.iloc[0], "customer_id": "f"}])
    few.contacts = pd.concat([few.contacts, more])
    result = few.write().read_out()
    assert (result.n_control, result.n_holdout) == (2, 1)
    assert any("1 customers of the holdout" in note for note in result.notes)


def test_nobody_to_compare_with_is_told(few):
    few.rows = few.rows.assign(role="offer", p_offer=1.0)
    result = few.write().read_out()
    assert result.verdict.kind == "no_control"
    assert "nobody to compare" in result.verdict.sentence


def test_few_who_are_gone_are_left_out_and_told(make_many):
    launched = make_many(n=500)
    launched.orders = launched.orders[launched.orders["customer_id"] != "c00007"]
    result = launched.write().read_out()
    assert result.n_gone == 1
    assert result.n_offer + result.n_control == 499


def test_same_log_gives_the_same_bytes(few):
    few.read_out()
    first = (few.campaign / "readout.json").read_bytes()
    few.read_out()
    assert (few.campaign / "readout.json").read_bytes() == first


def test_folder_without_a_campaign_is_refused(few):
    (few.campaign / "manifest.json").unlink()
    with pytest.raises(ConfigError, match=r"no 'manifest.json' in .*regulars target"):
        few.read_out()


def test_changed_campaign_is_refused(few):
    few.rows.assign(role="offer").to_parquet(few.campaign / "campaign.parquet")
    with pytest.raises(DataError, match="has been changed since the campaign 'summer'"):
        few.read_out()


def test_campaign_of_another_configuration_is_refused(few):
    with pytest.raises(ConfigError, match="made for the configuration 'shop'"):
        few.read_out("name=store")


def test_log_that_ends_before_the_launch_is_refused(few):
    few.orders = few.orders[few.orders["order_time"] < "2024-06-01"]
    few.contacts = few.contacts.assign(contacted_at="2024-05-01")
    with pytest.raises(DataError, match=r"ends on 2024-05-01, .* on 2024-07-01"):
        few.write().read_out()


def test_log_without_the_customers_is_refused(few):
    few.orders = few.orders.assign(customer_id="x" + few.orders["customer_id"])
    with pytest.raises(DataError, match=r"6 of the 6 customers .*customers a, b, c"):
        few.write().read_out()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop(columns="p_offer"), "lacks the columns p_offer"),
        (lambda rows: rows.assign(role="sent"), "unknown roles: sent"),
        (lambda rows: rows.assign(customer_id="a"), "stand in it twice"),
        (
            lambda rows: rows.iloc[:0],
            "chose nobody, so that there is nothing",
        ),
    ],
)
def test_file_of_another_form_is_refused(few, change, message):
    few.rows = change(few.rows)
    with pytest.raises(DataError, match=message):
        few.write().read_out()


def test_campaign_of_a_holdout_alone_has_no_verdict(few):
    few.rows = few.rows.assign(role="holdout", p_offer=np.nan, offer=None)
    result = few.write().read_out()
    assert result.verdict.kind == "no_control"
    assert (result.n_offer, result.n_control, result.n_holdout) == (0, 0, 6)


def test_command_prints_the_verdict_and_writes_page_and_result(make_many, command):
    launched = make_many()
    status, told, _ = command(
        "readout", launched.config, "--campaign", launched.campaign, "--json"
    )
    assert status == 0
    assert told.startswith("The campaign paid: it brought 2.15 EUR a customer")
    content = json.loads(told.splitlines()[-1])
    assert content["verdict"]["kind"] == "pays"
    assert (launched.campaign / "readout.html").is_file()


def test_command_says_a_fault_in_a_sentence(few, command):
    status, _, told = command("readout", few.config, "--campaign", few.folder)
    assert status == 2
    assert "it is no campaign's folder" in told


@pytest.mark.parametrize("id_type", [int, str])
def test_ids_may_be_numbers(few, id_type):
    number = dict(zip("abcdefz", range(1, 8), strict=True))
    for table in (few.rows, few.orders, few.contacts):
        table["customer_id"] = table["customer_id"].map(number).astype(id_type)
    result = few.write().read_out()
    assert _effect(result, "gain").plain.value == pytest.approx(11.0)


CONTRACTS = """\
name: shop
source:
  currency: EUR
  subscriptions: {path: "FOLDER/contracts.csv"}
churn: {kind: contractual}
value: {margin: 0.5}
time: {horizon_days: 28, training_cutoffs: 2, step_days: 28}
outputs: "FOLDER/out"
"""


@pytest.fixture
def contracts(few):
    """Of those called one leaves in August, of the others two; 30 EUR a month."""
    ends = {"c": "2024-08-01", "e": "2024-08-01", "f": "2024-07-01"}
    rows = [
        (each, "2023-01-01", ends.get(each), 30.0, "2024-12-31") for each in "abcdef"
    ]
    # contracts that make the log long enough
    rows += [(f"x{i}", f"2023-{1 + i % 12:02d}-01", None, 30.0, "") for i in range(40)]
    rows += [("y", "2023-02-01", "2024-11-01", 30.0, "")]
    columns = ["customer_id", "started_at", "ended_at", "monthly_amount", "note"]
    table = pd.DataFrame(rows, columns=columns)
    table.to_csv(few.folder / "contracts.csv", index=False)
    few.manifest["kind"] = "contractual"
    few.write()
    text = CONTRACTS.replace("FOLDER", few.folder.as_posix())
    few.config.write_text(text, encoding="utf-8")
    return few


def test_contracts_that_run_on_are_kept(contracts):
    result = contracts.read_out()
    kept, gain = _effect(result, "retention"), _effect(result, "gain")
    assert (kept.offer_mean, kept.control_mean) == pytest.approx((2 / 3, 1 / 3))
    # 84, 84 and 31 days of 15 EUR a month; 84, 31 and none
    month = 365.25 / 12
    assert gain.offer_mean == pytest.approx(15 / month * (84 + 84 + 31) / 3)
    assert gain.control_mean == pytest.approx(15 / month * (84 + 31) / 3)
    assert [each.name for each in result.effects] == ["retention", "gain", "margin"]


def test_table_with_labels_has_no_readout(few):
    few.manifest["kind"] = "labelled"
    few.write()
    pd.DataFrame(
        {"customer_id": range(300), "x": np.arange(300) % 7, "left": [0, 1, 0] * 100}
    ).to_csv(few.folder / "table.csv", index=False)
    few.config.write_text(
        "name: shop\n"
        "churn:\n  kind: labelled\n  labelled:\n"
        f"    path: '{few.folder.as_posix()}/table.csv'\n"
        "    label: left\n    positive: 1\n"
        f"outputs: '{few.folder.as_posix()}/out'\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match="A readout needs purchases"):
        few.read_out()
