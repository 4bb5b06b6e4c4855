"""The year's value against what came: the process standing where the year began."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.clv.process import PurchaseProcess
from regulars.errors import (
    ConvergenceError,
    DataError,
    NotEnoughHistoryError,
    RegularsWarning,
)
from regulars.labels.purchases import build_labels

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from regulars.kinds.non_contractual.workspace import LogWorkspace

    Floats = NDArray[np.float64]

NORMAL_95 = 1.959964


def value_check(work: LogWorkspace, kind: str) -> dict[str, Any] | None:
    """Return the value expected over the last ``clv_horizon_days``, and what came.

    By the purchase process alone, fitted as of the day on which that time began, before
    the discount. Its kind is the one in use, which windows since then have chosen. None
    where less than a horizon of history lies before it.
    """
    settings, first_day = work.settings, work.ledger.first_day
    days = settings.value.clv_horizon_days
    day = work.cutoff - timedelta(days=days)
    needed = timedelta(days=settings.time.horizon_days)
    if first_day is None or day < first_day + needed:
        return None
    # nobody: the first days of the log lie far from the rest of it
    rows = work.features.by_cutoff([day]).get(day)
    process = None if rows is None else _process(rows, kind)
    if rows is None or process is None:
        return None
    margin = settings.value.margin
    expected = process.clv(
        rows, margin=margin, discount_rate_annual=0.0, horizon_days=days
    )
    came = _spend(work, rows, days) * process.shares_.margin_share(rows, margin)
    if came.sum() <= 0:
        return None
    return {
        "cutoff": day,
        "days": days,
        "n_customers": len(rows),
        "expected": float(expected.sum()),
        "came": float(came.sum()),
        **_ratio("ratio", expected, came),
        **_ratio("top_tenth", *_top_tenth(expected, came)),
    }


def _process(rows: pd.DataFrame, kind: str) -> PurchaseProcess | None:
    with warnings.catch_warnings():
        # the process of the scores says what there is to warn of
        warnings.simplefilter("ignore", RegularsWarning)
        try:
            return PurchaseProcess(kind).fit(rows)
        except (ConvergenceError, DataError, NotEnoughHistoryError):
            return None


def _spend(work: LogWorkspace, rows: pd.DataFrame, days: int) -> Floats:
    whole = replace(work.timeline, gap_days=0, horizon_days=days)
    outcomes = build_labels(work.ledger, whole, rows, known_at=work.cutoff)
    return outcomes["spend"].to_numpy(np.float64)


def _top_tenth(expected: Floats, came: Floats) -> tuple[Floats, Floats]:
    """Return the customers who were expected to bring most, a tenth of all."""
    best = np.argsort(-expected, kind="stable")[: max(1, round(len(expected) / 10))]
    return expected[best], came[best]


def _ratio(name: str, expected: Floats, came: Floats) -> dict[str, float | None]:
    """Return the ratio of two sums with its 95% interval over customers."""
    total = came.sum()
    if total <= 0:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    ratio = expected.sum() / total
    # delta method: customers are drawn, and both sums with them
    error = np.sqrt(((expected - ratio * came) ** 2).sum()) / total
    return {
        name: float(ratio),
        f"{name}_low": float(ratio - NORMAL_95 * error),
        f"{name}_high": float(ratio + NORMAL_95 * error),
    }
