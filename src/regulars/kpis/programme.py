"""Who brings others, who is in the loyalty programme, and what they buy of us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.kpis.kpi_data import flag
from regulars.kpis.measures import Measure, Signal

if TYPE_CHECKING:
    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

NOBODY_THERE = "No customer was there on {end}."
NOBODY_BOUGHT = "Nobody bought from {start} to {end}."


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


def discount_signal(data: KpiData, span: Span) -> Signal:
    """Return how many orders went without a discount."""
    if "discount_amount" not in data.ledger.columns:
        why = "The transactions have no discount_amount."
        return Signal(absent=(("full_price_share", why),))
    full = data.once("full_price", span, full_price_orders)
    nobody = NOBODY_BOUGHT.format(start=span.start, end=span.end)
    return Signal(
        measures=(Measure("full_price_share", "ratio", "n_full", "n_orders", nobody),),
        table=full.select("customer_id", "n_full"),
        columns=(("n_full", 0),),
    )


def full_price_orders(data: KpiData, span: Span) -> Any:
    """Return ``n_full`` and ``n_all`` orders by customer in a span.

    An order has a discount if any of its lines has one. Only days with several orders
    and a discount have to be looked at line by line.
    """
    days = data.days
    days = days.filter((days.day >= span.start) & (days.day < span.end))
    discounted = flag(days.discount_amount_micros != 0)
    is_mixed = (discounted == 1) & (days.n_orders > 1)
    days = days.mutate(n_full_day=(1 - discounted) * days.n_orders)
    mixed = days.filter(is_mixed).select("customer_id", "day")
    lines = data.ledger.transactions
    lines = lines.filter(~lines.is_return & (lines.amount >= 0))
    lines = lines.semi_join(
        mixed,
        [lines.customer_id == mixed.customer_id, lines.order_date == mixed.day],
    )
    order = "order_id" if "order_id" in lines.columns else "order_time"
    orders = lines.group_by("customer_id", "order_date", order).aggregate(
        has_discount=flag(lines.discount_amount != 0).max()
    )
    of_mixed = orders.group_by("customer_id").aggregate(
        n_mixed=(1 - orders.has_discount).sum()
    )
    simple = days.group_by("customer_id").aggregate(
        n_simple=days.n_full_day.sum(), n_all=days.n_orders.sum()
    )
    both = simple.left_join(of_mixed, "customer_id", rname="{name}_mixed")
    full = both.n_simple + both.n_mixed.fill_null(0)
    return both.select("customer_id", "n_all", n_full=full)


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
    return None if data.ledger.items is None else data.once("breadth", span, _breadth)


def _breadth(data: KpiData, span: Span) -> Any:
    items = data.ledger.items
    assert items is not None
    name = "category" if "category" in items.columns else "product_id"
    end = min(span.end, data.cutoff)
    items = items.filter((items.day >= span.start) & (items.day < end))
    # distinct pairs first: several times faster than counting distinct in groups
    pairs = items.filter(~items[name].isnull()).select("customer_id", name).distinct()
    return pairs.group_by("customer_id").aggregate(n_categories=pairs.count())
