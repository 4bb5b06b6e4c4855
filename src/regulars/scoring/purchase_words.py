"""What a customer's purchases say for leaving or for staying, a sentence a theme.

Features that say the same thing in different ways (how long is the silence, how long
for *this* customer) are one theme, so that three reasons are three reasons. A sentence
stands only where its own figures say what it is there for: a warning needs a figure
worse than usual of customers who stay, a comfort one better than of those who leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from regulars.scoring.figures import counted, days_ago, money, number, percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Numbers = pd.Series[float]
    Texts = pd.Series[str]
    Truths = pd.Series[bool]

# by how much a figure must be off the usual one to be a reason
MARKED = 1.25
# own gaps after which a customer is late
LATE = 2.0
# spans whose orders are counted, and twice the span: the longest that the log has
SPANS = ((91, 182), (28, 56))
# the theme that others join where they are one fact with it
SILENCE = "silence"


class Words(NamedTuple):
    """Sentences of each customer, empty where a theme has nothing to say."""

    warning: Texts
    comfort: Texts


@dataclass(frozen=True)
class Facts:
    """Customers, and what is usual of those who stay and of those who leave."""

    rows: pd.DataFrame
    stay: Numbers
    leave: Numbers
    currency: str = ""

    def own(self, name: str) -> Numbers:
        """Return a feature; unknown where there is none of the name."""
        if name in self.rows:
            return self.rows[name].astype(float)
        return pd.Series(np.nan, index=self.rows.index)

    def same(self, value: object) -> pd.Series:
        """Return one value for everybody."""
        return pd.Series(value, index=self.rows.index)

    @property
    def come_once(self) -> Truths:
        """Whether a customer bought on one day only."""
        return self.own("frequency") == 0

    @property
    def span(self) -> tuple[int, int]:
        """The span whose orders are counted, and twice the span."""
        return next((s for s in SPANS if f"orders_{s[0]}d" in self.rows), SPANS[0])

    @property
    def recent(self) -> Numbers:
        """The orders of the last span."""
        return self.own(f"orders_{self.span[0]}d")

    def is_worse(self, name: str, *, if_larger: bool = False) -> Truths:
        """Return whether a figure is worse than is usual of those who stay."""
        usual = self.stay.get(name, np.nan)
        return _beyond(self.own(name), usual, larger=if_larger)

    def is_better(self, name: str, *, if_larger: bool = True) -> Truths:
        """Return whether a figure is better than is usual of those who leave."""
        usual = self.leave.get(name, np.nan)
        return _beyond(self.own(name), usual, larger=if_larger)

    def stayers(self, name: str, written: Callable[[Numbers], Texts] = number) -> str:
        """Return in brackets what is usual of those who stay."""
        return f" (those who stay: {_written(self.stay, name, written)})"

    def leavers(self, name: str, written: Callable[[Numbers], Texts] = number) -> str:
        """Return in brackets what is usual of those who leave."""
        return f" (those who leave: {_written(self.leave, name, written)})"


def _beyond(values: Numbers, usual: float, *, larger: bool) -> Truths:
    # what is unknown is not beyond anything
    return values > usual * MARKED if larger else values * MARKED < usual


def _written(usual: Numbers, name: str, written: Callable[[Numbers], Texts]) -> str:
    return str(written(pd.Series([usual.get(name, np.nan)])).iloc[0])


def _first(*cases: tuple[Texts | str, Truths]) -> Texts:
    """Return the sentence of the first case that holds, or none."""
    text = pd.Series("", index=cases[0][1].index, dtype=object)
    for sentence, holds in reversed(cases):
        text = text.mask(holds.fillna(False), sentence)
    return text


class Theme(NamedTuple):
    """A family of features, and the sentences that speak for it."""

    name: str
    prefixes: tuple[str, ...]
    words: Callable[[Facts], Words]


def theme_of(feature: str) -> int | None:
    """Return the position of a feature's theme, or None where it has none."""
    for position, theme in enumerate(THEMES):  # the first that fits
        if feature.startswith(theme.prefixes):
            return position
    return None


def one_fact(facts: Facts) -> NDArray[np.bool_]:
    """Return where a customer's theme says no more than the silence does.

    Of who came once, how often, how long ago and since when are one fact. Nor does a
    span without an order say more.
    """
    once = facts.come_once.to_numpy()
    idle = once | (facts.recent == 0).to_numpy()
    never = np.zeros_like(once)
    same = {"activity": idle, **dict.fromkeys(("orders", "age", "range"), once)}
    return np.column_stack([same.get(theme.name, never) for theme in THEMES])


def _silence(facts: Facts) -> Words:
    name = "days_since_last_order"
    days, gap = facts.own(name), facts.own("gap_mean_days")
    since, last = "no order for " + counted(days, "day"), "last order " + days_ago(days)
    used, keeps = _rhythm(facts, "; used to order every "), _rhythm(facts)
    one = facts.own("n_orders") <= 1
    back = ~facts.come_once
    is_new = facts.is_better(name, if_larger=False)
    # no comfort to a customer whom the own rhythm calls late
    in_time = ~(days > gap * LATE)
    return Words(
        _first(
            (since + used, back & (days > gap * MARKED)),
            (since + facts.stayers(name), back & facts.is_worse(name, if_larger=True)),
            ("only one order, " + days_ago(days), ~back & one),
            ("all orders on one day, " + days_ago(days), ~back & ~one),
        ),
        _first(
            (last + keeps, back & (days <= gap)),
            (last + facts.leavers(name), back & is_new & in_time),
            ("new: first order " + days_ago(days), ~back & is_new),
        ),
    )


