"""Purchase logs that nobody tuned on: other trades, rhythms, lengths and file forms.

A seed and a size come in, the text of a file goes out, as a shop's system would export
it. Customers buy by renewal processes with their own pace until they stop; a season,
a growing base or a closed door bends time. None of it is the purchase process that the
models assume, and some of it is meant to be trouble.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = NDArray[np.float64]
START = pd.Timestamp("2022-01-03")


@dataclass(frozen=True)
class Log:
    """A log: what it is called, what it is, how many customers, how to write it."""

    name: str
    about: str
    n_customers: int
    write: Callable[[np.random.Generator, int], str]


def visits(
    rng: np.random.Generator,
    n_customers: int,
    days: int,
    *,
    every_days: float,
    spread: float = 0.8,
    regularity: float = 1.0,
    life_days: float = np.inf,
    first_day: ArrayLike | None = None,
    demand: Floats | None = None,
) -> pd.DataFrame:
    """Return one row a purchase: ``customer`` (from 0) and ``day`` (with a fraction).

    Gaps are gamma of shape `regularity` around a pace of the customer's own
    (log-normal with `spread`), a life is exponential, and where `demand` (one figure a
    day, mean about 1) is given, time runs fast where it is high.
    """
    clock = np.concatenate(
        [[0.0], np.cumsum(np.ones(days) if demand is None else demand)]
    )
    pace = every_days * np.exp(rng.normal(-(spread**2) / 2, spread, n_customers))
    pace = np.maximum(pace, 0.5)
    if first_day is None:
        first_day = rng.uniform(0, days * 0.7, n_customers)
    first = np.interp(first_day, np.arange(days + 1), clock)
    most = int(min(np.ceil(clock[-1] / pace.min()) + 5, 1500))
    gaps = rng.gamma(regularity, 1 / regularity, (n_customers, most)) * pace[:, None]
    gaps[:, 0] = 0
    times = first[:, None] + np.cumsum(gaps, axis=1)
    end = np.minimum(first + rng.exponential(1, n_customers) * life_days, clock[-1])
    if np.isinf(life_days):
        end = np.full(n_customers, clock[-1])
    customer, position = np.nonzero((times <= end[:, None]) & (times < clock[-1]))
    day = np.interp(times[customer, position], clock, np.arange(days + 1))
    return pd.DataFrame({"customer": customer, "day": np.minimum(day, days - 1e-6)})


def spend(
    rng: np.random.Generator,
    log: pd.DataFrame,
    *,
    typical: float,
    between: float = 0.6,
    within: float = 0.5,
) -> Floats:
    """Return an amount a purchase, log-normal about the customer's own level."""
    own = rng.normal(np.log(typical), between, int(log["customer"].max()) + 1)
    noise = rng.normal(0, within, len(log))
    amount: Floats = np.exp(own[log["customer"]] + noise).round(2)
    return amount


def season(days: int, strength: float, *, peak_day: int = 130) -> Floats:
    """Return demand by day of a year with one high season; the mean is 1."""
    angle = 2 * np.pi * (np.arange(days) - peak_day) / 365.25
    demand: Floats = np.exp(strength * np.cos(angle))
    return demand / demand.mean()


def _on(log: pd.DataFrame) -> pd.Series:
    return START + pd.to_timedelta(log["day"], unit="D")


def _csv(frame: pd.DataFrame, **options: object) -> str:
    return frame.to_csv(index=False, **options)


def wholesale(rng: np.random.Generator, n_customers: int) -> str:
    """Write a wholesaler's: steady orders, unequal amounts, credit notes."""
    log = visits(
        rng, n_customers, 730, every_days=18, spread=0.7, regularity=4, life_days=700
    )
    log = log.sort_values("day", ignore_index=True)
    amount = spend(rng, log, typical=900, between=1.4, within=0.8)
    frame = pd.DataFrame(
        {
            "Customer No.": (log["customer"] + 17).astype(str).str.zfill(6),
            "Invoice date": _on(log).dt.strftime("%d.%m.%Y"),
            "Invoice no.": 500_000 + np.arange(len(log)),
            "Net amount": amount,
        }
    )
    notes = frame.sample(frac=0.06, random_state=1)
    back = (notes["Net amount"] * rng.uniform(0.1, 1, len(notes))).round(2)
    numbers = 900_000 + np.arange(len(notes))
    notes = notes.assign(**{"Net amount": -back, "Invoice no.": numbers})
    return _csv(pd.concat([frame, notes]), sep=";", decimal=",")


