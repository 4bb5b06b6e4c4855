"""From a simulated company to a campaign and lists, by the command line."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from companies import CAMPAIGN, CUTOFF, EARLIER, RULES

from regulars import pipeline
from regulars.config import load_settings
from regulars.datasets.company import CONFIG, write_company
from regulars.results import ListsResult, TargetResult, read_result

FEW = (
    "churn.members=[process, rfm_logistic]",
    "churn.tuning_trials=0",
    "time.training_cutoffs=2",
    "time.validation_windows=2",
)


def option(key, value):
    return ("--set", f"{key}={json.dumps(value, default=str)}")


@pytest.fixture
def asked(company):
    """The options that name the campaign, its rules and the day."""
    own = {"campaign": CAMPAIGN, "rules": RULES, "time.cutoff": CUTOFF}
    return [company.config, *(word for pair in own.items() for word in option(*pair))]


def test_target_writes_the_folder_and_tells_what_it_proposes(
    command, asked, company, tmp_path
):
    out = tmp_path / "spring"
    status, told, _ = command("target", *asked, "--budget", 60, "--out", out, "--json")
    assert status == 0
    assert "not causal: an assumption" in told
    assert "Value if kept first" in told
    result = json.loads(told.splitlines()[-1])
    assert result["folder"] == str(out)
    assert {path.name for path in out.iterdir()} == {
        *("campaign.csv", "campaign.parquet", "control.csv", "manifest.json"),
        *("email-email.csv", "email-phone.csv", "target.html", "target.json"),
    }
    read = read_result(TargetResult, out / "target.json")
    assert read.n_sent == result["n_sent"] > 0
    assert read.cost <= 60


def test_default_folder_is_that_of_the_campaign_in_the_outputs(command, asked, company):
    status, told, _ = command("target", *asked, "--budget", 10, "--json", "--quiet")
    assert status == 0
    folder = company.out / "campaigns" / f"company-{CUTOFF}"
    assert json.loads(told)["folder"] == str(folder)
    assert (folder / "campaign.csv").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--budget", "-5"), "--budget is -5. Give an amount of 0 or more."),
        (("--budget", "nan"), "--budget is nan."),
        (option("campaign", {}), "has no offers"),
        (option("campaign.offers.call.saves", None), ""),
        (
            option("campaign.offers.call.eligible", "churn_prob > 1"),
            "Did you mean 'churn_probability'?",
        ),
        (
            option("campaign.offers.call.eligible", "x = 1; DROP TABLE customers"),
            "must be one condition",
        ),
        (
            option("campaign.channels.email.consent", "newsletter"),
            "'newsletter', which customers do not have",
        ),
        (option("campaign.goal", "both"), "campaign.goal"),
        (option("campaign.export.address", "mail"), "no attribute of 'customers'"),
        (option("outputs", "nowhere-at-all"), ""),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(command, asked, words, told, tmp_path):
    if "saves" in words[-1]:
        words = (*words, *option("campaign.offers.ten.saves", None))
        told = "Nothing is known of what the offers do"
    if "outputs" in words[-1]:
        words = option("outputs", str(tmp_path / "empty"))
        told = "There are no scores in"
    status, out, error = command("target", *asked, *words, "--out", tmp_path / "c")
    assert status == 2, (out, error)
    assert told in " ".join(error.split())
    assert "Traceback" not in error
    assert not (tmp_path / "c").exists()


def test_lists_are_made_and_a_dry_run_changes_nothing(command, asked, company):
    folder = company.out / "lists"
    status, told, _ = command("lists", *asked, "--dry-run")
    assert status == 0
    assert "A dry run: nothing was written." in told
    assert not folder.exists()
    status, told, _ = command("lists", *asked, "--json")
    assert status == 0
    result = json.loads(told.splitlines()[-1])
    assert [each["rule"] for each in result["lists"]] == [*RULES]
    assert (folder / "rising.csv").is_file()
    read = read_result(ListsResult, folder / "lists.json")
    assert read.cutoff == CUTOFF


@pytest.mark.slow
def test_company_from_scores_to_campaign_lists_and_readout(command, tmp_path):
    config = write_company(tmp_path / "data", 300, seed=3) / CONFIG
    outputs = f"outputs={tmp_path}/out"
    store = f"tracking.uri=sqlite:///{tmp_path}/m.db"
    words = [outputs, store, *FEW]
    campaign = {"offers": CAMPAIGN["offers"], "exploration_share": 0.1}

    def work(day):
        more = [
            f"time.cutoff={day}",
            f"campaign={json.dumps(campaign)}",
            f"rules={json.dumps({'all': {'when': 'churn_probability >= 0'}})}",
        ]
        settings = load_settings(config, [*words, *more])
        return pipeline.open_work(settings, _quietly)

    early = work(EARLIER)
    pipeline.train_model(early, _quietly)
    assert pipeline.score(early, _quietly)["lists"] == {"all": len(_scores(tmp_path))}
    # whoever was listed 25 days ago cools down: only newcomers come on the list
    now = work(CUTOFF)
    scored = pipeline.score(now, _quietly)
    n_new = len(_scores(tmp_path)) - scored["lists"]["all"]
    assert n_new > 0
    told = pipeline.target(now, _quietly, budget=50.0)
    assert 0 < told["cost"] <= 50.0
    assert told["verdict"]["kind"] == "assumed"
    shown = [word for each in (*words, "time.cutoff=null") for word in ("--set", each)]
    status, said, error = command(
        "readout", config, *shown, "--campaign", told["folder"]
    )
    assert status == 0, error
    assert said


def _quietly(step):
    """Say nothing of the steps."""


def _scores(folder):
    return pd.read_parquet(folder / "out" / "scores.parquet")
