from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from regulars.errors import NotEnoughHistoryError
from regulars.features.signals import Signals, Vocabulary
from regulars.kinds.non_contractual import (
    open_workspace,
    purchase_backtest,
    purchase_problem,
)
from regulars.kinds.non_contractual.customers import LogCustomers
from regulars.kinds.non_contractual.problem import (
    customers_of_log,
    example_request,
    serving_context,
)
from regulars.scoring.history_rows import HistoryRows


def quiet(_step):
    return None


@pytest.fixture(scope="module")
def work(tmp_path_factory, orders, open_shop):
    shop = open_shop(tmp_path_factory.mktemp("problem"), orders)
    return open_workspace(shop.settings(), quiet)


def test_problem_asks_of_silence_at_the_cutoff_of_the_scores(work):
    problem = purchase_problem(work, quiet)
    assert problem.description.kind == "non_contractual"
    assert problem.description.cutoff == work.timeline.cutoff
    assert "28 days" in problem.description.question
    (window,) = problem.windows
    assert window.cutoff == work.timeline.test_cutoff


def test_endpoint_knows_the_columns_of_the_log(work):
    context = serving_context(work)
    assert context.columns == [
        "order_id",
        "product_id",
        "category",
        "quantity",
        "discount_amount",
        "is_return",
    ]
    assert context.first_day == str(work.ledger.first_day)


def test_example_has_a_history_with_the_columns_of_the_log(work):
    (row,) = example_request(work).to_dict("records")
    columns = {"order_time", "amount", *serving_context(work).columns}
    assert all({*order} == columns for order in row["transactions"])


def test_every_customer_at_the_cutoff_is_scored(work):
    model = SimpleNamespace(reference_=pd.Series(dtype=float))
    (block,) = customers_of_log(work, model, None).blocks()
    features = block().features
    known = {*work.ledger.days.customer_id.execute()}
    assert {*features["customer_id"]} == known
    assert {*features["cutoff"]} == {pd.Timestamp(work.timeline.cutoff)}


def test_windows_of_the_backtest_are_made_one_by_one_latest_first(work):
    plan = purchase_backtest(work)
    first, second = itertools.islice(plan.windows(), 2)
    assert first.cutoff > second.cutoff
    assert next(iter(plan.windows())).cutoff == first.cutoff  # as often as one asks
    assert plan.details["horizon_days"] == 28


def test_backtest_says_how_many_windows_the_history_leaves(work):
    asked = work.settings.backtest.windows
    assert purchase_backtest(work).notes([]) == [
        f"The history leaves 0 of the {asked} test windows asked for."
    ]


def test_log_in_which_nobody_returns_is_refused_before_the_long_work(
    tmp_path, orders, open_shop
):
    shop = open_shop(tmp_path / "once", orders.drop_duplicates("customer_id"))
    once = open_workspace(shop.settings("time.cutoff=2024-08-26"), quiet)
    with pytest.raises(NotEnoughHistoryError, match="bought"):
        purchase_problem(once, quiet)


def test_scores_say_which_tables_the_model_does_not_know_again(work):
    who = work.features.by_cutoff([work.cutoff])[work.cutoff]["customer_id"]
    day = pd.Timestamp("2024-01-01")
    towns = pd.DataFrame({"customer_id": who, "town": "rome", "day": day})
    visits = pd.DataFrame({"customer_id": ["?"], "event_type": ["visit"], "day": day})
    later = replace(work, signals=Signals({"customers": towns, "events": visits}))
    words = Vocabulary.in_names(["town = paris", "events_ever"])
    people = LogCustomers(later, HistoryRows(serving_context(work), words))
    told = people.notices(SimpleNamespace())
    assert told == [
        "'town' holds categories that training never saw (rome): scored as none of the "
        "known ones.",
        "No customer of events has a purchase: are the ids the same?",
    ]
