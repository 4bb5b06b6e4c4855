from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.errors import NotEnoughHistoryError
from regulars.kinds.labelled import check_table
from regulars.kinds.labelled.problem import (
    customers_of_table,
    dataset_of,
    table_backtest,
    table_problem,
)


def quiet(_step):
    return None


@pytest.fixture
def opened(table, frame):
    """A function from overrides to a workspace, with a day on every row."""
    days = pd.date_range("2024-01-01", periods=len(frame)).strftime("%Y-%m-%d")
    table.write(frame.assign(day=days))
    return lambda *more: check_table(table.settings(*more), quiet)


def undated(opened):
    return opened("churn.labelled.drop=[day]")


def dated(opened, *more):
    return opened("churn.labelled.date=day", *more)


def test_rows_without_days_are_tested_on_several_splits(opened):
    problem = table_problem(undated(opened), quiet)
    assert [window.name for window in problem.windows] == ["split 1", "split 2"]
    assert problem.description.question == "'left' is yes"
    assert problem.inputs == ["customer_id", "calls", "plan", "age"]


def test_rows_with_days_are_tested_on_the_latest(opened):
    problem = table_problem(dated(opened), quiet)
    (window,) = problem.windows
    assert window.split.train.max() < window.split.test.min()
    assert window.cutoff.isoformat() == window.name


def test_final_model_learns_from_every_row(opened):
    problem = table_problem(undated(opened), quiet)
    final = problem.final
    assert len(final.current()) == len(final.dataset)
    assert final.test is None


@pytest.mark.parametrize(
    ("label_days", "words"),
    [(0, "taken to be known on the day of their row"), (30, "known 30 days after")],
)
def test_note_says_when_labels_count_as_known(opened, label_days, words):
    work = dated(opened, f"churn.labelled.label_days={label_days}")
    assert any(words in note for note in table_problem(work, quiet).notes(None))


def test_rows_with_an_unknown_label_are_scored_but_not_learnt_from(table, frame):
    frame.loc[:9, "left"] = None
    table.write(frame)
    work = check_table(table.settings(), quiet)
    assert len(dataset_of(work.table)) == len(frame) - 10
    customers = customers_of_table(work, None, None).customers
    assert len(customers.features) == len(customers.customer_id) == len(frame)


def test_backtest_deals_undated_rows_into_parts(opened):
    plan = table_backtest(undated(opened))
    tested = np.concatenate([window.split.test for window in plan.windows()])
    assert sorted(tested.tolist()) == [*range(len(tested))]
    assert "no date" in plan.notes([])[0]


def test_backtest_rolls_dated_windows_back(opened):
    plan = table_backtest(dated(opened))
    names = [window.name for window in plan.windows()]
    assert names == sorted(names, reverse=True)
    assert plan.n_windows == len(names)


def test_few_of_a_class_are_refused(table, frame):
    table.write(frame.assign(left=["Yes"] * 5 + ["No"] * (len(frame) - 5)))
    work = check_table(table.settings(), quiet)
    for begin in (table_backtest, lambda work: table_problem(work, quiet)):
        with pytest.raises(NotEnoughHistoryError, match="smaller class has 5 rows"):
            begin(work)
