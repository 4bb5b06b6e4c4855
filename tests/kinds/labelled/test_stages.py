from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regulars import pipeline
from regulars.config import parse_settings
from regulars.errors import NotEnoughHistoryError
from regulars.kinds.labelled.problem import table_problem
from regulars.kinds.labelled.splits import dated_split
from regulars.kinds.labelled.table import read_labelled
from regulars.kinds.labelled.workspace import check_table
from regulars.scoring.layout import WRITTEN
from regulars.tracking import Store
from regulars.training import train

IRANIAN = Path(os.environ.get("IRANIAN_CHURN", "data/iranian_churn.parquet"))


def quiet(_step):
    return None


def trained(settings):
    return train(table_problem(check_table(settings, quiet), quiet), quiet)


def test_whole_job_when_there_is_a_table(table, frame):
    frame.loc[:4, "left"] = None
    table.write(frame)
    settings = table.settings()
    result = pipeline.run(settings, quiet)
    assert result["is_champion"]
    assert result["test"]["roc_auc"] > result["baselines"]["base_rate"]["roc_auc"]
    assert len(result["test_splits"]) == 2
    scores = pd.read_parquet(table.folder / "out" / "scores.parquet")
    assert scores["customer_id"].tolist() == frame["who"].tolist()
    assert scores["churn_probability"].between(0, 1).all()
    assert set(scores["risk_band"]) <= {"low", "medium", "high"}
    sides = scores["risk_reasons"].str.len(), scores["stay_reasons"].str.len()
    assert all(each.between(0, 3).all() for each in sides)
    assert (sides[0][scores["risk_band"] == "high"] > 0).mean() > 0.9
    assert (sides[1][scores["risk_band"] == "low"] > 0).mean() > 0.9
    page = (table.folder / "out" / "report.html").read_text()
    assert "Customers most likely to leave" in page
    assert "Where customers leave" in page
    assert "What an offer would earn" in page
    card = table.read("training.json")
    assert card["kind"] == table.read("check.json")["kind"] == "labelled"
    assert card["profit"]["n_customers"] <= 2 * result["test"]["n_customers"]
    assert table.read("card.json") == card
    text = (table.folder / "out" / "model_card.md").read_text()
    assert "Says for each row of the table" in text
    assert "buy nothing" not in text


def test_scores_have_the_columns_of_every_other_table(table):
    work = pipeline.open_work(table.settings("churn.labelled.value=age"), quiet)
    pipeline.train_model(work, quiet)
    result = pipeline.score(work, quiet)
    scores = pd.read_parquet(table.folder / "out" / "scores.parquet")
    assert tuple(scores.columns) == WRITTEN
    np.testing.assert_allclose(scores["clv_if_kept"], work.table.attributes["age"])
    assert (scores["clv_if_silent"] == 0).all()
    at_risk = scores["churn_probability"] * scores["clv_if_kept"]
    np.testing.assert_allclose(scores["clv"], scores["clv_if_kept"] - at_risk)
    np.testing.assert_allclose(scores["value_at_risk"], at_risk)
    assert result["value_at_risk"] == pytest.approx(at_risk.sum())
    empty = ["p_alive", "expected_purchases", "segment", "expected_next_order"]
    empty += ["value_to_protect"]
    assert scores[empty].isna().all(axis=None)


def test_backtest_without_dates_tests_every_row_once(table, frame):
    work = pipeline.open_work(table.settings("backtest.windows=3"), quiet)
    found = pipeline.backtest(work, quiet)
    assert sum(w["n_customers"] for w in found["windows"]) == len(frame)
    assert next(w["cutoff"] for w in found["windows"]) == "part 1 of 3"
    assert "The table has no date" in found["notes"][0]
    assert found["staleness"] == []
    assert {row["slice"] for row in found["slices"]["rows"]} == {"plan"}
    assert found["run_id"]
    assert table.read("backtest.json")["overall"]["n_windows"] == 3
    pipeline.report(work.settings, quiet)
    page = (table.folder / "out" / "report.html").read_text()
    assert "Whether it holds on other rows" in page
    assert "earlier days" not in page


