"""The whole road from a log to scores: what may change it, and what may not."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from regulars import pipeline
from regulars.clv.process import PurchaseProcess
from regulars.config import parse_settings
from regulars.errors import DataError, NotEnoughHistoryError
from regulars.features.matrix import build_matrix
from regulars.kinds.non_contractual import open_workspace, purchase_problem
from regulars.kinds.non_contractual.problem import example_request
from regulars.kinds.non_contractual.stages import monthly_records
from regulars.scoring.batch import Customers, Provenance, score_customers
from regulars.scoring.layout import WRITTEN
from regulars.training import train

CUTOFF = "2024-12-01"
PROVENANCE = ["model_version", "scored_at", "run_id"]
# trees that see everything: the least thing that leaked would show
TREES = "churn.members=[process, lightgbm]"
NOW = Provenance("1", "run", datetime(2025, 1, 1, tzinfo=UTC))


def _quietly(step):
    """Say nothing of the steps."""


def _scores(shop, *overrides):
    """Scores by the pipeline's own rooms, without a registry."""
    settings = shop.settings(TREES, "time.training_cutoffs=1", *overrides)
    work = open_workspace(settings, _quietly)
    training = train(purchase_problem(work, _quietly), _quietly)
    features = build_matrix(
        work.ledger, [work.timeline.cutoff], groups=settings.features.groups
    )
    return features, score_customers(training.model, Customers(features), NOW)


@pytest.fixture(scope="module")
def scored(tmp_path_factory, orders, open_shop, few_trees):
    """Features and scores of the log as it is."""
    return _scores(open_shop(tmp_path_factory.mktemp("scored"), orders))


def _same_bits(found, expected):
    for left, right in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(left, right, check_exact=True)


# -- what has to be there -------------------------------------------------------


def test_run_leaves_every_result_in_the_outputs_folder(run_shop):
    shop, result = run_shop
    names = {path.name for path in shop.out.iterdir()}
    assert {
        "check.json",
        "quarantine.csv",
        "training.json",
        "scores.parquet",
        "kpis.json",
        "report.html",
        "manifest.json",
    } <= names
    assert not [name for name in names if name.startswith(".")]
    assert result["scores"] == str(shop.out / "scores.parquet")


def test_scores_keep_the_contract_of_the_design(run_shop):
    shop, _ = run_shop
    scores = pd.read_parquet(shop.out / "scores.parquet")
    assert scores.columns.tolist() == list(WRITTEN)
    assert scores["customer_id"].is_unique
    assert {*scores["cutoff"]} == {date(2024, 12, 1)}
    for name in ("churn_probability", "btyd_no_purchase_probability", "p_alive"):
        assert scores[name].between(0, 1).all()
    for name in ("expected_purchases", "expected_spend", "clv"):
        assert (scores[name] >= 0).all()
    low, high = scores["expected_spend_low"], scores["expected_spend_high"]
    assert (low >= 0).all()
    assert (low <= scores["expected_spend"]).all()
    assert (scores["expected_spend"] <= high).all()
    assert (low < high).mean() > 0.9
    p, kept, silent = (
        scores[name] for name in ("churn_probability", "clv_if_kept", "clv_if_silent")
    )
    np.testing.assert_allclose(scores["value_at_risk"], p * (kept - silent))
    assert ((kept >= scores["clv"]) & (scores["clv"] >= silent)).all()
    assert scores["value_to_protect"].between(0, kept).all()
    assert (
        (1 - p <= scores["p_alive"]) & (1 - p <= scores["expected_purchases"])
    ).all()
    wait = pd.to_datetime(scores["expected_next_order"]) - pd.Timestamp(2024, 12, 1)
    assert ((wait.dt.days < 28) == (p < 0.5)).all()
    bands = pd.cut(
        scores["churn_probability"],
        [-1, 0.4, 0.7, 2],
        right=False,
        labels=["low", "medium", "high"],
    )
    assert bands.astype(str).tolist() == scores["risk_band"].tolist()
    sides = {name: scores[name].map(len) for name in ("risk_reasons", "stay_reasons")}
    assert all(each.between(0, 3).all() for each in sides.values())
    assert (sides["risk_reasons"][bands == "high"] > 0).mean() > 0.95
    assert (sides["stay_reasons"][bands == "low"] > 0).mean() > 0.95
    next_order = scores["expected_next_order"].dropna()
    assert (next_order >= date(2024, 12, 1)).all()
    assert (next_order <= date(2025, 12, 1)).all()
    zone = pq.read_schema(shop.out / "scores.parquet").field("scored_at").type.tz
    assert zone == "UTC"


