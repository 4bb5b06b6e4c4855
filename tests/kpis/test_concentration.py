from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from regulars.kpis.concentration import gini, top_share, value_kpis
from regulars.kpis.measures import ALL
from regulars.kpis.purchases import purchase_rows
from regulars.kpis.spans import Span

QUARTER = Span(date(2024, 4, 1), date(2024, 7, 1))


def test_equal_customers_are_not_concentrated():
    spent = np.full(10, 5.0)
    assert gini(spent).value == 0
    assert top_share(spent, 0.2).value == pytest.approx(0.2)


def test_one_customer_who_pays_all_is_all():
    spent = np.array([0.0] * 9 + [7.0])
    assert gini(spent).value == pytest.approx(0.9)
    assert top_share(spent, 0.1).value == 1


def test_one_customer_alone_has_no_interval():
    assert gini(np.array([3.0])) == (0, None, None)
    assert top_share(np.array([3.0]), 0.1)[1:] == (None, None)


@pytest.mark.parametrize(
    "figure", [gini, lambda spent: top_share(spent, 0.1)], ids=["gini", "top 10%"]
)
def test_intervals_are_those_of_resampled_customers(figure):
    random = np.random.default_rng(7)
    spent = np.sort(random.lognormal(0, 1, 2000))
    value, low, high = figure(spent)
    drawn = [figure(np.sort(random.choice(spent, 2000))).value for _ in range(400)]
    assert (high - low) / 2 == pytest.approx(1.96 * np.std(drawn), rel=0.15)
    assert low < value < high


def test_scores_give_predicted_value(make_data):
    scores = pd.DataFrame({"clv": [10.0, 30.0], "value_at_risk": [4.0, 6.0]})
    data = make_data(scores=scores)
    found, absent = value_kpis(data, purchase_rows(data, QUARTER), QUARTER)
    values = {name: found[ALL, name].estimate.value for _, name in found}
    assert values["predicted_clv"] == 20
    assert values["value_at_risk"] == 10
    assert values["value_at_risk_share"] == 0.25
    assert absent == {}


def test_without_scores_the_reason_is_said(make_data):
    data = make_data()
    _, absent = value_kpis(data, purchase_rows(data, QUARTER), QUARTER)
    assert absent["predicted_clv"] == (
        "There are no scores as of 2024-07-03: 'regulars score' writes them."
    )


def test_lines_with_their_own_margin_count_with_it(tables):
    from regulars.kpis import KpiData
    from regulars.kpis.study import kpi_study

    columns = "customer_id order_date amount cost_amount"
    rows = [("a", "2024-04-02", 100.0, 90.0), ("b", "2024-04-02", 100.0, None)]
    data = KpiData(tables.ledger(columns, rows), date(2024, 7, 1), margin=0.3)
    study = kpi_study(data, QUARTER)
    found = {f["kpi"]: f["value"] for f in study["figures"]}
    assert found["historical_clv"] == (10 + 30) / 2