def test_backtest_rolls_back_by_date(table, frame):
    frame["day"] = pd.date_range("2024-01-01", periods=len(frame)).astype(str)
    table.write(frame)
    asked = ("churn.labelled.date=day", "backtest.windows=2")
    found = pipeline.backtest(pipeline.open_work(table.settings(*asked), quiet), quiet)
    days = [window["cutoff"] for window in found["windows"]]
    assert days == sorted(days, reverse=True)
    assert [row["age"] for row in found["staleness"]] == [0, 1]


def test_kpis_tell_churn_by_part(table, frame):
    work = pipeline.open_work(table.settings(), quiet)
    found = pipeline.kpis(work, quiet)
    left = frame["left"] == "Yes"
    assert found["churn_rate"] == pytest.approx(left.mean())
    assert found["value_lost"] == 200 * left.sum()
    rows = {row["value"]: row for row in table.read("kpis.json")["by_part"]}
    basic = frame["plan"] == "basic"
    assert rows["basic"]["n_churned"] == (left & basic).sum()
    assert "unknown" in rows


def test_period_and_segments_of_a_table_without_days_are_refused(table, command):
    path = table.folder / "table.yaml"
    path.write_text(table.text)
    for words in (("--by", "plan"), ("--from", "2024-01-01")):
        status, _, err = command("kpis", path, *words)
        told = " ".join(err.split())
        assert status == 2
        assert "need a log with days, of purchases or contracts" in told
        assert "churn.kind is 'labelled'" in told


def test_rollback_gives_the_place_back(table_with_champion, first_training):
    _, first = first_training
    bands = "scores.risk_bands=[0.2, 0.5]"
    settings = table_with_champion.settings(bands)
    second = pipeline.train_model(pipeline.open_work(settings, quiet), quiet)
    assert second["is_champion"]
    assert "follows the new risk bands" in second["champion_reason"]
    found = pipeline.rollback(settings)
    assert (found["before"], found["after"]) == (
        second["model_version"],
        first["model_version"],
    )


def test_registered_model_answers_like_the_batch(first_training, frame):
    import mlflow

    table, result = first_training
    settings = table.settings()
    pipeline.score(pipeline.open_work(settings, quiet), quiet)
    scores = pd.read_parquet(table.folder / "out" / "scores.parquet")
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(settings.tracking.uri)
    mlflow.set_registry_uri(settings.tracking.uri)
    try:
        served = mlflow.pyfunc.load_model(result["model_uri"])
        rows = frame.head(20).rename(columns={"who": "customer_id"})
        columns = ["customer_id", "calls", "plan", "age"]
        answer = served.predict(rows[columns])
    finally:
        mlflow.set_tracking_uri(before[0])
        mlflow.set_registry_uri(before[1])
    np.testing.assert_allclose(
        answer["churn_probability"], scores["churn_probability"].head(20)
    )
    for name in ("risk_reasons", "stay_reasons"):
        assert answer[name].tolist() == [list(r) for r in scores[name].head(20)]
    files = {path.suffix for path in table.folder.joinpath("store").rglob("*.*")}
    assert not files & {".pkl", ".joblib", ".pickle"}


def test_same_table_again_does_not_take_the_champions_place(table_with_champion):
    work = pipeline.open_work(table_with_champion.settings(), quiet)
    again = pipeline.train_model(work, quiet)
    assert not again["is_champion"]
    assert "as good as the champion" in again["champion_reason"]


def test_rows_are_split_by_date_when_there_is_one(table, frame):
    frame["day"] = pd.date_range("2024-01-01", periods=len(frame)).astype(str)
    table.write(frame)
    found = read_labelled(table.settings("churn.labelled.date=day"))
    split = dated_split(found.day, found.churned, 0.2)
    assert found.day.iloc[split.train].max() < found.day.iloc[split.test].min()
    for learnt, valid in split.pairs:
        assert found.day.iloc[learnt].max() < found.day.iloc[valid].min()
        assert not set(valid) & set(split.test)


