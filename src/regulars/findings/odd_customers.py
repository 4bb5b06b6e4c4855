"""Find a customer far too large, customers with returns only, a log of one-time ids."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import ibis

from regulars.data.queries import first_row, total
from regulars.findings.finding import Finding, Setting, counted, listed, share_words

if TYPE_CHECKING:
    from regulars.findings.observed import ObservedLog

FEWEST_CUSTOMERS = 30
LARGE_SHARE = 0.02
LARGE_REVENUE = 0.1
TIMES_USUAL = 5
FEWEST_ROWS = 20

RETURNS_ONLY_SHARE = 0.01
FEWEST_RETURNERS = 3
RETURNS_FIRST_SHARE = 0.05
FEWEST_RETURNS = 10
# returns of what was bought before the log began come in its first months
SETTLING_DAYS = 90

_NAMES_PERSON = re.compile(
    r"cust|client|user|member|person|people|account|buyer|shopper|e?mail|contact|"
    r"kunde|phone|household|unique|loyalty|card",
    re.IGNORECASE,
)
_MOST_CANDIDATES = 8


def large_customer(log: ObservedLog) -> Finding | None:
    """Ask about customers whose share of all rows or revenue is hard to believe."""
    totals, customers = log.totals, log.customers
    # an empty list is the answer to this question: all are kept
    if totals["n_customers"] < FEWEST_CUSTOMERS or not log.settings.guest_ids:
        return None
    usual = first_row(
        customers.aggregate(
            rows=customers.n_rows.quantile(0.95), amount=customers.amount.quantile(0.95)
        )
    )
    by_rows = (
        (customers.n_rows >= LARGE_SHARE * totals["n_rows"])
        & (customers.n_rows >= TIMES_USUAL * usual["rows"])
        & (customers.n_rows >= FEWEST_ROWS)
    )
    by_amount = (customers.amount >= LARGE_REVENUE * totals["amount"]) & (
        customers.amount >= TIMES_USUAL * usual["amount"]
    )
    large = customers.filter(by_rows | (by_amount & (totals["amount"] > 0)))
    rows = large.order_by(ibis.desc("n_rows"), "customer_id").limit(5).to_pyarrow()
    if not rows.num_rows:
        return None
    return _large(rows.to_pylist(), totals, log.guests)


def _large(
    customers: list[dict[str, Any]], totals: dict[str, Any], guests: tuple[str, ...]
) -> Finding:
    top = customers[0]
    share = top["n_rows"] / totals["n_rows"]
    of_revenue = top["amount"] / totals["amount"] if totals["amount"] else 0.0
    ids = [str(row["customer_id"]) for row in customers]
    setting = Setting("source.transactions.guest_ids", [*guests, *ids])
    others = f" So do {listed(ids[1:])}." if ids[1:] else ""
    return Finding(
        key="large_customer",
        severity="ask",
        seen=(
            f"Customer '{ids[0]}' has {share_words(share)} of all rows and "
            f"{share_words(of_revenue)} of the revenue, on "
            f"{counted(top['n_days'], 'day')}; more than {TIMES_USUAL} times what 95 "
            f"of 100 customers have.{others}"
        ),
        advice=(
            "If this is no person but a till, a marketplace or guests, write "
            f"{setting.words}: the rows are then set aside as anonymous."
        ),
        figures={
            "n_customers": len(customers),
            "n_rows": top["n_rows"],
            "share_of_rows": share,
            "share_of_revenue": of_revenue,
            "n_days": top["n_days"],
        },
        examples=ids,
        setting=setting,
    )


def returns_only(log: ObservedLog) -> Finding | None:
    """Ask about customers of whom the log has returns but no purchase."""
    customers, totals = log.customers, log.totals
    only = customers.filter(customers.n_bought == 0)
    n_only = totals["n_customers"] - totals["n_buyers"]
    share = n_only / max(totals["n_customers"], 1)
    if n_only < FEWEST_RETURNERS or share < RETURNS_ONLY_SHARE:
        return None
    n_rows = total(only, only.n_rows)
    top = only.order_by(ibis.desc("n_rows"), "customer_id").limit(5)
    ids = [str(each) for each in top.to_pyarrow()["customer_id"].to_pylist()]
    return Finding(
        key="returns_only",
        severity="warning" if share > 0.2 else "ask",
        seen=(
            f"{counted(n_only, 'customer')} of {totals['n_customers']:,} "
            f"({share_words(share)}) have returns only, {counted(n_rows, 'row')}, such "
            f"as {listed(ids)}."
        ),
        advice=(
            "Such customers are not scored. Read a log that begins earlier if their "
            "purchases lie before it; if refunds stand under ids of their own, or "
            "sales are written with a minus, mend customer_id or amount under "
            "`source.transactions.columns`."
        ),
        figures={
            "n_customers": n_only,
            "share_of_customers": share,
            "n_rows": n_rows,
        },
        examples=ids,
    )


def returns_first(log: ObservedLog) -> Finding | None:
    """Ask about returns before a customer's first purchase, once a log has settled."""
    totals = log.totals
    n_returns = totals["n_rows"] - totals["n_bought"]
    if n_returns < FEWEST_RETURNS:
        return None
    start = log.days.index[0].date()
    visits = log.visits.inner_join(
        log.customers.select("customer_id", "first_bought"), "customer_id"
    )
    early = visits.filter(
        (visits.day < visits.first_bought)
        & (visits.day >= ibis.date(start) + ibis.interval(days=SETTLING_DAYS))
    )
    row = first_row(
        early.aggregate(
            n_rows=early.n_rows.sum(), n_customers=early.customer_id.nunique()
        )
    )
    n_early = row["n_rows"] or 0
    share = n_early / n_returns
    if n_early < FEWEST_RETURNS or share < RETURNS_FIRST_SHARE:
        return None
    top = early.select("customer_id").distinct().order_by("customer_id").limit(5)
    ids = [str(each) for each in top.to_pyarrow()["customer_id"].to_pylist()]
    return Finding(
        key="returns_first",
        severity="ask",
        seen=(
            f"{counted(n_early, 'return')} of {n_returns:,} ({share_words(share)}) lie "
            f"before the first purchase of their customer, later than {SETTLING_DAYS} "
            f"days into the log ({counted(row['n_customers'], 'customer')}, such as "
            f"{listed(ids)})."
        ),
        advice=(
            "Are purchases missing, or are some customers known by two ids? If so, "
            "export them too; nothing was changed."
        ),
        figures={
            "n_returns": n_early,
            "share_of_returns": share,
            "n_customers": row["n_customers"],
        },
        examples=ids,
    )


