"""Choose the column of an unknown file that plays each canonical role.

Time first, then amount, customer and the rest: each takes the free column whose name
fits best among those whose contents allow it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from regulars.config import SqlExpression
from regulars.data.column_names import name_key
from regulars.errors import ConfigError
from regulars.init.identity import choose_customer
from regulars.init.number_values import holds_numbers
from regulars.init.profile import best_named
from regulars.init.sample import column_sql

if TYPE_CHECKING:
    from regulars.data.reading import RawTable
    from regulars.init.order_blocks import OrderBlocks
    from regulars.init.profile import ColumnProfile
    from regulars.init.sample import Sample

_OPTIONAL = (
    "product_id",
    "category",
    "quantity",
    "discount_amount",
    "channel",
    "store_id",
    "is_return",
)


@dataclass
class GuessedColumns:
    """The source of each canonical column, and what to say of it.

    The notes' keys are ``columns.NAME`` for what stands beside a column and
    ``left_out.NAME`` for one that is not taken; `customer` is the file's own column.
    """

    columns: dict[str, str | SqlExpression] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    free: list[ColumnProfile] = field(default_factory=list)
    customer: str = ""

    def take(self, name: str, chosen: ColumnProfile | None) -> None:
        """Give a role to a column, which then has no other."""
        if chosen is not None:
            self.columns[name] = chosen.name
            self.free.remove(chosen)


def guess_columns(
    profiles: list[ColumnProfile],
    raw: RawTable,
    sample: Sample,
    blocks: OrderBlocks | None = None,
) -> GuessedColumns:
    """Return the likeliest source of each canonical column of transactions."""
    guess = GuessedColumns(free=list(profiles))
    guess.take("order_time", _time_column(guess.free))
    _take_amount(guess)
    order = _order_column(guess.free, blocks)
    _take_customer(guess, order, sample)
    if "amount" not in guess.columns:
        guess.take("amount", _only([p for p in guess.free if p.fraction_share > 0.2]))
    _refuse_if_missing(guess.columns, profiles, raw)
    guess.take("order_id", order if order in guess.free else None)
    for name in _OPTIONAL:
        fitting = [p for p in guess.free if _fits(name, p)]
        guess.take(name, _fullest(name, fitting))
    _drop_shares(guess, sample)
    if "is_return" in guess.columns and not _takes_back(guess, sample):
        del guess.columns["is_return"]
    if "is_return" not in guess.columns and "order_id" in guess.columns:
        _cancelled_orders(guess.columns, profiles)
    if "order_id" in guess.columns and not _orders_have_one_customer(
        guess.columns, sample
    ):
        del guess.columns["order_id"]
    return guess


def _take_amount(guess: GuessedColumns) -> None:
    free = guess.free
    amount = _amount_by_name(free)
    quantity = _best("quantity", [p for p in free if holds_numbers(p)])
    price = _best("unit_price", [p for p in free if holds_numbers(p)])
    if amount is None and price is not None and quantity is not None:
        product = f"{column_sql(quantity.name)} * {column_sql(price.name)}"
        guess.columns["amount"] = SqlExpression(sql=product)
        free.remove(price)
    else:
        guess.take("amount", amount or price)


def _order_column(
    free: list[ColumnProfile], blocks: OrderBlocks | None
) -> ColumnProfile | None:
    """Return the column that names the order."""
    if blocks is not None:
        return next((p for p in free if p.name == blocks.by), None)
    named = _best("order_id", [p for p in free if _fits("order_id", p)])
    return named or next((p for p in free if _names_orders(p)), None)


def _names_orders(profile: ColumnProfile) -> bool:
    """Recognise #1001 of a column Name, and ch_3Nx of a column id."""
    forms = {"name": r"#\S*\d+\S*", "id": r"(ch|py|pi|in|txn|cs)_\w+"}
    form = forms.get(name_key(profile.name))
    texts = profile.examples
    return bool(form and texts and all(re.fullmatch(form, text) for text in texts))


def _take_customer(
    guess: GuessedColumns, order: ColumnProfile | None, sample: Sample
) -> None:
    free = [p for p in guess.free if p is not order]
    when = guess.columns.get("order_time")
    if isinstance(when, str):
        order_name = None if order is None else order.name
        identity = choose_customer(free, sample, order_name, when)
        if identity is not None:
            guess.take("customer_id", identity.column)
            guess.columns["customer_id"] = identity.source
            guess.customer = identity.column.name
            if identity.note:
                guess.notes["columns.customer_id"] = identity.note
            return
    # Without a telling name: the first column that tells many customers apart.
    unnamed = [p for p in free if p.name.startswith("column") and _repeats(p)]
    many = [p for p in unnamed if p.n_distinct > 20 and not p.fraction_share]
    guess.take("customer_id", many[0] if many else None)


def _repeats(profile: ColumnProfile) -> bool:
    return 1 < profile.n_distinct < 0.98 * profile.n_filled or profile.n_rows < 50


