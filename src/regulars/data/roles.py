"""Give the columns of an unknown file the roles they can play.

Profiles of columns come in; a mapping from canonical columns goes out. Time first, then
amount, customer and the rest: each takes the free column whose name fits best among
those whose contents allow it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from regulars.config import SqlExpression
from regulars.data.quality import dressed_number, undress_sql
from regulars.data.reading import quote_name
from regulars.errors import ConfigError

if TYPE_CHECKING:
    from regulars.data.profile import ColumnProfile
    from regulars.data.reading import RawTable

_OPTIONAL = (
    "order_id",
    "product_id",
    "category",
    "quantity",
    "discount_amount",
    "channel",
    "store_id",
    "is_return",
)


def guess_columns(
    profiles: list[ColumnProfile], raw: RawTable
) -> dict[str, str | SqlExpression]:
    """Return the likeliest source of each canonical column of transactions.

    Parameters
    ----------
    profiles : list of ColumnProfile
    raw : RawTable

    Returns
    -------
    dict of str to (str or SqlExpression)

    Raises
    ------
    ConfigError
        No column can be the customer, the time or the amount.

    Examples
    --------
    See `regulars.data.guess.guess_config`, which looks at the file first.
    """
    columns: dict[str, str | SqlExpression] = {}
    free = list(profiles)

    def take(name: str, chosen: ColumnProfile | None) -> None:
        if chosen is not None:
            columns[name] = chosen.name
            free.remove(chosen)

    take("order_time", _time_column(free))
    amount = _amount_by_name(free)
    quantity = _best("quantity", [p for p in free if p.numeric_share > 0.9])
    price = _best("unit_price", [p for p in free if p.numeric_share > 0.9])
    if amount is None and price is not None and quantity is not None:
        product = f"{_sql_name(quantity.name)} * {_sql_name(price.name)}"
        columns["amount"] = SqlExpression(sql=product)
        free.remove(price)
    else:
        take("amount", amount or price)
    dressed = amount and dressed_number(_not_numbers(amount))
    if amount is not None and dressed:
        sql = undress_sql(dressed, amount.name).partition("' if ")[0]
        columns["amount"] = SqlExpression(sql=sql)
    take("customer_id", _customer_column(free))
    if "amount" not in columns:
        take("amount", _only([p for p in free if p.fraction_share > 0.2]))
    _refuse_if_missing(columns, profiles, raw)
    for name in _OPTIONAL:
        take(name, _best(name, [p for p in free if _fits(name, p)]))
    if "is_return" not in columns and "order_id" in columns:
        _cancelled_orders(columns, profiles)
    if "order_id" in columns and not _orders_have_one_customer(columns, raw):
        del columns["order_id"]
    return columns


def _best(name: str, among: list[ColumnProfile]) -> ColumnProfile | None:
    scored = [(profile.name_score(name), profile) for profile in among]
    scored = [pair for pair in scored if pair[0] > 0 and pair[1].n_filled]
    return max(scored, key=lambda pair: pair[0])[1] if scored else None


def _only(among: list[ColumnProfile]) -> ColumnProfile | None:
    return among[0] if len(among) == 1 else None


def _time_column(free: list[ColumnProfile]) -> ColumnProfile | None:
    times = [p for p in free if p.time_share > 0.8]
    return _best("order_time", times) or (times[0] if times else None)


def _amount_by_name(free: list[ColumnProfile]) -> ColumnProfile | None:
    return _best(
        "amount",
        [p for p in free if p.numeric_share > 0.8 or dressed_number(_not_numbers(p))],
    )


def _not_numbers(profile: ColumnProfile) -> list[str]:
    if not profile.is_text or profile.numeric_share > 0.99 or profile.time_share > 0.5:
        return []
    return [text for text in profile.examples if not _is_plain(text)]


def _is_plain(text: str) -> bool:
    return re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)\s*", text) is not None


def _customer_column(free: list[ColumnProfile]) -> ColumnProfile | None:
    def repeats(profile: ColumnProfile) -> bool:
        return 1 < profile.n_distinct < 0.98 * profile.n_filled or profile.n_rows < 50

    named = _best("customer_id", [p for p in free if repeats(p)])
    if named is not None and named.name.lower() != "id":
        return named
    general = _best("customer_id", [p for p in free if p.name.lower() != "id"])
    if general is not None or named is not None:
        return general or named
    # Without a telling name: the first column that tells many customers apart.
    unnamed = [p for p in free if p.name.startswith("column") and repeats(p)]
    many = [p for p in unnamed if p.n_distinct > 20 and not p.fraction_share]
    return many[0] if many else _best("customer_id", free)


def _fits(name: str, profile: ColumnProfile) -> bool:
    if name in {"quantity", "discount_amount"}:
        return profile.numeric_share > 0.9
    if name == "is_return":
        return profile.n_distinct <= 2
    return profile.n_distinct > 1


def _sql_name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else quote_name(name)


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
    raise ConfigError(msg)


def _cancelled_orders(
    columns: dict[str, str | SqlExpression], profiles: list[ColumnProfile]
) -> None:
    """Recognise invoices of the form C536379 among 536379."""
    order = next(p for p in profiles if p.name == columns["order_id"])
    cancelled = [text for text in order.examples if re.fullmatch(r"[Cc]\d+", text)]
    plain = [text for text in order.examples if text.isdigit()]
    if cancelled and len(cancelled) < len(plain):
        sql = f"{_sql_name(order.name)} LIKE 'C%'"
        columns["is_return"] = SqlExpression(sql=sql)


def _orders_have_one_customer(columns: dict[str, Any], raw: RawTable) -> bool:
    order, customer = columns["order_id"], columns["customer_id"]
    sample = raw.table.limit(100_000).select(order=order, customer=customer)
    sample = sample.filter(sample.order.notnull() & sample.customer.notnull())
    each = sample.group_by("order").aggregate(n=sample.customer.nunique())
    row = each.aggregate(shared=(each.n > 1).sum(), orders=each.count())
    counts = row.to_pyarrow().to_pylist()[0]
    return bool((counts["shared"] or 0) <= 0.01 * max(counts["orders"], 1))
