from __future__ import annotations

import json
import subprocess

import pytest

from regulars.training import card
from regulars.training.card import manifest, model_name, profit_metrics


def test_card_says_what_was_learnt_from_what(run_shop):
    found = run_shop[0].read("training.json")
    assert found["horizon_days"] == 28
    assert found["timeline"]["test_cutoff"] == "2024-11-03"
    assert len(found["fingerprint"]) == 64
    assert {"regulars", "lightgbm", "duckdb"} <= {*found["versions"]}
    assert found["process"]["params"]
    assert sum(found["weights"].values()) == pytest.approx(1.0)
    assert found["calibration"] in {"none", "level", "sigmoid", "isotonic"}
    tuning = found["tuning"]
    assert (tuning["objective"], tuning["n_trials"], tuning["n_pruned"]) == (
        "log_loss",
        1,
        0,
    )
    assert {"rfm", "rhythm", "windows"} <= {*tuning["group_gains"]}
    assert all(row["meaning"] for row in found["importance"])
    assert {*found["baseline_labels"]} >= {*found["baselines"]}
    assert found["model_version"] == "1"
    assert "model" not in found["baselines"]


def test_manifest_holds_no_credentials(shop):
    settings = shop.settings(
        "tracking.uri=postgresql://u:secret@db/x",
        "source.engine=postgres://u:secret@db/shop",
    )
    text = json.dumps(manifest(settings, "f" * 64))
    assert "secret" not in text
    assert "postgresql://db" in text


def test_manifest_of_a_run_lies_in_the_outputs(run_shop):
    found = run_shop[0].read("manifest.json")
    assert found["seed"] == 0
    assert found["config"]["time"]["horizon_days"] == 28
    assert found["fingerprint"] == run_shop[0].read("training.json")["fingerprint"]


@pytest.mark.parametrize(
    "error", [FileNotFoundError("git"), subprocess.CalledProcessError(128, "git")]
)
def test_manifest_has_no_commit_outside_a_checkout(shop, monkeypatch, error):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(card.subprocess, "run", refuse)
    assert manifest(shop.settings(), "f")["commit"] is None


@pytest.mark.parametrize(
    ("weights", "name"),
    [
        ({"process": 1.0}, "process"),
        ({"process": 0.0, "logistic": 1.0}, "logistic"),
        ({"process": 0.2, "lightgbm": 0.8}, "blend"),
    ],
)
def test_model_is_named_after_the_member_that_stands_alone(weights, name):
    assert model_name(weights) == name


def test_offer_that_was_not_evaluated_has_no_figures():
    assert profit_metrics(None) == {}


def test_rules_of_an_offer_are_figures_by_name():
    offer = {
        "empc": {"profit": 3.0},
        "mpc": {"profit": 2.5, "note": "no number"},
        "rules": {"all": {"profit": -1.0}},
        "threshold": 0.4,
    }
    assert profit_metrics(offer) == {
        "profit.empc.profit": 3.0,
        "profit.mpc.profit": 2.5,
        "profit.all": -1.0,
        "profit.threshold": 0.4,
    }
