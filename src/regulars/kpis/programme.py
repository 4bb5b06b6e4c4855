"""Who brings others, who is in the loyalty programme, and what they buy of us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from regulars.kpis.kpi_data import flag
from regulars.kpis.measures import Measure, Signal
from regulars.kpis.spans import Span

if TYPE_CHECKING:
    from regulars.kpis.kpi_data import KpiData

NOBODY_THERE = "No customer was there on {end}."
NOBODY_BOUGHT = "Nobody bought from {start} to {end}."
MOST_BITS = 63  # of an int64 without its sign


def referral_signal(data: KpiData, span: Span) -> Signal:
    """Return who brought somebody, and whether those bought."""
    if not data.has("referrals"):
        why = "There is no table of referrals (source.referrals)."
        return Signal(absent=(("referral_rate", why), ("referral_conversion", why)))
    rows = data.within("referrals", span)
    days = data.days.filter(data.days.is_purchase & (data.days.day < span.end))
    firsts = days.group_by("customer_id").aggregate(first_bought=days.day.min())
    both = rows.left_join(firsts, rows.referred_id == firsts.customer_id)
    # whoever had bought before was no new customer
    came = flag(both.first_bought >= both.referred_date)
    table = both.group_by(both.referrer_id.name("customer_id")).aggregate(
        n_referred=both.count(), n_converted=came.sum()
    )
    nobody = NOBODY_THERE.format(end=span.end)
    none = f"Nobody was referred from {span.start} to {span.end}."
    return Signal(
        measures=(
            Measure("referral_rate", "share", "referrer", "at_end", nobody),
            Measure("referral_conversion", "ratio", "n_converted", "n_referred", none),
        ),
        table=table,
        columns=(("n_referred", 0), ("n_converted", 0)),
        derive=lambda rows: {"referrer": flag(rows.n_referred > 0) * rows.at_end},
    )


def programme_signal(data: KpiData, span: Span) -> Signal:
    """Return who is in the loyalty programme, and who redeemed."""
    if not data.has("loyalty"):
        why = "There is no table of the loyalty programme (source.loyalty)."
        return Signal(absent=(("participation_rate", why), ("redemption_rate", why)))
    rows = data.known_by("loyalty", span.end)
    redeemed = (rows.kind.lower() == "redeem") & (rows.posted_date >= span.start)
    table = rows.group_by("customer_id").aggregate(
        member=flag(rows.count() > 0), redeemed=flag(redeemed).max()
    )
    nobody = NOBODY_THERE.format(end=span.end)
    none = f"No member of the programme was there on {span.end}."
    return Signal(
        measures=(
            Measure("participation_rate", "share", "member_there", "at_end", nobody),
            Measure("redemption_rate", "share", "redeemed_there", "member_there", none),
        ),
        table=table,
        columns=(("member", 0), ("redeemed", 0)),
        derive=lambda rows: {
            "member_there": rows.member * rows.at_end,
            "redeemed_there": rows.redeemed * rows.at_end,
        },
    )


def breadth_signal(data: KpiData, span: Span) -> Signal:
    """Return from how many categories (else products) a buyer bought."""
    table = breadth_rows(data, span)
    if table is None:
        why = "The transactions have neither category nor product_id."
        return Signal(absent=(("breadth", why),))
    nobody = NOBODY_BOUGHT.format(start=span.start, end=span.end)
    return Signal(
        measures=(Measure("breadth", "ratio", "n_categories", "bought", nobody),),
        table=table,
        columns=(("n_categories", 0),),
    )


def breadth_rows(data: KpiData, span: Span) -> Any:
    """Return ``n_categories`` by customer in a span; None without categories."""
    if data.ledger.items is None:
        return None
    numbers = data.once("numbers", Span(data.first_day, data.cutoff), _numbers)
    if numbers.count().to_pyarrow().as_py() > MOST_BITS:
        return data.once("breadth", span, _counted)
    rows = data.once("bits", span, _bits)
    return rows.select("customer_id", n_categories=bit_count(rows.bits))


def _counted(data: KpiData, span: Span) -> Any:
    # distinct pairs first: several times faster than counting distinct in groups
    pairs = _kinds(data).filter(_within(_kinds(data), span))
    pairs = pairs.select("customer_id", "kind").distinct()
    return pairs.group_by("customer_id").aggregate(n_categories=pairs.count())


def _bits(data: KpiData, span: Span) -> Any:
    """Return a customer's categories as bits of one number: twice as fast as pairs.

    Spans inside this one that are known already are not counted again.
    """
    known = [piece for what, piece in data.memo if what == "bits"]
    known = [each for each in known if span.start <= each.start < each.end <= span.end]
    numbers = data.once("numbers", Span(data.first_day, data.cutoff), _numbers)
    kinds = _kinds(data)
    inside = _within(kinds, span)
    for piece in known:
        inside &= ~_within(kinds, piece)
    kinds = kinds.filter(inside).join(numbers, "kind")
    bit = ibis.literal(1, "int64") << kinds.number
    rows = kinds.select("customer_id", bits=bit)
    rows = ibis.union(rows, *(data.memo["bits", piece] for piece in known))
    return rows.group_by("customer_id").aggregate(bits=rows.bits.bit_or())


def _numbers(data: KpiData, _: Span) -> Any:
    """Give the categories (else products) numbers from 0."""
    kinds = _kinds(data).select("kind").distinct()
    return kinds.mutate(number=ibis.row_number().over(order_by="kind"))


def _kinds(data: KpiData) -> Any:
    """Return customer, day and category (else product) of the lines that have one."""
    items = data.ledger.items
    assert items is not None
    kind = items["category" if "category" in items.columns else "product_id"]
    items = items.filter(kind.notnull() & (items.day < data.cutoff))
    return items.select("customer_id", "day", kind=kind)


def _within(rows: Any, span: Span) -> Any:
    return (rows.day >= span.start) & (rows.day < span.end)


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def bit_count(bits: int) -> int:  # type: ignore[empty-body]
    """Count the bits that are set; the engine's own."""