def coffee(rng: np.random.Generator, n_customers: int) -> str:
    """Write four months of a coffee shop: daily rhythm, times with an offset."""
    weekday = np.array([1.2, 1.2, 1.2, 1.2, 1.3, 0.6, 0.3])
    log = visits(
        rng,
        n_customers,
        120,
        every_days=9,
        spread=1.0,
        regularity=1.5,
        life_days=60,
        demand=np.tile(weekday, 18)[:120],
        first_day=rng.uniform(-60, 110, n_customers).clip(0),
    )
    when = _on(log).dt.floor("s").dt.strftime("%Y-%m-%dT%H:%M:%S") + "+01:00"
    amount = spend(rng, log, typical=4.2, between=0.3, within=0.4)
    card = log["customer"].map(lambda number: f"card-{number:05d}")
    return _csv(pd.DataFrame({"card_id": card, "timestamp": when, "total": amount}))


def garden_centre(rng: np.random.Generator, n_customers: int) -> str:
    """Write five years of a garden centre: a strong season every spring."""
    days = 5 * 365
    log = visits(
        rng,
        n_customers,
        days,
        every_days=80,
        regularity=1.2,
        life_days=900,
        demand=season(days, 1.3),
    )
    amount = spend(rng, log, typical=45)
    member = log["customer"] + 1
    when = _on(log).dt.strftime("%Y-%m-%d")
    return _csv(pd.DataFrame({"member": member, "date": when, "amount": amount}))


def gift_shop(rng: np.random.Generator, n_customers: int) -> str:
    """Write two years of online gifts: invoice lines, cancellations, the anonymous."""
    log = visits(
        rng,
        n_customers,
        730,
        every_days=70,
        spread=1.0,
        life_days=500,
        demand=season(730, 0.5, peak_day=320),
    ).sort_values("day", ignore_index=True)
    invoice = 536_000 + np.arange(len(log))
    lines = rng.geometric(0.25, len(log))
    row = np.repeat(np.arange(len(log)), lines)
    frame = pd.DataFrame(
        {
            "InvoiceNo": invoice[row].astype(str),
            "StockCode": rng.integers(10_000, 10_400, len(row)),
            "Description": "WHITE HANGING HEART",
            "Quantity": rng.geometric(0.2, len(row)),
            "InvoiceDate": _on(log).dt.strftime("%m/%d/%Y %H:%M").to_numpy()[row],
            "UnitPrice": np.exp(rng.normal(0.9, 0.8, len(row))).round(2),
            "CustomerID": (log["customer"].to_numpy()[row] + 12_000).astype(float),
            "Country": "United Kingdom",
        }
    )
    cancelled = frame.sample(frac=0.02, random_state=2)
    cancelled = cancelled.assign(
        InvoiceNo="C" + cancelled["InvoiceNo"], Quantity=-cancelled["Quantity"]
    )
    frame = pd.concat([frame, cancelled], ignore_index=True)
    anonymous = rng.random(len(frame)) < 0.25
    frame.loc[anonymous, "CustomerID"] = np.nan
    return _csv(frame)


def bare(rng: np.random.Generator, n_customers: int) -> str:
    """Write a customer, a day, an amount, and no line of names."""
    log = visits(rng, n_customers, 400, every_days=40, spread=1.0, life_days=250)
    amount = spend(rng, log, typical=30)
    when = _on(log).dt.strftime("%Y%m%d")
    frame = pd.DataFrame({"c": log["customer"] + 1, "d": when, "a": amount})
    return frame.sort_values(["c", "d"]).to_csv(index=False, header=False)