def test_every_customer_before_the_cutoff_is_scored_once(run_shop, orders):
    shop, _ = run_shop
    scores = pd.read_parquet(shop.out / "scores.parquet")
    bought = orders[(orders["amount"] >= 0) & (orders["order_time"] < CUTOFF)]
    assert {*scores["customer_id"]} == {*bought["customer_id"]}


def test_result_of_a_training_has_the_keys_of_the_contract(run_shop):
    _, result = run_shop
    assert {
        "model_uri",
        "model_version",
        "run_id",
        "is_champion",
        "test",
        "value_test",
        "baselines",
    } <= {*result}
    keys = {
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
    assert {*result["test"]} == keys
    assert {"mae", "spearman", "total_ratio"} <= {*result["value_test"]}
    assert {"bg_nbd", "days_since_last_order", "frequency", "rfm_logistic"} <= {
        *result["baselines"]
    }
    assert all({*found} == keys for found in result["baselines"].values())
    assert result["test"]["cutoff"] == "2024-11-03"
    assert result["is_champion"]


def _leaves(node):
    if isinstance(node, dict):
        node = node.values()
    if isinstance(node, str | int | float | None):
        yield node
    else:
        for child in node:
            yield from _leaves(child)


@pytest.mark.parametrize("name", ["training.json", "kpis.json", "check.json"])
def test_figures_in_files_are_numbers_and_not_words(run_shop, name):
    found = run_shop[0].read(name)
    versions = {*found.pop("versions", {}).values(), found.pop("model_version", "")}
    found.pop("config", None)
    # groups of customers have names such as "3" and "7+"
    found.get("diagnostics", {}).get("by_frequency", {}).pop("frequency", None)
    words = [leaf for leaf in _leaves(found) if isinstance(leaf, str)]

    def is_figure(word):
        try:
            float(word)
        except ValueError:
            return False
        return word not in versions

    assert [word for word in words if is_figure(word)] == []


def test_reported_model_had_not_seen_the_test_window(run_shop):
    line = run_shop[0].read("training.json")["timeline"]
    window = timedelta(days=28)
    test = date.fromisoformat(line["test_cutoff"])
    assert all(
        date.fromisoformat(day) + window <= test for day in line["training_cutoffs"]
    )
    assert line["test_cutoff"] in line["refit_cutoffs"]


# -- what must not matter -------------------------------------------------------


def test_future_changes_no_feature_and_no_score_when_corrupted_and_added(
    tmp_path, orders, open_shop, scored
):
    rng = np.random.default_rng(0)
    later = orders["order_time"] >= CUTOFF
    assert later.sum() > 20
    log = orders.astype({"amount": object})
    log.loc[later, "amount"] = rng.choice([-1e6, 1e6, 0.0, "n/a"], later.sum())
    log.loc[later, "customer_id"] = rng.permutation(log.loc[later, "customer_id"])
    log.loc[later, ["product_id", "category"]] = "?"
    added = pd.concat([log[later]] * 3).assign(
        customer_id=lambda rows: [f"new {k}" for k in range(len(rows))],
        order_time=pd.Timestamp(CUTOFF) + pd.to_timedelta(range(3 * later.sum()), "h"),
        amount=777.0,
    )
    first = added.iloc[[0]].assign(
        customer_id=orders["customer_id"].iloc[0], order_time=pd.Timestamp(CUTOFF)
    )
    shop = open_shop(tmp_path, pd.concat([log, added, first], ignore_index=True))
    _same_bits(_scores(shop), scored)


def test_future_changes_no_feature_and_no_score_when_deleted(
    tmp_path, orders, open_shop, scored
):
    shop = open_shop(tmp_path, orders[orders["order_time"] < CUTOFF])
    _same_bits(_scores(shop), scored)


def test_past_does_change_features(tmp_path, orders, open_shop, scored):
    """What the two tests above compare is able to differ."""
    last_week = orders["order_time"].between("2024-11-24", "2024-11-30")
    shop = open_shop(tmp_path, orders[~last_week])
    work = open_workspace(shop.settings(), _quietly)
    found = build_matrix(work.ledger, [work.timeline.cutoff])
    assert not found.equals(scored[0])


def test_row_order_and_files_do_not_matter(tmp_path, orders, open_shop, scored):
    shop = open_shop(tmp_path, orders)
    turned = orders.sample(frac=1.0, random_state=0)
    turned.iloc[:700].to_csv(tmp_path / "part-1.csv", index=False)
    turned.iloc[700:].to_csv(tmp_path / "part-2.csv", index=False)
    parts = f"source.transactions.path={(tmp_path / 'part-*.csv').as_posix()}"
    _same_bits(_scores(shop, parts), scored)


@pytest.mark.slow
def test_scores_shift_with_the_dates_when_by_whole_weeks(tmp_path, orders, open_shop):
    # the share of orders at the start of a month is what weeks do not keep
    groups = "features.groups=[rfm, rhythm, windows, basket]"
    shift = timedelta(weeks=31)
    moved = orders.assign(order_time=orders["order_time"] + shift)
    cutoff = date.fromisoformat(CUTOFF) + shift
    _, here = _scores(open_shop(tmp_path / "a", orders), groups)
    _, there = _scores(
        open_shop(tmp_path / "b", moved), groups, f"time.cutoff={cutoff}"
    )
    for name in ("cutoff", "expected_next_order"):
        there[name] = [None if pd.isna(day) else day - shift for day in there[name]]
        here[name] = [None if pd.isna(day) else day for day in here[name]]
    pd.testing.assert_frame_equal(there, here, check_exact=True)


@pytest.mark.slow
def test_two_runs_write_the_same_bytes_when_the_seed_is_the_same(
    tmp_path, orders, open_shop, run_shop
):
    again = open_shop(tmp_path / "elsewhere", orders)
    pipeline.run(again.settings(), _quietly)
    written = []
    for shop in (run_shop[0], again):
        table = pq.read_table(shop.out / "scores.parquet").drop_columns(PROVENANCE)
        pq.write_table(table, tmp_path / "bare.parquet")
        written.append((tmp_path / "bare.parquet").read_bytes())
    assert written[0] == written[1]
    one, other = (shop.read("training.json") for shop in (run_shop[0], again))
    for name in ("test", "baselines", "weights", "fingerprint", "importance"):
        assert one[name] == other[name]


# -- short histories ------------------------------------------------------------


def _young(orders, days):
    first = orders["order_time"].min()
    return orders[orders["order_time"] < first + pd.Timedelta(days=days)]


def test_process_alone_scores_and_says_so_when_there_is_no_window(
    tmp_path, orders, open_shop, few_trees
):
    shop = open_shop(tmp_path, _young(orders, 50))
    result = pipeline.run(
        shop.settings("time.cutoff=null", "time.horizon_days=110"), _quietly
    )
    assert result["process_only"]
    assert result["test"] is None
    assert result["value_test"] is None
    assert result["baselines"] == {}
    scores = pd.read_parquet(shop.out / "scores.parquet")
    np.testing.assert_allclose(
        scores["churn_probability"],
        scores["btyd_no_purchase_probability"].clip(1e-4, 1 - 1e-4),
    )
    assert (scores["risk_reasons"].map(len) + scores["stay_reasons"].map(len)).any()
    notes = " ".join(shop.read("training.json")["notes"])
    assert "no window to learn a classifier from" in notes
    assert "no test window" in notes
    assert "no window to learn a classifier from" in (
        shop.out / "report.html"
    ).read_text().replace("\n", " ")


def test_run_goes_on_with_fewer_windows_and_says_so(
    tmp_path, orders, open_shop, few_trees
):
    shop = open_shop(tmp_path, orders)
    settings = shop.settings(
        "time.training_cutoffs=12", "churn.members=[process, logistic]"
    )
    work = open_workspace(settings, _quietly)
    training = train(purchase_problem(work, _quietly), _quietly)
    # said of the model that scores
    n_found = len(work.timeline.final.training_cutoffs)
    assert 0 < n_found < 12
    assert any(
        f"{n_found} of the 12 training windows" in note for note in training.notes
    )


def test_run_refuses_when_nobody_had_bought_before_the_cutoff(
    tmp_path, orders, open_shop
):
    shop = open_shop(tmp_path, orders[orders["order_time"] < "2024-11-01"])
    settings = shop.settings("time.lookback_days=5", "time.cutoff=2024-11-20")
    work = open_workspace(settings, _quietly)
    with pytest.raises(NotEnoughHistoryError, match="before 2024-11-20"):
        train(purchase_problem(work, _quietly), _quietly)


def test_score_refuses_when_there_is_no_champion(shop):
    work = open_workspace(shop.settings(), _quietly)
    with pytest.raises(DataError, match=r"no champion called 'shop'.*regulars train"):
        pipeline.score(work, _quietly)


# -- published figures ------------------------------------------------------------


def test_cdnow_sample_gives_the_published_figures_on_the_pipelines_own_road(tmp_path):
    """Fader, Hardie and Lee (2005); from the raw file to the fitted parameters."""
    settings = parse_settings(
        f"""
        name: cdnow
        source:
          transactions:
            path: package:lifetimes/datasets/CDNOW_sample.txt
            columns:
              {{customer_id: column1, order_time: column3, amount: column5}}
            time_format: "%Y%m%d"
            duplicates: keep
        time: {{cutoff: 1997-10-01, horizon_days: 273}}
        outputs: {tmp_path.as_posix()}
        """
    )
    work = open_workspace(settings, _quietly)
    features = build_matrix(work.ledger, [work.timeline.cutoff], groups=["rfm"])
    assert len(features) == 2357
    assert (features["frequency"] > 0).sum() == 946
    # the published age runs to the last observed day, ours to the cutoff after it
    features["T_days"] -= 1
    process = PurchaseProcess("bg_nbd").fit(features)
    found = process.purchases_
    assert found.params_ == pytest.approx(
        {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}, abs=5e-4
    )
    assert found.log_likelihood_ == pytest.approx(-9582.429, abs=0.01)
    later = process.predict(features, horizon_days=273)["btyd_expected_purchases"]
    # 39 weeks that the model had not seen: 1,882 purchases happened
    assert later.sum() == pytest.approx(0.878 * 1882, rel=0.005)


# -- small things ---------------------------------------------------------------


def test_scores_are_written_as_csv_too_when_asked(run_shop, tmp_path):
    shop, _ = run_shop
    settings = shop.settings("scores.format=csv", f"outputs={tmp_path.as_posix()}")
    done = pipeline.score(open_workspace(settings, _quietly), _quietly)
    assert done["scores"] == str(tmp_path / "scores.csv")
    flat = pd.read_csv(tmp_path / "scores.csv")
    whole = pd.read_parquet(tmp_path / "scores.parquet")
    assert len(flat) == len(whole) == done["n_customers"]
    for name in ("risk_reasons", "stay_reasons"):
        joined = ["; ".join(reasons) for reasons in whole[name]]
        assert flat[name].fillna("").tolist() == joined
    assert done["mean_churn_probability"] == pytest.approx(
        whole["churn_probability"].mean()
    )


def test_steps_are_reported_in_their_order(run_shop):
    names = [name for name in run_shop[0].steps if " " not in name]
    assert names == sorted(names, key=pipeline.STEPS.index)
    assert {"check", "features", "register", "score", "report"} <= {*names}


def test_json_records_turn_missing_into_null():
    frame = pd.DataFrame({"day": [pd.Timestamp("2024-01-01"), None], "n": [1, 2]})
    records = monthly_records(frame)
    assert records[1]["day"] is None
    assert records[0]["day"].startswith("2024-01-01")
    json.dumps(records, allow_nan=False)


def test_example_request_has_the_columns_of_the_log(shop):
    request = example_request(open_workspace(shop.settings(), _quietly))
    line = request.loc[0, "transactions"][0]
    assert {"order_time", "amount", "product_id", "quantity"} <= {*line}
