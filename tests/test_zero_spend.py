"""Logs in which nobody, or one customer alone, spends anything: the whole job."""

from __future__ import annotations

import json

import pandas as pd
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def spenders(tmp_path, orders, open_shop, few_trees):
    """A function from the number of customers who spend to a shop."""

    def opened(n_spenders):
        kept = sorted(orders["customer_id"].unique())[:n_spenders]
        amount = orders["amount"].where(orders["customer_id"].isin(kept), 0.0)
        free = orders.assign(amount=amount, discount_amount=0.0)
        return open_shop(tmp_path / "shop", free)

    return opened


def test_run_tells_in_a_sentence_that_nobody_spends(spenders, command):
    status, _, told = command("run", spenders(0).config, "--quiet")
    assert status == 2
    assert "None of the 220 customers has come back on a later day and spent" in told
    assert "check which column is mapped to amount" in told
    assert "Traceback" not in told


def test_run_scores_everybody_when_one_customer_spends(spenders, command):
    shop = spenders(1)
    status, out, _ = command("run", shop.config, "--quiet", "--json")
    assert status == 0
    scores = pd.read_parquet(json.loads(out.splitlines()[-1])["scores"])
    assert scores["churn_probability"].between(0, 1).all()
    others = scores[scores["customer_id"] != "c001"]
    assert (others["expected_spend"] <= scores["expected_spend"].max()).all()
    assert (scores["expected_spend_low"] <= scores["expected_spend"]).all()
    assert (scores["expected_spend"] <= scores["expected_spend_high"]).all()
    assert (shop.out / "report.html").is_file()
