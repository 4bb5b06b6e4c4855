from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest

from regulars.errors import LeakageError, NotEnoughHistoryError
from regulars.kinds.non_contractual import open_workspace
from regulars.kinds.non_contractual.snapshots import BASELINE_PROCESS, Snapshots


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory, orders, open_shop):
    shop = open_shop(tmp_path_factory.mktemp("snapshots"), orders)
    settings = shop.settings()
    work = open_workspace(settings, lambda step: None)
    return Snapshots.of(work.ledger, work.timeline, settings, work.features)


def test_changed_snapshots_are_new_ones(snapshots):
    terms = dataclasses.replace(snapshots.horizon, margin=0.9)
    other = snapshots.with_horizon(terms).with_process("pareto_nbd")
    assert (other.horizon.margin, other.kind) == (0.9, "pareto_nbd")
    assert snapshots.kind == BASELINE_PROCESS
    assert snapshots.horizon.margin != 0.9


def test_best_process_has_the_least_sum_of_figures_in_units_of_bg_nbd(snapshots):
    figures = {
        "bg_nbd": {"log_loss": 0.5, "mae": 2.0},
        "pareto_nbd": {"log_loss": 0.4, "mae": 2.2},  # 0.8 + 1.1
        "mbg_nbd": {"log_loss": 0.6, "mae": 1.5},  # 1.2 + 0.75
    }
    assert snapshots.with_best_process(figures).kind == "pareto_nbd"
    assert snapshots.with_best_process({}) is snapshots


def test_process_is_fitted_once_a_cutoff(snapshots):
    cutoff = snapshots.timeline.stands_at
    assert snapshots.process(cutoff) is snapshots.process(cutoff)
    changed = snapshots.with_horizon(snapshots.horizon)
    assert changed.process(cutoff) is snapshots.process(cutoff)


def test_outcome_that_is_not_yet_known_is_refused(snapshots):
    cutoff = snapshots.timeline.test_cutoff
    end = snapshots.timeline.label_window(cutoff)[1]
    assert len(snapshots.labelled(cutoff, known_at=end))
    with pytest.raises(LeakageError):
        snapshots.labelled(cutoff, known_at=end - timedelta(days=1))


def test_day_without_customers_is_refused(snapshots):
    early = date(2000, 1, 1)
    with pytest.raises(NotEnoughHistoryError, match="No customer had bought anything"):
        snapshots.features(early)
    assert not snapshots.has_process(early)
    assert snapshots.stacked([early], known_at=snapshots.timeline.cutoff) is None


def test_value_of_customers_is_not_negative(snapshots):
    cutoff = snapshots.timeline.test_cutoff
    value = snapshots.clv(cutoff)
    assert len(value) == len(snapshots.features(cutoff))
    assert value.min() >= 0
