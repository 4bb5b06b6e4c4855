"""Figures of several test windows, rolled back through time.

Each forecast is by a model that knew only what was known when its window began.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.errors import NotEnoughHistoryError
from regulars.evaluation.clustered_gap import pooled_log_loss_gap
from regulars.evaluation.holdout import MODEL, finite
from regulars.metrics.intervals import evaluate_churn_differences
from regulars.timeline import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from numpy.typing import ArrayLike, NDArray

    from regulars.config import BacktestSettings, TimeSettings
    from regulars.evaluation.holdout import ChurnTest
    from regulars.timeline import Shut, Timeline

    Floats = NDArray[np.float64]

RESAMPLES = 400
COMPARED = ("roc_auc", "average_precision", "log_loss", "brier", "ece")


def roll_back(
    time: TimeSettings,
    backtest: BacktestSettings,
    cutoff: date,
    first_day: date,
    *,
    shut: Shut | None = None,
    begins: Callable[[date], date] | None = None,
) -> list[Timeline]:
    """Lay the windows of a backtest over a log.

    Parameters
    ----------
    time : TimeSettings
        Horizon, gap, training cutoffs.
    backtest : BacktestSettings
        How many windows, and how far apart.
    cutoff : date
        As-of date of the latest window's timeline.
    first_day : date
        First day with a record.
    shut, begins : callable, optional
        Days without purchases, and where the log begins, as far as was known by a day;
        as `regulars.timeline.plan` takes them.

    Returns
    -------
    list of Timeline
        Latest first. Fewer than asked for where the log is short; a window needs a
        horizon of history before it.

    Raises
    ------
    NotEnoughHistoryError
        The log has no complete window.

    Examples
    --------
    >>> from datetime import date
    >>> from regulars.config import BacktestSettings, TimeSettings
    >>> lines = roll_back(TimeSettings(horizon_days=28), BacktestSettings(windows=2),
    ...                   date(2024, 7, 1), date(2024, 1, 1))
    >>> [line.test_cutoff.isoformat() for line in lines]
    ['2024-06-03', '2024-05-06']
    """
    step = timedelta(days=backtest.step_days or time.horizon_days)
    window = timedelta(days=time.horizon_days + time.gap_days)
    history = timedelta(days=time.horizon_days)
    days = [cutoff - k * step for k in range(backtest.windows)]
    usable = [day for day in days if day - window >= first_day + history]
    if not usable:
        msg = (
            f"The log begins on {first_day}; a backtest at {cutoff} needs a horizon "
            f"of {time.horizon_days} days before a window of {window.days} days. Read "
            "more of the log, or set time.horizon_days lower."
        )
        raise NotEnoughHistoryError(msg)
    return [
        plan(
            time.model_copy(update={"cutoff": day}),
            first_day,
            day - timedelta(days=1),
            shut=shut,
            begins=begins,
        )
        for day in usable
    ]


def best_baseline(tests: Sequence[ChurnTest]) -> str | None:
    """Return the baseline with the least mean log loss over the windows."""
    if not tests:
        return None
    common = set.intersection(*(set(test.metrics) for test in tests)) - {MODEL}
    if not common:
        return None

    def mean_loss(name: str) -> tuple[float, str]:
        losses = [test.metrics[name]["log_loss"] for test in tests]
        return float(np.mean(losses)), name

    return min(common, key=mean_loss)


def evaluate_window(test: ChurnTest, *, random_state: int = 0) -> dict[str, Any]:
    """Compare the model with the best baseline of its window.

    Parameters
    ----------
    test : ChurnTest
        The window.
    random_state : int, default=0
        Seed of the bootstrap.

    Returns
    -------
    dict
        ``metrics`` and ``intervals`` by forecast, ``best_baseline`` (least log loss in
        this window) and ``differences`` (by metric: model less that baseline, with
        ``low`` and ``high``).
    """
    rival = best_baseline([test])
    differences = {}
    if rival is not None:
        differences = paired_differences(
            test.churned,
            test.forecasts[MODEL],
            test.forecasts[rival],
            random_state=random_state,
        )
    return {
        "metrics": test.metrics,
        "intervals": test.intervals,
        "best_baseline": rival,
        "differences": differences,
    }


def paired_differences(
    churned: Floats, model: Floats, rival: Floats, *, random_state: int = 0
) -> dict[str, dict[str, float | None]]:
    """Return the differences of two forecasts; None where one is undefined."""
    differences = evaluate_churn_differences(
        churned, model, rival, n_resamples=RESAMPLES, random_state=random_state
    )
    return {name: finite(differences[name]._asdict()) for name in COMPARED}


def overall(windows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the mean figures, and in how many windows the model beat its rival."""
    names = sorted({name for window in windows for name in window["metrics"]})
    gaps = [window["differences"].get("log_loss") for window in windows]
    known = [gap for gap in gaps if gap and gap["low"] is not None]
    return {
        "n_windows": len(windows),
        "mean": {name: _mean(windows, name) for name in names},
        "n_better": sum(gap["high"] < 0 for gap in known),
        "n_worse": sum(gap["low"] > 0 for gap in known),
    }


def _mean(windows: Sequence[Mapping[str, Any]], name: str) -> dict[str, float]:
    rows = [w["metrics"][name] for w in windows if name in w["metrics"]]
    keys = (*COMPARED, "top_decile_lift")
    known = {
        key: [row[key] for row in rows if row.get(key) is not None] for key in keys
    }
    return {key: float(np.mean(values)) for key, values in known.items() if values}


def evaluate_staleness(
    pairs: Mapping[int, Sequence[tuple[Floats, Floats, Floats]]],
    *,
    customers: Mapping[int, Sequence[ArrayLike]] | None = None,
    random_state: int = 0,
) -> list[dict[str, Any]]:
    """Return how much a model loses by not being trained again, by its age in windows.

    `pairs` holds outcomes, stale and fresh forecasts. Windows differ in how hard they
    are, so a stale model is compared with a fresh one on the same window.
    """
    rows = []
    for age in sorted(pairs):
        y, stale, fresh = (
            np.concatenate(part) for part in zip(*pairs[age], strict=True)
        )
        differences = paired_differences(y, stale, fresh, random_state=random_state)
        if customers is not None:
            owners = np.concatenate([np.asarray(ids) for ids in customers[age]])
            gap = pooled_log_loss_gap(
                y, stale, fresh, owners, random_state=random_state
            )
            differences["log_loss"] = gap._asdict()
        rows.append(
            {
                "age": age,
                "n_windows": len(pairs[age]),
                "n_customers": len(y),
                "differences": differences,
            }
        )
    return rows
