"""The backtest: choice and test repeated as of earlier days.

A workspace comes in. For each of several test windows all choices are made and tested
as they would have been then, and nothing later is within reach; what the windows show
together goes out as JSON-safe data, for ``backtest.json``, MLflow and the report.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.data.closures import shut_days
from regulars.errors import DataError
from regulars.evaluation import evaluate_offer
from regulars.evaluation.backtest import (
    best_baseline,
    evaluate_staleness,
    evaluate_window,
    overall,
    roll_back,
)
from regulars.evaluation.holdout import MODEL
from regulars.evaluation.slices import evaluate_slices
from regulars.models.churn import baselines
from regulars.training.card import profit_metrics, run_metrics
from regulars.training.promote import customer_labels
from regulars.training.snapshots import Snapshots
from regulars.training.train import choose_and_test

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from regulars.clv.process import PurchaseProcess
    from regulars.config import Settings
    from regulars.evaluation.holdout import ChurnTest
    from regulars.models.retention import RetentionModel
    from regulars.timeline import Timeline
    from regulars.training.train import Trial
    from regulars.training.workspace import Workspace

    Step = Callable[[str], None]
    Floats = NDArray[np.float64]

OLDEST_AGE = 3


@dataclass(frozen=True)
class Tested:
    """One window of a backtest."""

    cutoff: date
    timeline: Timeline
    trial: Trial
    test: ChurnTest
    model: RetentionModel


def run_backtest(
    work: Workspace, step: Step
) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    """Train and test as of several earlier days."""
    settings, asked = work.settings, work.settings.backtest
    tested = _walk_back(work, step)
    step("compare")
    features = work.features.by_cutoff([each.cutoff for each in tested])
    offers = [_offer(each, features[each.cutoff], settings) for each in tested]
    windows = [
        _window(each, offer, settings.seed)
        for each, offer in zip(tested, offers, strict=True)
    ]
    pairs, whose = _ages(tested, features)
    result = {
        "name": settings.name,
        "horizon_days": settings.time.horizon_days,
        "step_days": asked.step_days or settings.time.horizon_days,
        "baseline_labels": baselines.labels(),
        "windows": windows,
        "overall": overall(windows),
        "slices": _slices(work, tested, features),
        "staleness": evaluate_staleness(
            pairs, customers=whose, random_state=settings.seed
        ),
        "notes": _notes(tested, asked.windows),
    }
    figures = {
        str(each.cutoff): run_metrics(each.trial) | profit_metrics(offer)
        for each, offer in zip(tested, offers, strict=True)
    }
    return result, figures


def first_day(work: Workspace) -> date:
    """Return the first day with a record."""
    if work.ledger.first_day is None:
        msg = "The log holds no purchase. Read more of it."
        raise DataError(msg)
    return work.ledger.first_day


def _walk_back(work: Workspace, step: Step) -> list[Tested]:
    """Choose and test as of each window; latest first."""
    settings = work.settings
    lines = roll_back(
        settings.time,
        settings.backtest,
        work.timeline.cutoff,
        first_day(work),
        shut=shut_days(work.ledger),
    )
    tested: list[Tested] = []
    processes: dict[tuple[date, str], PurchaseProcess] = {}
    for number, line in enumerate(lines, start=1):
        step(f"window {number}/{len(lines)}")
        # windows share days: what was fitted to a day's past is the same for all
        rows = Snapshots(work.ledger, line, settings, work.features, processes)
        trial = choose_and_test(rows, work.ledger, line, settings, step=_silent)
        tested += _tested(line, trial)
    if not tested:
        msg = (
            "No window of the backtest could be tested: no purchase process could be "
            "fitted before any of them. Read more of the log."
        )
        raise DataError(msg)
    return tested


def _silent(step: str) -> None:
    """Say nothing: the windows are the steps of a backtest."""


def _tested(line: Timeline, trial: Trial) -> list[Tested]:
    cutoff, test, model = line.test_cutoff, trial.churn_test, trial.tested_model
    if cutoff is None or test is None or model is None:
        return []
    return [Tested(cutoff, line, trial, test, model)]


def _offer(each: Tested, features: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    """Return what the offer of the settings would have earned on the window."""
    value = each.model.predict(features)["clv"].to_numpy(dtype=np.float64)
    return evaluate_offer(
        each.test.churned,
        each.test.forecasts[MODEL],
        value,
        settings.profit,
        random_state=settings.seed,
    )


def _window(
    each: Tested, offer: Mapping[str, Any], random_state: int
) -> dict[str, Any]:
    value = each.trial.value_test
    own = each.test.metrics[MODEL]
    return {
        "cutoff": each.cutoff,
        "known_at": each.timeline.cutoff,
        "n_customers": own["n_customers"],
        "churn_rate": own["churn_rate"],
        "n_training_windows": len(each.timeline.training_cutoffs),
        "process_only": not each.model.churn.needs_fitting,
        "weights": dict(each.model.churn.weights),
        "value_metrics": value.metrics if value else {},
        "reliability": each.test.curves[MODEL]["reliability"],
        "profit": offer["rules"],
        **evaluate_window(each.test, random_state=random_state),
    }


def _slices(
    work: Workspace, tested: Sequence[Tested], features: Mapping[date, pd.DataFrame]
) -> dict[str, Any] | None:
    """Judge the parts of the base over all windows together."""
    rival = best_baseline([each.test for each in tested])
    parts = [customer_labels(work, features[each.cutoff]) for each in tested]
    labels = [part for part in parts if part is not None]
    if rival is None or len(labels) < len(tested):
        return None
    rows = evaluate_slices(
        _together(tested, None),
        _together(tested, MODEL),
        _together(tested, rival),
        _one_kind_of_cohort(labels),
        customers=np.concatenate(
            [features[each.cutoff]["customer_id"].astype(str) for each in tested]
        ),
        random_state=work.settings.seed,
    )
    return {"rival": rival, "rows": rows}


def _one_kind_of_cohort(labels: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Stack labels; where windows have cohorts of unlike length, by year."""
    lengths = {len(part["cohort"].iloc[0]) for part in labels}
    if len(lengths) > 1:
        labels = [part.assign(cohort=part["cohort"].str[:4]) for part in labels]
    stacked = pd.concat(labels, ignore_index=True)
    return stacked.fillna("unknown")


