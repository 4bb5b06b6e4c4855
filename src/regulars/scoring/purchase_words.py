"""What a customer's purchases say for leaving or for staying, a sentence a theme.

Features that say the same thing in different ways (how long is the silence, how long
for *this* customer) are one theme, so that three reasons are three reasons. A sentence
stands only where its own figures say what it is there for: a warning needs a figure
worse than usual of customers who stay, a comfort one better than of those who leave.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from regulars.scoring.figures import (
    counted,
    days_ago,
    either,
    joined,
    money,
    number,
    percent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.scoring.figures import Floats, Texts

    Flags = NDArray[np.bool_]
    Places = NDArray[np.intp]
    # a sentence, and of whom it is true
    Case = tuple[Callable[["Facts"], Texts | str], Flags]

# by how much a figure must be off the usual one to be a reason
MARKED = 1.25
# own gaps after which a customer is late
LATE = 2.0
# spans whose orders are counted, and twice the span: the longest that the log has
SPANS = ((91, 182), (28, 56))
# the theme that others join where they are one fact with it
SILENCE = "silence"


@dataclass(frozen=True)
class Facts:
    """Customers, and what is usual of those who stay and of those who leave."""

    rows: pd.DataFrame
    stay: Mapping[str, float]
    leave: Mapping[str, float]
    currency: str = ""
    # which of the rows are meant
    places: Places | None = None
    _read: dict[str, Floats] = field(default_factory=dict)

    def at(self, places: Places) -> Self:
        """Return some of the customers."""
        usual = self.stay, self.leave, self.currency
        return type(self)(self.rows, *usual, places, self._read)

    def own(self, name: str) -> Floats:
        """Return a feature; unknown where there is none of the name."""
        if name not in self._read:
            column = np.full(len(self.rows), np.nan)
            if name in self.rows:
                column = self.rows[name].to_numpy(np.float64)
            self._read[name] = column
        column = self._read[name]
        return column if self.places is None else column[self.places]

    @property
    def come_once(self) -> Flags:
        """Whether a customer bought on one day only."""
        return np.equal(self.own("frequency"), 0)

    @property
    def span(self) -> tuple[int, int]:
        """The span whose orders are counted, and twice the span."""
        return next((s for s in SPANS if f"orders_{s[0]}d" in self.rows), SPANS[0])

    @property
    def recent(self) -> Floats:
        """The orders of the last span."""
        return self.own(f"orders_{self.span[0]}d")

    def is_worse(self, name: str, *, if_larger: bool = False) -> Flags:
        """Return whether a figure is worse than is usual of those who stay."""
        usual = self.stay.get(name, np.nan)
        return _beyond(self.own(name), usual, larger=if_larger)

    def is_better(self, name: str, *, if_larger: bool = True) -> Flags:
        """Return whether a figure is better than is usual of those who leave."""
        usual = self.leave.get(name, np.nan)
        return _beyond(self.own(name), usual, larger=if_larger)

    def stayers(self, name: str, written: Callable[[Floats], Texts] = number) -> str:
        """Return in brackets what is usual of those who stay."""
        return f" (those who stay: {_written(self.stay, name, written)})"

    def leavers(self, name: str, written: Callable[[Floats], Texts] = number) -> str:
        """Return in brackets what is usual of those who leave."""
        return f" (those who leave: {_written(self.leave, name, written)})"


class Said:
    """What a theme has to say of each customer: the sentence of the first case."""

    def __init__(self, facts: Facts, *cases: Case) -> None:
        self._facts = facts
        self._sentences = [sentence for sentence, _ in cases]
        self._case = np.full(len(cases[0][1]), -1)
        for place, (_, holds) in reversed([*enumerate(cases)]):
            self._case[holds] = place

    @property
    def speaks(self) -> Flags:
        """Whether there is anything to say."""
        return self._case >= 0

    def texts(self, places: Places) -> Texts:
        """Return the sentences of some customers; empty where there is none."""
        found = np.full(len(places), "", dtype=object)
        case = self._case[places]
        for place, sentence in enumerate(self._sentences):
            mine = case == place
            if mine.any():
                found[mine] = sentence(self._facts.at(places[mine]))
        return found


class Words(NamedTuple):
    """What speaks for leaving, and for staying."""

    warning: Said
    comfort: Said


def _beyond(values: Floats, usual: float, *, larger: bool) -> Flags:
    # what is unknown is not beyond anything
    return values > usual * MARKED if larger else values * MARKED < usual


def _written(
    usual: Mapping[str, float], name: str, written: Callable[[Floats], Texts]
) -> str:
    return str(written(np.array([usual.get(name, np.nan)]))[0])


class Theme(NamedTuple):
    """A family of features, and the sentences that speak for it."""

    name: str
    prefixes: tuple[str, ...]
    words: Callable[[Facts], Words]


@cache
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
    once = facts.come_once
    idle = once | (facts.recent == 0)
    never = np.zeros_like(once)
    same = {"activity": idle, **dict.fromkeys(("orders", "age", "range"), once)}
    return np.column_stack([same.get(theme.name, never) for theme in THEMES])


def _silence(facts: Facts) -> Words:
    name = "days_since_last_order"
    days, gap = facts.own(name), facts.own("gap_mean_days")
    one = facts.own("n_orders") <= 1
    back = ~facts.come_once
    is_new = facts.is_better(name, if_larger=False)
    # no comfort to a customer whom the own rhythm calls late
    in_time = ~(days > gap * LATE)

    def since(f: Facts) -> Texts:
        return joined("no order for ", counted(f.own(name), "day"))

    def ago(f: Facts) -> Texts:
        return days_ago(f.own(name))

    return Words(
        Said(
            facts,
            (
                lambda f: joined(since(f), _rhythm(f, "; used to order every ")),
                back & (days > gap * MARKED),
            ),
            (
                lambda f: joined(since(f), f.stayers(name)),
                back & facts.is_worse(name, if_larger=True),
            ),
            (lambda f: joined("only one order, ", ago(f)), ~back & one),
            (lambda f: joined("all orders on one day, ", ago(f)), ~back & ~one),
        ),
        Said(
            facts,
            (
                lambda f: joined("last order ", ago(f), _rhythm(f)),
                back & (days <= gap),
            ),
            (
                lambda f: joined("last order ", ago(f), f.leavers(name)),
                back & is_new & in_time,
            ),
            (lambda f: joined("new: first order ", ago(f)), ~back & is_new),
        ),
    )


def _rhythm(facts: Facts, habit: str = "; orders every ") -> Texts:
    """Return what is usual of a customer; one gap is no habit."""
    gap = counted(np.maximum(facts.own("gap_mean_days"), 1), "day")
    every = joined(habit, either(gap == "1 day", "day", gap))
    once = joined("; came back once, after ", gap)
    return either(facts.own("frequency") == 1, once, every)


def _activity(facts: Facts) -> Words:
    days, twice = facts.span
    recent = facts.recent
    before = facts.own(f"orders_{twice}d") - recent
    # a customer younger than that had no time to order before
    compares = facts.own("T_days") >= twice
    down = compares & (recent * MARKED < before)
    up = compares & (recent > before * MARKED)
    name = f"orders_{days}d"

    def now(f: Facts) -> Texts:
        return joined(counted(f.recent, "order"), f" in the last {days} days")

    def moved(f: Facts) -> Texts:
        earlier = f.own(f"orders_{twice}d") - f.recent
        change = joined(" from ", number(earlier), " to ", number(f.recent))
        return joined(change, f" in the last {days} days")

    return Words(
        Said(
            facts,
            (lambda f: joined("orders down", moved(f)), down),
            (
                lambda f: joined("only ", now(f), f.stayers(name)),
                facts.is_worse(name) & ~up,
            ),
        ),
        Said(
            facts,
            (lambda f: joined("orders up", moved(f)), up & (before > 0)),
            # of one order, the silence says when
            (
                lambda f: joined(now(f), f.leavers(name)),
                facts.is_better(name) & ~down & (recent > 1),
            ),
        ),
    )


def _against(
    facts: Facts,
    name: str,
    text: Callable[[Facts, str], Texts],
    written: Callable[[Floats], Texts] = number,
) -> Words:
    """Warn of a small figure, take comfort in a large one."""
    return Words(
        Said(
            facts,
            (
                lambda f: joined(text(f, "only "), f.stayers(name, written)),
                facts.is_worse(name),
            ),
        ),
        Said(
            facts,
            (
                lambda f: joined(text(f, ""), f.leavers(name, written)),
                facts.is_better(name),
            ),
        ),
    )


def _orders(facts: Facts) -> Words:
    def text(f: Facts, only: str) -> Texts:
        age = counted(f.own("T_days"), "day")
        return joined(only, counted(f.own("n_orders"), "order"), " in ", age)

    return _against(facts, "n_orders", text)


def _age(facts: Facts) -> Words:
    def text(f: Facts, only: str) -> Texts:
        return joined(f"a customer for {only}", counted(f.own("T_days"), "day"))

    return _against(facts, "T_days", text)


def _spend(facts: Facts) -> Words:
    def written(values: Floats) -> Texts:
        return money(values, facts.currency)

    def text(f: Facts, only: str) -> Texts:
        order, one = written(f.own("aov")), f.own("n_orders") == 1
        several = joined(f"spends {only}", order, " an order")
        return either(one, joined(f"spent {only}", order, " on the one order"), several)

    return _against(facts, "aov", text, written)


def _range(facts: Facts) -> Words:
    def text(f: Facts, only: str) -> Texts:
        products = counted(f.own("n_products"), "different product")
        return joined(only, products, " so far")

    return _against(facts, "n_products", text)


def _basket(facts: Facts) -> Words:
    def written(values: Floats) -> Texts:
        return number(values, 1)

    def text(f: Facts, only: str) -> Texts:
        return joined(only, written(f.own("lines_per_order")), " lines an order")

    return _against(facts, "lines_per_order", text, written)


def _returns(facts: Facts) -> Words:
    name = "returns_share"
    none = facts.own(name) == 0

    def text(f: Facts) -> Texts:
        return joined("sent back ", percent(f.own(name)), " of what was bought")

    better = none & facts.is_better(name, if_larger=False)
    return Words(
        Said(facts, (text, facts.is_worse(name, if_larger=True))),
        Said(facts, (lambda f: "has sent nothing back", better)),
    )


def _discount(facts: Facts) -> Words:
    """Either way: some leave where discounts end, others never look at them."""
    name = "discount_share"

    def text(f: Facts) -> Texts:
        return joined("discounts of ", percent(f.own(name)), " of the price")

    worse = facts.is_worse(name) | facts.is_worse(name, if_larger=True)
    better = facts.is_better(name) | facts.is_better(name, if_larger=False)
    return Words(
        Said(facts, (lambda f: joined(text(f), f.stayers(name, percent)), worse)),
        Said(facts, (lambda f: joined(text(f), f.leavers(name, percent)), better)),
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