def _rhythm(facts: Facts, habit: str = "; orders every ") -> Texts:
    """Return what is usual of a customer; one gap is no habit."""
    gap = counted(facts.own("gap_mean_days").clip(lower=1), "day")
    every = habit + gap.str.replace("^1 day$", "day", regex=True)
    return every.mask(facts.own("frequency") == 1, "; came back once, after " + gap)


def _activity(facts: Facts) -> Words:
    days, twice = facts.span
    recent = facts.recent
    before = facts.own(f"orders_{twice}d") - recent
    now = counted(recent, "order") + f" in the last {days} days"
    moved = " from " + number(before) + " to " + number(recent)
    moved = moved + f" in the last {days} days"
    # a customer younger than that had no time to order before
    compares = facts.own("T_days") >= twice
    down = compares & (recent * MARKED < before)
    up = compares & (recent > before * MARKED)
    name = f"orders_{days}d"
    return Words(
        _first(
            ("orders down" + moved, down),
            ("only " + now + facts.stayers(name), facts.is_worse(name) & ~up),
        ),
        _first(
            ("orders up" + moved, up & (before > 0)),
            # of one order, the silence says when
            (now + facts.leavers(name), facts.is_better(name) & ~down & (recent > 1)),
        ),
    )


def _against(
    facts: Facts,
    name: str,
    text: Callable[[str], Texts],
    written: Callable[[Numbers], Texts] = number,
) -> Words:
    """Warn of a small figure, take comfort in a large one."""
    return Words(
        _first((text("only ") + facts.stayers(name, written), facts.is_worse(name))),
        _first((text("") + facts.leavers(name, written), facts.is_better(name))),
    )


def _orders(facts: Facts) -> Words:
    count = counted(facts.own("n_orders"), "order")
    age = counted(facts.own("T_days"), "day")
    return _against(facts, "n_orders", lambda only: only + count + " in " + age)


def _age(facts: Facts) -> Words:
    age = counted(facts.own("T_days"), "day")
    return _against(facts, "T_days", lambda only: f"a customer for {only}" + age)


def _spend(facts: Facts) -> Words:
    def written(values: Numbers) -> Texts:
        return money(values, facts.currency)

    order, one = written(facts.own("aov")), facts.own("n_orders") == 1

    def text(only: str) -> Texts:
        several = f"spends {only}" + order + " an order"
        return several.mask(one, f"spent {only}" + order + " on the one order")

    return _against(facts, "aov", text, written)


def _range(facts: Facts) -> Words:
    products = counted(facts.own("n_products"), "different product")
    return _against(facts, "n_products", lambda only: only + products + " so far")


def _basket(facts: Facts) -> Words:
    def written(values: Numbers) -> Texts:
        return number(values, 1)

    lines = written(facts.own("lines_per_order")) + " lines an order"
    return _against(facts, "lines_per_order", lambda only: only + lines, written)


def _returns(facts: Facts) -> Words:
    name = "returns_share"
    share = facts.own(name)
    text = "sent back " + percent(share) + " of what was bought"
    kept = facts.same("has sent nothing back")
    return Words(
        _first((text, facts.is_worse(name, if_larger=True))),
        _first((kept, (share == 0) & facts.is_better(name, if_larger=False))),
    )


def _discount(facts: Facts) -> Words:
    """Either way: some leave where discounts end, others never look at them."""
    name = "discount_share"
    text = "discounts of " + percent(facts.own(name)) + " of the price"
    worse = facts.is_worse(name) | facts.is_worse(name, if_larger=True)
    better = facts.is_better(name) | facts.is_better(name, if_larger=False)
    return Words(
        _first((text + facts.stayers(name, percent), worse)),
        _first((text + facts.leavers(name, percent), better)),
    )


# in this order: a narrow prefix stands before a wider one of another theme
THEMES = (
    Theme(
        SILENCE,
        (
            "days_since_last",
            "silence",
            "recency",
            "clumpiness",
            "p_alive",
            "btyd_no_purchase",
        ),
        _silence,
    ),
    Theme(
        "activity",
        ("orders_", "active_weeks", "items_", "spend_", "recent_gap_ratio"),
        _activity,
    ),
    Theme(
        "orders",
        (
            "frequency",
            "n_orders",
            "purchase_days_per_week",
            "gap_",
            "last_gap",
            "recent_gap",
            "btyd_expected",
        ),
        _orders,
    ),
    Theme("age", ("T_days",), _age),
    Theme(
        "spend",
        (
            "revenue",
            "aov",
            "monetary",
            "largest_day",
            "last_day_spend",
            "btyd_order_value",
        ),
        _spend,
    ),
    Theme("returns", ("returns",), _returns),
    Theme("range", ("n_products", "n_categories"), _range),
    Theme("basket", ("lines_per_order", "products_per"), _basket),
    Theme("discount", ("discount",), _discount),
)
