"""The backtest through the command line."""

from __future__ import annotations

import json

import pytest

from regulars.tracking import Store

QUICK = (
    *("--set", "churn.members=[process, logistic]"),
    *("--set", "backtest.windows=3"),
    *("--set", "time.horizon_days=21"),
    *("--set", "time.step_days=21"),
)


@pytest.fixture
def backtested(shop, command):
    status, out, err = command("backtest", shop.config, *QUICK, "--json")
    assert status == 0, err
    return shop, json.loads(out.splitlines()[-1]), out


@pytest.mark.slow
def test_backtest_trains_each_window_on_what_was_known(backtested, command):
    shop, result, out = backtested
    cutoffs = [window["cutoff"] for window in result["windows"]]
    assert cutoffs == ["2024-11-10", "2024-10-20", "2024-09-29"]
    assert [window["known_at"] for window in result["windows"]] == [
        "2024-12-01",
        "2024-11-10",
        "2024-10-20",
    ]
    assert "3 test windows" in out
    assert [row["n_windows"] for row in result["staleness"]] == [3, 2, 1]
    kinds = {row["slice"] for row in result["slices"]["rows"]}
    assert kinds == {"cohort", "value_band", "rfm", "loyalty_map"}

    # in MLflow: a parent, and nested in it a run a window, a part and an age
    settings = shop.settings()
    client = Store(settings.tracking.uri, settings.name).client
    experiment = client.get_experiment_by_name(settings.name)
    nested = client.search_runs(
        [experiment.experiment_id],
        f"tags.mlflow.parentRunId = '{result['run_id']}'",
    )
    by_kind = {
        kind: [run for run in nested if run.data.tags["kind"] == kind]
        for kind in ("window", "part", "age")
    }
    assert len(by_kind["part"]) == len(result["slices"]["rows"])
    assert len(by_kind["age"]) == 3
    runs = {run.data.params["test_cutoff"]: run.data for run in by_kind["window"]}
    assert set(runs) == set(cutoffs)
    for window in result["windows"]:
        logged = runs[window["cutoff"]].metrics
        own = window["metrics"]["model"]["log_loss"]
        assert logged["test.log_loss"] == pytest.approx(own)
        low, high = window["intervals"]["model"]["log_loss"]
        assert logged["test.log_loss.low"] == pytest.approx(low)
        rival = window["metrics"]["bg_nbd"]["roc_auc"]
        assert logged["baseline.bg_nbd.roc_auc"] == pytest.approx(rival)
        gap = window["differences"]["log_loss"]
        assert logged["difference.log_loss.high"] == pytest.approx(gap["high"])
        assert logged["profit.chosen"] == window["profit"]["chosen"]["profit"]
        assert len(window["reliability"]) > 3
        assert low < own < high
    kept = {file.path for file in client.list_artifacts(result["run_id"])}
    assert {"backtest.json", "figures"} <= kept

    # and the report draws it
    status, _, _ = command("report", shop.config)
    assert status == 0
    page = (shop.out / "report.html").read_text()
    assert 'id="backtest"' in page
    assert 'data-chart="staleness"' in page


def test_backtest_says_what_is_missing_when_the_log_is_short(shop, command):
    status, _, err = command(
        "backtest", shop.config, "--set", "time.horizon_days=200", "--quiet"
    )
    assert status == 2
    assert "a backtest at 2024-12-01 needs a horizon of 200 days" in err
