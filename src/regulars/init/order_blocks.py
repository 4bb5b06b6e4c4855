"""Recognise exports in which an order has several lines but its own fields stand once.

Either the lines after the first leave the order's fields blank, or its total is written
on each line: added up line by line, orders would cost many times what they did.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.data.column_names import name_key
from regulars.init.number_values import holds_numbers, value_sql
from regulars.init.sample import column_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.init.profile import ColumnProfile
    from regulars.init.sample import Sample

_ORDER_NAMES = re.compile(r"name|number|no|nr|num|numero|nummer|reference|ref|id")
_ROLES = ("customer_id", "order_time", "amount", "currency")
# A name that says that the amount is an order's, and one that does not say of what.
_OF_ORDERS = re.compile(
    r".*(order|invoice|grand|basket|cart|receipt|bestell|rechnung|auftrag|commande|"
    r"facture|panier|pedido|factura|ordine).*"
)
_TOTALS = re.compile(r".*(total|gesamt|summe|totaal|totale|ttc).*")
_MANY = 50


@dataclass(frozen=True)
class OrderBlocks:
    """The column that names an order, and those that only its first line fills."""

    by: str
    columns: tuple[str, ...]
    n_orders: int


@dataclass(frozen=True)
class OrderTotals:
    """Whether the amount is the order's, and why; or a question for the user."""

    is_total: bool
    note: str


def find_blocks(
    profiles: Sequence[ColumnProfile], sample: Sample
) -> OrderBlocks | None:
    """Return how orders leave their fields blank after the first line; None if not."""
    named = [
        (p.name_score("order_id") or 0.1, p)
        for p in profiles
        if p.n_filled
        and p.time_share < 0.5
        and (p.name_score("order_id") or _ORDER_NAMES.fullmatch(name_key(p.name)))
    ]
    named.sort(key=lambda pair: -pair[0])
    # at least one of the order's main columns stands once, or it is no such export
    main = {p.name for p in profiles if any(p.name_score(role) for role in _ROLES)}
    for _, profile in named:
        for find in (_below_first, _below_name):
            blocks = find(profile, sample)
            if blocks is not None and main & set(blocks.columns) - {profile.name}:
                return blocks
    return None


def _below_first(by: ColumnProfile, sample: Sample) -> OrderBlocks | None:
    """Find columns that are filled once in orders whose name repeats."""
    if by.n_distinct >= by.n_filled:
        return None
    order = column_sql(by.name)
    others = [name for name in sample.columns if name != by.name]
    counted = ", ".join(
        f"count({column_sql(name)}) AS c{number}" for number, name in enumerate(others)
    )
    tested = ", ".join(
        f"count(*) FILTER (c{number} = 1) AS once{number}, "
        f"count(*) FILTER (c{number} > 1) AS more{number}"
        for number in range(len(others))
    )
    row = sample.one(
        f"WITH orders AS (SELECT count(*) AS lines, {counted} FROM {{sample}} "
        f"WHERE {order} IS NOT NULL GROUP BY {order} HAVING count(*) > 1) "
        f"SELECT count(*) AS n, {tested} FROM orders"
    )
    columns = tuple(
        name
        for number, name in enumerate(others)
        if row[f"once{number}"] and row[f"more{number}"] <= 0.02 * row[f"once{number}"]
    )
    return OrderBlocks(by.name, columns, row["n"]) if columns else None


def _below_name(by: ColumnProfile, sample: Sample) -> OrderBlocks | None:
    """Find columns that are blank wherever the order's own name is."""
    if by.n_distinct < by.n_filled or by.n_filled > 0.98 * by.n_rows:
        return None
    order = column_sql(by.name)
    others = [name for name in sample.columns if name != by.name]
    counted = ", ".join(
        f"count({column_sql(name)}) AS c{number}, "
        f"count({column_sql(name)}) FILTER ({order} IS NULL) AS b{number}"
        for number, name in enumerate(others)
    )
    row = sample.one(f"SELECT {counted} FROM {{sample}}")
    columns = tuple(
        name
        for number, name in enumerate(others)
        if row[f"c{number}"] and not row[f"b{number}"]
    )
    is_line = any(
        row[f"b{number}"] > 0.5 * (by.n_rows - by.n_filled)
        for number in range(len(others))
    )
    if not columns or not is_line:
        return None
    return OrderBlocks(by.name, columns, by.n_filled)


