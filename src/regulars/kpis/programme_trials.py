"""Customers on the days on which they joined the programme, or might have.

A row is a customer on a day on which they had bought before and were no member. Each has
one on every day with a purchase (many join at the till, and who stands there is alive)
and one on a drawn day of every month without; who joins has one on that day and none
after it. Whether they bought on the day itself is known, what follows is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.kpis.kpi_data import flag
from regulars.kpis.periods import MICROS

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from regulars.kpis.kpi_data import KpiData

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

# more would add little but time; customers are left out whole, by a hash of their id
MOST_CUSTOMERS, MOST_ROWS = 60_000, 400_000
LEAST_HISTORY_DAYS = 90
SHORT, LONG, EVER = 90, 365, 100_000
NEVER = 10**7  # a day that does not come
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Trials:
    """All rows: who (a code), which day, who joined on it, what was known, outcomes."""

    customer: Ints
    day: Ints
    joined: NDArray[np.bool_]
    is_drawn: NDArray[np.bool_]  # not chosen for a purchase
    joins_later: NDArray[np.bool_]  # within the days that are followed
    is_followed: NDArray[np.bool_]  # those days are over
    known: pd.DataFrame
    outcomes: pd.DataFrame
    n_without_history: int

    def only(self, kept: NDArray[np.bool_]) -> Trials:
        """Return some of the rows."""
        names = ("customer", "day", "joined", "is_drawn", "joins_later", "is_followed")
        return replace(
            self,
            **{name: getattr(self, name)[kept] for name in names},
            known=self.known[kept],
            outcomes=self.outcomes[kept],
        )


class Totals:
    """Running totals of customers' days, from which any sum is one difference."""

    def __init__(self, customer: Ints, day: Ints, values: dict[str, Floats]) -> None:
        self._keys = customer * NEVER + day
        self._sums = {
            name: np.concatenate([[0.0], np.cumsum(each)])
            for name, each in values.items()
        }

    def between(self, name: str, customer: Ints, start: Ints, end: Ints) -> Floats:
        """Return the sum over days from `start` up to but not including `end`."""
        base, sums = customer * NEVER, self._sums[name]
        first, last = (
            np.searchsorted(self._keys, base + np.clip(day, 0, NEVER - 1))
            for day in (start, end)
        )
        found: Floats = sums[last] - sums[first]
        return found


def trials(data: KpiData, end: date, follow_days: int) -> Trials | None:
    """Return all rows before a day; None where nobody joined.

    Days count from the first day of the log.
    """
    people = _people(data, end)
    if people.empty or not (people["joined"] < NEVER).any():
        return None
    days = _days(data, people, end)
    n_days = (end - data.first_day).days
    joined = people["joined"].to_numpy(np.int64)
    rows = _rows(data, people, days, n_days)
    if rows.empty:
        return None
    customer, day = rows["customer"].to_numpy(), rows["day"].to_numpy()
    bought = days[days["n"] > 0]
    begun = np.full(len(people), NEVER)
    first_bought = bought.groupby("customer")["day"].min()
    begun[first_bought.index] = first_bought
    has_history = begun[customer] < day
    is_joining = joined[customer] == day
    n_without = int((is_joining & ~has_history).sum())
    rows = rows[has_history]
    customer, day, is_joining = customer[has_history], day[has_history], is_joining[has_history]
    totals = Totals(
        days["customer"].to_numpy(),
        days["day"].to_numpy(),
        {name: days[name].to_numpy(float) for name in ("n", "spend", "returns")},
    )
    until = joined[customer]
    return Trials(
        customer=customer,
        day=day,
        joined=is_joining,
        is_drawn=rows["is_drawn"].to_numpy(),
        is_followed=day + follow_days < n_days,
        joins_later=(until > day) & (until <= day + follow_days),
        known=_known(totals, bought, customer, day, begun[customer]),
        outcomes=_outcomes(data, people, totals, customer, day, follow_days),
        n_without_history=n_without,
    )


def _people(data: KpiData, end: date) -> pd.DataFrame:
    """Return customers, in the order of a hash, with the day on which they joined."""
    days = data.days.filter(data.days.is_purchase & (data.days.day < end))
    postings = data.known_by("loyalty", end)
    firsts = postings.group_by("customer_id").aggregate(joined=postings.posted_date.min())
    ids = days.select("customer_id").distinct()
    both = ids.left_join(firsts, "customer_id").drop("customer_id_right")
    frame: pd.DataFrame = both.to_pyarrow().to_pandas()
    texts = frame["customer_id"].to_numpy(dtype=object).astype(str)
    # a hash of the id: more customers change nobody's days
    frame["place"] = pd.util.hash_array(texts)
    frame = frame.assign(text=texts).sort_values(["place", "text"], ignore_index=True)
    frame["joined"] = _number(data, frame["joined"])
    return frame.drop(columns="text").head(MOST_CUSTOMERS)


def _number(data: KpiData, days: pd.Series) -> pd.Series:
    number = (pd.to_datetime(days) - pd.Timestamp(data.first_day)).dt.days
    return number.fillna(NEVER).astype(np.int64)


