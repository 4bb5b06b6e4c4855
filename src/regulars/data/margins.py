"""Count the lines that carry their own margin, and say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regulars.data.ledger import MARGIN_COLUMNS, line_margin
from regulars.data.queries import first_row

if TYPE_CHECKING:
    import ibis


@dataclass(frozen=True)
class OwnMargins:
    """How many lines carry their own margin, and what it comes to."""

    columns: tuple[str, ...]
    n_lines: int
    n_own: int
    share: float | None
    """Margin over amount of those lines, net of returns; None where that is nothing."""


def own_margins(transactions: ibis.Table) -> OwnMargins | None:
    """Return the count of own margins; None where the log has no column for them."""
    margin = line_margin(transactions)
    if margin is None:
        return None
    is_return = transactions.amount < 0
    t = transactions.mutate(own=margin, taken=is_return.ifelse(-margin, margin))
    sums = t.aggregate(
        n_lines=t.count(),
        n_own=t.own.count(),
        margin=t.taken.sum(),
        amount=t.amount.sum(where=t.own.notnull()),
    )
    row = first_row(sums)
    amount = row["amount"] or 0.0
    return OwnMargins(
        columns=tuple(n for n in MARGIN_COLUMNS if n in transactions.columns),
        n_lines=row["n_lines"],
        n_own=row["n_own"],
        share=row["margin"] / amount if amount > 0 else None,
    )


def margin_notices(transactions: ibis.Table, margin: float) -> list[str]:
    """Return the sentence about own margins; none where the log has none."""
    own = own_margins(transactions)
    if own is None:
        return []
    columns = ", else ".join(own.columns)
    share = "" if own.share is None else f", {own.share:.1%} of their amount"
    rest = f"value.margin ({margin:.1%}) for the other {own.n_lines - own.n_own:,}"
    if own.n_own == own.n_lines:
        rest = "value.margin is not used"
    return [
        f"Own margin ({columns}): {own.n_own:,} of {own.n_lines:,} lines{share}; "
        f"{rest}."
    ]