def one_timers(rng: np.random.Generator, n_customers: int) -> str:
    """Write a shop where nine of ten buy once and never again."""
    once = rng.random(n_customers) < 0.9
    log = visits(rng, n_customers, 600, every_days=60, life_days=400)
    first = log.groupby("customer")["day"].transform("min")
    log = log[~once[log["customer"]] | (log["day"] == first)]
    amount = spend(rng, log, typical=55)
    email = log["customer"].map(lambda number: f"u{number}@example.org")
    when = _on(log).dt.strftime("%Y-%m-%d %H:%M:%S")
    return _csv(pd.DataFrame({"email": email, "created_at": when, "revenue": amount}))


def growing(rng: np.random.Generator, n_customers: int) -> str:
    """Write ten times as many new customers at the end, and a rise in prices."""
    share = rng.random(n_customers) < 0.25
    first = np.where(
        share, rng.uniform(0, 420, n_customers), rng.uniform(420, 540, n_customers)
    )
    log = visits(rng, n_customers, 540, every_days=25, life_days=150, first_day=first)
    amount = spend(rng, log, typical=20) * np.where(log["day"] > 430, 1.4, 1.0)
    when = _on(log).dt.strftime("%Y-%m-%d %H:%M:%S")
    return _csv(
        pd.DataFrame(
            {"user_id": log["customer"], "order_date": when, "price": amount.round(2)}
        )
    )


def closed_doors(rng: np.random.Generator, n_customers: int) -> str:
    """Write two years of a shop that was shut for two months in the second."""
    demand = np.ones(730)
    demand[450:510] = 1e-6
    log = visits(
        rng, n_customers, 730, every_days=30, regularity=2, life_days=400, demand=demand
    )
    log = log[(log["day"] < 450) | (log["day"] >= 510)]
    amount = spend(rng, log, typical=25)
    when = _on(log).dt.strftime("%d/%m/%Y")
    return _csv(
        pd.DataFrame({"Client": log["customer"], "Date": when, "Amount": amount})
    )


def boxes(rng: np.random.Generator, n_customers: int) -> str:
    """Write a box every thirty days until it is cancelled, always at one price."""
    log = visits(
        rng, n_customers, 700, every_days=30, spread=0.0, regularity=400, life_days=240
    )
    price = np.array([19.9, 29.9, 39.9])[log["customer"] % 3]
    when = _on(log).dt.strftime("%Y-%m-%d")
    return _csv(pd.DataFrame({"account": log["customer"], "date": when, "paid": price}))


def untidy(rng: np.random.Generator, n_customers: int) -> str:
    """Write zero amounts, lines twice, ids with leading zeros, stray blanks."""
    log = visits(rng, n_customers, 500, every_days=35, life_days=250)
    amount = np.where(rng.random(len(log)) < 0.2, 0.0, spend(rng, log, typical=35))
    frame = pd.DataFrame(
        {
            "customer_no": " " + log["customer"].astype(str).str.zfill(8),
            "order_no": np.arange(len(log)),
            "order_time": _on(log).dt.strftime("%Y-%m-%d %H:%M"),
            "total": amount,
        }
    )
    return _csv(pd.concat([frame, frame.sample(frac=0.1, random_state=3)]))


def one_whale(rng: np.random.Generator, n_customers: int) -> str:
    """Write a shop with one customer who brings half of the revenue."""
    log = visits(rng, n_customers, 600, every_days=40, life_days=300)
    amount = spend(rng, log, typical=40)
    whale = visits(rng, 1, 600, every_days=4, spread=0.0, first_day=[0.0])
    whale["customer"] = n_customers
    paid = np.full(len(whale), amount.sum() / len(whale))
    both = pd.concat([log, whale], ignore_index=True)
    return _csv(
        pd.DataFrame(
            {
                "customer_id": both["customer"],
                "order_date": _on(both).dt.strftime("%Y-%m-%d"),
                "amount": np.concatenate([amount, paid]).round(2),
            }
        )
    )


