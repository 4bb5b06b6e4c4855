"""Families of purchase features, and the sentence that speaks for each.

Features that say the same thing in different ways (how long is the silence, how long
for *this* customer) are one theme, so that three reasons are three reasons.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Sentences = NDArray[np.object_]


@dataclass(frozen=True)
class Theme:
    """A family of features and the sentence that speaks for it.

    A feature belongs to the first theme that has a prefix of its name; a sentence is
    empty where there is nothing to say of the customer.
    """

    name: str
    prefixes: tuple[str, ...]
    sentences: Callable[[pd.DataFrame], Sentences]


def theme_of(feature: str) -> int | None:
    """Return the position of a feature's theme, or None where it has none."""
    for position, theme in enumerate(THEMES):  # the first that fits
        if feature.startswith(theme.prefixes):
            return position
    return None


def _number(values: pd.Series, digits: int = 0) -> pd.Series:
    return values.map(f"{{:,.{digits}f}}".format)


def _counted(values: pd.Series, noun: str) -> pd.Series:
    several = pd.Series(f" {noun}s", index=values.index)
    return _number(values) + several.mask(values.round() == 1, f" {noun}")


def _money(values: pd.Series, currency: str) -> pd.Series:
    """Cents are shown below a hundred; above, they are noise."""
    amount = _number(values, 2).where(values.abs() < 100, _number(values))
    return f"{currency} " + amount if currency else amount


def _days(values: pd.Series) -> pd.Series:
    return _counted(values, "day")


def _orders(values: pd.Series) -> pd.Series:
    return _counted(values, "order")


def _column(rows: pd.DataFrame, name: str) -> pd.Series:
    if name in rows:
        return rows[name]
    return pd.Series(np.nan, index=rows.index)


def _where(sentences: pd.Series, known: pd.Series) -> Sentences:
    kept: Sentences = sentences.where(known, "").to_numpy(dtype=object)
    return kept


def _silence(rows: pd.DataFrame) -> Sentences:
    silence = rows["days_since_last_order"]
    gap = _column(rows, "gap_mean_days")
    usual = "; used to order every " + _number(gap.fillna(0).clip(lower=1))
    alone = pd.Series("", index=rows.index).mask(
        _column(rows, "n_orders") == 1, "; one order so far"
    )
    text = "no order for " + _days(silence) + usual.where(gap.notna(), alone)
    return _where(text, silence.notna())


def _order_count(rows: pd.DataFrame) -> Sentences:
    count, age = _column(rows, "n_orders"), _column(rows, "T_days")
    return _where(
        _orders(count.fillna(0)) + " in " + _days(age.fillna(0)), count.notna()
    )


def _activity(rows: pd.DataFrame) -> Sentences:
    # the longest window that the log is old enough for
    for days in (91, 56, 28):
        recent = _column(rows, f"orders_{days}d")
        if recent.notna().any():
            text = _orders(recent.fillna(0)) + f" in the last {days} days"
            # a window without an order says no more than the silence does
            return _where(text, recent > 0)
    return _where(pd.Series("", index=rows.index), pd.Series(False, index=rows.index))


def _trend(rows: pd.DataFrame) -> Sentences:
    recent, both = _column(rows, "orders_28d"), _column(rows, "orders_56d")
    before = (both - recent).fillna(0)
    up = pd.Series("orders up from ", index=rows.index)
    text = (
        up.where(recent >= before, "orders down from ")
        + _number(before)
        + " to "
        + _number(recent.fillna(0))
        + " in the last 28 days"
    )
    return _where(text, both.notna() & (recent != before))


def _spend(rows: pd.DataFrame, currency: str = "") -> Sentences:
    aov, recent = _column(rows, "aov"), _column(rows, "spend_91d")
    text = "spends " + _money(aov.fillna(0), currency) + " an order"
    more = "; " + _money(recent.fillna(0), currency) + " in the last 91 days"
    return _where(text + more.where(recent > 0, ""), aov.notna())


def _basket(rows: pd.DataFrame) -> Sentences:
    products = _column(rows, "n_products")
    lines = _column(rows, "lines_per_order")
    by_products = _number(products.fillna(0)) + " different products so far"
    by_lines = _number(lines.fillna(0), 1) + " lines an order"
    text = by_products.where(products.notna(), by_lines)
    return _where(text, products.notna() | lines.notna())


def _returns(rows: pd.DataFrame) -> Sentences:
    share = _column(rows, "returns_share")
    text = "sent back " + _number(100 * share.fillna(0)) + "% of what was bought"
    return _where(text, share > 0)


def _discount(rows: pd.DataFrame) -> Sentences:
    share = _column(rows, "discount_share")
    text = _number(100 * share.fillna(0)) + "% of the price taken off by discounts"
    return _where(text, share.notna())


def _weekdays(rows: pd.DataFrame) -> Sentences:
    share = _column(rows, "weekend_share")
    text = "orders on weekends " + _number(100 * share.fillna(0)) + "% of the time"
    return _where(text, share.notna())


def _process(rows: pd.DataFrame) -> Sentences:
    silent = _column(rows, "btyd_no_purchase_probability")
    text = (
        "going by the rhythm of the orders alone, another one in the horizon is "
        + _number(100 * (1 - silent.fillna(0)))
        + "% likely"
    )
    return _where(text, silent.notna())


# in this order: a narrow prefix stands before a wider one of another theme
THEMES = (
    Theme(
        "silence",
        (
            "days_since_last",
            "silence",
            "gap_",
            "last_gap",
            "recent_gap",
            "share_of_gaps",
            "recency",
            "clumpiness",
        ),
        _silence,
    ),
    Theme("trend", ("orders_trend", "spend_trend"), _trend),
    Theme("activity", ("orders_", "active_weeks", "items_"), _activity),
    Theme(
        "orders",
        ("frequency", "n_orders", "T_days", "purchase_days_per_week"),
        _order_count,
    ),
    Theme(
        "spend",
        (
            "spend",
            "revenue",
            "aov",
            "monetary",
            "largest_day",
            "last_day_spend",
            "btyd_order_value",
            "btyd_expected_spend",
        ),
        _spend,
    ),
    Theme("returns", ("returns",), _returns),
    Theme(
        "basket",
        (
            "n_products",
            "new_product",
            "products_per",
            "n_categories",
            "category",
            "favourite_category",
            "lines_per_order",
        ),
        _basket,
    ),
    Theme("discount", ("discount",), _discount),
    Theme("weekdays", ("weekend", "same_weekday", "month_start"), _weekdays),
    Theme("process", ("btyd_", "p_alive"), _process),
)


@cache
def themes(currency: str) -> tuple[Theme, ...]:
    """Return the themes as they speak of money in a currency."""
    return tuple(
        replace(theme, sentences=partial(_spend, currency=currency))
        if theme.name == "spend"
        else theme
        for theme in THEMES
    )