def _together(tested: Sequence[Tested], name: str | None) -> Floats:
    return np.concatenate(
        [
            each.test.churned if name is None else each.test.forecasts[name]
            for each in tested
        ]
    )


def _ages(
    tested: Sequence[Tested], features: Mapping[date, pd.DataFrame]
) -> tuple[dict[int, list[tuple[Floats, Floats, Floats]]], dict[int, list[Any]]]:
    """Score each window with the models of earlier windows; say whose rows they are."""
    found: dict[int, list[tuple[Floats, Floats, Floats]]] = defaultdict(list)
    whose: dict[int, list[Any]] = defaultdict(list)
    for place, now in enumerate(tested):
        fresh = now.test.forecasts[MODEL]
        for age, then in enumerate(tested[place : place + OLDEST_AGE + 1]):
            stale = fresh
            if age:
                try:
                    scores = then.model.predict(features[now.cutoff])
                except DataError:
                    continue
                stale = scores["churn_probability"].to_numpy(dtype=np.float64)
            found[age].append((now.test.churned, stale, fresh))
            whose[age].append(features[now.cutoff]["customer_id"].astype(str))
    return found, whose


def _notes(tested: Sequence[Tested], asked: int) -> list[str]:
    notes = []
    if len(tested) < asked:
        notes.append(
            f"The history leaves {len(tested)} of the {asked} test windows asked for."
        )
    told = (note for each in tested for note in each.trial.notes)
    # the same is true of many windows; silent days are news of the log
    return notes + list(dict.fromkeys(n for n in told if n.startswith("The log")))
