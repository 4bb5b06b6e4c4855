"""Value net of returns at the margin of lines: batch, endpoint, no look ahead."""

from __future__ import annotations

from datetime import UTC, date, datetime

import ibis
import numpy as np
import pandas as pd
import pytest

from regulars.clv.process import PurchaseProcess
from regulars.data.intake import normalise
from regulars.data.ledger import build_ledger
from regulars.features import build_matrix
from regulars.features.value import VALUE_COLUMNS
from regulars.models import Horizon, RetentionModel
from regulars.models.churn import Recipe
from regulars.scoring import Customers, Provenance, score_customers
from regulars.scoring.history_rows import ServingContext
from regulars.scoring.pyfunc import NestedScorer

FIRST = pd.Timestamp("2023-01-01")
CUTOFF = date(2024, 1, 1)
MARGIN = 0.3


def simulate(n_customers=400, days=420, seed=0):
    """Gamma-distributed gaps; every second customer sends all back two days later."""
    rng = np.random.default_rng(seed)
    start, gap = rng.uniform(0, 90, n_customers), rng.uniform(10, 60, n_customers)
    mean = rng.gamma(4.0, 5.0, n_customers)
    lines = []
    for who in range(n_customers):
        time = start[who] + np.cumsum(rng.gamma(2.0, gap[who] / 2.0, 60))
        time = time[time < days]
        amount = rng.gamma(6.0, mean[who] / 6.0, time.size).round(2)
        lines.append(pd.DataFrame({"customer_id": who, "t": time, "amount": amount}))
        if who % 2:
            lines.append(lines[-1].assign(t=time + 2.0, amount=-amount))
    log = pd.concat(lines, ignore_index=True)
    log["customer_id"] = "c" + log["customer_id"].astype(str).str.zfill(3)
    when = FIRST + pd.to_timedelta(log.pop("t"), unit="D")
    return log.assign(order_time=when.dt.floor("s"))


def matrix(log, cutoff=CUTOFF):
    clean = normalise(ibis.memtable(log))
    return build_matrix(build_ledger(clean), [cutoff]).set_index("customer_id")


def valued(features, margin=MARGIN):
    process = PurchaseProcess().fit(features)
    found = process.predict(features, horizon_days=90)
    found["clv"] = process.clv(
        features, margin=margin, discount_rate_annual=0.1, horizon_days=365
    )
    return found


def bought_only(log):
    return log[log["amount"] >= 0]


@pytest.fixture(scope="module")
def log():
    return simulate()


@pytest.fixture(scope="module")
def is_returner(log):
    return log["amount"].lt(0).groupby(log["customer_id"]).any()


@pytest.mark.filterwarnings("ignore::regulars.errors.BoundaryWarning")
@pytest.mark.parametrize("is_flagged", [False, True])
def test_value_of_those_who_send_all_back_is_about_nothing(
    log, is_returner, is_flagged
):
    if is_flagged:
        log = log.assign(amount=log["amount"].abs(), is_return=log["amount"] < 0)
    found = valued(matrix(log))
    for name in ("btyd_order_value", "btyd_expected_spend", "clv"):
        by_kind = found.groupby(is_returner)[name]
        assert by_kind.median()[True] < 0.002 * by_kind.median()[False]
        assert by_kind.sum()[True] < 0.02 * by_kind.sum()[False]
    kept = valued(matrix(bought_only(log) if not is_flagged else log[~log.is_return]))
    ratio = found["clv"] / kept["clv"]
    assert ratio[~is_returner].between(0.97, 1.03).all()
    assert (found["clv"] >= 0).all()


@pytest.mark.filterwarnings("ignore::regulars.errors.BoundaryWarning")
def test_value_without_returns_has_the_same_bits_as_without_the_columns(log):
    features = matrix(bought_only(log))
    plain = features.drop(columns=VALUE_COLUMNS, errors="ignore")
    assert len(plain.columns) < len(features.columns)
    pd.testing.assert_frame_equal(valued(features), valued(plain), check_exact=True)


