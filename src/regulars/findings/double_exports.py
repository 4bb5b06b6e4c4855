"""Find rows that look as if they had been exported twice.

Exact copies are set aside by intake; here are also those that differ in an order
number, an id or the order of rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from regulars.data.ledger import materialise
from regulars.data.queries import total
from regulars.findings.finding import Finding, Setting, counted, listed, share_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.findings.observed import ObservedLog

    Floats = NDArray[np.float64]

# what a line is about, beside who, when and under which number
CONTENT = ("amount", "product_id", "category", "quantity", "discount_amount")
# odds against chance of e^14, a million to one, for a stretch of days
_SURE = 14.0
# lines of one order are not by chance beside each other
_FEWEST_LINES = 10
_DOUBLED_RATE = 0.97
_ALL_DOUBLED = 0.95
_RATES = (0.02, 0.7)
_MOST_COPIES = 4

_ODDS = 10.0
FEWEST_COPIES = 20
COPIES_SHARE = 0.005
# without order numbers and times of day, equal lines are mostly lines of one order
COPIES_SHARE_UNNUMBERED = 0.05

EXACT_SHARE = 0.01


@dataclass(frozen=True)
class _Doubled:
    """Days on which every line stands there several times."""

    days: list[pd.Timestamp]
    times: int
    n_rows: int

    @property
    def n_surplus(self) -> int:
        return self.n_rows - self.n_rows // self.times


def doubled_days(log: ObservedLog) -> Finding | None:
    """Warn of days on which each line occurs an even number of times.

    Who bought is left out of the comparison, so that copies under other ids count too.
    In a log as it should be a line occurs once or any number of times; a stretch of
    multiples as long as this comes about once in a million.
    """
    days = _line_counts(log)
    candidates = [_doubled(days, times) for times in range(2, _MOST_COPIES + 1)]
    best = max(filter(None, candidates), key=lambda each: each.n_surplus, default=None)
    if best is None:
        return None
    n_all = int(days["n_rows"].sum())
    share = best.n_rows / n_all
    words = {2: "twice", 3: "three times"}.get(best.times, f"{best.times} times")
    spans = _spans(best.days, pd.DatetimeIndex(days.index))
    setting = None
    if log.settings.duplicates == "keep" and log.n_copies >= best.n_surplus // 2:
        setting = Setting("source.transactions.duplicates", "set_aside")
    return Finding(
        key="doubled_days",
        severity="warning",
        seen=(
            f"On {counted(len(best.days), 'day')} ({', '.join(spans[:5])}) every line "
            f"stands there {words} with the same day, amount and content: "
            f"{counted(best.n_rows, 'row')}, {share_words(share)} of the log. It looks "
            "like a double export."
        ),
        advice=_what_to_do(log, setting),
        figures={
            "n_days": len(best.days),
            "n_rows": best.n_rows,
            "n_surplus": best.n_surplus,
            "share_of_rows": share,
            "times": best.times,
        },
        examples=spans,
        setting=setting,
    )


def _what_to_do(log: ObservedLog, setting: Setting | None) -> str:
    if setting is not None:
        return f"The copies are exact: write {setting.words}, and one of each is kept."
    if len(log.raw.files) > 1:
        names = listed([file.path.name for file in log.raw.files])
        return (
            f"Do the files overlap ({names})? Read one copy only: name it under "
            "`source.transactions.path`."
        )
    return (
        "Export again, or leave one copy out by `where` under `source.transactions` "
        "if a column tells the two apart. As it is, every figure of money counts both."
    )


def _line_counts(log: ObservedLog) -> pd.DataFrame:
    """Count by day the different lines, and those that occur 2, 4, ... times."""
    rows = log.rows
    content = [name for name in CONTENT if name in rows.columns]
    lines = rows.group_by("order_date", *content).aggregate(n=rows.count())
    several = {
        f"by_{times}": (lines.n % times == 0).sum()
        for times in range(2, _MOST_COPIES + 1)
    }
    days = lines.group_by(day=lines.order_date).aggregate(
        n_lines=lines.count(), n_rows=lines.n.sum(), **several
    )
    frame: pd.DataFrame = days.order_by("day").to_pyarrow().to_pandas()
    index = pd.DatetimeIndex(pd.to_datetime(frame["day"]))
    return frame.drop(columns="day").set_index(index).astype("int64")


def _doubled(days: pd.DataFrame, times: int) -> _Doubled | None:
    """Return the stretches of days in which lines occur a multiple of so many times."""
    n_lines = days["n_lines"].to_numpy(np.float64)
    n_even = days[f"by_{times}"].to_numpy(np.float64)
    rate = n_even.sum() / n_lines.sum()
    # where nothing is left to compare with, chance makes 1 in `times` a multiple
    rate = 1 / times if rate >= _ALL_DOUBLED else min(max(rate, _RATES[0]), _RATES[1])
    odds = n_even * math.log(_DOUBLED_RATE / rate) + (n_lines - n_even) * math.log(
        (1 - _DOUBLED_RATE) / (1 - rate)
    )
    kept = _sure_stretches(odds, n_lines)
    if not kept.any():
        return None
    return _Doubled(list(days.index[kept]), times, int(days["n_rows"][kept].sum()))


def _sure_stretches(odds: Floats, n_lines: Floats) -> NDArray[np.bool_]:
    """Return the days in runs whose log odds add up to certainty."""
    positive = np.concatenate([[False], odds > 0, [False]]).astype(np.int8)
    starts, ends = (
        np.flatnonzero(np.diff(positive) == 1),
        np.flatnonzero(np.diff(positive) == -1),
    )
    kept = np.zeros(odds.size, dtype=bool)
    for start, end in zip(starts, ends, strict=True):
        is_long = n_lines[start:end].sum() >= _FEWEST_LINES
        kept[start:end] = is_long and odds[start:end].sum() >= _SURE
    return kept


def _spans(days: list[pd.Timestamp], all_days: pd.DatetimeIndex) -> list[str]:
    """Write days as spans; days next to each other in the log make one."""
    places = all_days.get_indexer(pd.DatetimeIndex(days))
    breaks = np.flatnonzero(np.diff(places) > 1) + 1
    runs = np.split(places, breaks)
    ends = [(all_days[run[0]].date(), all_days[run[-1]].date()) for run in runs]
    return [f"{a}" if a == b else f"{a} to {b}" for a, b in ends]


def near_copies(log: ObservedLog) -> Finding | None:
    """Ask about orders equal in customer, day and content, beyond the log's own rate.

    The rate at which an order of another day repeats an earlier one of the same
    customer says how often equal orders come about.
    """
    orders = _orders(log)
    alike = materialise(
        orders.group_by("customer_id", "amount", "n_lines", "day").aggregate(
            n=orders.count()
        )
    )
    same_day = alike.filter(alike.n > 1)
    n_copies = total(same_day, same_day.n - 1)
    n_orders = total(alike, alike.n)
    share = n_copies / max(n_orders, 1)
    fewest = COPIES_SHARE if _tells_orders(log) else COPIES_SHARE_UNNUMBERED
    if n_copies < FEWEST_COPIES or share < fewest:
        return None
    here, elsewhere = _rates_of_repeats(alike, n_copies)
    if here / max(1 - here, 0.01) < _ODDS * elsewhere / (1 - elsewhere):
        return None
    top = same_day.order_by(ibis.desc("n"), "customer_id", "day").limit(5).to_pyarrow()
    examples = [
        f"{row['customer_id']} on {row['day']} ({row['n']} of {row['amount']:,.2f})"
        for row in top.to_pylist()
    ]
    return Finding(
        key="near_copies",
        severity="ask",
        seen=(
            f"{counted(n_copies, 'order')} ({share_words(share)}) are equal to another "
            "one in customer, day and amount, such as "
            f"{', '.join(examples[:2])}. Of second orders on a day {share_words(here)} "
            "repeat the first; of orders on other days "
            f"{share_words(elsewhere)} repeat one."
        ),
        advice=(
            "Were they exported or booked twice? Then export again, or leave one of "
            "each out by `where` under `source.transactions`; nothing was changed."
        ),
        figures={
            "n_copies": n_copies,
            "share_of_orders": share,
            "share_equal_on_a_day": here,
            "share_equal_on_other_days": elsewhere,
        },
        examples=examples,
    )


def _rates_of_repeats(alike: Any, n_copies: int) -> tuple[float, float]:
    """Return how often a further order repeats one: of the same day, of other days."""
    days = alike.group_by("customer_id", "day").aggregate(n=alike.n.sum())
    customers = days.group_by("customer_id").aggregate(
        n_more=(days.n - 1).sum(), n_later=days.count() - 1
    )
    again = alike.group_by("customer_id", "amount", "n_lines").aggregate(
        n_later=alike.count() - 1
    )
    n_repeats = total(again, again.n_later)
    here = n_copies / max(total(customers, customers.n_more), 1)
    elsewhere = n_repeats / max(total(customers, customers.n_later), 1)
    return here, min(elsewhere, 0.99)


def _tells_orders(log: ObservedLog) -> bool:
    """Say whether the log tells two orders of a day apart."""
    rows = log.rows
    if "order_id" in rows.columns:
        return True
    midnight = rows.order_time == rows.order_time.truncate("D")
    shares = rows.aggregate(share=midnight.cast("float64").mean()).to_pyarrow()
    return bool((shares["share"][0].as_py() or 0.0) < 0.5)


def _orders(log: ObservedLog) -> Any:
    """Return purchases by order: customer, day, amount in millionths, lines."""
    rows = log.rows.filter(~log.rows.is_return)
    name = "order_id" if "order_id" in rows.columns else "order_time"
    micros = (rows.amount * 100).round().cast("int64")
    if _tells_orders(log):
        orders = rows.group_by("customer_id", name, day=rows.order_date).aggregate(
            cents=micros.sum(), n_lines=rows.count()
        )
    else:
        orders = rows.select(
            "customer_id", day=rows.order_date, cents=micros, n_lines=ibis.literal(1)
        )
    # nothing paid is no amount that could be compared
    orders = orders.filter(orders.cents != 0)
    return orders.mutate(amount=orders.cents / 100).select(
        "customer_id", "day", "amount", "n_lines"
    )


def exact_copies(log: ObservedLog) -> Finding | None:
    """Ask whether exact copies are copies or equal orders, where they are many."""
    share = log.n_copies / max(log.n_read, 1)
    if log.settings.duplicates == "keep" or log.n_copies < FEWEST_COPIES:
        return None
    if share < EXACT_SHARE:
        return None
    setting = Setting("source.transactions.duplicates", "keep")
    numbered = "order_id" in log.columns
    return Finding(
        key="exact_copies",
        severity="ask",
        seen=(
            f"{counted(log.n_copies, 'row')} of {log.n_read:,} ({share_words(share)}) "
            "repeat an earlier row in every column and were set aside."
        ),
        advice=(
            "A double export needs nothing more. "
            + (
                "If equal lines of an order are two items, "
                if numbered
                else "The log has no order numbers: if equal rows are equal orders, "
            )
            + f"write {setting.words}."
        ),
        figures={"n_rows": log.n_copies, "share_of_rows": share},
        setting=setting,
    )
