from __future__ import annotations

import numpy as np
import pandas as pd

from regulars.kinds.contractual.past import PastSnapshots, has_both
from regulars.training.dataset import Dataset, Split
from regulars.training.tabular import TabularWindow
from regulars.training.terms import horizon_of


def split_of(work):
    past = PastSnapshots(work, [work.timeline])
    return past.dataset, past.split(work.timeline)


def test_test_rows_are_later_than_those_that_learn(made, contracts):
    work = made(contracts)
    past = PastSnapshots(work, [work.timeline])
    split = past.split(work.timeline)
    assert split.cutoff == work.timeline.test_cutoff
    assert not {*split.train} & {*split.test}
    assert split.test.tolist() == past.rows_at([split.cutoff]).tolist()
    learnt = past.rows_at(work.timeline.training_cutoffs)
    assert split.train.tolist() == learnt.tolist()


def test_final_split_learns_from_every_window_known_at_the_cutoff(made, contracts):
    work = made(contracts)
    past = PastSnapshots(work, [work.timeline.final])
    final = past.final_split(work.timeline.final)
    assert len(final.test) == 0
    assert final.train.tolist() == past.rows_at(work.timeline.refit_cutoffs).tolist()


def test_customers_who_leave_in_the_gap_are_neither_kept_nor_lost(made, contracts):
    work = made(contracts)
    dataset, split = split_of(work)
    day = pd.Timestamp(split.cutoff)
    in_gap = work.spells["ended"].between(
        day, day + pd.Timedelta(days=9), inclusive="both"
    )
    left = {*work.spells.loc[in_gap, "customer_id"]}
    assert left
    assert not left & {*dataset.customer_id[split.test]}
    assert {*np.unique(dataset.churned)} == {0.0, 1.0}


def test_slices_are_plan_tenure_and_value(made, contracts):
    dataset, _ = split_of(made(contracts))
    assert [*dataset.slices] == ["plan", "tenure", "value_band"]
    young = dataset.features["tenure_days"] < 91
    assert {*dataset.slices["tenure"][young]} == {"under 3 months"}


def test_contracts_without_a_price_have_no_value(made, contracts):
    dataset, _ = split_of(made(contracts.drop(columns="monthly_amount")))
    assert dataset.value is None
    assert "value_band" not in dataset.slices


def test_kind_of_event_that_came_later_is_no_column_of_the_test(made, contracts):
    work = made(contracts)
    first = pd.Timestamp(work.timeline.test_cutoff)
    events = pd.DataFrame(
        {
            "customer_id": contracts["customer_id"].iloc[0],
            "event_type": ["login", "app"],
            "day": [first - pd.Timedelta(days=200), first + pd.Timedelta(days=1)],
        }
    )
    with_events = made(contracts, events=events)
    timeline = with_events.timeline
    # a later timeline, which knows the new kind of event
    later = type(timeline)(
        **{**timeline.__dict__, "test_cutoff": None, "training_cutoffs": ()}
    )
    past = PastSnapshots(with_events, [timeline, later])
    assert any("events_app" in name for name in past.dataset.features)
    columns = past.split(timeline).columns
    assert any("events_login" in name for name in columns)
    assert not any("events_app" in name for name in columns)


def test_both_sides_need_cancellations_and_others():
    dataset = Dataset(pd.DataFrame({"x": range(4)}), np.array([0.0, 1.0, 0.0, 0.0]))
    mixed, plain = np.array([0, 1]), np.array([2, 3])
    assert has_both(dataset, Split(mixed, mixed, []))
    assert not has_both(dataset, Split(mixed, plain, []))


def test_word_within_another_word_takes_no_column_away(made, contracts):
    first = pd.Timestamp(made(contracts).timeline.test_cutoff)
    events = pd.DataFrame(
        {
            "customer_id": contracts["customer_id"].iloc[0],
            "event_type": ["login", "log"],
            "day": [first - pd.Timedelta(days=200), first + pd.Timedelta(days=1)],
        }
    )
    work = made(contracts, events=events)
    past = PastSnapshots(work, [work.timeline, work.timeline.final])
    columns = past.split(work.timeline).columns
    kept = [name for name in columns if "events_log" in name]
    assert kept == [name for name in columns if "events_login" in name]
    assert len(kept) == 5
    assert "days_since_events_log" in past.dataset.features


def test_windows_know_their_days_and_their_customers(made, contracts):
    work = made(contracts)
    dataset, split = split_of(work)
    window = TabularWindow(dataset, split, horizon_of(work.settings))
    folds = [pair.churn for pair in window.folds(with_value=False)]
    assert [f.cutoff for f in folds] == [f.cutoff for f in work.timeline.folds]
    for fold in folds:
        assert fold.known_at == work.timeline.label_window(fold.cutoff)[1]
        assert {*fold.keys} <= {*contracts["customer_id"]}
    # a horizon and a gap apart: the earlier ones were over
    assert folds[0].knew(folds[-1])
    assert not folds[-1].knew(folds[0])