def test_shuffled_label_is_not_predictable(table, frame):
    shuffled = frame["left"].sample(frac=1, random_state=0).to_numpy()
    table.write(frame.assign(left=shuffled))
    settings = table.settings()
    training = trained(settings)
    low, high = training.churn_test.intervals["model"]["roc_auc"]
    assert low < 0.5 < high


def test_same_seed_gives_the_same_model(table, first_training):
    before = first_training[0].settings()
    model, _ = Store(before.tracking.uri, before.name).load()
    settings = table.settings()
    rows = read_labelled(settings).attributes
    first, second = (m.predict_churn(rows) for m in (model, trained(settings).model))
    np.testing.assert_array_equal(first, second)


def test_too_few_churners_are_refused(table, frame):
    table.write(frame.assign(left=["Yes"] * 10 + ["No"] * 390))
    settings = table.settings()
    with pytest.raises(NotEnoughHistoryError, match="smaller class has 10 rows"):
        trained(settings)


def test_longer_table_is_compared_on_rows_that_are_new_to_both(
    table_with_champion, frame
):
    table = table_with_champion
    more = frame.head(100).assign(who=lambda rows: "n" + rows["who"], age=99)
    table.write(pd.concat([frame, more]))
    found = pipeline.train_model(pipeline.open_work(table.settings(), quiet), quiet)
    assert "log loss" in found["champion_reason"]


def test_champion_that_needs_a_dropped_column_gives_way(table_with_champion):
    settings = table_with_champion.settings("churn.labelled.drop=[calls]")
    found = pipeline.train_model(pipeline.open_work(settings, quiet), quiet)
    assert found["is_champion"]
    assert "cannot score these rows" in found["champion_reason"]


def test_column_that_is_the_label_keeps_a_model_from_the_championship(
    table_with_champion, frame
):
    table = table_with_champion
    frame["cancel_code"] = np.where(frame["left"] == "Yes", "C7", None)
    table.write(frame)
    found = pipeline.train_model(pipeline.open_work(table.settings(), quiet), quiet)
    assert not found["is_champion"]
    assert "'cancel_code' is the label in other words" in found["champion_reason"]


@pytest.mark.slow
@pytest.mark.skipif(not IRANIAN.exists(), reason="the Iranian churn data are not here")
def test_iranian_churn_is_reported_with_an_auc_of_989():
    settings = parse_settings(
        "name: iranian\nchurn: {kind: labelled, tuning_trials: 4, labelled: "
        f"{{path: '{IRANIAN}', label: churn}}}}"
    )
    assert len(read_labelled(settings).set_aside) == 300
    training = trained(settings)
    assert len(training.trials) == 5
    assert training.churn_test.metrics["model"]["roc_auc"] >= 0.989


def test_columns_named_as_features_of_purchases_are_a_tables_own(table, frame):
    regions = frame["plan"].map({"gold": "northeast", "silver": "northwest"})
    table.write(
        frame.drop(columns="plan")
        .rename(columns={"calls": "frequency"})
        .assign(cohort=regions.fillna("south"))
    )
    settings = table.settings("churn.members=[process, logistic]", "backtest.windows=2")
    work = pipeline.open_work(settings, quiet)
    pipeline.train_model(work, quiet)
    meanings = {
        r["feature"]: r["meaning"] for r in table.read("card.json")["importance"]
    }
    assert meanings["frequency"] == "frequency"
    rows = pipeline.backtest(work, quiet)["slices"]["rows"]
    assert {row["value"] for row in rows} == {"northeast", "northwest", "south"}


def test_champion_of_a_form_no_longer_read_gives_way_whatever_the_inputs(table, frame):
    settings = table.settings("churn.members=[process, logistic]")
    pipeline.train_model(pipeline.open_work(settings, quiet), quiet)
    folder, _ = Store(settings.tracking.uri, settings.name).fetch()
    (folder / "model.json").write_text('{"format": 1, "kind": "attributes"}')
    frame["cancel_code"] = np.where(frame["left"] == "Yes", "C7", None)
    table.write(frame)
    result = pipeline.train_model(pipeline.open_work(settings, quiet), quiet)
    assert result["is_champion"]
    assert "of a form no longer read" in result["champion_reason"]
