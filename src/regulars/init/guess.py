"""Propose a configuration for an unknown purchase log.

Names are compared with those in common use, contents with what a column must hold, and
the guess is tried. What cannot be found is asked for, not invented.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regulars.config import FillDownSettings, SqlExpression
from regulars.data.config_text import name_of
from regulars.data.engine import connect
from regulars.data.number_columns import guess_numbers
from regulars.init.guess_text import GuessedConfig
from regulars.init.guess_trial import try_guess
from regulars.init.number_values import holds_numbers, value_sql
from regulars.init.order_blocks import OrderBlocks, find_blocks, find_totals
from regulars.init.return_marks import find_return_rows
from regulars.init.roles import GuessedColumns, guess_columns
from regulars.init.rows_to_read import RowsToRead, find_rows_to_read, status_codes
from regulars.init.sample import column_sql
from regulars.init.unknown import OpenFile, look_at, open_unknown

if TYPE_CHECKING:
    from regulars.init.join_plan import JoinPlan


def guess_config(path: str | Path) -> GuessedConfig:
    """Propose a configuration for a purchase log.

    Parameters
    ----------
    path : str or Path
        File, glob, folder, or ``package:NAME/FILE``.

    Returns
    -------
    GuessedConfig

    Raises
    ------
    ConfigError
        No column can be the customer, the time or the amount.
    DataError
        The file cannot be read.

    Examples
    --------
    See `GuessedConfig`.
    """
    place = str(path)
    connection = connect()
    with tempfile.TemporaryDirectory(prefix="regulars-") as folder:
        raw = open_unknown(place, connection, Path(folder))
        return guess_log(look_at(place, raw, connection), connection)


def guess_log(
    file: OpenFile,
    connection: Any,
    plan: JoinPlan | None = None,
    tables: dict[str, str] | None = None,
) -> GuessedConfig:
    """Propose a configuration for an open purchase log."""
    raw, profiles, sample = file.raw, file.profiles, file.sample
    blocks = None if plan is not None else find_blocks(profiles, sample)
    guess = guess_columns(profiles, raw, sample, blocks)
    returns = _take_returns(guess, file)
    lines_of = None if blocks is None else blocks.by
    rows = find_rows_to_read(profiles, raw, sample, guess.columns, lines_of, returns)
    is_return = guess.columns.get("is_return")
    left_out = [is_return.sql] if isinstance(is_return, SqlExpression) else []
    left_out += [] if rows is None else [f"NOT ({rows.sql})"]
    totals = find_totals(guess.columns, profiles, sample, blocks, left_out)
    _subtract_refunds(guess, file, rows)
    _mention_freight(guess)
    fill_down = None if blocks is None else _fill_down(guess, blocks, rows, totals)
    numbers = guess_numbers(guess.columns, raw)
    when = next(p for p in profiles if p.name == guess.columns["order_time"])
    notes = {**numbers.notes, **guess.notes}
    if blocks is not None and fill_down is not None:
        notes["fill_down"] = f"blank below the first line of {blocks.n_orders:,} orders"
    if totals is not None:
        notes["amount_of"] = totals.note
    if rows is not None:
        notes["where"] = rows.note
        notes |= {"where.kept": rows.kept_note} if rows.kept_note else {}
    elif codes := status_codes(profiles, sample):
        notes["where.codes"] = codes
    if plan is not None:
        notes |= plan.notes
    columns = numbers.columns
    if (sql := when.time_sql) is not None:
        columns = {**columns, "order_time": SqlExpression(sql=sql)}
        notes["columns.order_time"] = when.unit_note
    proposal = GuessedConfig(
        name=name_of(file.path),
        path=file.path,
        columns=columns,
        number_choices=numbers.choices,
        time_format=when.time_format,
        time_choices=when.time_choices,
        currency=numbers.currency,
        duplicates="set_aside",
        horizon_days=90,
        step_days=30,
        notes=notes,
        joins=() if plan is None else plan.joins,
        fill_down=fill_down,
        amount_of="order" if totals is not None and totals.is_total else "line",
        where=None if rows is None else rows.sql,
        tables=tables or {},
    )
    return try_guess(proposal, connection, when)


def _take_returns(guess: GuessedColumns, file: OpenFile) -> tuple[str, ...]:
    """Mark rows that take a sale back as returns; return their words."""
    if "is_return" in guess.columns:
        return ()
    rows = find_return_rows(file.profiles, file.sample, guess.columns)
    if rows is None:
        return ()
    guess.columns["is_return"] = SqlExpression(sql=rows.sql)
    guess.notes["columns.is_return"] = f"{rows.n_rows:,} rows take a sale back"
    return rows.values


def _fill_down(
    guess: GuessedColumns,
    blocks: OrderBlocks,
    rows: RowsToRead | None,
    totals: Any,
) -> FillDownSettings | None:
    """Return which of the columns that are used stand on an order's first line only."""
    is_total = totals is not None and totals.is_total
    used = [
        source
        for name, source in guess.columns.items()
        # amounts would be counted once for each line
        if isinstance(source, str)
        and name not in {"discount_amount", "quantity"}
        and not (name == "amount" and is_total)
    ]
    if isinstance(guess.columns["customer_id"], SqlExpression):
        used.append(guess.customer or "")
    used += list(rows.columns) if rows is not None else []
    columns = tuple(dict.fromkeys(name for name in used if name in blocks.columns))
    if not columns:
        return None
    return FillDownSettings(by=blocks.by, columns=columns)


def _subtract_refunds(
    guess: GuessedColumns, file: OpenFile, rows: RowsToRead | None
) -> None:
    """Take what was paid back from the amount, where kept rows have such refunds."""
    amount = guess.columns["amount"]
    refunds = [
        p for p in guess.free if p.name_score("refunded_amount") and holds_numbers(p)
    ]
    if not refunds or not isinstance(amount, str):
        return
    refund = max(refunds, key=lambda p: p.name_score("refunded_amount"))
    name = column_sql(refund.name)
    kept = "true" if rows is None else f"coalesce(({rows.sql}), true)"
    counts = file.sample.one(
        f"SELECT count(*) FILTER ({value_sql(refund)} > 0) AS paid_back, "
        f"count(*) FILTER ({value_sql(refund)} < 0) AS negative "
        f"FROM {{sample}} WHERE {kept}"
    )
    n_rows = counts["paid_back"] + counts["negative"]
    if not n_rows or (counts["paid_back"] and counts["negative"]):
        return
    sign = "-" if counts["paid_back"] else "+"
    sql = f"{column_sql(amount)} {sign} coalesce({name}, 0)"
    guess.columns["amount"] = SqlExpression(sql=sql)
    rows_noun = "row" if n_rows == 1 else "rows"
    guess.notes["columns.amount"] = f"{n_rows:,} {rows_noun} were refunded in part"


def _mention_freight(guess: GuessedColumns) -> None:
    """Say that the price of an item is without what its transport costs."""
    amount = guess.columns["amount"]
    text = amount if isinstance(amount, str) else amount.sql
    extra = [
        p.name
        for p in guess.free
        if holds_numbers(p) and re.search(r"freight|shipping|versand", p.name.lower())
    ]
    if extra and re.search(r"price|cost|preis|prix|precio", text.lower()):
        guess.notes.setdefault("columns.amount", f"without '{extra[0]}'")
