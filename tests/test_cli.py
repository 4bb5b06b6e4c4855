"""The command line end to end, twice, and each fault with its exit status."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest

import regulars
from regulars import errors
from regulars.results import RunSummary, as_result

TEST_KEYS = {
    "cutoff",
    "n_customers",
    "churn_rate",
    "roc_auc",
    "average_precision",
    "top_decile_lift",
    "brier",
    "log_loss",
    "ece",
}
RESULT_KEYS = {
    "model_uri",
    "model_version",
    "run_id",
    "is_champion",
    "test",
    "value_test",
    "baselines",
}
# what a training tells beyond the contract; the docs name them
EXTRA_KEYS = {
    "kind",
    "baseline_labels",
    "test_splits",
    "champion_reason",
    "process_only",
    "notes",
}


def _last_line(text):
    return json.loads(text.strip().splitlines()[-1])


@pytest.fixture
def told(command):
    """A function that runs a command and expects a fault of data or configuration."""

    def call(*words):
        status, out, err = command(*words)
        assert status == 2, (out, err)
        assert "Traceback" not in out + err
        assert err.startswith("regulars: ")
        assert len(err.strip().splitlines()) == 1
        return err

    return call


def test_log_becomes_scores_and_a_report_in_seven_commands(
    command, tmp_path, monkeypatch, orders, few_trees
):
    monkeypatch.chdir(tmp_path)
    orders.to_csv("orders.csv", index=False)

    status, out, err = command("init", "orders.csv", "--json")
    assert (status, err) == (0, "")
    config = _last_line(out)["config"]
    assert config == "orders.yaml"

    windows = "horizon_days: 28, training_cutoffs: 2, validation_windows: 2"
    small = ["--set", f"time={{{windows}, step_days: 28}}"]
    small += ["--set", "churn.tuning_trials=1"]

    status, out, err = command("check", config, "--json", *small)
    assert (status, err) == (0, "")
    found = _last_line(out)["tables"]["transactions"]
    assert found["rows_in"] == len(orders)
    assert found["rows_in"] == found["rows_kept"] + sum(
        reason["rows"] for reason in found["reasons"]
    )

    status, out, err = command("run", config, "--quiet", *small)
    assert (status, out) == (0, ""), err
    first = pd.read_parquet("out/orders/scores.parquet")

    status, out, err = command("score", config, "--json", *small)
    assert status == 0, err
    assert _last_line(out)["model_version"] == "1"
    again = pd.read_parquet("out/orders/scores.parquet")
    pd.testing.assert_frame_equal(
        first.drop(columns="scored_at"), again.drop(columns="scored_at")
    )

    status, out, err = command("report", config, "--json", *small)
    assert status == 0, err
    page = _last_line(out)["report"]
    assert "<html" in (tmp_path / page).read_text()

    status, out, err = command("kpis", config, *small)
    assert status == 0, err
    assert "customers" in out

    status, out, err = command("train", config, "--json", *small)
    assert status == 0, err
    result = _last_line(out)
    assert {*result} >= RESULT_KEYS
    assert {*result} <= RESULT_KEYS | EXTRA_KEYS
    assert {*result["test"]} == TEST_KEYS
    assert {*result["value_test"]} == {
        "mae",
        "spearman",
        "total_ratio",
        "tweedie_deviance",
        "typical_mae",
    }
    assert all({*found} == TEST_KEYS for found in result["baselines"].values())
    assert result["model_version"] == "2"
    assert result["model_uri"] == "models:/orders/2"


def test_training_is_told_in_words_when_json_is_not_asked_for(run_shop, capsys):
    from regulars.cli import _console, _print_training

    summary = as_result(RunSummary, run_shop[1])
    _print_training(_console(quiet=False), summary)
    out = capsys.readouterr().out
    assert "RFM logistic" in out
    assert "Version 1 is now the champion: " in out
    assert "first model under this name" in out


def test_nothing_is_written_to_stdout_when_quiet(command, shop):
    assert command("check", shop.config, "--quiet")[:2] == (0, "")
    assert command("kpis", shop.config, "-q")[:2] == (0, "")


def test_json_is_the_only_output_when_quiet(command, shop):
    status, out, err = command("kpis", shop.config, "--quiet", "--json")
    assert status == 0, err
    assert len(out.strip().splitlines()) == 1
    assert json.loads(out)


def test_set_wins_over_the_file(command, shop, tmp_path):
    other = tmp_path / "other"
    status, _, err = command("check", shop.config, "--set", f"outputs={other}", "-q")
    assert status == 0, err
    assert (other / "check.json").is_file()
    assert not (shop.out / "check.json").exists()


def test_check_prints_what_was_set_aside(command, tmp_path, open_shop, orders):
    bad = orders.astype({"amount": object, "customer_id": object})
    bad.loc[:2, "amount"] = "?"
    bad.loc[:2, "customer_id"] = "[/red]"
    bad.loc[3:5, "customer_id"] = None
    shop = open_shop(tmp_path, bad)
    status, out, err = command("check", shop.config)
    assert status == 0, err
    words = " ".join(out.split())
    assert f"{len(orders):,}" in words
    assert "set aside" in words
    assert "[/red]" in words
    assert (shop.out / "quarantine.csv").is_file()


def test_version_is_told(command):
    status, out, _ = command("--version")
    assert (status, out) == (0, f"regulars {regulars.__version__}\n")


def test_no_command_shows_the_help(command):
    _, out, err = command()
    for name in (
        "init",
        "check",
        "train",
        "score",
        "report",
        "run",
        "demo",
        "simulate",
    ):
        assert name in out + err


def test_simulate_writes_what_it_says(command, tmp_path):
    target = tmp_path / "sim"
    status, out, err = command(
        "simulate", "--customers", 30, "--out", target, "--seed", 3, "--json"
    )
    found = _last_line(out)
    assert status == 0, err
    assert found["n_customers"] == 30
    assert len(pd.read_parquet(target / "orders")) == found["n_lines"]


# -- faults of the data or the configuration: 2, one sentence ---------------------


def test_missing_configuration(told):
    assert "Cannot read the configuration 'no.yaml'" in told("check", "no.yaml")


def test_unknown_key_with_the_nearest(told, shop):
    text = told("check", shop.config, "--set", "time.horizn_days=3")
    assert "Did you mean 'horizon_days'?" in text


def test_set_without_a_value(told, shop):
    assert "must have the form key.sub=value" in told("run", shop.config, "--set", "x")


@pytest.mark.parametrize("name", ["check", "run", "train", "score", "kpis"])
def test_missing_log(told, shop, name):
    (shop.folder / "orders.csv").unlink()
    assert "orders.csv" in told(name, shop.config)


def test_missing_log_when_guessing(told, tmp_path):
    assert "nothing.csv" in told("init", tmp_path / "nothing.csv")


def test_files_that_belong_together_become_one_configuration(
    command, told, tmp_path, monkeypatch, orders
):
    monkeypatch.chdir(tmp_path)
    orders = orders.assign(order_id=range(len(orders)))
    orders.drop(columns="amount").to_csv("orders.csv", index=False)
    orders[["order_id", "amount"]].to_csv("payments.csv", index=False)
    status, out, err = command("init", "orders.csv", "payments.csv", "--json")
    assert (status, err) == (0, "")
    config = _last_line(out)["config"]
    status, out, err = command("check", config, "--json", "--quiet")
    assert (status, err) == (0, "")
    found = _last_line(out)["tables"]["transactions"]
    assert found["rows_in"] == len(orders)
    assert found["revenue"] == round(float(orders.amount.sum()), 2)
    payments = pd.concat([orders[["order_id", "amount"]]] * 2)
    payments.to_csv("twice.csv", index=False)
    orders.assign(item=1).loc[lambda f: f.index.repeat(2)].to_csv("items.csv")
    message = told("init", "items.csv", "twice.csv", "--out", "two.yaml")
    assert "order_id" in message


def test_missing_column_with_the_nearest(told, tmp_path, open_shop, orders):
    shop = open_shop(tmp_path, orders.rename(columns={"amount": "amonut"}))
    text = told("check", shop.config)
    assert "amount" in text
    assert "Did you mean 'amonut'?" in text
    assert "order_time" in text


def test_too_many_bad_rows(told, tmp_path, open_shop, orders):
    bad = orders.astype({"amount": object})
    bad.loc[: len(bad) // 5, "amount"] = "?"
    shop = open_shop(tmp_path, bad)
    text = told("check", shop.config)
    assert "max_bad_share" in text
    assert (shop.out / "quarantine.csv").is_file()


def test_no_usable_rows(told, tmp_path, open_shop, orders):
    shop = open_shop(tmp_path, orders.assign(customer_id=None))
    assert "customer" in told("run", shop.config)


def test_no_row_before_the_cutoff(told, shop):
    told("kpis", shop.config, "--set", "time.cutoff=2020-01-01")


def test_cutoff_so_late_that_everybody_looks_lost(told, shop):
    text = told("kpis", shop.config, "--set", "time.cutoff=2031-01-01")
    assert "time.cutoff 2031-01-01" in text
    assert "every customer would look lost" in text


def test_log_of_one_day(told, tmp_path, open_shop, orders):
    one = orders[orders["order_time"].dt.strftime("%Y-%m-%d") == "2024-06-03"]
    shop = open_shop(tmp_path, one)
    text = told("run", shop.config, "--set", "time.cutoff=2024-06-04")
    assert "one day only (2024-06-03)" in text


@pytest.mark.parametrize("name", ["check", "run"])
def test_outputs_that_cannot_be_written(told, shop, name):
    (shop.folder / "file").write_text("")
    text = told(name, shop.config, "--set", f"outputs={shop.folder}/file/out")
    assert "Cannot write" in text
    assert "file/out" in text


@pytest.mark.parametrize(
    ("place", "words"),
    [("file", "Cannot open tracking.uri"), ("file/store.db", "file/store.db")],
)
def test_store_that_cannot_be_opened(told, shop, place, words):
    (shop.folder / "file").write_text("not a database")
    uri = f"tracking.uri=sqlite:///{shop.folder}/{place}"
    assert words in told("score", shop.config, "--set", uri)


def test_scoring_before_training(told, shop):
    assert "regulars train" in told("score", shop.config)


def test_report_before_anything(told, shop):
    told("report", shop.config)


def test_config_is_not_replaced_unless_forced(command, told, tmp_path, orders):
    log = tmp_path / "orders.csv"
    orders.to_csv(log, index=False)
    target = tmp_path / "mine.yaml"
    target.write_text("name: mine\n")
    assert "--force" in told("init", log, "--out", target)
    assert target.read_text() == "name: mine\n"
    assert command("init", log, "--out", target, "--force")[0] == 0
    assert "transactions:" in target.read_text()


def test_config_in_a_folder_that_cannot_be_written(told, tmp_path, orders):
    log = tmp_path / "orders.csv"
    orders.to_csv(log, index=False)
    (tmp_path / "file").write_text("")
    assert "Cannot write" in told("init", log, "--out", tmp_path / "file" / "a.yaml")


# -- faults of the program: 1 -----------------------------------------------------


def test_internal_fault_is_owned_up_to(command, shop, monkeypatch):
    def broken(*_, **__):
        raise KeyError("deep inside")

    monkeypatch.setattr("regulars.kinds.tables.read_tables", broken)
    status, _, err = command("check", shop.config)
    assert status == 1
    assert "KeyError" in err
    assert "fault of the program" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError, ("check", "CONFIG")),
        (errors.ConfigError, ("check", "no.yaml")),
    ],
)
def test_debug_shows_where(monkeypatch, shop, error, words):
    from regulars.cli import main

    def broken(*_, **__):
        raise KeyError("deep inside")

    monkeypatch.setattr("regulars.kinds.tables.read_tables", broken)
    words = [str(shop.config) if word == "CONFIG" else word for word in words]
    monkeypatch.setattr(sys, "argv", ["regulars", *words, "--debug"])
    with pytest.raises(error, match=r"deep inside|no\.yaml"):
        main()


def test_own_warnings_are_sentences_and_others_are_silent(capsys):
    from regulars.cli import _show_warning

    _show_warning("fewer windows", errors.HistoryWarning, "f.py", 1)
    _show_warning("old name", DeprecationWarning, "f.py", 1)
    assert capsys.readouterr().err == "regulars: fewer windows\n"


def test_script_ends_with_the_status_and_a_clean_stderr(shop):
    call = [sys.executable, "-c", "from regulars.cli import main; main()"]
    good = subprocess.run(
        [*call, "kpis", shop.config, "--json"], capture_output=True, text=True
    )
    assert (good.returncode, good.stderr) == (0, "")
    assert _last_line(good.stdout)
    bad = subprocess.run(
        [*call, "kpis", shop.folder / "no.yaml"], capture_output=True, text=True
    )
    assert bad.returncode == 2
    assert bad.stdout == ""
    assert bad.stderr.count("\n") == 1
