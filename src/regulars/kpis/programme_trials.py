"""Customers on the days on which they joined the programme, or might have.

A row is a customer on a day on which they had bought before and were no member. Each
has one on every day with a purchase (many join at the till, and who stands there is
alive) and one on a drawn day of every month; who joins has one on that day and none
after it. Whether they bought on the day itself is known, what follows is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from regulars.kpis.kpi_data import flag
from regulars.kpis.periods import MICROS
from regulars.kpis.surveys import DETRACTOR_TO, PROMOTER_FROM

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
MOST_LOG = 4.0  # nobody stands for more than 55
NEVER = 10**7  # a day that does not come
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Trials:
    """All rows: who (a code), which day, who joined on it, what was known.

    `days` has what each customer did by day: orders, spend and, where there are
    surveys, how many answers and their sum as points of the NPS.
    """

    customer: Ints
    day: Ints
    joined: NDArray[np.bool_]
    joined_day: Ints  # when the customer joins, or will
    is_drawn: NDArray[np.bool_]  # a day without a purchase
    is_followed: NDArray[np.bool_]  # the days after it are over
    known: pd.DataFrame
    days: pd.DataFrame
    n_without_history: int


class Totals:
    """Running totals of customers' days, from which any sum is one difference."""

    def __init__(self, days: pd.DataFrame, names: tuple[str, ...]) -> None:
        self._keys = (days["customer"] * NEVER + days["day"]).to_numpy()
        self._sums = {
            name: np.concatenate([[0.0], np.cumsum(days[name].to_numpy(float))])
            for name in names
        }

    def between(self, name: str, customer: Ints, start: Ints, end: Ints) -> Floats:
        """Return the sum over days from `start` up to but not including `end`."""
        first, last = self.places(customer, start, end)
        found: Floats = self._sums[name][last] - self._sums[name][first]
        return found

    def places(self, customer: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints]:
        """Return between which of the rows those days lie."""
        first, last = (
            np.searchsorted(self._keys, customer * NEVER + np.clip(day, 0, NEVER - 1))
            for day in (start, end)
        )
        return first, last


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
    bought = days[days["orders"] > 0]
    begun = np.full(len(people), NEVER)
    first_bought = bought.groupby("customer")["day"].min()
    begun[first_bought.index] = first_bought
    customer, day = rows["customer"].to_numpy(), rows["day"].to_numpy()
    has_history, is_joining = begun[customer] < day, joined[customer] == day
    rows, is_known = rows[has_history], is_joining[has_history]
    customer, day = customer[has_history], day[has_history]
    return Trials(
        customer=customer,
        day=day,
        joined=is_known,
        joined_day=joined[customer],
        is_drawn=rows["is_drawn"].to_numpy(),
        is_followed=day + follow_days < n_days,
        known=_known(days, bought, customer, day, begun[customer]),
        days=_with_answers(data, people, days, end),
        n_without_history=int((is_joining & ~has_history).sum()),
    )


def _people(data: KpiData, end: date) -> pd.DataFrame:
    """Return customers, in the order of a hash, with the day on which they joined."""
    days = data.days.filter(data.days.is_purchase & (data.days.day < end))
    postings = data.known_by("loyalty", end)
    firsts = postings.group_by("customer_id").aggregate(
        joined=postings.posted_date.min()
    )
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
        kind = {"customer_id": days.customer_id.type()}
        days = days.semi_join(
            ibis.memtable(people[["customer_id"]], schema=kind), "customer_id"
        )
    days = days.select(
        "customer_id",
        "day",
        orders=flag(days.is_purchase) * days.n_orders,
        spend=days.spend_micros,
        returns=days.returns_amount_micros,
    )
    frame: pd.DataFrame = days.to_pyarrow().to_pandas()
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
    visits = days.loc[days["orders"] > 0, ["customer", "day"]]
    parts = [
        _frame(people.index, joined, False),
        _frame(visits["customer"], visits["day"], False),
    ]
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
    days: pd.DataFrame, bought: pd.DataFrame, customer: Ints, day: Ints, begun: Ints
) -> pd.DataFrame:
    """Return what was known of customers on their day, and what they did on it."""
    totals = Totals(days, ("orders", "spend", "returns"))

    def past(name: str, length: int) -> Floats:
        return totals.between(name, customer, day - length, day)

    keys = bought["customer"].to_numpy() * NEVER + bought["day"].to_numpy()
    last = keys[np.searchsorted(keys, customer * NEVER + day) - 1] % NEVER
    today = (customer, day, day + 1)
    return pd.DataFrame(
        {
            "orders": past("orders", EVER),
            "orders_last_365_days": past("orders", LONG),
            "orders_last_90_days": past("orders", SHORT),
            "spend": past("spend", EVER),
            "spend_last_365_days": past("spend", LONG),
            "returns": past("returns", EVER),
            "days_since_last_purchase": (day - last).astype(float),
            "days_since_first_purchase": (day - begun).astype(float),
            "bought_on_the_day": (totals.between("orders", *today) > 0).astype(float),
            "spend_on_the_day": totals.between("spend", *today),
        }
    )


