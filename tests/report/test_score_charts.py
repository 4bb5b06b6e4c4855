"""Charts of the scored customers."""

from __future__ import annotations

import pandas as pd

from regulars.report.score_charts import risk_chart, value_chart, value_edges


def test_customers_are_counted_by_probability():
    chart = risk_chart(pd.DataFrame({"churn_probability": [0.02, 0.04, 0.99, None]}))
    assert (chart.data[0].y[0], chart.data[0].y[-1]) == (2, 1)
    assert not chart.layout.showlegend


def test_classes_of_value_are_named_by_their_bounds():
    chart = value_chart(pd.DataFrame({"clv": [1.5, 1.5, 7.0]}), "USD")
    assert (chart.data[0].y[0], chart.data[0].y[-1]) == ("up to $2", "above $5")


def test_bounds_of_value_grow_as_1_2_5():
    assert value_edges([3.0, 40.0]) == [5.0, 10.0, 20.0]
    assert value_edges([0.0]) == [1.0]


def test_nothing_is_drawn_of_nobody():
    assert risk_chart(pd.DataFrame({"churn_probability": [None]}, dtype=float)) is None
    assert value_chart(pd.DataFrame({"clv": []}, dtype=float), "USD") is None