def _drop_shares(guess: GuessedColumns, sample: Sample) -> None:
    """Take no discount for an amount that is a share, such as 0.2."""
    name = guess.columns.get("discount_amount")
    if not isinstance(name, str):
        return
    number = f"try_cast({column_sql(name)} AS DOUBLE)"
    row = sample.one(
        f"SELECT max({number}) AS top, count(*) FILTER ({number} > 0 AND {number} < 1) "
        "AS n FROM {sample}"
    )
    if row["n"] and row["top"] is not None and row["top"] <= 1:
        del guess.columns["discount_amount"]
        guess.notes["left_out.discount_amount"] = f"'{name}' holds shares, not amounts"


def _takes_back(guess: GuessedColumns, sample: Sample) -> bool:
    """Say whether marked lines are returns, not the sales that were sent back.

    A sale that was refunded bears the mark itself; a return stands beside its sale.
    """
    flag, amount = guess.columns["is_return"], guess.columns["amount"]
    if not isinstance(flag, str) or not isinstance(amount, str):
        return True
    if not re.search(r"(ed|et|iert)$", name_key(flag)):
        return True
    marked = f"lower({column_sql(flag)}) IN ('1', '1.0', 'y', 'yes', 'true', 't', 'ja')"
    customer = guess.columns["customer_id"]
    who = column_sql(customer) if isinstance(customer, str) else "NULL"
    size = f"abs(try_cast({column_sql(amount)} AS DOUBLE))"
    row = sample.one(
        f"WITH lines AS (SELECT {who} AS who, {size} AS size, "
        f"coalesce({marked}, false) AS marked, "
        f"{column_sql(amount)} LIKE '-%' AS negative FROM {{sample}}) "
        "SELECT count(*) FILTER (marked) AS n, "
        "count(*) FILTER (marked AND negative) AS negative, "
        "count(*) FILTER (marked AND (who, size) IN "
        "(SELECT (who, size) FROM lines WHERE NOT marked)) AS paired FROM lines"
    )
    return not row["n"] or max(row["negative"], row["paired"]) > 0.5 * row["n"]


def _best(name: str, among: list[ColumnProfile]) -> ColumnProfile | None:
    return best_named([profile for profile in among if profile.n_filled], name)


def _fullest(name: str, among: list[ColumnProfile]) -> ColumnProfile | None:
    """Return the best name of those that are not much emptier than others."""
    named = [p for p in among if p.name_score(name) > 0]
    most = max((p.n_filled for p in named), default=0)
    return _best(name, [p for p in named if p.n_filled > 0.5 * most])


def _only(among: list[ColumnProfile]) -> ColumnProfile | None:
    return among[0] if len(among) == 1 else None


def _time_column(free: list[ColumnProfile]) -> ColumnProfile | None:
    times = [p for p in free if p.time_share > 0.8]
    numbers = [p for p in free if p.time_sql and p not in times]
    return _best("order_time", times + numbers) or next(iter(times + numbers), None)


def _amount_by_name(free: list[ColumnProfile]) -> ColumnProfile | None:
    return _best("amount", [p for p in free if holds_numbers(p, 0.8)])


def _fits(name: str, profile: ColumnProfile) -> bool:
    if name in {"quantity", "discount_amount"}:
        return holds_numbers(profile)
    if name == "is_return":
        return profile.n_distinct <= 2
    return profile.n_distinct > 1


def _refuse_if_missing(
    columns: dict[str, Any], profiles: list[ColumnProfile], raw: RawTable
) -> None:
    what = {
        "customer_id": "the customer (an id that repeats)",
        "order_time": "the time (dates)",
        "amount": "the amount (numbers; or quantity and unit price)",
    }
    missing = [words for name, words in what.items() if name not in columns]
    if not missing:
        return
    seen = "; ".join(
        f"'{p.name}' ({', '.join(p.examples[:2]) or 'empty'})" for p in profiles
    )
    msg = (
        f"{raw.label}: no column can be told to be {' nor '.join(missing)}. Its "
        f"columns are {seen}. Rename them to customer_id, order_time and amount, or "
        "write the configuration by hand."
    )
    faults = [p.time_fault for p in profiles if p.time_fault]
    if faults and "order_time" not in columns:
        msg = f"{raw.label}: no column can be read as the time of a sale. {faults[0]}"
    raise ConfigError(msg)


def _cancelled_orders(
    columns: dict[str, str | SqlExpression], profiles: list[ColumnProfile]
) -> None:
    """Recognise invoices of the form C536379 among 536379."""
    order = next(p for p in profiles if p.name == columns["order_id"])
    cancelled = [text for text in order.examples if re.fullmatch(r"[Cc]\d+", text)]
    plain = [text for text in order.examples if text.isdigit()]
    if cancelled and len(cancelled) < len(plain):
        sql = f"{column_sql(order.name)} LIKE 'C%'"
        columns["is_return"] = SqlExpression(sql=sql)


def _orders_have_one_customer(columns: dict[str, Any], sample: Sample) -> bool:
    order, customer = columns["order_id"], columns["customer_id"]
    who = column_sql(customer) if isinstance(customer, str) else customer.sql
    row = sample.one(
        f"WITH each AS (SELECT count(DISTINCT {who}) AS n FROM {{sample}} "
        f"WHERE {column_sql(order)} IS NOT NULL AND {who} IS NOT NULL "
        f"GROUP BY {column_sql(order)}) "
        "SELECT count(*) AS orders, count(*) FILTER (n > 1) AS shared FROM each"
    )
    return bool(row["shared"] <= 0.01 * max(row["orders"], 1))
