from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from regulars.errors import DataError
from regulars.kpis.loyalty_index import index_summary, loyalty_rows, why_no_index
from regulars.kpis.loyalty_map import cells_at, loyalty_map
from regulars.kpis.spans import Span
from regulars.kpis.study import kpi_study

DAY = date(2024, 7, 3)
QUARTER = Span(date(2024, 4, 1), date(2024, 7, 1))
# c and e bought in the 180 days before the day, but not in the last 90
ANSWERS = [
    ("a", "2024-05-30", 10.0),
    ("c", "2024-05-01", 2.0),
    ("d", "2023-07-01", 9.0),
]
REFERRALS = [
    ("d", "h", "2024-06-01"),
    ("d", "g", "2024-06-01"),
    ("a", "f", "2024-01-01"),
]


@pytest.fixture(scope="session")
def make_signs(tables):
    def make(answers=ANSWERS, referrals=REFERRALS):
        return {
            "surveys": tables.table(
                "surveys", "customer_id answered_at score", answers
            ),
            "referrals": tables.table(
                "referrals", "referrer_id referred_id referred_at", referrals
            ),
        }

    return make


@pytest.fixture(scope="session")
def data(make_data, make_signs):
    return make_data(tables=make_signs())


def test_index_is_the_weighted_mean_of_what_a_customer_has(data):
    rows = loyalty_rows(data, DAY).set_index("customer_id")
    assert [*rows.index] == list("abcdefgh")
    # first purchases in order: a, g, b, c, d, e, f, h: ranks 8 to 1 of 8
    assert rows["tenure"].to_dict() == {
        name: (rank - 0.5) / 8
        for name, rank in zip("agbcdefh", range(8, 0, -1), strict=True)
    }
    # d brought two, a one, six nobody: 3.5 is the mean rank of those
    assert rows.loc["d", "referrals"] == 7.5 / 8
    assert rows.loc["b", "referrals"] == 3 / 8
    # d answered more than a year ago
    assert pd.isna(rows.loc["d", "recommendation"])
    assert rows.loc["a", "loyalty_index"] == pytest.approx(
        100 * (3 * 1.0 + 1 * 6.5 / 8 + 1 * 7.5 / 8) / 5
    )
    assert rows.loc["d", "loyalty_index"] == pytest.approx(
        100 * (7.5 / 8 + 3.5 / 8) / 2
    )


def test_weight_of_nothing_leaves_a_component_out(make_data, make_signs):
    weights = {"loyalty_weights": {"recommendation": 0, "tenure": 2}}
    rows = loyalty_rows(make_data(tables=make_signs(), settings=weights), DAY)
    assert "recommendation" not in rows
    d = rows.set_index("customer_id").loc["d"]
    assert d["loyalty_index"] == pytest.approx(100 * (7.5 / 8 + 2 * 3.5 / 8) / 3)


def test_habits_alone_make_no_index(make_data):
    data = make_data()
    assert loyalty_rows(data, DAY) is None
    assert "the data have tenure" in why_no_index(data, DAY)
    study = kpi_study(data, QUARTER)
    assert study["loyalty_index"] is study["loyalty_map"] is None
    assert "takes one beside tenure" in study["no_loyalty_index"]
    with pytest.raises(DataError, match=r"--by loyalty_map: There is no loyalty index"):
        kpi_study(data, QUARTER, ["loyalty_map"])


def test_what_comes_at_or_after_the_day_changes_nothing(data, make_data, make_signs):
    later = make_signs(
        [*ANSWERS, ("b", "2024-07-01", 10.0)], [*REFERRALS, ("b", "x", "2024-07-01")]
    )
    day = date(2024, 7, 1)
    pd.testing.assert_frame_equal(
        loyalty_rows(data, day), loyalty_rows(make_data(tables=later), day)
    )


def test_map_by_activity_parts_everybody(data):
    rows = loyalty_rows(data, DAY)
    drawn = loyalty_map(data, rows, QUARTER)
    loyal = {*rows.loc[rows["loyalty_index"] >= 50, "customer_id"]}
    active = {*rows.loc[rows["is_active"], "customer_id"]}
    assert active == set("abdfgh")
    sizes = {cell["cell"]: cell["n_customers"] for cell in drawn["cells"]}
    assert sizes == {
        "loyal_staying": len(loyal & active),
        "staying": len(active - loyal),
        "loyal_slipping": len(loyal - active),
        "leaving": 8 - len(loyal | active),
    }
    assert drawn["staying"] == "bought in the last 90 days; no scores"
    assert drawn["cells"][0]["clv"] is None
    # everybody counted at one end is moved or stays put
    n_moved = sum(move["n_customers"] for move in drawn["moves"])
    ends = [
        {*cells_at(data, day)["customer_id"]} for day in (QUARTER.start, QUARTER.end)
    ]
    assert n_moved == len(ends[0] | ends[1])
    assert drawn["moves_from"] == "2024-04-01"


def test_scores_say_who_stays_where_there_are_any(make_data, make_signs):
    scores = pd.DataFrame(
        {
            "customer_id": list("abcdefgh"),
            "cutoff": [DAY] * 8,
            "churn_probability": [0.1, 0.6, 0.9, 0.2, 0.95, 0.5, 0.3, 0.4],
            "clv": [100.0, 10, 1, 50, 0, 5, 20, 4],
            "value_at_risk": [10.0, 6, 1, 10, 0, 3, 6, 2],
        }
    )
    data = make_data(tables=make_signs(), scores=scores)
    rows = loyalty_rows(data, DAY)
    drawn = loyalty_map(data, rows, QUARTER)
    assert drawn["staying"] == "churn_probability below 0.5"
    cells = {cell["cell"]: cell for cell in drawn["cells"]}
    staying = cells["loyal_staying"]["n_customers"] + cells["staying"]["n_customers"]
    assert staying == 4  # a, d, g, h; 0.5 is not below
    assert sum(cell["clv"] for cell in drawn["cells"]) == 190
    summary = index_summary(data, rows, DAY)
    by_hand = rows["loyalty_index"].rank().corr(scores["churn_probability"].rank())
    assert summary["churn_correlation"] == pytest.approx(by_hand)
    assert summary["n_scored"] == 8
