from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.results import MonitoringResult, read_result
from regulars.scoring.reference import FILE
from regulars.tracking import Store

pytestmark = pytest.mark.slow


def _names(result, room=None):
    return {a["name"] for a in result["alarms"] if room in (None, a["room"])}


def test_shop_that_goes_on_as_before_rings_no_alarm(quiet_look):
    result, _ = quiet_look
    assert result["alarms"] == []
    assert result["trained_at"] == "2024-10-01"
    assert {check["room"] for check in result["checks"]} == {
        "inputs",
        "scores",
        "arrival",
        "quality",
        "outcome",
    }


def test_outcomes_are_of_cutoffs_that_are_a_horizon_old(quiet_look):
    result, _ = quiet_look
    days = [row["cutoff"] for row in result["outcomes"]]
    # 28 days of horizon before the cutoff, and no day that the model has learnt from
    assert days == ["2024-10-23", "2024-11-22"]
    assert result["outcomes"][0]["expected_spend"] > 0
    assert result["promise"]["roc_auc"] > 0.5


def test_result_is_in_the_outputs_folder_and_in_the_store(quiet_look, watched_shop):
    result, outputs = quiet_look
    kept = read_result(MonitoringResult, outputs / "monitoring.json")
    assert kept.run_id == result["run_id"]
    settings = watched_shop.settings()
    client = Store(settings.tracking.uri, settings.name).client
    run = client.get_run(kept.run_id)
    assert run.data.metrics["monitor.n_alarms"] == 0
    assert run.data.params["cutoff"] == "2024-12-20"
    assert [each.path for each in client.list_artifacts(kept.run_id)] == [
        "monitoring.json"
    ]
    children = client.search_runs(
        [run.info.experiment_id], f"tags.mlflow.parentRunId = '{kept.run_id}'"
    )
    names = {each.info.run_name for each in children}
    assert {"outcome 2024-10-23", "scores 2024-12-20"} <= names


def test_amounts_a_hundred_times_too_large_are_seen(look, orders, since):
    later = since(orders, "2024-12-01")
    spoilt = orders.assign(
        amount=orders["amount"].where(~later, orders["amount"] * 100)
    )
    result = look(spoilt)
    alarms = {a["name"]: a for a in result["alarms"]}
    slip = alarms["median amount of 7 days"]
    # the first day on which anything was bought
    assert "2024-12-01" <= slip["since"] <= "2024-12-04"
    assert "mend the source" in slip["sentence"]


def test_whole_log_in_cents_is_no_season(look, orders):
    result = look(orders.assign(amount=orders["amount"] * 100))
    assert {"revenue", "monetary_value"} <= _names(result, "inputs")


def test_log_that_stops_early_is_seen(look, orders, since):
    result = look(orders[~since(orders, "2024-12-10")])
    late = next(a for a in result["alarms"] if a["name"] == "days late")
    assert late["sentence"].startswith("The log ends on 2024-12-0")
    assert "Fetch the missing days" in late["sentence"]


def test_channel_that_vanishes_and_one_that_comes_are_seen(look, orders, since):
    rng = np.random.default_rng(0)
    channel = pd.Series(rng.choice(["web", "shop"], len(orders)), orders.index)
    later = since(orders, "2024-11-22")
    result = look(orders.assign(channel=channel.where(~later, "shop")))
    gone = next(a for a in result["alarms"] if "'web'" in a["name"])
    assert "has vanished" in gone["sentence"]
    result = look(orders.assign(channel=channel.where(~later, "kiosk")))
    assert "new channel 'kiosk' of 28 days" in _names(result, "quality")


def test_input_that_goes_missing_has_drifted(look, orders, since):
    later = since(orders, "2024-11-01")
    spoilt = orders.assign(category=orders["category"].where(~later))
    result = look(spoilt)
    missing = next(a for a in result["alarms"] if a["name"] == "missing category")
    assert missing["since"] == "2024-11-22"


def test_snapshots_are_rebuilt_for_a_model_without_them(look, quiet_look, watched_shop):
    kept = {row["name"]: row["psi"] for row in quiet_look[0]["inputs"]}
    settings = watched_shop.settings()
    folder, _ = Store(settings.tracking.uri, settings.name).fetch()
    file, text = folder / FILE, (folder / FILE).read_text()
    try:
        file.unlink()
        result = look()
    finally:
        file.write_text(text)
    assert any("without its snapshots" in note for note in result["notes"])
    assert {row["name"]: row["psi"] for row in result["inputs"]} == pytest.approx(kept)


def test_same_cutoff_is_counted_once(look):
    first = look()["intake"]
    assert look()["intake"] == first
    assert [row["cutoff"] for row in first] == ["2024-10-01", "2024-12-20"]
