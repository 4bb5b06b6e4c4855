"""Rows of purchases with what else is known of customers."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from regulars.clv.process import COLUMNS
from regulars.features.rows import ADDED, FeatureRows, with_signals
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


class Purchases:
    """Six customers at every cutoff."""

    who = tuple("abcdef")

    def by_cutoff(self, cutoffs):
        ids = {"customer_id": self.who}
        return {d: pd.DataFrame(ids | {"cutoff": pd.Timestamp(d)}) for d in cutoffs}


def test_rows_have_the_words_that_a_model_of_an_earlier_day_knew():
    def known(day, **columns):
        rows = {"customer_id": Purchases.who, "day": pd.Timestamp(day)}
        return pd.DataFrame(rows | columns)

    opened = [known("2024-01-02", tags="a,b,c"), known("2024-02-02", tags="d,e,f")]
    more = known("2024-02-03", tags="d,e,f")
    lived = [known("2024-01-02", town="rome"), known("2024-02-02", town="oslo")]
    signals = Signals(
        {"tickets": pd.concat([*opened, more]), "customers": pd.concat(lived)}
    )
    rows = FeatureRows(Purchases(), signals)
    early, late = date(2024, 2, 1), date(2024, 3, 1)
    then, now = (rows.by_cutoff([day])[day] for day in (early, late))
    assert {"town = rome", "tickets_tag_a_ever"} <= {*then} - {*now}
    wide = rows.of_earlier_models(late)
    assert {*then} | {*now} <= {*wide}
    pd.testing.assert_frame_equal(wide[[*now]], now)
    assert wide["town = rome"].tolist() == [0.0] * 6
