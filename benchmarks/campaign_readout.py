"""Whether a readout's intervals hold, and whether it sees what its design promised.

Experiments are drawn out of a pool of customers whose purchases with and without the
offer are both known, so that the truth is exact: margins with heavy tails, a control
group exact within strata, one look at the end or twelve weekly ones. Then a real field
experiment with a weak effect, as it was and with its groups drawn anew.

    python benchmarks/campaign_readout.py --experiments 1000 --customers 10000
    python benchmarks/campaign_readout.py --karlan karlan_list.parquet --reshuffles 200
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import kurtosis, norm

from regulars.campaigns.adjusted import lin, plain, stratified
from regulars.campaigns.looks import Look
from regulars.campaigns.measured import (
    Sample,
    covariates_of,
    estimate,
    ranking_held,
    ratios,
)
from regulars.campaigns.verdict import proven_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from regulars.results.readout import Estimate

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]

WEEKS, RATE, POWER = 12, 0.3, 0.8
MISSING = -999
ONCE = Look(84, 84, 1)
WEEKLY = [Look(7 * week, 84, WEEKS) for week in range(1, WEEKS + 1)]


@dataclass(frozen=True)
class Pool:
    """Customers with what each does week by week without and with the offer."""

    rows: pd.DataFrame
    margin: tuple[Floats, Floats]  # up to each week, before cost
    kept: tuple[Floats, Floats]
    cost: Floats  # up to each week, of the offer

    def __len__(self) -> int:
        return len(self.rows)


def pool_of(n: int, rng: np.random.Generator, spread: float) -> Pool:
    """Draw customers: a few buy a lot, some are won by the offer, some put off."""
    rate, size = rng.gamma(0.5, 0.3, n), np.exp(rng.normal(3.0, 0.9, n))
    kind = rng.choice([0, 1, -1], n, p=[0.8, 0.15, 0.05])
    before, spent_before = _purchases(12 * rate, size, spread, rng)
    # what shrinks towards the mean of all, as a model of the past would
    expected = (before + 1) / (12 + 1 / 0.15) * 12
    expected_spend = expected * (spent_before + 60) / (before + 2)
    margins, kept = [np.zeros(n), np.zeros(n)], [np.zeros(n), np.zeros(n)]
    weeks: dict[str, list[Floats]] = {"m0": [], "m1": [], "k0": [], "k1": [], "c": []}
    cost = np.full(n, 0.3)
    takes = rng.random(n) < 0.3
    for _ in range(WEEKS):
        base = np.where(kind < 0, 0.5, 1.0) * rate
        common = _purchases(base, size, spread, rng)
        lost = _purchases(np.where(kind < 0, 0.5 * rate, 0.0), size, spread, rng)
        won = _purchases(np.where(kind > 0, 0.6 * rate + 0.03, 0.0), size, spread, rng)
        for arm, more in enumerate((lost, won)):
            margins[arm] = margins[arm] + RATE * (common[1] + more[1])
            kept[arm] = np.maximum(kept[arm], common[0] + more[0] > 0)
        cost = np.where(takes & (kept[1] > 0), 2.3, cost)
        for name, values in zip(weeks, (*margins, *kept, cost), strict=True):
            weeks[name].append(values.astype(np.float64))
    stacked = {name: np.column_stack(values) for name, values in weeks.items()}
    return Pool(
        _rows(expected_spend, expected),
        (stacked["m0"], stacked["m1"]),
        (stacked["k0"], stacked["k1"]),
        stacked["c"],
    )


def _purchases(
    rate: Floats, size: Floats, spread: float, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return orders and what they came to, each order with a heavy tail of its own."""
    orders = rng.poisson(rate)
    who = np.repeat(np.arange(len(rate)), orders)
    amounts = size[who] * np.exp(spread * rng.normal(size=len(who)) - spread**2 / 2)
    return orders.astype(float), np.bincount(who, amounts, minlength=len(rate))


def _rows(expected_spend: Floats, expected_orders: Floats) -> pd.DataFrame:
    silent = np.exp(-expected_orders)
    tenth = pd.qcut(expected_spend, 10, labels=False, duplicates="drop")
    gain = 0.05 * RATE * expected_spend
    return pd.DataFrame(
        {
            "expected_spend": expected_spend,
            "churn_probability": silent,
            "clv_if_kept": RATE * expected_spend,
            "value_at_risk": RATE * expected_spend * silent,
            "stratum": tenth.astype(str),
            "expected_gain": gain,
            "expected_cost": 0.5,
        }
    )


