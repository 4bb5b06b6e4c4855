"""The tables of a simulated company, as its systems would have written them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from regulars.datasets.company_life import (
    AGE_BANDS,
    CAMPAIGN_WEEKS,
    CHANNELS,
    CONTACT_WEEKS,
    FAILURE_WEEKS,
    NEVER,
    REGIONS,
    WITH_US,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.datasets.company_life import Happened, Ints, Lives

    Floats = NDArray[np.float64]
    Times = NDArray[np.datetime64]

FIRST_DAY = np.datetime64("2022-01-03", "s")
DAY, WEEK = 86_400, 604_800
N_PRODUCTS, N_CATEGORIES = 80, 8
DEARER = 1.12
POINTS_REDEEMED, REDEEM_EVERY = 300, 400
TIERS = ((0, "basic"), (500, "silver"), (1_500, "gold"))
TEN = 10
SURVEY_WEEKS = 13
PLANS = (("standard", 4.9), ("plus", 8.9))


def tables_of(lives: Lives, rng: np.random.Generator, weeks: int) -> dict[str, Any]:
    """Return every table; nothing in it lies after the last week."""
    end = FIRST_DAY + weeks * WEEK
    orders = _orders(lives, rng)
    tables = {
        "transactions": _transactions(lives, orders, rng),
        "events": _events(lives, rng),
        "tickets": _tickets(lives, rng),
        "surveys": _surveys(lives, rng, weeks),
        "loyalty": _loyalty(lives, orders, rng),
        "referrals": _referrals(lives, rng),
        "contacts": _contacts(lives, orders, rng),
        "subscriptions": _subscriptions(lives, rng, end),
        "customers": _customers(lives, rng),
    }
    return {name: _known_by(table, end) for name, table in tables.items()}


def _known_by(table: dict[str, Any], end: np.datetime64) -> pa.Table:
    """Leave out what lies after the end: rows, and what became known of them later."""
    columns = {}
    first = next(n for n, v in table.items() if v.dtype.kind == "M")
    kept = table[first] < end
    for name, values in table.items():
        held = values[kept]
        if held.dtype.kind == "M":
            held = np.where(held < end, held, np.datetime64("NaT")).astype(
                "datetime64[us]"
            )
        columns[name] = pa.array(held, from_pandas=True)
    return pa.table(columns)


def _ids(customer: Ints, letter: str = "C") -> NDArray[np.object_]:
    return np.char.add(letter, np.char.zfill(customer.astype(str), 6)).astype(object)


def _times(
    happened: Happened, rng: np.random.Generator, from_hour: int = 8, to_hour: int = 22
) -> Times:
    """Return a time of day within the week of each occurrence."""
    n = len(happened.week)
    seconds = rng.integers(0, 7, n) * DAY
    seconds += rng.integers(from_hour * 3600, to_hour * 3600, n)
    times: Times = FIRST_DAY + (happened.week * WEEK + seconds)
    return times


class Orders(NamedTuple):
    """Orders by customer and time."""

    customer: Ints
    week: Ints
    time: Times
    number: Ints
    amount: Floats
    lines: Ints
    has_offer: NDArray[np.bool_]


def _orders(lives: Lives, rng: np.random.Generator) -> Orders:
    bought, people = lives.purchases, lives.people
    time = _times(bought, rng)
    order = np.lexsort((time, bought.customer))
    customer, week, time = bought.customer[order], bought.week[order], time[order]
    spend = people.basket[customer] * rng.lognormal(0.0, 0.35, len(customer))
    amount = np.maximum(spend.round(2), 1.0)
    lines = 1 + rng.poisson(1.2, len(customer))
    held_out = np.full(len(people.comes), -NEVER)
    contacts = lives.contacts
    has_offer = np.zeros(len(customer), bool)
    # the latest contact by campaign: orders of the weeks that follow may use the offer
    for campaign in np.unique(lives.campaign):
        rows = lives.campaign == campaign
        offered = contacts.customer[rows & ~lives.is_control]
        start = campaign * CAMPAIGN_WEEKS + CAMPAIGN_WEEKS // 2
        last = held_out.copy()
        last[offered] = start
        since = week - last[customer]
        has_offer |= (since >= 1) & (since <= CONTACT_WEEKS)
    has_offer &= rng.random(len(customer)) < 0.6
    return Orders(
        customer, week, time, np.arange(len(customer)), amount, lines, has_offer
    )


def _transactions(
    lives: Lives, orders: Orders, rng: np.random.Generator
) -> dict[str, Any]:
    order = np.repeat(orders.number, orders.lines)
    n = len(order)
    customer = orders.customer[order]
    # a customer's taste: most of what they buy is of two categories
    own = rng.integers(0, N_CATEGORIES, (len(lives.people.comes), 2))
    category = own[customer, rng.integers(0, 2, n)]
    stray = rng.random(n) < 0.25
    category[stray] = rng.integers(0, N_CATEGORIES, int(stray.sum()))
    product = category * (N_PRODUCTS // N_CATEGORIES) + rng.integers(
        0, N_PRODUCTS // N_CATEGORIES, n
    )
    is_dearer = (product % 3 == 0) & (orders.week[order] >= lives.price_rise)
    weight = rng.gamma(3.0, 1.0, n)
    share = weight / np.bincount(order, weight)[order]
    gross = orders.amount[order] * share * np.where(is_dearer, DEARER, 1.0)
    liking = lives.people.liking[customer]
    # who likes us less waits for a discount
    waits = rng.random(n) < 0.2 * np.exp(-0.5 * liking)
    rate = np.where(orders.has_offer[order], 0.2, np.where(waits, 0.1, 0.0))
    discount = (gross * rate).round(2)
    amount = np.maximum((gross - discount).round(2), 0.01)
    columns = {
        "customer_id": _ids(customer),
        "order_time": orders.time[order],
        "order_id": _ids(order, "O"),
        "product_id": _ids(product, "P"),
        "category": _ids(category, "K"),
        "quantity": rng.integers(1, 4, n).astype(float),
        "amount": amount,
        "discount_amount": discount,
        "is_return": np.zeros(n, bool),
    }
    back = np.flatnonzero(rng.random(n) < 0.03)
    returned = {name: values[back] for name, values in columns.items()}
    returned["order_time"] = returned["order_time"] + rng.integers(2, 12, len(back)) * (
        DAY
    )
    returned["amount"] = -returned["amount"]
    returned["discount_amount"] = np.zeros(len(back))
    returned["is_return"] = np.ones(len(back), bool)
    return {
        name: np.concatenate([values, returned[name]])
        for name, values in columns.items()
    }


def _state_at(lives: Lives, customer: Ints, week: Ints) -> Ints:
    return WITH_US + (lives.doubts[customer] < week) + (lives.leaves[customer] < week)


def _events(lives: Lives, rng: np.random.Generator) -> dict[str, Any]:
    visits = lives.visits
    times, kinds = (
        [_times(visits, rng)],
        [np.where(rng.random(len(visits.week)) < 0.7, "visit", "app_session")],
    )
    who = [visits.customer]
    mailed = ~lives.is_control
    customer, week = lives.contacts.customer[mailed], lives.contacts.week[mailed]
    sent = FIRST_DAY + week * WEEK + 9 * 3600
    chance = np.array([0.5, 0.15, 0.01])[_state_at(lives, customer, week)]
    opens = rng.random(len(customer)) < chance
    clicks = opens & (rng.random(len(customer)) < 0.3)
    delay = rng.integers(600, 2 * DAY, len(customer))
    for kind, rows, time in (
        ("email_sent", np.ones(len(customer), bool), sent),
        ("email_open", opens, sent + delay),
        ("email_click", clicks, sent + delay + 60),
    ):
        who.append(customer[rows])
        times.append(time[rows])
        kinds.append(np.full(int(rows.sum()), kind))
    return {
        "customer_id": _ids(np.concatenate(who)),
        "event_time": np.concatenate(times),
        "event_type": np.concatenate(kinds).astype(object),
    }


def _tickets(lives: Lives, rng: np.random.Generator) -> dict[str, Any]:
    n, is_failure = len(lives.tickets.week), lives.is_failure
    opened = _times(lives.tickets, rng)
    due = opened + 3 * DAY
    # what goes wrong is late, or comes back, or both
    is_late = is_failure & (rng.random(n) < 0.7)
    is_back = is_failure & (~is_late | (rng.random(n) < 0.3))
    soon = rng.integers(3600, 2 * DAY, n)
    late = rng.integers(4 * DAY, 12 * DAY, n)
    answer = np.where(
        is_late, rng.integers(DAY, 4 * DAY, n), rng.integers(600, 3600, n)
    )
    happy = rng.integers(4, 6, n).astype(float)
    csat = np.where(is_failure, rng.integers(1, 3, n).astype(float), happy)
    csat[rng.random(n) < 0.4] = np.nan
    department = rng.choice(np.array(["delivery", "quality", "billing"], object), n)
    tags = np.array(["late", "damaged", "wrong item", "refund", "question"], object)
    return {
        "customer_id": _ids(lives.tickets.customer),
        "opened_at": opened,
        "first_response_at": opened + answer,
        "resolved_at": opened + np.where(is_late, late, soon),
        "due_at": due,
        "priority": rng.choice(np.array(["low", "normal", "high"], object), n),
        "department": department,
        "tags": rng.choice(tags, n) + ";" + rng.choice(tags, n),
        "reopened": is_back,
        "csat": csat,
    }


def _surveys(lives: Lives, rng: np.random.Generator, weeks: int) -> dict[str, Any]:
    people = lives.people
    rounds = np.arange(SURVEY_WEEKS, weeks, SURVEY_WEEKS)
    customer = np.tile(np.arange(len(people.comes)), len(rounds))
    week = np.repeat(rounds, len(people.comes))
    state = _state_at(lives, customer, week)
    # the warm answer, and the angry; the rest are silent
    chance = np.array([0.12, 0.06, 0.005])[state]
    chance = chance + 0.08 * np.abs(people.liking[customer]) * (state < 2)
    rows = (people.comes[customer] < week) & (rng.random(len(week)) < chance)
    customer, week, state = customer[rows], week[rows], state[rows]
    score = 7.6 + 1.4 * people.liking[customer] - 1.5 * state
    score = score - 2.5 * (week - _last_failure(lives, customer, week) <= FAILURE_WEEKS)
    score = np.clip(np.rint(score + rng.normal(0, 1.0, len(week))), 0, 10)
    asked = FIRST_DAY + week * WEEK
    return {
        "customer_id": _ids(customer),
        "answered_at": asked + rng.integers(3600, 6 * DAY, len(week)),
        "score": score,
    }


def _last_failure(lives: Lives, customer: Ints, week: Ints) -> Ints:
    """Return the week of the last failure before a week; far back where none was."""
    wrong = lives.is_failure
    who, when = lives.tickets.customer[wrong], lives.tickets.week[wrong]
    span = int(week.max(initial=0)) + 2
    keys = np.sort(who * span + when)
    place = np.searchsorted(keys, customer * span + week) - 1
    found = keys[np.maximum(place, 0)] if len(keys) else np.zeros(len(week), np.int64)
    is_own = (place >= 0) & (found // span == customer)
    return np.where(is_own, found % span, -NEVER)


def _loyalty(lives: Lives, orders: Orders, rng: np.random.Generator) -> dict[str, Any]:
    counts = orders.week > lives.joins[orders.customer]
    customer, time = orders.customer[counts], orders.time[counts]
    points = np.floor(orders.amount[counts])
    total = _running(customer, points)
    before = total - points
    rows: list[tuple[Ints, Times, str, Floats, NDArray[np.object_], str]] = []

    def post(
        who: Ints, when: Times, kind: str, worth: Any = np.nan, tier: str = ""
    ) -> None:
        badge = "ten orders" if kind == "badge" else ""
        amount = np.broadcast_to(np.asarray(worth, float), who.shape)
        rows.append((who, when, kind, amount, np.full(len(who), tier, object), badge))

    post(customer, time, "earn", points)
    crossed = total // REDEEM_EVERY > before // REDEEM_EVERY
    crossed &= rng.random(len(total)) < 0.6
    post(customer[crossed], time[crossed] + 60, "redeem", -POINTS_REDEEMED)
    members = np.flatnonzero(lives.joins < NEVER)
    joined = FIRST_DAY + lives.joins[members] * WEEK + 6 * DAY + 20 * 3600
    for level, tier in TIERS:
        if not level:
            post(members, joined, "tier", tier=tier)
            continue
        reached = (before < level) & (total >= level)
        post(customer[reached], time[reached] + 120, "tier", tier=tier)
    is_tenth = _running(customer, np.ones(len(customer))) == TEN
    post(customer[is_tenth], time[is_tenth] + 180, "badge")
    # a tenth of what was earned in a year is never used
    old = joined + 365 * DAY
    earned = np.bincount(customer, points, minlength=len(lives.joins))[members]
    post(members, old, "expire", -np.floor(0.1 * np.minimum(earned, 1_000.0)))
    columns = [*zip(*rows, strict=True)]
    sizes = [len(each) for each in columns[0]]
    return {
        "customer_id": _ids(np.concatenate(columns[0])),
        "posted_at": np.concatenate(columns[1]),
        "kind": np.repeat(np.array(columns[2], object), sizes),
        "points": np.concatenate(columns[3]),
        "tier": _nothing_as_null(np.concatenate(columns[4])),
        "badge": _nothing_as_null(np.repeat(np.array(columns[5], object), sizes)),
    }


def _nothing_as_null(texts: NDArray[np.object_]) -> NDArray[np.object_]:
    found = texts.copy()
    found[texts == ""] = None
    return found


def _running(customer: Ints, values: Floats) -> Floats:
    """Return running totals of rows that stand by customer."""
    total = np.cumsum(values)
    is_first = np.diff(customer, prepend=-1) != 0
    start = np.maximum.accumulate(np.where(is_first, np.arange(len(total)), 0))
    return total - (total - values)[start] if len(total) else total


def _referrals(lives: Lives, rng: np.random.Generator) -> dict[str, Any]:
    people = lives.people
    came = np.flatnonzero(CHANNELS.index("friend") == people.channel)
    came = came[came > TEN]
    # of five who were there before, the one who likes us most
    asked = (rng.random((len(came), 5)) * came[:, None]).astype(np.int64)
    best = np.argmax(people.liking[asked], axis=1)
    referrer = asked[np.arange(len(came)), best]
    return {
        "referrer_id": _ids(referrer),
        "referred_id": _ids(came),
        "referred_at": FIRST_DAY + people.comes[came] * WEEK,
    }


def _contacts(lives: Lives, orders: Orders, rng: np.random.Generator) -> dict[str, Any]:
    contacts, held_out = lives.contacts, lives.is_control
    sent = FIRST_DAY + contacts.week * WEEK + 9 * 3600
    # the first order with the offer that follows
    used = np.flatnonzero(orders.has_offer)
    span = int(orders.week.max(initial=0)) + 2
    keys = orders.customer[used] * span + orders.week[used]
    place = np.searchsorted(keys, contacts.customer * span + contacts.week + 1)
    inside = place < len(used)
    order = used[np.minimum(place, max(len(used) - 1, 0))] if len(used) else place * 0
    since = orders.week[order] - contacts.week
    is_own = inside & (orders.customer[order] == contacts.customer) & ~held_out
    is_redeemed = is_own & (since >= 1) & (since <= CONTACT_WEEKS)
    redeemed = np.where(is_redeemed, orders.time[order], np.datetime64("NaT"))
    return {
        "customer_id": _ids(contacts.customer),
        "campaign_id": _ids(lives.campaign, "M"),
        "contacted_at": sent,
        "offer_id": np.array(["20 percent", None], object)[held_out.astype(int)],
        "is_control": held_out,
        "cost_amount": np.where(held_out, 0.0, 0.4),
        "channel": np.full(len(sent), "email", object),
        "redeemed_at": redeemed,
    }


def _subscriptions(
    lives: Lives, rng: np.random.Generator, end: np.datetime64
) -> dict[str, Any]:
    who = np.flatnonzero(lives.takes_plan < NEVER)
    started = FIRST_DAY + lives.takes_plan[who] * WEEK + 12 * 3600
    leaves = np.minimum(lives.leaves[who], NEVER // WEEK)
    ended = FIRST_DAY + leaves * WEEK + rng.integers(0, 30, len(who)) * DAY
    ended = np.maximum(ended, started + 30 * DAY)
    plan = rng.integers(0, len(PLANS), len(who))
    names, prices = (np.array(each) for each in zip(*PLANS, strict=True))
    return {
        "customer_id": _ids(who),
        "started_at": started,
        "ended_at": np.where(ended < end, ended, np.datetime64("NaT")),
        "plan": names[plan].astype(object),
        "monthly_amount": prices[plan],
    }


def _customers(lives: Lives, rng: np.random.Generator) -> dict[str, Any]:
    people = lives.people
    n = len(people.comes)
    size = rng.integers(1, 6, n).astype(float)
    size[rng.random(n) < 0.2] = np.nan
    return {
        "customer_id": _ids(np.arange(n)),
        "known_from": FIRST_DAY + people.comes * WEEK,
        "region": np.array(REGIONS, object)[people.region],
        "age_band": np.array(AGE_BANDS, object)[people.age_band],
        "acquisition": np.array(CHANNELS, object)[people.channel],
        "household_size": size,
    }
