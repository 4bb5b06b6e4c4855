from __future__ import annotations

import json
import subprocess
from types import SimpleNamespace

import pytest

from regulars.models.churn import Recipe
from regulars.training import card
from regulars.training.card import (
    manifest,
    model_name,
    origin_of,
    profit_metrics,
    run_params,
)


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
        "scores.table.engine=postgres://u:secret@db/marts",
        "scores.table.table=scores",
    )
    text = json.dumps(manifest(settings, "f" * 64))
    assert "secret" not in text
    assert "postgresql://db" in text


def test_parameters_of_a_run_hold_no_address(shop):
    settings = shop.settings(
        "scores.table.engine=postgres://u:secret@db/marts", "scores.table.table=scores"
    )
    chosen = Recipe({"logistic": 1.0})
    training = SimpleNamespace(model=SimpleNamespace(churn=chosen, spend=None))
    assert "secret" not in str(run_params(settings, training))


def test_scores_depend_on_settings_and_not_on_where_they_go(shop):
    def digest(*overrides):
        return origin_of(shop.settings(*overrides), "data", None).config_digest

    elsewhere = ("outputs=elsewhere", "scores.format=csv", "scores.rise=0.5")
    assert digest() == digest(*elsewhere) == digest("scores.max_age_days=3")
    assert digest() != digest("scores.risk_bands=[0.3, 0.7]")
    assert digest() != digest("features.groups=[rfm]")


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
