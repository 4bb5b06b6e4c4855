"""What moves the process's forecast, against sums over all orders of learning it."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from regulars.clv.process import BY_VALUE, PurchaseProcess
from regulars.clv.process_shares import process_shares as by_column

WINDOW = {"horizon_days": 60, "gap_days": 7}
TYPICAL = pd.Series({"frequency": 1.0, "recency_days": 50.0, "T_days": 200.0})


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(0)
    age = rng.uniform(100, 300, 1000)
    active = np.minimum(age, rng.exponential(1 / rng.gamma(1.0, 0.01, 1000)))
    repeats = rng.poisson(rng.gamma(1.0, 0.02, 1000) * active)
    back, most = repeats > 0, np.maximum(repeats, 1)
    spend = 20 * rng.gamma(6.0 * most) / most / rng.gamma(4.0, size=1000)
    return pd.DataFrame(
        {
            "frequency": 1.0 * repeats,
            "T_days": age,
            "recency_days": np.where(back, active * rng.beta(most, 1), 0.0),
            "monetary_value": np.where(back, spend, 0.0),
            "aov": spend,
        }
    )


@pytest.fixture(scope="module", params=["bg_nbd", "pareto_nbd", f"bg_nbd{BY_VALUE}"])
def process(request, features):
    return PurchaseProcess(request.param).fit(features)


def process_shares(process, rows, typical, **window):
    return pd.DataFrame(by_column(process.outlook(rows), typical, **window))


def _log_odds(process, rows):
    silent = process.predict(rows, **WINDOW)["btyd_no_purchase_probability"]
    return logit(silent.clip(1e-4, 1 - 1e-4)).to_numpy()


def _of(**changes):
    row = TYPICAL.to_dict() | {"monetary_value": 20.0, "aov": 20.0} | changes
    return pd.DataFrame([row])


def test_shares_add_up_to_the_log_odds_less_those_of_the_typical(process, features):
    shares = process_shares(process, features, TYPICAL, **WINDOW)
    typical = _log_odds(process, _of(aov=process.usual_order_ or 20.0))
    expected = _log_odds(process, features) - typical
    np.testing.assert_allclose(shares.sum(axis=1), expected, atol=1e-9)
    assert shares.index.equals(features.index)


def test_typical_customer_has_nothing_to_explain(process):
    rows = _of(aov=process.usual_order_ or 20.0)
    shares = process_shares(process, rows, TYPICAL, **WINDOW)
    np.testing.assert_allclose(shares, 0.0, atol=1e-12)


def test_medians_of_an_even_number_of_customers_are_a_history(process, features):
    typical = pd.Series({"frequency": 1.5, "recency_days": 50.0, "T_days": 200.0})
    shares = process_shares(process, features, typical, **WINDOW)
    known = process_shares(process, features, TYPICAL, **WINDOW)
    np.testing.assert_array_equal(shares, known)


def test_only_what_differs_has_a_share(process):
    rows = _of(aov=process.usual_order_ or 20.0, recency_days=10.0)
    shares = process_shares(process, rows, TYPICAL, **WINDOW).iloc[0]
    assert shares["recency_days"] > 0.1  # silent for longer
    assert shares.drop("recency_days").abs().max() < 1e-12


def test_many_orders_of_late_speak_for_staying(process):
    rows = _of(frequency=6.0, recency_days=195.0, aov=process.usual_order_ or 20.0)
    shares = process_shares(process, rows, TYPICAL, **WINDOW).iloc[0]
    assert shares["frequency"] < -0.1
    assert shares["recency_days"] < -0.1


def test_shares_are_means_over_the_orders_of_learning(features):
    process = PurchaseProcess().fit(features)
    own = {"frequency": 4.0, "recency_days": 90.0, "T_days": 150.0}
    # the silence in the customer's own gaps, and in the typical one's
    gaps = {True: 60.0 * 5.0 / 150.0, False: 150.0 * 2.0 / 200.0}

    def log_odds(known):
        mixed = {name: (own if name in known else TYPICAL)[name] for name in own}
        silence = gaps["recency_days" in known] * mixed["T_days"]
        recency = mixed["T_days"] - silence / (mixed["frequency"] + 1.0)
        # somebody who came back did so after the first day
        return _log_odds(process, _of(**mixed | {"recency_days": max(recency, 7e-4)}))[
            0
        ]

    steps = {name: [] for name in own}
    for order in permutations(own):
        for place, name in enumerate(order):
            step = log_odds(order[: place + 1]) - log_odds(order[:place])
            steps[name].append(step)
    found = process_shares(process, _of(**own), TYPICAL, **WINDOW).iloc[0]
    for name, each in steps.items():
        assert found[name] == pytest.approx(np.mean(each), abs=1e-9), name


def test_size_of_orders_counts_where_the_process_reads_it(features):
    process = PurchaseProcess(f"bg_nbd{BY_VALUE}").fit(features)
    shares = process_shares(process, features, TYPICAL, **WINDOW)
    assert [*shares.columns] == ["frequency", "recency_days", "T_days", "aov"]
    plain = process_shares(PurchaseProcess().fit(features), features, TYPICAL, **WINDOW)
    assert "aov" not in plain