@pytest.mark.filterwarnings("ignore::regulars.errors.BoundaryWarning")
def test_value_is_what_follows_in_total(log):
    """Half of them send a third of their orders back, at random."""
    rng = np.random.default_rng(3)
    bought = bought_only(simulate(800, 730, seed=5)).reset_index(drop=True)
    sends = bought["customer_id"].str[1:].astype(int) % 2 == 1
    back = bought[sends & (rng.random(len(bought)) < 1 / 3)]
    back = back.assign(
        amount=-back["amount"], order_time=back["order_time"] + pd.Timedelta(days=5)
    )
    whole = pd.concat([bought, back])
    process = PurchaseProcess().fit(features := matrix(whole))
    clv = process.clv(features, margin=1.0, discount_rate_annual=0.0, horizon_days=365)
    year = whole["order_time"].between("2024-01-01", "2024-12-31", inclusive="left")
    came = whole[year].groupby("customer_id")["amount"].sum().reindex(features.index)
    is_sender = features.index.str[1:].astype(int) % 2 == 1
    for group in (is_sender, ~is_sender):
        assert clv[group].sum() == pytest.approx(came[group].sum(), rel=0.08)


# -- margin by line -----------------------------------------------------------


def with_costs(log):
    """Costs of 20% or 80% by customer, a rate of 0.5, or nothing."""
    kind = log["customer_id"].str[1:].astype(int) % 4 // 2 * 3 + 1
    cost = (log["amount"].abs() * kind / 5).where(log.index % 5 > 0)
    rate = pd.Series(0.5, log.index).where(log.index % 10 == 0)
    return log.assign(cost_amount=cost, margin_rate=rate)


CONSTANT = [
    pytest.param({"margin_rate": 0.3}, id="rate"),
    pytest.param({"cost_amount": 0.7}, id="cost"),
    pytest.param({"cost_amount": 0.7, "margin_rate": 0.9}, id="cost wins"),
    pytest.param({"cost_amount": None, "margin_rate": None}, id="all are missing"),
]


@pytest.mark.filterwarnings("ignore::regulars.errors.BoundaryWarning")
@pytest.mark.parametrize("columns", CONSTANT)
def test_lines_with_the_configured_margin_give_the_configured_value(log, columns):
    filled = {}
    for name, share in columns.items():
        number = np.nan if share is None else share
        is_cost = name == "cost_amount"
        filled[name] = log["amount"].abs() * number if is_cost else number
    found = valued(matrix(log.assign(**filled).astype(dict.fromkeys(filled, float))))
    expected = valued(matrix(log))
    np.testing.assert_allclose(found["clv"], expected["clv"], rtol=1e-5)
    forecasts = [name for name in expected if name != "clv"]
    pd.testing.assert_frame_equal(
        found[forecasts], expected[forecasts], check_exact=True
    )


@pytest.mark.filterwarnings("ignore::regulars.errors.BoundaryWarning")
def test_value_follows_the_margin_of_the_customer(log):
    bought = bought_only(log)
    is_dear = bought["customer_id"].str[1:].astype(int) % 4 >= 2
    cost = bought["amount"] * np.where(is_dear, 0.9, 0.2)
    found = valued(matrix(bought.assign(cost_amount=cost)))["clv"]
    plain = valued(matrix(bought))["clv"]
    ratio = found / plain
    is_dear = ratio.index.str[1:].astype(int) % 4 >= 2
    np.testing.assert_allclose(ratio[is_dear], 0.1 / MARGIN, rtol=1e-4)
    np.testing.assert_allclose(ratio[~is_dear], 0.8 / MARGIN, rtol=1e-4)


@pytest.mark.filterwarnings("ignore::regulars.errors.BoundaryWarning")
def test_value_of_who_buys_at_a_loss_is_nothing_and_never_less(log):
    bought = bought_only(log)
    is_loss = bought["customer_id"] == "c000"
    found = valued(matrix(bought.assign(margin_rate=np.where(is_loss, -0.5, 0.4))))
    assert found.loc["c000", "clv"] < 0.02 * found["clv"].median()
    assert (found["clv"] >= 0).all()


