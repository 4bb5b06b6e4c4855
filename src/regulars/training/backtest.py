"""The backtest: all choices made and tested again as of earlier days."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.errors import DataError
from regulars.evaluation import evaluate_offer, evaluate_slices
from regulars.evaluation.backtest import (
    best_baseline,
    evaluate_staleness,
    evaluate_window,
    overall,
)
from regulars.evaluation.holdout import MODEL
from regulars.evaluation.slices import MOST_VALUES, UNKNOWN
from regulars.models.memo import Memo
from regulars.results import BacktestResult, as_result
from regulars.training.card import profit_metrics, trial_metrics
from regulars.training.pooled_rows import ScoredTest, pool, scored_test
from regulars.training.train import silent, try_window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.evaluation.holdout import ValueTest
    from regulars.models.retention import RetentionModel
    from regulars.training.dataset import Dataset
    from regulars.training.window import Window

    Step = Callable[[str], None]
    Floats = NDArray[np.float64]

OLDEST_AGE = 3


@dataclass(frozen=True, kw_only=True)
class BacktestPlan:
    """The windows of a backtest, latest first where there is time."""

    settings: Settings
    # made when they are looked at: a window may be large
    windows: Callable[[], Iterable[Window]]
    n_windows: int
    baseline_labels: Mapping[str, str]
    # from those of each window that was tested
    notes: Callable[[Sequence[Sequence[str]]], list[str]]
    # of the windows' slices under each other, where windows may cut them differently
    align_slices: Callable[[pd.DataFrame], pd.DataFrame] = lambda slices: slices
    # further keys of the result
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Tested:
    """What is kept of a window: its rows of all cutoffs may be many, and go."""

    name: str
    is_dated: bool
    facts: Mapping[str, Any]
    model: RetentionModel
    test: ScoredTest
    value_test: ValueTest | None
    metrics: Mapping[str, float]
    notes: Sequence[str]


def run_backtest(
    plan: BacktestPlan, step: Step
) -> tuple[BacktestResult, dict[str, dict[str, float]]]:
    """Learn and test as of each window.

    Parameters
    ----------
    plan : BacktestPlan
        The windows.
    step : callable
        Called with ``"window 1/4"`` and so on.

    Returns
    -------
    result : BacktestResult
    metrics : dict of str to dict
        Figures of each window by its name, for MLflow.

    Raises
    ------
    DataError
        No window could be tested.
    """
    settings = plan.settings
    tested = _walk_back(plan, step)
    step("compare")
    offers = [_offer(each, settings) for each in tested]
    windows = [
        _window(each, offer, settings.seed)
        for each, offer in zip(tested, offers, strict=True)
    ]
    is_dated = tested[0].is_dated
    tests = [each.test for each in tested]
    result = {
        "name": settings.name,
        "kind": settings.churn.kind,
        "is_dated": is_dated,
        "baseline_labels": dict(plan.baseline_labels),
        "windows": windows,
        "overall": overall(windows),
        "slices": _slices(tests, plan.align_slices, settings.seed),
        "staleness": _staleness(tested, settings.seed) if is_dated else [],
        "notes": plan.notes([each.notes for each in tested]),
        **plan.details,
    }
    figures = {
        each.name: {**each.metrics, **profit_metrics(offer)}
        for each, offer in zip(tested, offers, strict=True)
    }
    return as_result(BacktestResult, result), figures


def _walk_back(plan: BacktestPlan, step: Step) -> list[_Tested]:
    # windows share most of what they validate on
    tested, memo = [], Memo()
    for number, window in enumerate(plan.windows(), start=1):
        step(f"window {number}/{plan.n_windows}")
        trial = try_window(window, plan.settings, silent, memo)
        test, model = scored_test(trial), trial.tested_model
        if test is None or model is None:
            continue
        tested.append(
            _Tested(
                window.name,
                window.cutoff is not None,
                window.facts(),
                model,
                test,
                trial.value_test,
                trial_metrics(trial),
                trial.notes,
            )
        )
    if not tested:
        msg = (
            "No window of the backtest could be tested: no purchase process could be "
            "fitted before any of them. Read more of the log."
        )
        raise DataError(msg)
    return tested


def _offer(each: _Tested, settings: Settings) -> dict[str, Any] | None:
    """Return what the offer of the settings would have earned on the window."""
    value, figures = each.test.value, each.test.figures
    known = np.isfinite(value)
    if not known.any():
        return None
    return evaluate_offer(
        figures.churned[known],
        figures.forecasts[MODEL][known],
        value[known],
        settings.profit,
        random_state=settings.seed,
    )


def _window(
    each: _Tested, offer: Mapping[str, Any] | None, random_state: int
) -> dict[str, Any]:
    figures, value = each.test.figures, each.value_test
    own = figures.metrics[MODEL]
    return {
        "cutoff": each.name,
        **each.facts,
        "n_customers": own["n_customers"],
        "churn_rate": own["churn_rate"],
        "process_only": not each.model.churn.needs_fitting,
        "weights": dict(each.model.churn.weights),
        "value_metrics": value.metrics if value else {},
        "reliability": figures.curves[MODEL]["reliability"],
        "profit": offer["rules"] if offer else None,
        **evaluate_window(figures, random_state=random_state),
    }


def _slices(
    tests: Sequence[ScoredTest],
    align: Callable[[pd.DataFrame], pd.DataFrame],
    random_state: int,
) -> dict[str, Any] | None:
    """Evaluate the slices of the base over all windows together."""
    rival, rows = best_baseline([test.figures for test in tests]), pool(tests)
    labels = _labels(rows.test, align)
    if rival is None or labels is None or labels.empty:
        return None
    return {
        "rival": rival,
        "rows": evaluate_slices(
            rows.test.churned,
            rows.forecasts[MODEL],
            rows.forecasts[rival],
            labels,
            customers=rows.test.customer_id,
            random_state=random_state,
        ),
    }


def _labels(
    test: Dataset, align: Callable[[pd.DataFrame], pd.DataFrame]
) -> pd.DataFrame | None:
    """Return slices, and beside them the segments that part these customers."""
    if test.slices is None:
        return None
    labels = align(test.slices.fillna(UNKNOWN))
    if test.segments is None:
        return labels
    more = test.segments.fillna(UNKNOWN)
    names = [
        name
        for name in more.columns.difference(labels.columns, sort=False)
        if 1 < more[name].nunique() <= MOST_VALUES
    ]
    return labels.join(more[names])


def _staleness(tested: Sequence[_Tested], random_state: int) -> list[dict[str, Any]]:
    """Score each window with the models of earlier windows as well."""
    pairs: dict[int, list[tuple[Floats, Floats, Floats]]] = defaultdict(list)
    customers: dict[int, list[NDArray[np.object_]]] = defaultdict(list)
    # latest first: `age` places on stands the model that is so many windows older
    for place, now in enumerate(tested):
        fresh = now.test.figures.forecasts[MODEL]
        for age, then in enumerate(tested[place : place + OLDEST_AGE + 1]):
            try:
                stale = (
                    then.model.predict_churn(now.test.rows.features) if age else fresh
                )
            except DataError:  # it knew features that are not there
                continue
            pairs[age].append((now.test.figures.churned, stale, fresh))
            if now.test.rows.customer_id is not None:
                customers[age].append(now.test.rows.customer_id)
    return evaluate_staleness(
        pairs, customers=customers or None, random_state=random_state
    )
