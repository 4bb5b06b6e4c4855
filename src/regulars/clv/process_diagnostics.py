"""Whether a purchase process holds, as JSON-safe data for the report page."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.clv.diagnostics import tracking
from regulars.clv.matrices import alive_matrix
from regulars.clv.outlook import DAYS_PER_WEEK
from regulars.clv.process import purchase_history
from regulars.clv.spend_diagnostics import spend_density
from regulars.errors import DataError, NotEnoughHistoryError

if TYPE_CHECKING:
    import datetime as dt

    from regulars.clv.process import PurchaseProcess

_MOST_FREQUENT = 7  # the last group by frequency is this or more


def process_diagnostics(
    process: PurchaseProcess,
    rows: pd.DataFrame,
    purchase_days: Any = None,
    *,
    cutoff: dt.date,
    end: dt.date | None = None,
) -> dict[str, dict[str, Any]]:
    """Return how a fitted purchase process compares with what happened."""
    summary = pd.DataFrame(purchase_history(rows), index=rows.index)
    diagnostics = {
        "by_frequency": _by_frequency(rows),
        "alive_matrix": _alive(process.purchases_, summary),
    }
    with suppress(NotEnoughHistoryError):  # nobody who came back paid anything
        diagnostics["spend_density"] = _lists(spend_density(process.spend_, summary))
    if purchase_days is not None:
        with suppress(NotEnoughHistoryError):  # not one whole week
            weeks = _tracking(process.purchases_, purchase_days, cutoff, end)
            diagnostics["tracking"] = weeks
    return diagnostics


def _by_frequency(rows: pd.DataFrame) -> dict[str, Any]:
    needed = ["frequency", "n_purchases", "btyd_expected_purchases"]
    missing = [name for name in needed if name not in rows.columns]
    if missing:
        msg = (
            f"The rows lack the columns {missing}. Pass those of a cutoff whose "
            "outcomes are known, with the forecasts of the process."
        )
        raise DataError(msg)
    group = rows["frequency"].clip(upper=_MOST_FREQUENT).astype(int)
    means = rows.groupby(group.rename("group")).agg(
        n_customers=("frequency", "size"),
        actual=("n_purchases", "mean"),
        expected=("btyd_expected_purchases", "mean"),
    )
    labels = [str(frequency) for frequency in means.index]
    if (rows["frequency"] > _MOST_FREQUENT).any():
        labels[-1] = f"{_MOST_FREQUENT} or more"
    return {"frequency": labels, **_lists(means)}


def _alive(model: Any, summary: pd.DataFrame) -> dict[str, Any]:
    """Return P(alive) of the oldest customers, as far as frequencies commonly go."""
    frequency = summary["frequency"]
    most = int(np.clip(frequency.quantile(0.99), 5, 40))
    oldest = float(summary["T"].max())
    matrix = alive_matrix(model, oldest, max_frequency=most)
    return {
        "frequency": matrix.index.tolist(),
        "recency": [round(float(week), 2) for week in matrix.columns],
        "p": matrix.astype(object).where(matrix.notna(), None).to_numpy().tolist(),
    }


def _tracking(
    model: Any, purchase_days: Any, cutoff: dt.date, end: dt.date | None
) -> dict[str, Any]:
    weeks = tracking(
        model,
        purchase_days,
        time_unit_days=DAYS_PER_WEEK,
        calibration_end=cutoff,
        end=end,
    )
    seen = (cutoff - weeks["start"].iloc[0]).days / DAYS_PER_WEEK
    kept = weeks.drop(columns="is_holdout").rename(columns={"period": "week"})
    kept["start"] = kept["start"].astype(str)
    return {**_lists(kept), "cutoff_week": round(seen, 2)}


def _lists(frame: pd.DataFrame) -> dict[str, Any]:
    return {str(name): frame[name].tolist() for name in frame.columns}
