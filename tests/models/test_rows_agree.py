"""A row of scores agrees with itself, whatever the classifiers say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.clv.process import PurchaseProcess
from regulars.features.matrix import build_matrix
from regulars.kinds.non_contractual.workspace import open_workspace
from regulars.tracking import Store

# of the currency, or of purchases: what rounding may do
ROUNDING = 1e-9


@pytest.fixture(scope="module")
def champion(run_shop):
    settings = run_shop[0].settings()
    work = open_workspace(settings, lambda step: None)
    model, _ = Store(settings.tracking.uri, settings.name).load()
    return model, build_matrix(work.ledger, [work.timeline.cutoff])


def _made_up(features, n_rows, seed):
    """Histories of every sort, and the features of somebody else beside them."""
    rng = np.random.default_rng(seed)
    rows = features.iloc[rng.integers(0, len(features), n_rows)].reset_index(drop=True)
    age = rng.integers(1, 1_500, n_rows).astype(float)
    repeats = rng.geometric(0.3, n_rows) - 1.0
    repeats = np.minimum(repeats * rng.choice([1, 1, 10], n_rows), age)
    recency = np.where(repeats > 0, np.ceil(age * rng.beta(2, 1, n_rows)), 0.0)
    recency = np.maximum(recency, repeats)
    return rows.assign(
        customer_id=np.arange(n_rows).astype(str),
        frequency=repeats,
        recency_days=recency,
        T_days=age,
        days_since_last_order=age - recency,
    )


def _scores(model, rows, monkeypatch, seed):
    """Score rows with churn probabilities that have nothing to do with them."""
    rng = np.random.default_rng(seed)
    p = np.clip(rng.beta(0.5, 0.5, len(rows)), 1e-4, 1 - 1e-4)
    p[:3] = 0.5, np.nextafter(0.5, 0), np.nextafter(0.5, 1)
    monkeypatch.setattr(model.churn_, "predict", lambda features: p)
    return model.predict(rows)


def _violations(scores, horizon_days):
    p = scores["churn_probability"]
    days = pd.to_datetime(scores["expected_next_order"]) - pd.to_datetime(
        scores["cutoff"]
    )
    is_inside = (days < pd.Timedelta(days=horizon_days)).to_numpy()
    kept, clv, silent = (scores[f"clv{n}"] for n in ("_if_kept", "", "_if_silent"))
    rules = {
        "1 - p <= p_alive <= 1": (1 - p <= scores["p_alive"] + ROUNDING)
        & (scores["p_alive"] <= 1 + ROUNDING),
        "1 - p <= expected_purchases": 1 - p <= scores["expected_purchases"] + ROUNDING,
        "inside the horizon where p < 1/2": is_inside == (p < 0.5),
        "kept >= clv >= silent >= 0": (kept >= clv - ROUNDING)
        & (clv >= silent - ROUNDING)
        & (silent >= 0),
        "value at risk is what silence costs": np.isclose(
            scores["value_at_risk"], clv * 0 + p * (kept - silent)
        ),
        "protect is a part of what is kept": (scores["value_to_protect"] >= 0)
        & (scores["value_to_protect"] <= kept + ROUNDING),
        "low <= spend <= high": (
            scores["expected_spend_low"] <= scores["expected_spend"] + ROUNDING
        )
        & (scores["expected_spend"] <= scores["expected_spend_high"] + ROUNDING),
    }
    return {rule: int((~np.asarray(held)).sum()) for rule, held in rules.items()}


@pytest.mark.parametrize("kind", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_rows_agree_with_themselves(champion, monkeypatch, kind):
    model, features = champion
    monkeypatch.setattr(model, "process", PurchaseProcess(kind).fit(features))
    scores = _scores(model, _made_up(features, 3_000, 0), monkeypatch, 1)
    assert not any(_violations(scores, model.horizon.days).values())


@pytest.mark.slow
def test_a_million_rows_agree_with_themselves(champion, monkeypatch):
    model, features = champion
    found = []
    for seed in range(10):
        rows = _made_up(features, 100_000, seed)
        scores = _scores(model, rows, monkeypatch, seed)
        found.append(_violations(scores, model.horizon.days))
    assert not pd.DataFrame(found).sum().any()


def test_value_is_that_of_the_branches_where_the_process_is_right(champion):
    """Mixed with the process's own probability, the branches give its own value."""
    model, features = champion
    process, terms = model.process, model.horizon
    money = {
        "margin": terms.margin,
        "discount_rate_annual": terms.discount_rate_annual,
        "horizon_days": terms.clv_horizon_days,
    }
    branches = process.value_branches(features, span_days=terms.days, **money)
    silent = process.predict(features, horizon_days=terms.days)[
        "btyd_no_purchase_probability"
    ]
    found = branches.mix(silent.to_numpy())
    np.testing.assert_allclose(found, process.clv(features, **money), rtol=1e-3)
