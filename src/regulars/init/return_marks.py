"""Recognise rows that take a sale back, by a word beside them.

A till writes kinds of rows (sale, return), a list of payments writes the refund as a
row of its own below the payment. Their amounts may be positive all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.data.column_names import name_key
from regulars.data.names import quote_text
from regulars.init.sample import column_sql
from regulars.init.statuses import is_in_doubt, is_status, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.init.profile import ColumnProfile
    from regulars.init.sample import Sample

_KIND_NAME = re.compile(
    r"(transaction|order|document|doc|line|row|entry|record|invoice|sale|sales|payment|"
    r"receipt|movement|beleg|vorgangs|buchungs|bewegungs)?"
    r"(type|kind|typ|art|tipo|tipo(transaccion|documento|venta)|"
    r"type(transaction|document|operation))"
)
_TAKES_BACK = re.compile(
    r"returns?|returned|refunds?|refunded|chargeback|creditnote|creditmemo|"
    r"gutschrift|retouren?|ruckgabe|(ruck)?erstatt\w*|avoir|rembours\w*|retours?|"
    r"devolucion(es)?|devuelt[oa]|reembols\w*|reso|rimborso|devolucao"
)
_MOST_KINDS = 12


@dataclass(frozen=True)
class ReturnRows:
    """The words of a column that mark rows which take a sale back."""

    column: str
    values: tuple[str, ...]
    n_rows: int

    @property
    def sql(self) -> str:
        """The expression of ``is_return``."""
        name = column_sql(self.column)
        if len(self.values) == 1:
            return f"{name} = {quote_text(self.values[0])}"
        return f"{name} IN ({', '.join(map(quote_text, self.values))})"


def find_return_rows(
    profiles: Sequence[ColumnProfile], sample: Sample, columns: dict[str, Any]
) -> ReturnRows | None:
    """Return the rows that take a sale back with a positive amount; None if none do.

    A status marks such a row only where its sale stands beside it; else it is said of
    the sale itself, which is then left out.
    """
    taken = {source for source in columns.values() if isinstance(source, str)}
    for profile in profiles:
        is_kind = _KIND_NAME.fullmatch(name_key(profile.name)) is not None
        if profile.name in taken or not (is_kind or is_status(profile)):
            continue
        if not 2 <= profile.n_distinct <= _MOST_KINDS:
            continue
        values = tuple(text for text in profile.examples if _takes_back(text))
        if not values or len(values) == profile.n_distinct:
            continue
        rows = ReturnRows(profile.name, values, 0)
        counts = _counts(rows, sample, columns)
        if not counts["n"] or counts["negative"] > 0.5 * counts["n"]:
            continue
        if is_kind or counts["paired"] > 0.5 * counts["n"]:
            return ReturnRows(profile.name, values, counts["n"])
    return None


def _takes_back(text: str) -> bool:
    words = words_of(text)
    if is_in_doubt(words):
        return False
    return any(_TAKES_BACK.fullmatch(word) for word in (*words, "".join(words)))


def _counts(
    rows: ReturnRows, sample: Sample, columns: dict[str, Any]
) -> dict[str, int]:
    """Count the rows, those below zero, and those whose sale stands beside them."""
    amount, order = columns.get("amount"), columns.get("order_id")
    amount_sql = column_sql(amount) if isinstance(amount, str) else "NULL"
    order_sql = column_sql(order) if isinstance(order, str) else "NULL"
    return sample.one(
        f"WITH lines AS (SELECT {order_sql} AS o, ltrim({amount_sql}, '-') AS size, "
        f"coalesce({rows.sql}, false) AS back, {amount_sql} LIKE '-%' AS negative "
        "FROM {sample}) SELECT count(*) FILTER (back) AS n, "
        "count(*) FILTER (back AND negative) AS negative, "
        "count(*) FILTER (back AND (o, size) IN "
        "(SELECT (o, size) FROM lines WHERE NOT back AND o IS NOT NULL)) AS paired "
        "FROM lines"
    )
