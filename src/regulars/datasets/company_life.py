"""The lives of a simulated company's customers, week by week.

A customer is with us, then in doubt, then gone. Doubt is not seen: it buys and visits
less, which is why visits know more of it than purchases do. What the company does and
what goes wrong act on the chance to doubt and on the rate of purchases by the factors
of `CompanyEffects`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

WEEKS_PER_YEAR = 52
REGIONS = ("north", "east", "south", "west")
AGE_BANDS = ("18-29", "30-44", "45-59", "60+")
CHANNELS = ("search", "social", "friend", "shop")
# a failure and a contact are felt for so many weeks
FAILURE_WEEKS, CONTACT_WEEKS, PRICE_WEEKS = 12, 3, 8
# in doubt, and gone: how often customers still buy, and visit
DOUBT_WEEKS = 7.0
BUYING = np.array([1.0, 0.55, 0.0])
VISITING = np.array([1.0, 0.15, 0.01])
WITH_US, IN_DOUBT, GONE = 0, 1, 2
CAMPAIGN_WEEKS = 4
CONTROL_SHARE = 0.2
NEVER = 1 << 30


@dataclass(frozen=True)
class CompanyEffects:
    """By which factor a cause acts in the simulated company; 1 switches it off.

    Attributes
    ----------
    failure_on_leaving : float
        A service failure, on the chance to doubt, for twelve weeks.
    price_rise_on_leaving : float
        The price rise, on that of customers who like us less than usual, for eight.
    member_on_rate, member_on_leaving : float
        Membership of the loyalty programme, on the rate of purchases and on the chance
        to doubt, from joining on.
    contact_on_rate : float
        An offer, on the rate of purchases, for three weeks.
    plan_on_leaving : float
        A running delivery plan, on the chance to doubt.
    region_on_leaving : tuple of float
        Of each region.
    """

    failure_on_leaving: float = 3.0
    price_rise_on_leaving: float = 1.6
    member_on_rate: float = 1.15
    member_on_leaving: float = 0.8
    contact_on_rate: float = 1.35
    plan_on_leaving: float = 0.6
    region_on_leaving: tuple[float, ...] = (0.6, 1.0, 1.0, 1.7)


class People(NamedTuple):
    """Customers as they are, whatever happens; of shape (n_customers,) each."""

    # week in which they come
    comes: Ints
    # purchases a week, and the chance to doubt in a week
    rate: Floats
    leaving: Floats
    # how much they like us, standardised
    liking: Floats
    basket: Floats
    visits: Floats
    region: Ints
    age_band: Ints
    channel: Ints


class Happened(NamedTuple):
    """What happened to whom in which week; one row an occurrence."""

    customer: Ints
    week: Ints


@dataclass(frozen=True)
class Lives:
    """What happened in the company."""

    people: People
    purchases: Happened
    visits: Happened
    tickets: Happened
    # of each ticket: whether it went wrong
    is_failure: Flags
    contacts: Happened
    # of each contact: the campaign, and whether it was held out
    campaign: Ints
    is_control: Flags
    # week of each customer; `NEVER` where there is none
    joins: Ints
    takes_plan: Ints
    doubts: Ints
    leaves: Ints
    price_rise: int


def draw_people(rng: np.random.Generator, n_customers: int, weeks: int) -> People:
    """Draw the customers of a company that grows for so many weeks."""
    early = n_customers // 4
    comes = np.concatenate(
        [
            rng.integers(0, WEEKS_PER_YEAR // 2, early),
            rng.integers(0, max(weeks - WEEKS_PER_YEAR // 4, 1), n_customers - early),
        ]
    )
    age_band = rng.choice(len(AGE_BANDS), n_customers, p=(0.25, 0.3, 0.25, 0.2))
    liking = rng.standard_normal(n_customers)
    older = np.array([0.8, 1.0, 1.1, 1.2])[age_band]
    rate = rng.gamma(1.6, 0.045, n_customers) * older
    return People(
        comes=np.sort(comes),
        rate=rate,
        leaving=rng.gamma(2.0, 0.004, n_customers) * np.exp(-0.35 * liking),
        liking=liking,
        basket=rng.gamma(6.0, 6.0, n_customers),
        # who buys more comes by more often
        visits=rng.gamma(2.0, 0.3, n_customers) + 15.0 * rate,
        region=rng.choice(len(REGIONS), n_customers, p=(0.3, 0.3, 0.2, 0.2)),
        age_band=age_band,
        channel=rng.choice(len(CHANNELS), n_customers, p=(0.4, 0.25, 0.15, 0.2)),
    )


def live(
    rng: np.random.Generator, people: People, weeks: int, effects: CompanyEffects
) -> Lives:
    """Walk all customers through the weeks at once."""
    n, price_rise = len(people.comes), weeks * 2 // 3
    state = np.full(n, WITH_US)
    n_bought = np.zeros(n, np.int64)
    failed, contacted = np.full(n, -NEVER), np.full(n, -NEVER)
    joins, takes_plan = np.full(n, NEVER), np.full(n, NEVER)
    doubts, leaves = np.full(n, NEVER), np.full(n, NEVER)
    region = np.asarray(effects.region_on_leaving)[people.region]
    found: dict[str, list[Happened]] = {
        name: [] for name in ("purchases", "visits", "tickets", "contacts")
    }
    failures, campaigns, controls = [], [], []
    for week in range(weeks):
        here = people.comes <= week
        is_new = people.comes == week
        season = 1.0 + 0.3 * np.cos(2 * np.pi * (week - 49) / WEEKS_PER_YEAR)
        is_member, has_plan = joins < week, takes_plan < week
        rate = people.rate * season * BUYING[state] * here
        rate = rate * np.where(is_member, effects.member_on_rate, 1.0)
        is_moved = week - contacted <= CONTACT_WEEKS
        rate = rate * np.where(is_moved, effects.contact_on_rate, 1.0)
        bought = rng.poisson(rate)
        bought[is_new] = np.maximum(bought[is_new], 1)
        n_bought += bought
        _note(found["purchases"], bought, week)
        _note(
            found["visits"], rng.poisson(people.visits * VISITING[state] * here), week
        )

        # one order in twelve is asked about, and one question in five goes wrong
        asked = rng.binomial(bought, 0.08)
        _note(found["tickets"], asked, week)
        wrong = rng.random(int(asked.sum())) < 0.2
        failures.append(wrong)
        failed[np.repeat(np.arange(n), asked)[wrong]] = week

        if week % CAMPAIGN_WEEKS == 2:
            chosen = here & (rng.random(n) < 0.35)
            held_out = rng.random(int(chosen.sum())) < CONTROL_SHARE
            _note(found["contacts"], chosen.astype(np.int64), week)
            campaigns.append(np.full(len(held_out), week // CAMPAIGN_WEEKS))
            controls.append(held_out)
            contacted[np.flatnonzero(chosen)[~held_out]] = week

        # who buys often joins sooner: members differ from others before they join
        is_asked = here & (state != GONE) & (joins == NEVER) & (bought > 0)
        wish = 0.015 * np.minimum(n_bought, 12)
        joins[is_asked & (rng.random(n) < wish)] = week
        may_take = is_asked | (is_member & (bought > 0))
        is_taken = may_take & (takes_plan == NEVER) & (rng.random(n) < 0.01)
        takes_plan[is_taken] = week

        chance = people.leaving * region * here
        is_hurt = week - failed <= FAILURE_WEEKS
        chance = chance * np.where(is_hurt, effects.failure_on_leaving, 1.0)
        chance = chance * np.where(is_member, effects.member_on_leaving, 1.0)
        chance = chance * np.where(has_plan, effects.plan_on_leaving, 1.0)
        is_dear = (0 <= week - price_rise < PRICE_WEEKS) & (people.liking < 0)
        chance = chance * np.where(is_dear, effects.price_rise_on_leaving, 1.0)
        begins = (state == WITH_US) & ~is_new & (rng.random(n) < chance)
        ends = (state == IN_DOUBT) & (rng.random(n) < 1.0 / DOUBT_WEEKS)
        state[begins], doubts[begins] = IN_DOUBT, week
        state[ends], leaves[ends] = GONE, week
    return Lives(
        people,
        _together(found["purchases"]),
        _together(found["visits"]),
        _together(found["tickets"]),
        np.concatenate(failures),
        _together(found["contacts"]),
        np.concatenate(campaigns),
        np.concatenate(controls),
        joins,
        takes_plan,
        doubts,
        leaves,
        price_rise,
    )


def _note(found: list[Happened], times: Ints, week: int) -> None:
    customer = np.repeat(np.arange(len(times)), times)
    found.append(Happened(customer, np.full(len(customer), week)))


def _together(found: list[Happened]) -> Happened:
    columns = zip(*found, strict=True)
    return Happened(*(np.concatenate(column) for column in columns))