def nobody_twice(log: ObservedLog) -> Finding | None:
    """Warn where nobody has bought on a second day, and name a column that repeats."""
    totals = log.totals
    if not totals["n_buyers"] or totals["most_days"] > 1:
        return None
    other = repeating_id(log)
    setting = None
    advice = (
        "No rhythm can be learnt from this. Read a longer log, or map the column that "
        "names the person to customer_id under `source.transactions.columns`."
    )
    figures: dict[str, Any] = {"n_customers": totals["n_buyers"]}
    if other is not None:
        name, n_values = other
        figures |= {"column": name, "n_values": n_values}
        setting = Setting("source.transactions.columns.customer_id", name)
        advice = (
            f"Column '{name}' repeats: {n_values:,} values in {totals['n_rows']:,} "
            f"rows. If it names the person, write {setting.words}."
        )
    return Finding(
        key="nobody_twice",
        severity="warning",
        seen=_nobody(log),
        advice=advice,
        figures=figures,
        setting=setting,
    )


def _nobody(log: ObservedLog) -> str:
    n_buyers, days = log.totals["n_buyers"], log.all_days
    who = f"None of {n_buyers:,} customers has"
    if n_buyers == 1:
        who = "The one customer has not"
    if len(days) == 1:
        return (
            f"The log holds one day only ({days.index[0].date()}), so none of its "
            "customers can have come back."
        )
    mapped = log.columns.get("customer_id", "customer_id")
    return (
        f"{who} bought on a second day: either "
        f"the log is too short, or customer_id ('{mapped}') names orders."
    )


def repeating_id(log: ObservedLog) -> tuple[str, int] | None:
    """Return the source's column that names persons and repeats, and its values."""
    used = set(log.columns.values())
    names = [
        name
        for name in log.raw.columns
        if _NAMES_PERSON.search(name) and name not in used
    ][:_MOST_CANDIDATES]
    if not names:
        return None
    table = log.raw.table
    counts = first_row(
        table.aggregate(
            **{f"n_{n}": table[name].nunique() for n, name in enumerate(names)},
            **{f"rows_{n}": table[name].count() for n, name in enumerate(names)},
        )
    )
    candidates = []
    for place, name in enumerate(names):
        n_values, n_rows = counts[f"n_{place}"], counts[f"rows_{place}"]
        # a handful of values names kinds of customers, not customers
        if 20 <= n_values <= 0.99 * n_rows:
            candidates.append((n_values, name))
    return max(candidates)[::-1] if candidates else None