def drawn_roles(
    stratum: NDArray[np.object_], control: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return who is sent the offer: the control group is exact within strata."""
    order = rng.permutation(len(stratum))
    rank = pd.Series(order).groupby(stratum).rank(method="first").to_numpy() - 1
    size = pd.Series(order).groupby(stratum).transform("size").to_numpy()
    return np.asarray(rank >= np.round(control * size))


def experiments(
    pool: Pool, n: int, control: float, count: int, seed: int
) -> Iterator[tuple[Ints, NDArray[np.bool_], Sample]]:
    """Yield customers drawn out of the pool, their groups, and the final sample."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        who = rng.integers(0, len(pool), n)
        rows = pool.rows.iloc[who].reset_index(drop=True)
        treated = drawn_roles(rows["stratum"].to_numpy(object), control, rng)
        rows["role"] = np.where(treated, "offer", "control")
        rows["p_offer"] = 1 - control
        rows["part"] = "best"
        yield who, treated, Sample(rows, outcome_at(pool, who, treated, -1), ONCE)


def outcome_at(
    pool: Pool, who: Ints, treated: NDArray[np.bool_], week: int
) -> dict[str, Floats]:
    """Return what customers did up to a week."""

    def seen(pair: tuple[Floats, Floats]) -> Floats:
        return np.where(treated, pair[1][who, week], pair[0][who, week])

    gain, cost = seen(pool.margin), np.where(treated, pool.cost[who, week], 0.0)
    return {
        "retention": seen(pool.kept),
        "gain": gain,
        "margin": gain - cost,
        "cost": cost,
    }


def truth(pool: Pool) -> dict[str, Floats]:
    """Return the true effects up to each week."""
    kept = (pool.kept[1] - pool.kept[0]).mean(axis=0)
    gain = (pool.margin[1] - pool.margin[0]).mean(axis=0)
    cost = pool.cost.mean(axis=0)
    return {
        "retention": kept,
        "margin": gain - cost,
        "roi": (gain - cost) / cost,
        "cost per kept": cost / kept,
    }


class Cover:
    """How often intervals hold the truth, and on which side they miss it."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}

    def add(self, name: str, found: Estimate | None, true: float) -> None:
        """Count one interval; one without ends is counted apart."""
        kind = "none"
        if found is not None and found.low is not None and found.high is not None:
            kind = "covered"
            if true < found.low:
                kind = "too high"
            elif true > found.high:
                kind = "too low"
        self.counts.setdefault(name, Counter())[kind] += 1

    def tell(self) -> None:
        """Print a line a figure."""
        for name, each in self.counts.items():
            n = sum(each.values()) - each["none"]
            if not n:
                print(f"  {name:32s} no interval in {each['none']}")
                continue
            print(
                f"  {name:32s} covered {each['covered'] / n:.3f} (too high "
                f"{each['too high'] / n:.3f}, too low {each['too low'] / n:.3f}) of "
                f"{n} with an interval, {each['none']} without"
            )


def one_look(pool: Pool, n: int, control: float, count: int) -> None:
    """Print coverage at a fixed look, and power against what the design promises."""
    true, cover = truth(pool), Cover()
    promised = _promised(pool, n, control, ONCE)
    seen: Counter[str] = Counter()
    rng = np.random.default_rng(99)
    for who, treated, sample in experiments(pool, n, control, count, 1):
        trial = sample.trial
        for name in ("retention", "margin"):
            y, at = sample.outcome[name], true[name][-1]
            for method in (lin, stratified, plain):
                label = f"{name}, {method.__name__}"
                cover.add(label, estimate(method(trial, y), ONCE.multiplier), at)
        roi, per_kept = ratios(sample)
        cover.add("roi", roi, true["roi"][-1])
        cover.add("cost per kept", per_kept, true["cost per kept"][-1])
        for name, y in _as_promised(pool, who, treated, promised, rng).items():
            seen[name] += lin(trial, y).interval(ONCE.multiplier)[0] > 0
    cover.tell()
    for name, effect in promised.items():
        print(
            f"  power of {name}: {seen[name] / count:.3f} where the design promises "
            f"{POWER:.2f} for an effect of {effect:.4f}"
        )


def _promised(pool: Pool, n: int, control: float, look: Look) -> dict[str, float]:
    """Return the effects that a design promises to see, from a past without offer."""
    pilot = np.random.default_rng(5).integers(0, len(pool), 20_000)
    x = covariates_of(pool.rows.iloc[pilot])
    x = np.column_stack([np.ones(len(x)), x])
    wide = look.multiplier + norm.ppf(POWER)
    effects = {}
    for name, values in (("retention", pool.kept[0]), ("margin", pool.margin[0])):
        y = values[pilot, -1]
        left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
        more, p = 0.0, float(y.mean())
        for _ in range(5):
            of_offer = (left.var() + more) / (n * (1 - control))
            effect = wide * float(np.sqrt(left.var() / (n * control) + of_offer))
            # a share nearer to a half varies more
            if name == "retention":
                more = (p + effect) * (1 - p - effect) - p * (1 - p)
        effects[name] = effect
    return effects


def _as_promised(
    pool: Pool,
    who: Ints,
    treated: NDArray[np.bool_],
    promised: dict[str, float],
    rng: np.random.Generator,
) -> dict[str, Floats]:
    """Return outcomes with exactly the effect that a design promises to see."""
    kept, silent = pool.kept[0][who, -1], 1 - pool.kept[0][:, -1].mean()
    won = treated & (rng.random(len(who)) < promised["retention"] / silent)
    return {
        "retention": np.where(won, 1.0, kept),
        "margin": pool.margin[0][who, -1] + promised["margin"] * treated,
    }


def weekly_looks(pool: Pool, n: int, control: float, count: int) -> None:
    """Print how often intervals hold at all of twelve weekly looks, and the power."""
    true = truth(pool)
    promised = _promised(pool, n, control, WEEKLY[-1])
    held: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for who, treated, sample in experiments(pool, n, control, count, 2):
        trial = sample.trial
        ok, found = dict.fromkeys(true, True), dict.fromkeys(promised, False)
        naive = dict.fromkeys(promised, True)
        for week, look in enumerate(WEEKLY):
            outcome = outcome_at(pool, who, treated, week)
            for name in promised:
                effect, at = lin(trial, outcome[name]), true[name][week]
                off = abs(effect.value - at) / effect.error
                ok[name] &= bool(off <= look.multiplier)
                naive[name] &= bool(off <= ONCE.multiplier)
                # the promised effect builds up week by week
                more = promised[name] * (week + 1) / WEEKS
                z = (effect.value - at + more) / effect.error
                found[name] |= bool(z > look.multiplier)
        for name in promised:
            held[name] += ok[name]
            held[f"{name}, naive"] += naive[name]
            seen[name] += found[name]
    for name in promised:
        print(
            f"  {name}: covered at all looks {held[name] / count:.3f} (with 1.96: "
            f"{held[f'{name}, naive'] / count:.3f}), power at any look "
            f"{seen[name] / count:.3f} where {POWER:.2f} is promised"
        )


def karlan(path: Path, reshuffles: int) -> None:
    """Print the readout of Karlan and List, and claims with groups drawn anew."""
    table = pd.read_parquet(path)
    past = table[["hpa", "mrm2", "freq", "years"]].astype(float)
    past = past.where(past > MISSING)
    gift = past["hpa"].to_numpy()
    treated = table["treatment"].to_numpy() == 1
    rows = pd.DataFrame(
        {
            "expected_spend": gift,
            # in the places of the figures that a campaign of ours has
            "churn_probability": past["mrm2"],
            "clv_if_kept": past["freq"],
            "value_at_risk": past["years"],
            "stratum": "all",
            "p_offer": treated.mean(),
            "part": "best",
            "role": np.where(treated, "offer", "control"),
            # the ranking to be tested: those who gave more before are expected more of
            "expected_gain": np.nan_to_num(gift),
            "expected_cost": 0.0,
        }
    )
    gave = table["out_gavedum"].to_numpy(float)
    amount = table["out_amountgive"].fillna(0.0).to_numpy(float)
    outcome = {"retention": gave, "margin": amount, "cost": np.zeros(len(rows))}
    sample = Sample(rows, outcome, ONCE)
    print(
        f"  gave: {gave[~treated].mean():.4%} without, {gave[treated].mean():.4%} with"
    )
    for method in (plain, lin):
        for name in ("retention", "margin"):
            found = estimate(method(sample.trial, outcome[name]), ONCE.multiplier)
            print(
                f"  {name}, {method.__name__}: {found.value:+.5f} ({found.low:+.5f} to "
                f"{found.high:+.5f})"
            )
    claims: Counter[str] = Counter()
    rng = np.random.default_rng(0)
    for _ in range(reshuffles):
        rows["role"] = rng.permutation(rows["role"].to_numpy())
        anew = Sample(rows.copy(), outcome, ONCE)
        kept, margin = (
            estimate(anew.effect(name), ONCE.multiplier)
            for name in ("retention", "margin")
        )
        claims[proven_kind(kept, margin) or "nothing"] += 1
        ranking = ranking_held(anew)
        claims[f"ranking {ranking.verdict if ranking else 'none'}"] += 1
    some = sum(n for name, n in claims.items() if name in ("pays", "keeps", "harm"))
    print(f"  {reshuffles} reshuffles: {dict(claims)}; {some / reshuffles:.1%} claim")


def main() -> None:
    """Parse, draw, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=1_000)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--control", type=float, default=0.3)
    parser.add_argument("--spread", type=float, default=1.0)
    parser.add_argument("--pool", type=int, default=200_000)
    parser.add_argument("--karlan", type=Path)
    parser.add_argument("--reshuffles", type=int, default=200)
    asked = parser.parse_args()
    begun = time.time()
    if asked.karlan:
        karlan(asked.karlan, asked.reshuffles)
        print(f"{time.time() - begun:.0f} s")
        return
    pool = pool_of(asked.pool, np.random.default_rng(0), asked.spread)
    final = {name: round(float(v[-1]), 4) for name, v in truth(pool).items()}
    print(
        f"{asked.customers:,} customers, {asked.control:.0%} control; margin "
        f"{pool.margin[0][:, -1].mean():.2f}, sd {pool.margin[0][:, -1].std():.2f}, "
        f"kurtosis {kurtosis(pool.margin[0][:, -1]):.0f}; true effects {final}"
    )
    shape = (asked.customers, asked.control, asked.experiments)
    print(f"One look, {asked.experiments} experiments:")
    one_look(pool, *shape)
    print(f"Twelve weekly looks, {asked.experiments} experiments:", flush=True)
    weekly_looks(pool, *shape)
    print(f"{time.time() - begun:.0f} s")


if __name__ == "__main__":
    main()
