"""Customers who are in several windows count once for the width of an interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.evaluation.backtest import evaluate_staleness
from regulars.evaluation.clustered_gap import pooled_log_loss_gap
from regulars.evaluation.slices import evaluate_slices
from regulars.metrics import log_loss


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    p = rng.random(300)
    return (rng.random(300) < p) * 1.0, p, np.clip(p + 0.1, 0, 1)


def test_difference_is_that_of_the_log_losses(rows):
    y, p, worse = rows
    gap = pooled_log_loss_gap(y, p, worse, np.arange(300))
    assert gap.difference == pytest.approx(log_loss(y, p) - log_loss(y, worse))
    assert gap.low < gap.difference < gap.high


def test_interval_does_not_shrink_when_the_same_rows_come_again(rows):
    y, p, worse = rows
    once = pooled_log_loss_gap(y, p, worse, np.arange(300))
    again = [np.tile(part, 4) for part in (y, p, worse, np.arange(300))]
    four = pooled_log_loss_gap(*again)
    assert four == pytest.approx(once)
    naive = pooled_log_loss_gap(*again[:3], np.arange(1200))
    assert naive.high - naive.low < 0.7 * (four.high - four.low)


def test_slices_and_ages_resample_customers_when_told_whose_rows_they_are(rows):
    y, p, worse = (np.tile(part, 2) for part in rows)
    ids = np.tile(np.arange(300), 2)
    labels = pd.DataFrame({"part": ["all"] * 600})
    [known] = evaluate_slices(y, p, worse, labels, customers=ids)
    [naive] = evaluate_slices(y, p, worse, labels)
    assert known["high"] - known["low"] > 1.2 * (naive["high"] - naive["low"])
    pairs = {1: [rows, rows]}
    whose = {1: [np.arange(300), np.arange(300)]}
    [aged] = evaluate_staleness(pairs, customers=whose)
    [plain] = evaluate_staleness(pairs)
    gap, narrow = (row["differences"]["log_loss"] for row in (aged, plain))
    assert gap["high"] - gap["low"] > 1.2 * (narrow["high"] - narrow["low"])