def canteen(rng: np.random.Generator, n_customers: int) -> str:
    """Write a canteen where everyone eats every day: hardly anyone ever leaves."""
    log = visits(
        rng,
        n_customers,
        200,
        every_days=1.2,
        spread=0.1,
        regularity=5,
        first_day=rng.uniform(0, 60, n_customers),
    )
    when = _on(log).dt.strftime("%Y-%m-%d %H:%M:%S")
    amount = spend(rng, log, typical=6, between=0.1, within=0.2)
    return _csv(
        pd.DataFrame({"customer": log["customer"], "time": when, "value": amount})
    )


def never_again(rng: np.random.Generator, n_customers: int) -> str:
    """Write a wedding shop's: one in three hundred comes back."""
    log = pd.DataFrame(
        {"customer": np.arange(n_customers), "day": rng.uniform(0, 720, n_customers)}
    )
    back = log.sample(frac=1 / 300, random_state=4)
    back = back.assign(day=back["day"] + rng.uniform(5, 200, len(back)))
    log = pd.concat([log, back[back["day"] < 720]], ignore_index=True)
    amount = spend(rng, log, typical=1500)
    when = _on(log).dt.strftime("%Y-%m-%d")
    return _csv(
        pd.DataFrame({"customer": log["customer"], "date": when, "amount": amount})
    )


def tiny(rng: np.random.Generator, n_customers: int) -> str:
    """Write a village shop's with thirty customers."""
    log = visits(rng, n_customers, 365, every_days=20, life_days=300)
    amount = spend(rng, log, typical=15)
    when = _on(log).dt.strftime("%b %d, %Y")
    return _csv(
        pd.DataFrame(
            {
                "customer": log["customer"].map("N{}".format),
                "date": when,
                "amount": amount,
            }
        )
    )


def lost_month(rng: np.random.Generator, n_customers: int) -> str:
    """Write an export that lost the last month; one record came through."""
    log = visits(rng, n_customers, 500, every_days=25, life_days=300)
    log = log[(log["day"] < 465) | (log["day"] == log["day"].max())]
    amount = spend(rng, log, typical=25)
    when = _on(log).dt.strftime("%Y-%m-%d")
    return _csv(
        pd.DataFrame({"customer": log["customer"], "date": when, "amount": amount})
    )


def refunds_only(rng: np.random.Generator, n_customers: int) -> str:
    """Write an export of refunds by mistake: every amount is below zero."""
    log = visits(rng, n_customers, 300, every_days=30, life_days=200)
    amount = -spend(rng, log, typical=25)
    when = _on(log).dt.strftime("%Y-%m-%d")
    return _csv(
        pd.DataFrame({"customer": log["customer"], "date": when, "amount": amount})
    )


LOGS = (
    Log("wholesale", "B2B, two years, credit notes", 300, wholesale),
    Log("coffee", "four months, daily", 3000, coffee),
    Log("garden-centre", "five years, strong season", 2500, garden_centre),
    Log("gift-shop", "two years of invoice lines", 2500, gift_shop),
    Log("bare", "three columns without names", 2000, bare),
    Log("one-timers", "nine of ten buy once", 4000, one_timers),
    Log("growing", "ten times the new customers", 4000, growing),
    Log("closed-doors", "shut for two months", 1500, closed_doors),
    Log("boxes", "constant gaps until they stop", 1500, boxes),
    Log("untidy", "zero amounts, duplicates", 1500, untidy),
    Log("one-whale", "one customer has half", 1500, one_whale),
    Log("canteen", "everyone buys daily", 300, canteen),
    Log("never-again", "one in 300 comes back", 4000, never_again),
    Log("tiny", "thirty customers", 30, tiny),
    Log("lost-month", "last month missing", 1500, lost_month),
    Log("refunds-only", "every amount below zero", 500, refunds_only),
)
