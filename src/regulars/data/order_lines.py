"""Orders of several lines whose own fields stand once, on the first line or on all.

Shop exports write customer, time and total beside the first line item and leave them
blank below it, or repeat the order's total beside each of its items.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ibis

from regulars.data.joins import LINE
from regulars.data.ledger import materialise
from regulars.data.parsing import is_missing
from regulars.data.queries import count_rows
from regulars.data.reading import find_column
from regulars.errors import ConfigError, DataError, suggestion

if TYPE_CHECKING:
    from regulars.config import FillDownSettings
    from regulars.data.mapping import Mapping
    from regulars.data.reading import RawTable

_ONCE, _IS_RETURN = "__order_amount", "__order_is_return"


def fill_blanks(
    raw: RawTable, settings: FillDownSettings, setting: str
) -> tuple[RawTable, list[str]]:
    """Return the rows with the blank fields of an order's later lines filled.

    A blank name of the order means that the order of the line above goes on.
    """
    names = {}
    for name in (settings.by, *settings.columns):
        column = find_column(name, raw.columns)
        if column is None:
            msg = (
                f"{setting}.fill_down: {raw.label} has no column '{name}'."
                f"{suggestion(name, raw.columns)} Its columns are "
                f"{', '.join(raw.columns)}."
            )
            raise ConfigError(msg)
        names[name] = column
    by = names[settings.by]
    columns = [names[name] for name in settings.columns if names[name] != by]
    above = ibis.window(order_by=LINE, preceding=(None, 0))
    # last(include_null=False) over a window is compiled without IGNORE NULLS: so the
    # names are counted, and each count has one name
    counted = raw.table.mutate(__n=_filled(raw.table[by]).count().over(above)).view()
    keyed = counted.mutate(
        __order=_filled(counted[by]).max().over(ibis.window(group_by="__n"))
    ).view()
    filled = {
        name: ibis.ifelse(
            _filled(keyed[name]).isnull() & keyed["__order"].notnull(),
            _first_filled(keyed, name),
            keyed[name],
        )
        for name in columns
    }
    was_blank = ibis.or_(*(_filled(keyed[name]).isnull() for name in columns))
    table = materialise(
        keyed.mutate(
            **filled,
            **{by: ibis.coalesce(_filled(keyed[by]), keyed["__order"])},
            __was_blank=was_blank,
        )
    )
    n_filled = count_rows(table.filter(table["__was_blank"]))
    table = table.drop("__n", "__order", "__was_blank").order_by(LINE)
    notice = "Lines that take blank fields from the first line of their order: "
    return replace(raw, table=table), [f"{notice}{n_filled:,}."] if n_filled else []


def _first_filled(keyed: Any, name: str) -> Any:
    """Return the first value of a column among the lines of an order, not blank."""
    value = _filled(keyed[name])
    lines = ibis.window(group_by="__order", order_by=[value.isnull(), keyed[LINE]])
    return value.first(include_null=True).over(lines)


def _filled(column: Any) -> Any:
    """Return a column with null where it is blank."""
    if not column.type().is_string():
        return column
    return ibis.ifelse(is_missing(column.strip()), ibis.null("string"), column)


def count_orders_once(
    mapping: Mapping, raw: RawTable, setting: str
) -> tuple[Mapping, list[str]]:
    """Return the mapping with each order's total on one of its lines, 0 on the others.

    The first line that is read and has a total carries it. Lines without an order
    number are orders of their own.
    """
    if "order_id" not in mapping.sources:
        msg = (
            f"{setting}.amount_of is 'order', but no column is mapped to order_id. "
            f"Name the order's number under {setting}.columns.order_id."
        )
        raise ConfigError(msg)
    table, amount = mapping.table, mapping.table[mapping.sources["amount"]]
    order = _filled(table[mapping.sources["order_id"]]).cast("string").strip()
    number = amount.try_cast("float64") if amount.type().is_string() else amount
    keyed = table.mutate(
        __order=ibis.coalesce(order, "line " + table[LINE].cast("string")),
        __number=number,
        __is_read=table[mapping.where] if mapping.where else ibis.literal(True),
    ).view()
    _refuse_several_totals(keyed, raw, setting)
    lines = ibis.window(
        group_by="__order",
        order_by=[ibis.desc("__is_read"), keyed["__number"].isnull(), LINE],
    )
    group = ibis.window(group_by="__order")
    ranked = keyed.mutate(
        __rank=ibis.row_number().over(lines),
        __total=keyed["__number"].max().over(group),
        __has_total=keyed["__number"].notnull().any().over(group),
    ).view()
    source = ranked[mapping.sources["amount"]]
    zero = ibis.literal("0") if source.type().is_string() else ibis.literal(0)
    counts = (ranked["__rank"] == 0) | ~ranked["__has_total"]
    once = ibis.ifelse(counts, source, zero.cast(source.type()))
    added = {_ONCE: once, _IS_RETURN: (ranked["__total"] < 0).fill_null(False)}
    result = materialise(ranked.mutate(**added)).order_by(LINE)
    sources = {**mapping.sources, "amount": _ONCE}
    if "is_return" not in sources:
        # without it, the lines of a refund that carry 0 would look like purchases
        sources["is_return"] = _IS_RETURN
    n_later = count_rows(result.filter((result["__rank"] > 0) & result["__has_total"]))
    notice = f"Lines whose order's total is counted on another line: {n_later:,}."
    notices = [notice] if n_later else []
    return replace(mapping, table=result, sources=sources), notices


def _refuse_several_totals(keyed: Any, raw: RawTable, setting: str) -> None:
    numbers = keyed.filter(keyed["__number"].notnull() & keyed["__is_read"])
    orders = numbers.group_by("__order").aggregate(
        low=numbers["__number"].min(), high=numbers["__number"].max()
    )
    several = materialise(orders.filter(orders.high > orders.low))
    n_several = count_rows(several)
    if not n_several:
        return
    first = several.order_by("__order").limit(3).to_pyarrow().to_pylist()
    shown = ", ".join(f"{r['__order']}: {r['low']:g} and {r['high']:g}" for r in first)
    msg = (
        f"{raw.label}: {n_several:,} orders have lines with different amounts "
        f"({shown}), so the amount is no order's total. Set {setting}.amount_of to "
        "'line', or name the column of the order's total."
    )
    raise DataError(msg)
