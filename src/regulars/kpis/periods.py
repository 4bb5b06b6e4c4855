"""Calendar months and quarters as consecutive integers, in the engine and in Python.

Their differences are whole periods on every engine. Also which days of a ledger count:
those known at the cutoff, and of them those in the bulk of the log.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from regulars.data.ledger import materialise
from regulars.data.strays import StrayDays, find_stray_days
from regulars.errors import NotEnoughHistoryError, suggestion

if TYPE_CHECKING:
    from datetime import date

    import ibis

    from regulars.data.ledger import Ledger

Period: TypeAlias = Literal["month", "quarter"]

# the ledger's integer units of money in one unit of currency
MICROS = 1e6

_PER_YEAR = {"month": 12, "quarter": 4}


def _per_year(period: str) -> int:
    if period not in _PER_YEAR:
        hint = suggestion(period, _PER_YEAR)
        msg = f"'period' is '{period}'; 'month' or 'quarter' was expected.{hint}"
        raise ValueError(msg)
    return _PER_YEAR[period]


def period_number(day: ibis.Value, period: Period) -> ibis.Value:
    """Return the expression for the number of the period in which a day lies."""
    per_year = _per_year(period)
    within = day.month() if period == "month" else day.quarter()
    return (day.year() * per_year + within - 1).cast("int64")


def number_of(day: date, period: Period) -> int:
    """Return the number of the period in which a day lies."""
    per_year = _per_year(period)
    return day.year * per_year + (day.month - 1) * per_year // 12


def label_of(number: int, period: Period) -> str:
    """Return the label of a period."""
    year, within = divmod(number, _per_year(period))
    return (
        f"{year}-Q{within + 1}" if period == "quarter" else f"{year}-{within + 1:02d}"
    )


def days_before(ledger: Ledger, cutoff: date) -> ibis.Table:
    """Return the ledger's days that are known at the cutoff."""
    return ledger.days.filter(ledger.days.day < cutoff)


def strays_before(ledger: Ledger, cutoff: date) -> StrayDays | None:
    """Return the days before the cutoff that lie far from the bulk of the log."""
    known = days_before(ledger, cutoff)
    days = known.group_by("day").aggregate(n=known.count()).to_pyarrow().to_pydict()
    return find_stray_days(days["day"], days["n"])


def days_in_bulk(ledger: Ledger, cutoff: date) -> tuple[ibis.Table, date]:
    """Return the days from which periods are made, and where the last of them ends.

    One row of 1970 would make 659 months of a log of two years: days that lie far from
    the rest are left out.
    """
    known = days_before(ledger, cutoff)
    strays = strays_before(ledger, cutoff)
    if strays is None:
        return known, cutoff
    bulk = known.filter(known.day.between(strays.first, strays.last))
    is_after = any(each.first > strays.last for each in strays.stretches)
    return bulk, strays.last + timedelta(days=1) if is_after else cutoff


def customer_periods(known: ibis.Table, period: Period) -> ibis.Table:
    """Return one row a customer and period with a record, computed once.

    ``n_orders``, ``is_active`` (bought, 1 or 0) and ``micros``; ``cohort``, the number
    of the customer's first period with a purchase; ``came_before``, whether they bought
    in the period before this one. Months and cohorts are both made of it.
    """
    number = period_number(known.day, period)
    rows = known.group_by("customer_id", number=number.cast("int32")).aggregate(
        n_orders=known.n_orders.sum().cast("int64"),
        is_active=known.is_purchase.any().cast("int64"),
        micros=known.spend_micros.sum().cast("int64"),
    )
    rows = materialise(rows)
    # two joins: half the cost of windows over so many customers
    bought = rows.filter(rows.is_active == 1)
    cohorts = bought.group_by("customer_id").aggregate(cohort=bought.number.min())
    ended = bought.select("customer_id", number=(bought.number + 1).cast("int32"))
    both = rows.left_join(cohorts, "customer_id", rname="{name}_cohort")
    both = both.left_join(ended, ["customer_id", "number"], rname="{name}_before")
    came = both.number_before.notnull()
    return materialise(both.select(*rows.columns, "cohort", came_before=came))


def check_any_purchase(n_purchase_periods: int, cutoff: date) -> None:
    """Raise where nothing was bought before the cutoff."""
    if n_purchase_periods == 0:
        msg = (
            f"The log has no purchase before the cutoff {cutoff}, so there is nothing "
            "to compute KPIs from. Pass a later cutoff (time.cutoff)."
        )
        raise NotEnoughHistoryError(msg)
