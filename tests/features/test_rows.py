"""Rows of purchases with what else is known of customers."""

from __future__ import annotations

import pandas as pd
import pytest

from regulars.clv.process import COLUMNS
from regulars.features.rows import ADDED, with_signals
from regulars.features.signals import Signals, Vocabulary
from regulars.labels.purchases import OUTCOMES


@pytest.mark.parametrize("name", ["spend", "p_alive", "own_margin", "aov", "n_orders"])
def test_attribute_keeps_apart_from_what_rows_have_now_or_later(name):
    day = pd.Timestamp("2024-03-01")
    rows = pd.DataFrame({"customer_id": ["a"], "cutoff": [day], "n_orders": [3.0]})
    known = pd.DataFrame({"customer_id": ["a"], name: [7.0], "day": day})
    known["day"] -= pd.Timedelta(days=9)
    found = with_signals(rows, Signals({"customers": known}), Vocabulary())
    assert [*found] == [*rows, f"{name} (customers)"]


def test_names_that_come_later_are_those_of_outcomes_and_process():
    assert (*OUTCOMES, *COLUMNS) == ADDED