def find_totals(
    columns: dict[str, Any],
    profiles: Sequence[ColumnProfile],
    sample: Sample,
    blocks: OrderBlocks | None,
    left_out: Sequence[str] = (),
) -> OrderTotals | None:
    """Return whether the amount is its order's total; None where it is the line's.

    A total stands on the order's first line only, or on all of them alike. Lines may be
    alike by chance: so the name, the lines' own prices or many orders have to say so.
    `left_out` are conditions of rows that say nothing, such as refunds of sales.
    """
    amount, order = columns.get("amount"), columns.get("order_id")
    if not isinstance(amount, str) or not isinstance(order, str):
        return None
    if blocks is not None and amount in blocks.columns:
        note = f"'{amount}' stands on the first line of each order"
        return OrderTotals(is_total=True, note=note)
    if not _are_alike(amount, order, sample, left_out):
        return None
    facts = _facts(amount, order, columns, profiles, sample, left_out)
    if not facts["n"] or facts["alike"] < facts["n"] or facts["n_values"] < 2:
        return None
    if facts["at_once"] < 0.95 * facts["n"]:
        # a contract that is paid again and again, not an order of several lines
        return None
    n_alike, has_prices = facts["n"], facts["priced"] > 0.5 * facts["n"]
    if has_prices and facts["of_lines"] > 0.5 * facts["priced"]:
        return None
    key = name_key(amount)
    by_name = _OF_ORDERS.fullmatch(key) is not None
    by_total = _TOTALS.fullmatch(key) is not None
    by_prices = has_prices and facts["adds_up"] > 0.5 * facts["priced"]
    by_chance = facts["by_chance"] > 0.5
    why = f"'{amount}' is the same on all lines of each of {n_alike:,} orders"
    if by_prices and n_alike >= 2:
        return OrderTotals(True, f"{why}, and their prices add up to it")
    if n_alike >= 3 and by_name and not by_chance:
        return OrderTotals(True, f"{why}, as its name says")
    if n_alike >= 20 and by_total and not by_chance:
        return OrderTotals(True, why)
    if n_alike >= _MANY and facts["by_chance"] < 0.1:
        return OrderTotals(True, why)
    if n_alike >= 3 and not by_chance:
        return OrderTotals(False, f"{why}: if it is the order's total, set amount_of")
    return None


def _are_alike(
    amount: str, order: str, sample: Sample, left_out: Sequence[str]
) -> bool:
    """Say whether there are orders of several lines, all with one amount each."""
    row = sample.one(
        f"WITH orders AS (SELECT count(DISTINCT {column_sql(amount)}) AS n_values, "
        f"count(*) AS lines FROM {{sample}} WHERE {_all_but(left_out)} "
        f"AND {column_sql(order)} IS NOT NULL GROUP BY {column_sql(order)}) "
        "SELECT max(lines) AS lines, max(n_values) AS n_values FROM orders"
    )
    return bool((row["lines"] or 0) > 1 and row["n_values"] == 1)


def _all_but(left_out: Sequence[str]) -> str:
    return " AND ".join(f"NOT coalesce(({sql}), false)" for sql in left_out) or "true"


def _facts(
    amount: str,
    order: str,
    columns: dict[str, Any],
    profiles: Sequence[ColumnProfile],
    sample: Sample,
    left_out: Sequence[str],
) -> dict[str, Any]:
    """Count orders of several lines, and what their amounts have to do with prices."""
    by_name = {profile.name: profile for profile in profiles}
    price = _number_named("unit_price", profiles, {amount})
    quantity = _number_named("quantity", profiles, {amount, price or ""})
    when = columns["order_time"]
    when = column_sql(when) if isinstance(when, str) else "NULL"
    line = "NULL"
    if price is not None:
        pieces = value_sql(by_name[quantity]) if quantity else "1"
        line = f"{value_sql(by_name[price])} * {pieces}"
    value = value_sql(by_name[amount]) if amount in by_name else "NULL"
    # taxes, shipping and vouchers stand between a total and the sum of its lines
    return sample.one(
        "WITH lines AS (SELECT DISTINCT * FROM {sample} "
        f"WHERE {_all_but(left_out)}), "
        f"orders AS (SELECT count(*) AS lines, count({column_sql(amount)}) AS filled, "
        f"count(DISTINCT {column_sql(amount)}) AS n_values, "
        f"any_value({column_sql(amount)}) AS value, max({value}) AS total, "
        f"count(DISTINCT {when}) AS n_times, "
        f"sum({line}) AS added, max({line}) AS dearest, "
        f"count(*) FILTER (abs({line} - {value}) < 0.011) AS own "
        f"FROM lines WHERE {column_sql(order)} IS NOT NULL "
        f"GROUP BY {column_sql(order)} HAVING count(*) > 1) "
        "SELECT count(*) AS n, count(*) FILTER (n_times <= 1) AS at_once, "
        "count(*) FILTER (filled = lines AND n_values = 1) AS alike, "
        "count(DISTINCT value) AS n_values, "
        "count(added) AS priced, "
        "count(*) FILTER (own = lines) AS of_lines, "
        "count(*) FILTER (total BETWEEN 0.7 * added AND 1.5 * added + 20 "
        "AND total > dearest) AS adds_up, "
        "(SELECT sum(share * share) FROM (SELECT count(*) / sum(count(*)) OVER () "
        "AS share FROM orders GROUP BY value)) AS by_chance FROM orders"
    )


def _number_named(
    role: str, profiles: Sequence[ColumnProfile], taken: set[str]
) -> str | None:
    scored = [
        (p.name_score(role), p.name)
        for p in profiles
        if p.name not in taken and holds_numbers(p) and p.name_score(role)
    ]
    return max(scored)[1] if scored else None
