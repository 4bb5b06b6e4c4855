"""All KPIs of one period, each beside the period before, whole and by segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.data.ledger import materialise
from regulars.kpis.catalogue import CATALOGUE
from regulars.kpis.concentration import OF_SCORES, value_kpis
from regulars.kpis.contracts import (
    contract_kpis,
    contract_measures,
    contract_rows,
)
from regulars.kpis.estimates import shorten
from regulars.kpis.experiences import forgiveness_signal
from regulars.kpis.full_price import discount_signal
from regulars.kpis.kpi_data import joined
from regulars.kpis.loyalty_index import index_summary, loyalty_rows, why_no_index
from regulars.kpis.loyalty_map import loyalty_map
from regulars.kpis.measures import ALL, Measured, Signal, measure
from regulars.kpis.price_rises import price_rises
from regulars.kpis.programme import (
    breadth_signal,
    programme_signal,
    referral_signal,
)
from regulars.kpis.programme_money import programme_study
from regulars.kpis.purchases import purchase_signal, purchase_sums, with_flags
from regulars.kpis.second_purchase import second_purchases
from regulars.kpis.segments import with_segment
from regulars.kpis.support import support_kpis
from regulars.kpis.surveys import survey_signal
from regulars.kpis.waterfall import OF_WATERFALL, waterfall
from regulars.kpis.what_if import what_if

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

    Found = dict[tuple[str, str], Measured]
    Idea = Callable[[KpiData, Span], Signal]

# these rest on who was there at the start, which takes active_days to know
BY_ACTIVITY = (
    "customers",
    "customers_gained",
    "customers_lost",
    "retention_rate",
    "churn_rate",
    "reactivation_rate",
    "tenure_days",
)

# what each table beside the purchases adds to a customer's row
IDEAS: tuple[Idea, ...] = (
    purchase_signal,
    survey_signal,
    referral_signal,
    programme_signal,
    discount_signal,
    breadth_signal,
    forgiveness_signal,
)


def kpi_study(data: KpiData, span: Span, by: Sequence[str] = ()) -> dict[str, Any]:
    """Work out all KPIs of one period, each with the change on the period before.

    Parameters
    ----------
    data : KpiData
        A log with the tables beside it, as of a cutoff.
    span : Span
        The period; it must be over at the cutoff.
    by : sequence of str, default=()
        Segments to cut by, as they were known when the period began: ``cohort``,
        ``rfm``, ``loyalty_map``, ``channel``, ``tier`` or an attribute of customers.

    Returns
    -------
    dict
        What ``kpis.json`` holds of one period, JSON-safe: see the fields from
        ``period`` on of :class:`~regulars.results.KpiResult`. What cannot be had is
        under ``absent`` with the reason, never 0.

    Raises
    ------
    ConfigError, DataError
        There is no such segment, or it has too many values.

    Examples
    --------
    >>> from datetime import date
    >>> import ibis
    >>> import pyarrow as pa
    >>> from regulars.data.ledger import build_ledger
    >>> from regulars.kpis import KpiData, Span
    >>> days = [date(2024, 1, 5), date(2024, 1, 9), date(2024, 2, 7)]
    >>> log = ibis.memtable(pa.table({
    ...     "customer_id": ["a", "b", "a"], "order_date": days,
    ...     "order_time": pa.array(days).cast(pa.timestamp("us")),
    ...     "amount": [10.0, 20.0, 30.0], "is_return": [False] * 3}))
    >>> data = KpiData(build_ledger(log), date(2024, 3, 1))
    >>> study = kpi_study(data, Span(date(2024, 2, 1), date(2024, 3, 1)))
    >>> [(f["value"], f["n"]) for f in study["figures"] if f["kpi"] == "retention_rate"]
    [(1.0, 2)]
    """
    before = span.before()
    # these bring their own comparison with earlier
    rises, no_rises = price_rises(data, span)
    has_before = data.covers(before)
    customers, signals = customer_table(data, span)
    figures, absent = _of_everybody(data, customers, signals, span)
    figures, absent = figures | rises, absent | no_rises
    earlier: Found = {}
    past = None
    if has_before:
        past = customer_table(data, before, unused=OF_WATERFALL)
        earlier = _comparable(data, _of_everybody(data, *past, before)[0], before)
    rows = [*figure_rows(figures, earlier, span, "")]
    for name in by:
        cut = _by_segment(data, customers, signals, span, name)
        cut_before = _by_segment(data, *past, before, name) if past else {}
        rows += figure_rows(cut, _comparable(data, cut_before, before), span, name)
    return {
        "period": _period(data, span, before if has_before else None),
        "figures": rows,
        "absent": [
            {"kpi": kpi, "why": absent[kpi]}
            for kpi in CATALOGUE
            if kpi in absent and (ALL, kpi) not in figures
        ],
        "waterfall": waterfall(data, customers, span),
        **_loyalty(data, span),
        "support": support_kpis(data, span),
        **_economics(data, span),
    }


def _economics(data: KpiData, span: Span) -> dict[str, Any]:
    """Return what the programme brings and what a point more would, or why not."""
    programme, no_programme = programme_study(data, span)
    worth, no_worth = what_if(data, span.end)
    return {
        "programme": programme,
        "no_programme": no_programme,
        "what_if": worth,
        "no_what_if": no_worth,
    }


def _loyalty(data: KpiData, span: Span) -> dict[str, Any]:
    """Return the loyalty index and its map at the cutoff, or why there is none."""
    rows = loyalty_rows(data, data.cutoff)
    if rows is None or rows.empty:
        why = why_no_index(data, data.cutoff)
        return {"loyalty_index": None, "loyalty_map": None, "no_loyalty_index": why}
    return {
        "loyalty_index": index_summary(data, rows, data.cutoff),
        "loyalty_map": loyalty_map(data, rows, span),
    }


def customer_table(
    data: KpiData, span: Span, *, unused: Sequence[str] = ()
) -> tuple[Any, list[Signal]]:
    """Return one row a customer with all that is measured, computed once."""
    rows = purchase_sums(data, span).drop(*unused)
    signals = [idea(data, span) for idea in IDEAS]
    for signal in signals:
        if signal.table is not None:
            rows = joined(rows, signal.table, dict(signal.columns))
    rows = with_flags(materialise(rows), data, span)
    for signal in signals:
        if signal.derive is not None:
            rows = rows.mutate(**signal.derive(rows))
    return rows, signals


def _of_everybody(
    data: KpiData, customers: Any, signals: Sequence[Signal], span: Span
) -> tuple[Found, dict[str, str]]:
    measures = [each for signal in signals for each in signal.measures]
    figures = measure(customers, measures)
    absent = {each.kpi: each.absent for each in measures}
    absent |= dict(pair for signal in signals for pair in signal.absent)
    for found, why in (
        second_purchases(data, customers, span),
        contract_kpis(data, span),
        value_kpis(data, customers, span),
    ):
        figures |= found
        absent |= why
    return figures, absent


def _by_segment(
    data: KpiData, customers: Any, signals: Sequence[Signal], span: Span, name: str
) -> Found:
    measures = [each for signal in signals for each in signal.measures]
    cut = materialise(with_segment(data, customers, span, name))
    figures = measure(cut, measures, "segment")
    figures |= contracts_by_segment(data, span, name)
    return figures | second_purchases(data, cut, span, "segment")[0]


def contracts_by_segment(data: KpiData, span: Span, name: str) -> Found:
    """Return the figures of contracts by a segment of those who have them."""
    if not data.has("subscriptions"):
        return {}
    rows = data.once("contracts", span, contract_rows)
    cut = materialise(with_segment(data, rows, span, name))
    return measure(cut, contract_measures(data, span), "segment")


def _comparable(data: KpiData, earlier: Found, before: Span) -> Found:
    """Leave out figures that the log was too young for in the period before."""
    if _reach(data, before) >= data.settings.active_days:
        return earlier
    return {key: each for key, each in earlier.items() if key[1] not in BY_ACTIVITY}


def _reach(data: KpiData, span: Span) -> int:
    """Return for how many days the log has run when a span begins."""
    return max((span.start - data.first_day).days, 0)


def figure_rows(figures: Found, earlier: Found, span: Span, by: str) -> Iterator[Any]:
    """Yield figures in the catalogue's order, each with the change on before."""
    places = {kpi: place for place, kpi in enumerate(CATALOGUE)}
    for key in sorted(figures, key=lambda key: (key[0], places[key[1]])):
        segment, kpi = key
        (value, low, high), n = figures[key]
        # scores are of one day
        is_dated = kpi not in OF_SCORES and key in earlier
        before = earlier[key].estimate.value if is_dated else None
        yield {
            "kpi": kpi,
            "group": CATALOGUE[kpi].group,
            "unit": CATALOGUE[kpi].unit,
            "segment": f"{by}={segment}" if by else "",
            "period": span.label,
            "value": value,
            "low": low,
            "high": high,
            "n": n,
            "before": before,
            "change": None if before is None else shorten(value - before),
        }


def _period(data: KpiData, span: Span, before: Span | None) -> dict[str, Any]:
    notes, active = [], data.settings.active_days
    if before is None:
        notes.append(
            f"The log begins on {data.first_day}: there is no whole period before "
            f"{span.start} to compare with, so no change is shown."
        )
    if _reach(data, span) < active:
        notes.append(
            f"The log begins {_reach(data, span):,} days before the period, and "
            f"customers are there for {active} days after a purchase "
            "(kpis.active_days): whoever bought earlier than the log is not seen, and "
            "too few are lost."
        )
    elif before is not None and _reach(data, before) < active:
        notes.append(
            "No change is shown of customers kept and lost: at the start of the period "
            f"before, the log was younger than {active} days (kpis.active_days)."
        )
    return {
        "start": span.start.isoformat(),
        "end": span.end.isoformat(),
        "before_start": None if before is None else before.start.isoformat(),
        "active_days": active,
        "notes": notes,
    }
