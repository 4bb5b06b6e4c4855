"""Loyalty against retention: who is loyal, who stays, and who moves where.

Staying is read from the scores where there are any as of the day, else from activity.
Movements compare two days by activity, since nobody scored the earlier one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from regulars.kpis.estimates import shorten
from regulars.kpis.loyalty_index import loyalty_rows

if TYPE_CHECKING:
    from datetime import date

    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

CELLS = ("loyal_staying", "staying", "loyal_slipping", "leaving")
NEW, GONE = "new", "no longer counted"


def loyalty_map(data: KpiData, rows: pd.DataFrame, span: Span) -> dict[str, Any]:
    """Return sizes, value and movements of the cells at the cutoff."""
    placed, rule = _placed(data, rows)
    return {
        "day": data.cutoff.isoformat(),
        "staying": rule,
        "cells": [_cell(placed, name) for name in CELLS],
        **_moves(data, span),
    }


def cells_at(data: KpiData, day: date) -> pd.DataFrame:
    """Return ``customer_id`` and ``segment``, the cell by activity, at a day."""
    rows = loyalty_rows(data, day)
    if rows is None:
        return pd.DataFrame({"customer_id": [], "segment": []}, dtype=str)
    cells = _named(rows["loyalty_index"] >= data.settings.loyal_from, rows["is_active"])
    return pd.DataFrame({"customer_id": rows["customer_id"], "segment": cells})


def _placed(data: KpiData, rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    loyal_from, below = data.settings.loyal_from, data.settings.staying_below
    scores = data.scores
    if scores is not None and rows["customer_id"].isin(scores["customer_id"]).any():
        # whoever has no score cannot be placed
        rows = rows.merge(scores.drop(columns="cutoff", errors="ignore"))
        stays = rows["churn_probability"] < below
        rule = f"churn_probability below {below:g}"
    else:
        stays = rows["is_active"]
        rule = f"bought in the last {data.settings.active_days} days; no scores"
    cells = _named(rows["loyalty_index"] >= loyal_from, stays)
    return rows.assign(cell=cells), rule


def _named(loyal: pd.Series, stays: pd.Series) -> Any:
    is_loyal, is_staying = loyal.to_numpy(bool), stays.to_numpy(bool)
    # as CELLS are listed: numbers are counted and joined faster than names
    numbers = 3 - 1 * is_loyal - 2 * is_staying
    return pd.Categorical.from_codes(numbers, dtype=pd.CategoricalDtype([*CELLS]))


def _cell(placed: pd.DataFrame, name: str) -> dict[str, Any]:
    rows = placed[placed["cell"] == name]
    return {
        "cell": name,
        "n_customers": len(rows),
        "share": shorten(len(rows) / len(placed)) if len(placed) else 0.0,
        "revenue": shorten(rows["revenue"].sum()),
        **{
            key: shorten(rows[key].sum()) if key in rows else None
            for key in ("clv", "value_at_risk")
        },
    }


def _moves(data: KpiData, span: Span) -> dict[str, Any]:
    """Count who went from which cell to which between both ends of the period."""
    if not data.covers(span):
        return {"moves_from": None, "moves_to": None, "moves": []}
    start, end = (
        cells_at(data, day).set_index("customer_id")["segment"]
        for day in (span.start, span.end)
    )
    both = pd.concat([start.rename("before"), end.rename("now")], axis=1)
    sizes = both.groupby(["before", "now"], dropna=False, observed=True).size()
    moves = sizes.rename("n").reset_index().astype({"before": object, "now": object})
    moves = moves.fillna({"before": NEW, "now": GONE}).sort_values(["before", "now"])
    return {
        "moves_from": span.start.isoformat(),
        "moves_to": span.end.isoformat(),
        "moves": [
            {"before": before, "now": now, "n_customers": n}
            for before, now, n in zip(
                *(moves[name].tolist() for name in ("before", "now", "n")),
                strict=True,
            )
        ],
    }
