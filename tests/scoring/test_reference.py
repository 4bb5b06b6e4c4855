from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from regulars.scoring.batch import Customers
from regulars.scoring.reference import FILE, ColumnReference, Past, Reference

FIRST, DAYS = date(2024, 1, 1), (date(2024, 10, 1), date(2024, 11, 1))


class _Model:
    """A model that reads `x` and a word, and says little."""

    encoder = None
    reference_ = pd.Series({"x": 0.0, "word": 0.0})

    def predict(self, features, **beside):
        return pd.DataFrame(
            {
                "customer_id": features["customer_id"],
                "churn_probability": 0.5,
                "expected_spend": np.nan,
                "clv": features["x"],
            }
        )


def _customers(day):
    rng = np.random.default_rng(day.toordinal())
    tenure = np.arange(0, (day - FIRST).days, 0.25)
    return Customers(
        pd.DataFrame(
            {
                "customer_id": [f"c{day:%m}{n}" for n in range(len(tenure))],
                "T_days": tenure,
                # grows with the tenure, as an order count does
                "x": tenure + rng.normal(0, 5, len(tenure)),
                "word": rng.choice(["a", "b"], len(tenure)),
            }
        ),
        cutoff=day,
    )


PAST = Past(_customers, DAYS, tenure="T_days", first_day=FIRST)


def test_customers_of_the_first_weeks_are_left_out():
    reference = Reference.of(_Model(), PAST)
    # a quarter of the days before the first snapshot
    assert reference.begins == "2024-03-09"
    kept = reference.rows(_Model(), PAST, DAYS[0])
    assert kept["T_days"].max() <= (DAYS[0] - date(2024, 3, 9)).days


def test_population_that_only_grows_has_not_drifted():
    reference = Reference.of(_Model(), PAST)
    later = reference.rows(_Model(), PAST, DAYS[1] + timedelta(days=90))
    found = reference.distances(later)
    assert found["x"].psi < 0.05
    assert set(found) == {"x", "word", "churn_probability", "clv"}
    assert reference.scores == ("churn_probability", "clv")
    assert 0.5 < reference.compared(later).mean() < 1


def test_change_at_a_tenure_is_drift():
    reference = Reference.of(_Model(), PAST)
    rows = reference.rows(_Model(), PAST, DAYS[1])
    moved = reference.distances(rows.assign(x=rows["x"] * 2, word="a"))
    assert moved["x"].psi > 0.2
    assert moved["word"].psi > 0.2
    gone = reference.distances(rows.assign(x=np.nan))
    assert gone["x"].missing == 1.0
    assert gone["x"].ks == pytest.approx(1.0)


def test_reference_survives_its_file(tmp_path):
    reference = Reference.of(_Model(), PAST)
    reference.save(tmp_path)
    assert Reference.load(tmp_path) == reference
    assert Reference.load(tmp_path / "none") is None


def test_form_of_another_release_is_passed_over(tmp_path):
    Reference.of(_Model(), PAST).save(tmp_path)
    content = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps({**content, "format_version": 99}))
    assert Reference.load(tmp_path) is None


def test_bins_hold_missing_and_unknown_values_apart():
    numbers = ColumnReference(edges=(0.0, 1.0))
    assert numbers.codes(pd.Series([np.nan, -1, 0, 0.5, 9])).tolist() == [0, 1, 1, 2, 3]
    words = ColumnReference(levels=("a", "b"))
    assert words.codes(pd.Series(["b", None, "z", "a"])).tolist() == [3, 0, 1, 2]


def test_many_customers_are_compared_by_a_part_of_them(monkeypatch):
    monkeypatch.setattr("regulars.scoring.reference.MOST_CUSTOMERS", 100)
    reference = Reference.of(_Model(), PAST)
    assert max(reference.snapshots.values()) <= 100
    first, again = (reference.rows(_Model(), PAST, DAYS[0]) for _ in range(2))
    assert first.index.equals(again.index)
