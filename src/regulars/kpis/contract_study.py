"""All KPIs of contracts without purchases: of one period, whole and by segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from regulars.data.ledger import build_ledger, materialise
from regulars.kpis.catalogue import CATALOGUE
from regulars.kpis.concentration import score_kpis
from regulars.kpis.contracts import (
    NOBODY,
    contract_kpis,
    contract_measures,
    contract_rows,
    contract_waterfall,
)
from regulars.kpis.estimates import shorten
from regulars.kpis.kpi_data import joined
from regulars.kpis.measures import ALL, Measure, measure
from regulars.kpis.periods import label_of, number_of
from regulars.kpis.programme import programme_signal, referral_signal
from regulars.kpis.segments import with_segment
from regulars.kpis.study import figure_rows
from regulars.kpis.support import support_kpis
from regulars.kpis.surveys import survey_signal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from regulars.data.ledger import Ledger
    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.measures import Measured
    from regulars.kpis.spans import Span

    Found = dict[tuple[str, str], Measured]

IDEAS = (survey_signal, referral_signal, programme_signal)
# what the tables beside contracts say of those who have one
OF_CUSTOMERS = (
    "nps",
    "promoter_share",
    "detractor_share",
    "survey_response_rate",
    "referral_rate",
    "participation_rate",
    "redemption_rate",
    "tenure_days",
)
NO_PURCHASES = (
    "There is no table of purchases (source.transactions), and these are made of "
    "purchases."
)
NO_BEFORE = (
    "The contracts begin on {first}: there is no whole period before {start} to "
    "compare with, so no change is shown."
)


def no_purchases(ids: Any) -> Ledger:
    """Return a ledger without a row, for ids of a column's type."""
    schema = {
        "customer_id": ids.type(),
        "order_time": "timestamp",
        "order_date": "date",
        "amount": "float64",
        "is_return": "boolean",
    }
    return build_ledger(ibis.memtable(pd.DataFrame(columns=[*schema]), schema=schema))


def contract_study(data: KpiData, span: Span, by: Sequence[str] = ()) -> dict[str, Any]:
    """Work out what `kpi_study` does, as far as it needs no purchases.

    `data` have subscriptions, a ledger without rows, and ``begins``.
    """
    before = span.before()
    has_before = data.covers(before)
    figures, absent = _of_everybody(data, span)
    earlier = _of_everybody(data, before)[0] if has_before else {}
    rows = [*figure_rows(figures, earlier, span, "")]
    for name in by:
        earlier = _by_segment(data, before, name) if has_before else {}
        rows += figure_rows(_by_segment(data, span, name), earlier, span, name)
    words = {"first": data.first_day, "start": span.start}
    return {
        "period": {
            "start": span.start.isoformat(),
            "end": span.end.isoformat(),
            "before_start": before.start.isoformat() if has_before else None,
            "active_days": data.settings.active_days,
            "notes": [] if has_before else [NO_BEFORE.format(**words)],
        },
        "figures": rows,
        "absent": [
            {"kpi": kpi, "why": absent.get(kpi, NO_PURCHASES)}
            for kpi in CATALOGUE
            if (ALL, kpi) not in figures
        ],
        "waterfall": contract_waterfall(data, span),
        "support": support_kpis(data, span),
        "no_loyalty_index": NO_PURCHASES,
        "no_programme": NO_PURCHASES,
        "no_what_if": NO_PURCHASES,
    }


def _of_everybody(data: KpiData, span: Span) -> tuple[Found, dict[str, str]]:
    customers, measures, absent = _customers(data, span)
    figures = measure(customers, measures)
    for found, why in (contract_kpis(data, span), score_kpis(data)):
        figures |= found
        absent |= why
    return figures, absent


def _by_segment(data: KpiData, span: Span, name: str) -> Found:
    customers, measures, _ = _customers(data, span)
    cut = materialise(with_segment(data, customers, span, name))
    return measure(cut, [*contract_measures(data, span), *measures], "segment")


def _customers(data: KpiData, span: Span) -> tuple[Any, list[Measure], dict[str, str]]:
    """Return customers with what was measured of them, and why some is not there."""
    # nobody bought
    nothing = {"bought": 0, "n_orders": 0, "revenue": 0.0}
    rows = data.once("contracts", span, contract_rows)
    rows = rows.mutate(**{name: ibis.literal(x) for name, x in nothing.items()})
    nobody = NOBODY.format(day=span.end)
    measures = [Measure("tenure_days", "ratio", "tenure", "at_end", nobody)]
    absent: dict[str, str] = {}
    for signal in (idea(data, span) for idea in IDEAS):
        if signal.table is not None:
            rows = joined(rows, signal.table, dict(signal.columns))
        if signal.derive is not None:
            rows = rows.mutate(**signal.derive(rows))
        measures += [each for each in signal.measures if each.kpi in OF_CUSTOMERS]
        absent |= {kpi: why for kpi, why in signal.absent if kpi in OF_CUSTOMERS}
    absent |= {each.kpi: each.absent for each in measures}
    return materialise(rows), measures, absent


def contract_cohorts(spells: pd.DataFrame, cutoff: date) -> dict[str, Any] | None:
    """Return which share of each month's new customers still have a contract.

    As `cohort_retention` gives it: a customer counts in a month if a contract ran on
    its last day. None where nobody started in a whole month.
    """
    first = spells.groupby("customer_id")["started"].transform("min")
    known = first.to_numpy() < np.datetime64(cutoff)
    rows, starts = spells[known], first[known]
    # months that are over
    n_months = number_of(cutoff, "month")
    cohort = (starts.dt.year * 12 + starts.dt.month - 1).to_numpy()
    rows = rows.assign(cohort=cohort)[cohort < n_months]
    if rows.empty:
        return None
    sizes = rows.groupby("cohort")["customer_id"].nunique()
    price = rows.get("monthly_amount", pd.Series(np.nan, rows.index)).fillna(0.0)
    kept, paid = [], []
    for month, size in sizes.items():
        here = rows["cohort"] == month
        shares, amounts = _cohort(rows[here], price[here], int(str(month)), n_months)
        kept.append([shorten(n / size) for n in shares])
        paid.append([shorten(amount / size) for amount in amounts])
    return {
        "period": "month",
        "cohorts": [label_of(int(str(month)), "month") for month in sizes.index],
        "sizes": sizes.tolist(),
        "retention": _padded(kept),
        "revenue_per_customer": _padded(paid),
    }


def _cohort(
    rows: pd.DataFrame, price: pd.Series, first: int, n_months: int
) -> tuple[list[int], list[float]]:
    """Return customers and monthly revenue on the last day of each month."""
    shares, amounts = [], []
    for month in range(first, n_months):
        day = pd.Timestamp(year=month // 12, month=month % 12 + 1, day=1)
        day += pd.offsets.MonthEnd(0)
        runs = (rows["started"] <= day) & (rows["ended"].isna() | (rows["ended"] > day))
        shares.append(int(rows.loc[runs, "customer_id"].nunique()))
        amounts.append(float(price[runs].sum()))
    return shares, amounts


def _padded(table: list[list[float]]) -> list[list[float | None]]:
    width = max(map(len, table))
    return [[*row, *[None] * (width - len(row))] for row in table]