def _with_answers(
    data: KpiData, people: pd.DataFrame, days: pd.DataFrame, end: date
) -> pd.DataFrame:
    """Add the answers to surveys as days, where there are surveys."""
    days = days.drop(columns="returns")
    if not data.has("surveys"):
        return days
    rows = data.known_by("surveys", end)
    rows = rows.select("customer_id", "answered_date", "score")
    answers = rows.to_pyarrow().to_pandas().dropna(subset=["score"])
    codes = pd.Series(people.index, index=people["customer_id"])
    customer, score = codes.reindex(answers["customer_id"]).to_numpy(), answers["score"]
    found = pd.DataFrame(
        {
            "customer": customer,
            "day": _number(data, answers["answered_date"]).to_numpy(),
            "answers": 1.0,
            "nps": 100.0 * ((score >= PROMOTER_FROM) * 1.0 - (score <= DETRACTOR_TO)),
        }
    )
    found = found.dropna(subset=["customer"]).astype({"customer": np.int64})
    both: pd.DataFrame = pd.concat([days, found]).fillna(0.0)
    return both.groupby(["customer", "day"], as_index=False).sum()


def outcomes(rows: Trials, follow_days: int, chance: Floats | None = None) -> Any:
    """Return what customers did on the days after theirs, a column an outcome.

    With the chance to join on each row, of controls only what they did until they
    joined, and each day stands for those as well who by then would have: it counts 1
    over the chance not to have joined before it (Robins 1993).
    """
    days = rows.days
    names = [name for name in days if name not in ("customer", "day")]
    totals = Totals(days, ("orders",))
    start = rows.day + 1
    first, last = totals.places(rows.customer, start, start + follow_days)
    row = np.repeat(np.arange(len(start)), last - first)
    skipped = np.cumsum(last - first) - (last - first)
    # every day that follows every row
    place = np.arange(len(row)) - np.repeat(skipped - first, last - first)
    weight = np.ones(len(row))
    if chance is not None:
        weight = _stays(rows, chance, row, days["day"].to_numpy()[place])
    found = {
        name: np.bincount(row, weight * days[name].to_numpy()[place], len(start))
        for name in names
    }
    visits = np.cumsum(days["orders"].to_numpy() > 0)
    so_far = np.concatenate([[0], visits])[first][row]
    is_first = (visits[place] == so_far + 1) & (days["orders"].to_numpy()[place] > 0)
    return pd.DataFrame(
        {"bought": np.bincount(row, weight * is_first, len(start)), **found}
    )


def _stays(rows: Trials, chance: Floats, row: Ints, day: Ints) -> Floats:
    """Return what a day counts that follows a row."""
    logs = pd.DataFrame(
        {"customer": rows.customer, "day": rows.day, "log": -np.log1p(-chance)}
    )
    log = Totals(logs, ("log",)).between(
        "log", rows.customer[row], rows.day[row] + 1, day
    )
    # on the day of joining itself nothing has changed yet
    counts = (day <= rows.joined_day[row]) * np.exp(np.minimum(log, MOST_LOG))
    return np.where(rows.joined[row], 1.0, counts)
