"""Record a backtest in the tracking store: a run, and a nested run a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.evaluation.holdout import MODEL
from regulars.results import write_result
from regulars.tracking import RunRecord, Store, scratch_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from regulars.results import BacktestResult
    from regulars.results.backtest import BacktestWindow
    from regulars.results.measures import Gap


def record_backtest(
    store: Store,
    result: BacktestResult,
    figures: Mapping[str, Mapping[str, float]],
    tags: Mapping[str, str],
    pages: Callable[[BacktestResult, Path], None],
) -> str:
    """Write the runs of a backtest."""
    with scratch_folder() as folder:
        write_result(result, folder / "backtest.json")
        pages(result, folder)
        parent = RunRecord(
            params={"windows": str(len(result.windows))},
            metrics=parent_metrics(result),
            tags={"name": "backtest", **tags},
            artifacts=folder,
        )
        children = {
            **_windows(result, figures, tags),
            **_slices(result, tags),
            **_ages(result, tags),
        }
        return store.record_runs(parent, children)


def parent_metrics(result: BacktestResult) -> dict[str, float]:
    """Return the figures of a backtest as a whole."""
    metrics = {
        f"backtest.{'model' if name == MODEL else f'baseline.{name}'}.{key}": value
        for name, means in result.overall.mean.items()
        for key, value in means.items()
    }
    for row in result.staleness:
        gap = row.differences["log_loss"].difference
        if gap is not None:
            metrics[f"backtest.stale_{row.age}.log_loss_difference"] = gap
    return metrics


def _windows(
    result: BacktestResult,
    figures: Mapping[str, Mapping[str, float]],
    tags: Mapping[str, str],
) -> dict[str, RunRecord]:
    runs = {}
    for window in result.windows:
        cutoff = window.cutoff
        runs[f"window {cutoff}"] = RunRecord(
            params={
                "test_cutoff": cutoff,
                "best_baseline": str(window.best_baseline),
            },
            metrics={
                **figures.get(cutoff, {}),
                **_intervals(window),
                **_gaps(window.differences),
            },
            tags={"kind": "window", **tags},
        )
    return runs


def _slices(result: BacktestResult, tags: Mapping[str, str]) -> dict[str, RunRecord]:
    rows = result.slices.rows if result.slices else ()
    return {
        f"{row.slice} {row.value}": RunRecord(
            params={"slice": row.slice, "value": row.value},
            metrics=_numbers(row.model_dump(exclude={"slice", "value"})),
            tags={"kind": "part", **tags},
        )
        for row in rows
    }


def _ages(result: BacktestResult, tags: Mapping[str, str]) -> dict[str, RunRecord]:
    return {
        f"{row.age} windows old": RunRecord(
            params={"age_windows": str(row.age)},
            metrics={"n_windows": row.n_windows, **_gaps(row.differences)},
            tags={"kind": "age", **tags},
        )
        for row in result.staleness
    }


def _intervals(window: BacktestWindow) -> dict[str, float]:
    """Return the ends of each forecast's intervals."""
    return _numbers(
        {
            f"{'test' if name == MODEL else f'baseline.{name}'}.{metric}.{end}": value
            for name, ranges in window.intervals.items()
            for metric, ends in ranges.items()
            for end, value in zip(("low", "high"), ends, strict=True)
        }
    )


def _gaps(differences: Mapping[str, Gap]) -> dict[str, float]:
    return _numbers(
        {
            f"difference.{metric}" + ("" if key == "difference" else f".{key}"): value
            for metric, gap in differences.items()
            for key, value in gap
        }
    )


def _numbers(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if value is not None}
