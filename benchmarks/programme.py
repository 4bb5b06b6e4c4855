"""Whether the interval of what a programme brings holds the truth, in simulated shops.

Customers buy at their own rate until they leave for good; at each purchase they may
join, the likelier the more they have bought. A member buys at `ON_RATE` times the rate
and leaves with `ON_LEAVING` times the chance. The truth is the mean of what the members
of the run are expected to do in the days followed, less what the same would without the
programme. ``--runs 100``: the full benchmark.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from regulars.data.ledger import build_ledger
from regulars.kpis import KpiData, Span
from regulars.kpis.programme_effect import programme_effect

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FIRST = date(2023, 1, 1)
N_DAYS, FOLLOW = 730, 90
ON_RATE, ON_LEAVING = 1.3, 0.8
MEAN_ORDER = 40.0
OUTCOMES = ("bought", "orders", "spend")


@dataclass(frozen=True)
class Shop:
    """What a run's systems know, and what is true."""

    data: KpiData
    truth: dict[str, float]


def simulate(
    seed: int, n_customers: int = 2_500, on_rate: float = ON_RATE, at_till: float = 1.0
) -> Shop:
    """Simulate a shop; `at_till` is the share of joining that follows a purchase."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.5, 1 / 60, n_customers)
    leaving = rng.beta(1.0, 250.0, n_customers)
    begins = rng.integers(0, 500, n_customers)
    joined = np.full(n_customers, N_DAYS * 10)
    n, alive = np.zeros(n_customers), np.ones(n_customers, bool)
    lines = []
    for day in range(N_DAYS):
        is_member = joined < day
        alive &= rng.random(n_customers) >= leaving * np.where(is_member, ON_LEAVING, 1)
        chance = -np.expm1(-rate * np.where(is_member, on_rate, 1.0))
        buys = alive & (rng.random(n_customers) < chance) & (begins < day)
        buys |= begins == day
        n += buys
        odds = 0.01 * n
        wish = odds / (1 + odds)
        tempted = buys if rng.random() < at_till else alive & (n > 0)
        joins = tempted & (joined > N_DAYS) & (rng.random(n_customers) < wish)
        joined[joins] = day
        who = np.flatnonzero(buys)
        lines.append(np.column_stack([who, np.full(len(who), day)]))
    log = pd.DataFrame(np.concatenate(lines), columns=["customer", "day"])
    data = _data(log, joined, rng)
    # those whose days are over, who had bought before, as the comparison has them
    counted = (joined >= 90) & (joined < N_DAYS - FOLLOW) & (begins < joined)
    return Shop(data, _truth(rate[counted], leaving[counted], on_rate))


def _truth(rate: Floats, leaving: Floats, on_rate: float) -> dict[str, float]:
    """Return what membership adds in the days followed, in expectation."""
    mine = _expected(rate * on_rate, leaving * ON_LEAVING)
    others = _expected(rate, leaving)
    return {name: float((mine[name] - others[name]).mean()) for name in OUTCOMES}


def _expected(rate: Floats, leaving: Floats) -> dict[str, Floats]:
    buys, stays = -np.expm1(-rate), 1 - leaving
    there, silent, gone = np.ones(len(rate)), np.ones(len(rate)), np.zeros(len(rate))
    orders = np.zeros(len(rate))
    for _ in range(FOLLOW):
        there = there * stays
        orders = orders + there * buys
        gone = gone + silent * leaving
        silent = silent * stays * (1 - buys)
    return {"bought": 1 - silent - gone, "orders": orders, "spend": orders * MEAN_ORDER}


def _data(log: pd.DataFrame, joined: NDArray[np.int64], rng: Any) -> KpiData:
    times = pd.Timestamp(FIRST) + pd.to_timedelta(log["day"], unit="D")
    lines = pd.DataFrame(
        {
            "customer_id": "c" + log["customer"].astype(str),
            "order_time": times.astype("datetime64[us]"),
            "order_date": times.dt.date,
            "amount": rng.gamma(4.0, MEAN_ORDER / 4.0, len(log)).round(2),
            "is_return": False,
        }
    )
    who = np.flatnonzero(joined < N_DAYS)
    days = pd.Timestamp(FIRST) + pd.to_timedelta(joined[who], unit="D")
    postings = pd.DataFrame(
        {
            "customer_id": "c" + pd.Series(who).astype(str),
            "posted_at": pd.Series(days).astype("datetime64[us]"),
            "posted_date": pd.Series(days).dt.date,
            "kind": "tier",
        }
    )
    return KpiData(
        build_ledger(ibis.memtable(lines)),
        FIRST + timedelta(days=N_DAYS),
        tables={"loyalty": ibis.memtable(postings)},
        horizon_days=FOLLOW,
    )


def run(seed: int, **shop: Any) -> pd.DataFrame:
    """Return a row an outcome: the truth, the estimate, and who holds it."""
    made = simulate(seed, **shop)
    effect, why = programme_effect(made.data, Span(FIRST, made.data.cutoff))
    if effect is None:
        raise ValueError(why)
    found = {each["outcome"]: each for each in effect["outcomes"]}
    rows = [
        {
            "outcome": name,
            "truth": made.truth[name],
            "estimate": found[name]["difference"],
            "width": found[name]["high"] - found[name]["low"],
            "naive": found[name]["naive"],
            "holds": found[name]["low"] <= made.truth[name] <= found[name]["high"],
            "naive_holds": found[name]["naive_low"]
            <= made.truth[name]
            <= found[name]["naive_high"],
            "n_joined": effect["n_joined"],
            "joined_later": effect["joined_later_share"],
        }
        for name in OUTCOMES
    ]
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--customers", type=int, default=2_500)
    parser.add_argument("--on-rate", type=float, default=ON_RATE)
    options = parser.parse_args()
    rows = pd.concat(
        run(seed, n_customers=options.customers, on_rate=options.on_rate)
        for seed in range(options.first_seed, options.first_seed + options.runs)
    )
    summary = rows.groupby("outcome", sort=False).mean().round(4)
    spread = rows.groupby("outcome", sort=False)["estimate"].std().round(4)
    print(summary.assign(spread=spread).T.to_string())


if __name__ == "__main__":
    main()
