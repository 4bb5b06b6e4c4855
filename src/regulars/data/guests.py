"""Ids that stand for many people: the 0 of guests, the till's own number.

Nobody buys ten times as often as the next best customer and makes a tenth of a log of
many. One such id would be the best customer of every list and teach the models nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import ibis

if TYPE_CHECKING:
    from collections.abc import Sequence

# An id that says itself that it is nobody.
_NOBODY = re.compile(
    r"0+|-1|9{4,}|x+|-+|\?+|"
    r"(guest|anonym|unknown|walk.?in|cash|no.?customer|default|dummy|none|nobody|"
    r"various|visitor|gast|unbekannt|barverkauf|laufkund|invit|cliente.?final|"
    r"consumidor.?final|public).*",
    re.IGNORECASE,
)
MOST = 3
_FEWEST_CUSTOMERS = 20


@dataclass(frozen=True)
class Guest:
    """One id that is no person: its orders, and those of the next customer."""

    id: str
    n_orders: int
    n_next: int  # orders of the best customer that is a person
    n_all: int

    @property
    def share(self) -> float:
        """Share of all orders, 0-1."""
        return self.n_orders / self.n_all


def looks_like_nobody(text: str) -> bool:
    """Say whether an id says itself that it is no person: 0, guest, unknown."""
    return _NOBODY.fullmatch(text.strip()) is not None


def find_guests(
    rows: Any, id_column: str, guest_ids: Literal["auto"] | Sequence[str]
) -> list[Guest]:
    """Return the ids among clean transactions that are no person, most orders first."""
    # without order numbers each row may be an order: guests buy many times a day
    n_orders = rows.count()
    if "order_id" in rows.columns:
        n_orders = ibis.greatest(
            rows["order_id"].nunique(), rows["order_date"].nunique()
        )
    counts = (
        rows.group_by(id=rows[id_column].cast("string"))
        .aggregate(n=n_orders)
        .mutate(n_all=lambda t: t.n.sum().over(), n_ids=lambda t: t.id.count().over())
    )
    if guest_ids == "auto":
        top = counts.order_by(ibis.desc("n"), "id").limit(MOST + 1)
        return implausible(top.to_pyarrow().to_pylist())
    if not guest_ids:
        return []
    # the ids are the user's own: compared without outer blanks, case and all
    listed = counts.filter(counts.id.strip().isin([each.strip() for each in guest_ids]))
    rows_by_id = listed.order_by(ibis.desc("n"), "id").to_pyarrow().to_pylist()
    return [Guest(row["id"], row["n"], 0, row["n_all"]) for row in rows_by_id]


def implausible(top: list[dict[str, Any]]) -> list[Guest]:
    """Return the longest run of first ids that all stand far above the next one."""
    if not top or top[0]["n_ids"] < _FEWEST_CUSTOMERS:
        return []
    for size in range(min(MOST, len(top) - 1), 0, -1):
        following = top[size]["n"]
        guests = [
            Guest(row["id"], row["n"], following, row["n_all"]) for row in top[:size]
        ]
        if all(map(_is_implausible, guests)):
            return guests
    return []


def _is_implausible(guest: Guest) -> bool:
    if looks_like_nobody(guest.id):
        return (
            guest.share >= 0.02
            and guest.n_orders >= 20
            and guest.n_orders >= 3 * guest.n_next
        )
    return (
        guest.share >= 0.1
        and guest.n_orders >= 100
        and guest.n_orders >= 10 * guest.n_next
    )
