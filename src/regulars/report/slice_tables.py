"""The backtest by part of the customer base: those that do worst first, then all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.report.backtest_charts import gap_row
from regulars.report.formats import number, percent
from regulars.report.model_charts import series_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.results import BacktestResult
    from regulars.results.backtest import SliceFigures

# so many parts a reader takes in at once; of more, the worst are shown first
FEW_PARTS, WORST_PARTS = 12, 8


def slice_rows(backtest: BacktestResult) -> list[dict[str, str]]:
    """Lay out the figures by part of the customer base, kind by kind."""
    return [_row(part) for part in _parts(backtest)]


def worst_slice_rows(backtest: BacktestResult) -> list[dict[str, str]]:
    """Lay out the parts on which the model does worst; none where all are few."""
    parts = _parts(backtest)
    if len(parts) <= FEW_PARTS:
        return []
    gaps = [(part.difference, part) for part in parts if part.difference is not None]
    gaps.sort(key=lambda pair: pair[0], reverse=True)
    return [_row(part) for _, part in gaps[:WORST_PARTS]]


def slices_caption(backtest: BacktestResult) -> str:
    """Say how many of the parts would look better or worse by chance alone."""
    n_parts = sum(part.low is not None for part in _parts(backtest))
    return (
        f"Each interval holds by itself: of these {number(n_parts)} parts, about "
        f"{number(n_parts * 0.05, 1)} would be called better or worse by chance if "
        "there were no difference at all. Segments are as of each window's cutoff."
    )


def _parts(backtest: BacktestResult) -> Sequence[SliceFigures]:
    return backtest.slices.rows if backtest.slices else ()


def _row(part: SliceFigures) -> dict[str, str]:
    return {
        "slice": f"{part.slice.replace('_', ' ')}: {part.value.replace('_', ' ')}",
        "n_customers": number(part.n_customers),
        "churn_rate": percent(part.churn_rate),
        "predicted_rate": percent(part.predicted_rate),
        "roc_auc": number(part.roc_auc, 3),
        "log_loss": number(part.log_loss, 3),
        **gap_row(part),
    }


def rival_label(backtest: BacktestResult) -> str:
    """Return what to call the baseline that the parts are compared with."""
    if backtest.slices is None:
        return ""
    name = backtest.slices.rival
    return series_labels([name], backtest.baseline_labels)[name]