def _days(data: KpiData, people: pd.DataFrame, end: date) -> pd.DataFrame:
    """Return the days of these customers, sorted, in numbers."""
    days = data.days.filter(data.days.day < end)
    if len(people) == MOST_CUSTOMERS:
        days = days.filter(days.customer_id.isin(people["customer_id"].tolist()))
    frame = (
        days.select(
            "customer_id",
            "day",
            n=flag(days.is_purchase) * days.n_orders,
            spend=days.spend_micros,
            returns=days.returns_amount_micros,
        )
        .to_pyarrow()
        .to_pandas()
    )
    codes = pd.Series(people.index, index=people["customer_id"])
    customer = codes.reindex(frame["customer_id"]).to_numpy()
    frame["customer"], frame["day"] = customer, _number(data, frame["day"])
    frame = frame[~np.isnan(customer)].drop(columns="customer_id")
    frame = frame.astype({"customer": np.int64})
    frame[["spend", "returns"]] = frame[["spend", "returns"]].astype(float) / MICROS
    return frame.sort_values(["customer", "day"], ignore_index=True)


def _rows(
    data: KpiData, people: pd.DataFrame, days: pd.DataFrame, n_days: int
) -> pd.DataFrame:
    """Return customer and day of all rows, sorted, of as many customers as fit."""
    joined = people["joined"].to_numpy(np.int64)
    calendar = pd.date_range(data.first_day, periods=n_days)
    begins = np.flatnonzero(np.diff(calendar.month, prepend=0))
    lengths = np.diff(begins, append=n_days)
    visits = days.loc[days["n"] > 0, ["customer", "day"]]
    parts = [_frame(people.index, joined, False), _frame(*visits.to_numpy().T, False)]
    parts += [
        _frame(people.index, start + _mixed(people["place"], k) % length, True)
        for k, (start, length) in enumerate(zip(begins, lengths, strict=True))
    ]
    rows = pd.concat(parts).drop_duplicates(["customer", "day"])
    rows = rows[rows["day"].between(LEAST_HISTORY_DAYS, n_days - 1)]
    rows = rows[rows["day"] <= joined[rows["customer"]]]
    rows = rows.sort_values(["customer", "day"], ignore_index=True)
    if len(rows) > MOST_ROWS:
        # the last customer of the first rows would be cut in two
        rows = rows[rows["customer"] < rows["customer"].iloc[MOST_ROWS]]
    return rows


def _frame(customer: Any, day: Any, is_drawn: bool) -> pd.DataFrame:
    parts = {"customer": np.asarray(customer), "day": np.asarray(day).astype(np.int64)}
    return pd.DataFrame({**parts, "is_drawn": is_drawn})


def _mixed(place: pd.Series, k: int) -> Ints:
    """Return a number that differs from month to month, and is even over customers."""
    mixed = (place.to_numpy(np.uint64) ^ np.uint64(k + 1)) * MULTIPLIER
    return (mixed >> np.uint64(33)).astype(np.int64)


def _known(
    totals: Totals, bought: pd.DataFrame, customer: Ints, day: Ints, begun: Ints
) -> pd.DataFrame:
    """Return what was known of customers when their day began, and what they did on it."""

    def past(name: str, length: int) -> Floats:
        return totals.between(name, customer, day - length, day)

    keys = bought["customer"].to_numpy() * NEVER + bought["day"].to_numpy()
    last = keys[np.searchsorted(keys, customer * NEVER + day) - 1] % NEVER
    today = (customer, day, day + 1)
    return pd.DataFrame(
        {
            "orders": past("n", EVER),
            "orders_last_365_days": past("n", LONG),
            "orders_last_90_days": past("n", SHORT),
            "spend": past("spend", EVER),
            "spend_last_365_days": past("spend", LONG),
            "returns": past("returns", EVER),
            "days_since_last_purchase": (day - last).astype(float),
            "days_since_first_purchase": (day - begun).astype(float),
            "bought_on_the_day": (totals.between("n", *today) > 0).astype(float),
            "spend_on_the_day": totals.between("spend", *today),
        }
    )


def _outcomes(
    data: KpiData,
    people: pd.DataFrame,
    totals: Totals,
    customer: Ints,
    day: Ints,
    follow_days: int,
) -> pd.DataFrame:
    """Return what customers did on the days after theirs; missing: nobody answered."""
    after = (customer, day + 1, day + 1 + follow_days)
    orders = totals.between("n", *after)
    found = pd.DataFrame({"orders": orders, "spend": totals.between("spend", *after)})
    found.insert(0, "bought", (orders > 0).astype(float))
    if not data.has("surveys"):
        return found
    rows = data.rows("surveys")
    answers = rows.select("customer_id", "answered_date", "score").to_pyarrow().to_pandas()
    codes = pd.Series(people.index, index=people["customer_id"])
    answers["customer"] = codes.reindex(answers["customer_id"]).to_numpy()
    answers = answers.dropna(subset=["customer", "score"])
    answers = answers.astype({"customer": np.int64})
    answers["day"] = _number(data, answers["answered_date"])
    answers = answers.sort_values(["customer", "day"])
    score = answers["score"].to_numpy()
    nps = 100.0 * ((score >= 9).astype(float) - (score <= 6))
    asked = Totals(
        answers["customer"].to_numpy(),
        answers["day"].to_numpy(),
        {"n": np.ones(len(answers)), "nps": nps},
    )
    n, total = (asked.between(name, *after) for name in ("n", "nps"))
    found["nps"] = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    return found
