from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from companies import RULES

from regulars.campaigns.rules import make_lists
from regulars.errors import ConfigError, DataError
from regulars.results import ListsResult, read_result


def settings_of(company, folder, rules=RULES):
    return company.settings(rules=rules, outputs=str(folder))


def by_rule(result):
    return {each.rule: each for each in result.lists}


def later(standing, days):
    return replace(standing, cutoff=standing.cutoff + timedelta(days=days))


def test_the_rules_of_the_campaign_team_list_whom_they_name(
    company, standing, tmp_path
):
    found = by_rule(make_lists(standing, settings_of(company, tmp_path)))
    rising = (standing.number("value_rank") >= 0.8) & (
        standing.number("bands_risen_30_days") >= 2
    )
    assert found["rising"].n_listed == rising.sum() > 0
    breached = standing.number("days_past_due") > 0
    assert found["breached"].n_listed == breached.sum()
    assert found["breached"].due == standing.cutoff + timedelta(days=2)
    rows = pd.read_csv(tmp_path / "lists" / "rising.csv")
    assert {*rows["customer_id"]} == {*np.array(standing.ids)[rising]}
    assert (rows["action"] == "Write a personal letter").all()
    assert rows["due"].unique().tolist() == ["2024-12-22"]
    # the most valuable first, with what the condition looked at
    assert rows["clv_if_kept"].is_monotonic_decreasing
    assert (rows["bands_risen_30_days"] == 2).all()
    told = read_result(ListsResult, tmp_path / "lists" / "lists.json")
    assert by_rule(told)["rising"].n_listed == rising.sum()


def test_list_of_a_rule_that_was_taken_out_goes(company, standing, tmp_path):
    make_lists(standing, settings_of(company, tmp_path))
    own = tmp_path / "lists" / "own.csv"
    own.write_text("kept by a user")
    rules = {name: rule for name, rule in RULES.items() if name != "dear"}
    make_lists(standing, settings_of(company, tmp_path, rules))
    there = {path.name for path in (tmp_path / "lists").glob("*.csv")}
    assert there == {"rising.csv", "breached.csv", "own.csv"}


def test_list_is_cut_after_the_most_valuable(company, standing, tmp_path):
    found = by_rule(make_lists(standing, settings_of(company, tmp_path)))["dear"]
    assert (found.n_listed, found.n_beyond) == (5, found.n_matching - 5)
    rows = pd.read_csv(tmp_path / "lists" / "dear.csv")
    value = np.sort(standing.number("clv_if_kept"))[::-1]
    np.testing.assert_allclose(rows["clv_if_kept"], value[:5])


def test_nobody_is_listed_again_before_the_cool_down_is_over(
    company, standing, tmp_path
):
    settings = settings_of(company, tmp_path)
    first = by_rule(make_lists(standing, settings))
    soon = by_rule(make_lists(later(standing, 29), settings))
    assert soon["rising"].n_cooling == first["rising"].n_listed
    assert soon["rising"].n_listed == 0
    # without a cool-down the same ones come again
    assert soon["dear"].n_listed == 5
    due = by_rule(make_lists(later(standing, 30), settings))
    assert due["rising"].n_listed == first["rising"].n_listed


def test_second_run_of_a_day_writes_the_same_and_counts_once(
    company, standing, tmp_path
):
    settings = settings_of(company, tmp_path)
    make_lists(standing, settings)
    paths = sorted((tmp_path / "lists").iterdir())
    before = {path: path.read_bytes() for path in paths}
    make_lists(standing, settings)
    assert {path: path.read_bytes() for path in paths} == before


def test_dry_run_counts_and_changes_nothing(company, standing, tmp_path):
    settings = settings_of(company, tmp_path)
    dry = make_lists(standing, settings, dry_run=True)
    assert [*tmp_path.iterdir()] == []
    real = make_lists(standing, settings)
    assert [each.n_listed for each in dry.lists] == [e.n_listed for e in real.lists]
    assert all(each.file is None for each in dry.lists)


def test_rule_that_does_not_work_yet_lists_nobody(company, standing, tmp_path):
    rules = {"dear": {**RULES["dear"], "start": str(date(2025, 6, 1))}}
    found = make_lists(standing, settings_of(company, tmp_path, rules)).lists[0]
    assert (found.n_listed, found.file) == (0, None)
    assert found.note == "works from 2025-06-01 on"


def test_column_that_nobody_has_is_told(company, standing, tmp_path):
    rules = {"far": {"when": "p_alive < 0.1"}}
    found = make_lists(standing, settings_of(company, tmp_path, rules)).lists[0]
    assert found.note == "p_alive is not known of any customer yet"


def test_formulas_in_a_list_are_neutralised(company, standing, tmp_path):
    rules = {"all": {"when": "note = '=1+1'"}}
    make_lists(standing, settings_of(company, tmp_path, rules))
    rows = pd.read_csv(tmp_path / "lists" / "all.csv")
    assert len(rows) > 10
    assert (rows["note"] == "'=1+1").all()


def test_configuration_without_rules_and_spoilt_log_are_refused(
    company, standing, tmp_path
):
    with pytest.raises(ConfigError, match="has no rules"):
        make_lists(standing, settings_of(company, tmp_path, {}))
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "fired.parquet").write_text("spoilt")
    with pytest.raises(DataError, match=r"log of the lists .* cannot be read"):
        make_lists(standing, settings_of(company, tmp_path))


def test_log_names_rule_day_and_customer(company, standing, tmp_path):
    make_lists(standing, settings_of(company, tmp_path))
    log = pd.read_parquet(tmp_path / "lists" / "fired.parquet")
    assert {*log["rule"]} <= {*RULES}
    told = json.loads((tmp_path / "lists" / "lists.json").read_text())
    assert len(log) == sum(each["n_listed"] for each in told["lists"])
    assert {*log["customer_id"]} <= {*standing.ids}
