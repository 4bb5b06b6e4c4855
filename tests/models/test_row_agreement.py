"""A row of scores agrees with itself, whatever the history and the probability."""

from __future__ import annotations

import copy
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.clv.process import LABELS, PurchaseProcess
from regulars.models import Horizon, RetentionModel
from regulars.models.churn import Recipe
from regulars.models.segments import BEST

CUTOFF = pd.Timestamp("2024-06-01")
KINDS = sorted(LABELS)


def histories(n_rows, rng, most=400, longest=2000):
    """Feature rows of every history there can be, likely or not."""
    age = rng.integers(1, longest, n_rows).astype(float)
    # no more purchase days than days
    frequency = np.floor(np.minimum(most * rng.random(n_rows) ** 4, age - 1))
    recency = np.ceil(frequency + (age - 1 - frequency) * rng.random(n_rows))
    recency = np.where(frequency > 0, recency, 0.0)
    return pd.DataFrame(
        {
            "customer_id": np.arange(n_rows).astype(str),
            "cutoff": CUTOFF,
            "frequency": frequency,
            "recency_days": recency,
            "T_days": age,
            "days_since_last_order": age - recency,
            "n_orders": frequency + 1,
            "monetary_value": np.where(frequency > 0, rng.lognormal(3, 1, n_rows), 0),
            "aov": rng.lognormal(3, 1, n_rows),
        }
    )


@cache
def fitted(kind):
    """Return the process of some hundred lives as BG/NBD has them."""
    rng = np.random.default_rng(0)
    n, age = 300, rng.integers(60, 720, 300).astype(float)
    gaps = rng.exponential(1, (n, 80)) / rng.gamma(1.2, 0.03, n)[:, None]
    stays = (rng.random((n, 80)) > rng.beta(1, 4, n)[:, None]).cumprod(axis=1)
    days = np.where(stays > 0, gaps.cumsum(axis=1), np.inf)
    bought = days < age[:, None] - 1
    rows = histories(n, rng).assign(T_days=age, frequency=bought.sum(axis=1) * 1.0)
    last = np.ceil(np.where(bought, days, 0.0).max(axis=1))
    spent = rows["aov"].where(rows["frequency"] > 0, 0.0)
    rows = rows.assign(
        recency_days=last, days_since_last_order=age - last, monetary_value=spent
    )
    return PurchaseProcess(kind).fit(rows), rows


@cache
def model_of(kind, days, gap_days, clv_days):
    """Return a model whose blend is to be put in place."""
    process, past = fitted(kind)
    horizon = Horizon(
        horizon_days=days,
        gap_days=gap_days,
        margin=0.3,
        discount_rate_annual=0.1,
        clv_horizon_days=clv_days,
        risk_bands=(0.4, 0.7),
    )
    model = RetentionModel(horizon, Recipe.process_only(), process=process)
    return model.fit(None, current=past)


def scored(kind, rows, churn, days=90, gap_days=0, clv_days=365):
    """Return the scores of rows where the blend says `churn`."""
    model = copy.copy(model_of(kind, days, gap_days, clv_days))
    model._probability = lambda _: churn
    return model.predict(rows)


def violations(scores, days):
    """Count the rows that contradict themselves, by rule; no gap."""
    buys = 1 - scores["churn_probability"]
    wait = (pd.to_datetime(scores["expected_next_order"]) - scores["cutoff"]).dt.days
    kept, silent = scores["clv_if_kept"], scores["clv_if_silent"]
    broken = {
        "p_alive": ~(buys <= scores["p_alive"]) | (scores["p_alive"] > 1),
        "expected_purchases": ~(buys <= scores["expected_purchases"]),
        "next order": (wait < days) != (scores["churn_probability"] < 0.5),
        "order of the values": ~(
            (kept >= scores["clv"]) & (scores["clv"] >= silent) & (silent >= 0)
        ),
        "value_at_risk": ~np.isclose(
            scores["value_at_risk"], scores["churn_probability"] * (kept - silent)
        ),
        "mixture": ~np.isclose(
            scores["clv"], buys * kept + scores["churn_probability"] * silent
        ),
        "value_to_win_back": ~scores["value_to_win_back"].between(
            0, scores["value_at_risk"] * (1 + 1e-9)
        ),
        "value_to_protect": ~scores["value_to_protect"].between(0, kept * (1 + 1e-9)),
        "finite": ~np.isfinite(kept),
        "champion": (scores["segment"] == BEST) & (scores["risk_band"] != "low"),
    }
    return {rule: int(rows.sum()) for rule, rows in broken.items() if rows.any()}


@pytest.mark.filterwarnings("ignore::regulars.errors.RegularsWarning")
@settings(deadline=None, max_examples=40)
@given(
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**31),
    days=st.sampled_from([1, 14, 90, 364]),
    clv_days=st.sampled_from([7, 365, 1500]),
)
def test_rows_agree_with_themselves(kind, seed, days, clv_days):
    rng = np.random.default_rng(seed)
    rows = histories(60, rng)
    ends = [0.0, 1e-15, 0.5, np.nextafter(0.5, 0), np.nextafter(0.5, 1), 1 - 1e-15, 1.0]
    churn = np.concatenate([ends, rng.random(60 - len(ends))])
    scores = scored(kind, rows, churn, days, clv_days=clv_days)
    assert violations(scores, days) == {}


@pytest.mark.filterwarnings("ignore::regulars.errors.RegularsWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_values_stay_in_order_after_a_gap(kind):
    rng = np.random.default_rng(5)
    rows, churn = histories(300, rng), rng.random(300)
    broken = violations(scored(kind, rows, churn, 60, gap_days=14), 60)
    assert {*broken} <= {"next order"}


def test_a_row_that_contradicts_itself_is_counted():
    rng = np.random.default_rng(1)
    rows, churn = histories(50, rng), rng.random(50)
    scores = scored("bg_nbd", rows, churn)
    for column, factor in (
        ("p_alive", 0.0),
        ("expected_purchases", 0.5),
        ("clv_if_kept", 0.5),
        ("value_to_win_back", 1e9),
        ("value_to_protect", 1e9),
    ):
        assert violations(scores.assign(**{column: scores[column] * factor}), 90)
    late = scores.assign(expected_next_order=CUTOFF + pd.Timedelta(days=90))
    assert violations(late, 90)["next order"] == (churn < 0.5).sum()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::regulars.errors.RegularsWarning")
def test_no_row_of_a_million_contradicts_itself():
    rng = np.random.default_rng(2)
    block, n_seen = 50_000, 0
    for number in range(20):
        rows, churn = histories(block, rng, 60, 800), rng.random(block)
        kind = ("bg_nbd", "pareto_nbd", "mbg_nbd")[number % 3]
        assert violations(scored(kind, rows, churn), 90) == {}
        n_seen += block
    assert n_seen == 1_000_000
