"""Record a look of the watch in MLflow: a run, and a nested one a cutoff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.results import write_result
from regulars.tracking import RunRecord, scratch_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.results import MonitoringResult
    from regulars.results.base import Part
    from regulars.tracking import Store


def record_watch(
    store: Store, result: MonitoringResult, tags: Mapping[str, str]
) -> MonitoringResult:
    """Write the run ``monitor`` with the figures, and return the result with its id."""
    with scratch_folder() as folder:
        write_result(result, folder / result.file)
        parent = RunRecord(
            params={
                "cutoff": str(result.cutoff or ""),
                "model_version": result.model_version,
            },
            metrics=metrics_of(result),
            tags={"name": "monitor", **tags},
            artifacts=folder,
        )
        run_id = store.record_runs(parent, _by_cutoff(result, tags))
    return result.model_copy(update={"run_id": run_id})


def metrics_of(result: MonitoringResult) -> dict[str, float]:
    """Return the figures of a look as a whole."""
    metrics = {
        "monitor.n_alarms": float(len(result.alarms)),
        "monitor.n_checks": float(len(result.checks)),
    }
    for room in ("inputs", "scores"):
        columns = getattr(result, room)
        metrics |= {f"monitor.psi.{each.name}": each.psi for each in columns}
        if columns:
            metrics[f"monitor.{room}.largest_psi"] = columns[0].psi
    if result.value is not None:
        metrics |= _numbers("monitor.value", result.value)
    if result.periods:
        metrics |= _numbers("monitor.arrival", result.periods[-1])
    return metrics


def _by_cutoff(
    result: MonitoringResult, tags: Mapping[str, str]
) -> dict[str, RunRecord]:
    runs = {}
    for prefix, rows in (("scores", result.score_months), ("outcome", result.outcomes)):
        for row in rows:
            runs[f"{prefix} {row.cutoff}"] = RunRecord(
                params={
                    "cutoff": str(row.cutoff),
                    "model_version": row.model_version,
                },
                metrics=_numbers(prefix, row),
                tags={"kind": prefix, **tags},
            )
    return runs


def _numbers(prefix: str, row: Part) -> dict[str, float]:
    return {
        f"{prefix}.{name}": float(value)
        for name, value in row
        if isinstance(value, int | float)
    }
