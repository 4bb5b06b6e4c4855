"""The backtest: the whole training repeated as of earlier days.

A workspace comes in. For each of several test windows the training runs as it would
have run then, and nothing later is within its reach; what the windows show together
goes out as JSON-safe data, for ``backtest.json``, MLflow and the report.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.card import run_metrics
from regulars.churn import baselines
from regulars.errors import DataError
from regulars.evaluation.backtest import (
    best_baseline,
    judge_staleness,
    judge_window,
    overall,
    roll_back,
)
from regulars.evaluation.holdout import MODEL
from regulars.evaluation.slices import judge_slices
from regulars.promotion import customer_labels
from regulars.training import train

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from regulars.evaluation.holdout import ChurnTest
    from regulars.model import RetentionModel
    from regulars.timeline import Timeline
    from regulars.training import Training
    from regulars.workspace import Workspace

    Step = Callable[[str], None]
    Floats = NDArray[np.float64]

OLDEST_AGE = 3


@dataclass(frozen=True)
class Tested:
    """One window of a backtest.

    Attributes
    ----------
    cutoff : date
        Test cutoff.
    timeline : Timeline
        What was known, and when.
    training : Training
        As it would have run then.
    test : ChurnTest
        What it showed.
    model : RetentionModel
        The model that knew nothing of the window.
    """

    cutoff: date
    timeline: Timeline
    training: Training
    test: ChurnTest
    model: RetentionModel


def run_backtest(
    work: Workspace, step: Step
) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    """Train and test as of several earlier days.

    Parameters
    ----------
    work : Workspace
        Tables and cutoffs.
    step : callable
        Called with ``"window 1/4"`` and so on.

    Returns
    -------
    result : dict
        ``windows`` (latest first), ``overall``, ``slices``, ``staleness``, ``notes``
        and what the windows were made of.
    metrics : dict of str to dict
        Figures of each window by its cutoff, for MLflow.

    Raises
    ------
    NotEnoughHistoryError
        The log has no complete window.
    """
    settings, asked = work.settings, work.settings.backtest
    lines = roll_back(settings.time, asked, work.timeline.cutoff, first_day(work))
    tested = []
    for number, line in enumerate(lines, start=1):
        step(f"window {number}/{len(lines)}")
        training = train(
            work.ledger, line, settings, step=_silent, features=work.features
        )
        tested += _tested(line, training)
    if not tested:
        msg = (
            "No window of the backtest could be tested: no purchase process could be "
            "fitted before any of them. Read more of the log."
        )
        raise DataError(msg)
    step("compare")
    features = work.features.by_cutoff([each.cutoff for each in tested])
    windows = [_window(each, settings.seed) for each in tested]
    result = {
        "name": settings.name,
        "horizon_days": settings.time.horizon_days,
        "step_days": asked.step_days or settings.time.horizon_days,
        "baseline_labels": baselines.labels(),
        "windows": windows,
        "overall": overall(windows),
        "slices": _slices(work, tested, features),
        "staleness": judge_staleness(
            _ages(tested, features), random_state=settings.seed
        ),
        "notes": _notes(len(tested), asked.windows),
    }
    figures = {str(each.cutoff): run_metrics(each.training) for each in tested}
    return result, figures


def first_day(work: Workspace) -> date:
    """Return the first day with a record.

    Parameters
    ----------
    work : Workspace
        Tables and cutoffs.

    Returns
    -------
    date

    Raises
    ------
    DataError
        There is none.
    """
    if work.ledger.first_day is None:
        msg = "The log holds no purchase. Read more of it."
        raise DataError(msg)
    return work.ledger.first_day


def _silent(step: str) -> None:
    """Say nothing: the windows are the steps of a backtest."""


def _tested(line: Timeline, training: Training) -> list[Tested]:
    cutoff, test, model = line.test_cutoff, training.churn_test, training.tested_model
    if cutoff is None or test is None or model is None:
        return []
    return [Tested(cutoff, line, training, test, model)]


def _window(each: Tested, random_state: int) -> dict[str, Any]:
    value = each.training.value_test
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
        **judge_window(each.test, random_state=random_state),
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
    rows = judge_slices(
        _together(tested, None),
        _together(tested, MODEL),
        _together(tested, rival),
        _one_kind_of_cohort(labels),
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
) -> dict[int, list[tuple[Floats, Floats, Floats]]]:
    """Score each window with the models of earlier windows as well."""
    found: dict[int, list[tuple[Floats, Floats, Floats]]] = defaultdict(list)
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
    return found


def _notes(found: int, asked: int) -> list[str]:
    if found == asked:
        return []
    return [f"The history leaves {found} of the {asked} test windows asked for."]


def parent_metrics(result: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of a backtest as a whole, for MLflow.

    Parameters
    ----------
    result : mapping
        As `run_backtest` gives it.

    Returns
    -------
    dict of str to float
    """
    found = {
        f"backtest.{'model' if name == MODEL else f'baseline.{name}'}.{key}": value
        for name, figures in result["overall"]["mean"].items()
        for key, value in figures.items()
    }
    for row in result["staleness"]:
        gap = row["differences"]["log_loss"]["difference"]
        if gap is not None:
            found[f"backtest.stale_{row['age']}.log_loss_difference"] = gap
    return found