@pytest.mark.filterwarnings("ignore::regulars.errors.BoundaryWarning")
def test_value_is_linear_in_the_configured_margin(log):
    features = matrix(log)
    process = PurchaseProcess().fit(features)
    terms = {"discount_rate_annual": 0.1, "horizon_days": 365}
    one, three = (process.clv(features, margin=m, **terms) for m in (0.2, 0.6))
    np.testing.assert_allclose(three, 3 * one, rtol=1e-12)


# -- the road of scores -------------------------------------------------------


def fitted(features):
    horizon = Horizon(
        horizon_days=90,
        margin=MARGIN,
        discount_rate_annual=0.1,
        clv_horizon_days=365,
        risk_bands=(0.4, 0.7),
    )
    process = PurchaseProcess().fit(features)
    model = RetentionModel(horizon, Recipe.process_only(), process=process)
    return model.fit(None, current=features)


@pytest.fixture(scope="module")
def full_log(log):
    return with_costs(log)


@pytest.fixture(scope="module")
def model(full_log):
    with pytest.warns(match="edge"):
        return fitted(matrix(full_log).reset_index())


def test_nothing_from_the_cutoff_on_moves_a_score(full_log, model):
    past = full_log[full_log["order_time"] < pd.Timestamp(CUTOFF)]
    later = past.sample(200, random_state=1).assign(
        order_time=pd.Timestamp(CUTOFF), cost_amount=1.0, margin_rate=-1.0
    )
    later["amount"] *= -3
    names = ["clv", "expected_spend", "value_at_risk"]
    expected = model.predict(matrix(past).reset_index())[names]
    found = model.predict(matrix(pd.concat([past, later])).reset_index())[names]
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_endpoint_gives_the_scores_of_the_batch(full_log, model, tmp_path):
    model.save(tmp_path)
    kept = RetentionModel.load(tmp_path)
    features = matrix(full_log).reset_index()
    batch = score_customers(
        kept, Customers(features), Provenance("1", "r", datetime.now(UTC))
    )
    columns = ["amount", "cost_amount", "margin_rate"]
    context = ServingContext("UTC", "2023-01-01", None, None, [], columns[1:])
    some = batch.head(40).set_index("customer_id")
    whole = full_log.assign(order_time=full_log["order_time"].astype(str))
    whole[columns] = whole[columns].astype(object).where(whole[columns].notna(), None)
    asked = pd.DataFrame(
        [
            {"customer_id": who, "transactions": lines.to_dict("records")}
            for who, lines in whole.groupby("customer_id")
            if who in some.index
        ]
    )
    scorer = NestedScorer(kept, context, {"model_version": "1", "run_id": "r"})
    found = scorer.predict(asked, {"as_of": str(CUTOFF)}).set_index("customer_id")
    for name in ("clv", "value_at_risk", "expected_spend", "churn_probability"):
        pd.testing.assert_series_equal(
            found[name].astype(float),
            some[name],
            check_exact=True,
            check_index_type=False,
        )


def test_endpoint_takes_a_margin_that_is_null_but_not_one_that_is_not_sent(model):
    names = ["cost_amount", "margin_rate"]
    context = ServingContext("UTC", "2023-01-01", None, None, [], names)
    scorer = NestedScorer(model, context, {})
    line = {"order_time": "2023-05-01", "amount": 5.0}

    def ask(row):
        request = pd.DataFrame({"customer_id": ["a"], "transactions": [[row]]})
        return scorer.predict(request, {"as_of": str(CUTOFF)})

    found = ask(line | dict.fromkeys(names))
    assert found["clv"].iloc[0] > 0
    with pytest.raises(ValueError, match="has cost_amount, margin_rate, which"):
        ask(line)
