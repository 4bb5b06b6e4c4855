"""What a campaign earns that is learnt from an earlier one, against simple rules.

Customers are simulated, so every list has a true profit: the sum of true expected
effects less true expected costs. Lists within the same budgets: ours, the fair bound
(what features can know: the best that is learnt from the effects of 300,000 other
customers, in closed form over what their traits may make of them), the oracle (who
knows each customer's own effect), value if kept first with the offer of the best
average effect, value at risk first, highest risk first, random, and nobody. Then a null
world, where nobody should be sent anything, and Karlan and List's mailing, whose
ranking nobody should claim once its draw is reshuffled.

    python benchmarks/campaigns.py --seeds 2 --sizes 5000 20000 40000
    python benchmarks/campaigns.py --karlan karlan_list.parquet --reshuffles 200
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import lightgbm
import numpy as np
import pandas as pd

from campaign_worlds import OFFERS, PER_CONTACT, WORLDS, People, people
from regulars.campaigns import Experiment, Problem, Untouched, allocate, learn_uplift
from regulars.campaigns.baseline import Baseline
from regulars.campaigns.uplift import RANKING_P, ranking_p
from regulars.metrics import policy_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from regulars.campaigns import LearnedUplift

    Floats = NDArray[np.float64]

N_TARGET, N_UNTOUCHED, N_BOUND = 50_000, 60_000, 300_000
BUDGETS = (6_000.0, 15_000.0)
SHARES = np.array([0.3, *[0.7 / 3] * 3])
FIRST_SEED = 1_000


def main() -> None:
    """Run what was asked for."""
    asked = _arguments()
    if asked.karlan is not None:
        _karlan(asked.karlan, asked.reshuffles)
        return
    for name in asked.worlds:
        print(f"\n## {name}\n", flush=True)
        seeds = range(asked.first, asked.first + asked.seeds)
        rows = [row for seed in seeds for row in _trial(name, seed, asked)]
        print(_page(pd.DataFrame(rows)), flush=True)
    if asked.nulls:
        _nulls(asked.nulls, asked.sizes[len(asked.sizes) // 2])


class Row(NamedTuple):
    """A list's true profit, as a share of the fair bound's."""

    size: int
    list: str
    share: float
    qini: float | None = None


@dataclass(frozen=True, eq=False)
class Bound:
    """Effects and costs as far as features can know them, learnt without noise."""

    effects: list[lightgbm.LGBMRegressor]
    costs: list[lightgbm.LGBMRegressor]

    @classmethod
    def of(cls, name: str) -> Bound:
        """Learn from other customers of a world."""
        others = people(N_BOUND, np.random.default_rng(9_999), WORLDS[name])

        def fitted(values: Floats) -> list[lightgbm.LGBMRegressor]:
            return [_regressor().fit(others.features, each) for each in values.T]

        # who drew which kind is noise to any policy: a bound learnt from it is too low
        return cls(fitted(others.effect_of_traits), fitted(others.cost_of_traits))

    def of_customers(self, features: Floats) -> tuple[Floats, Floats]:
        """Return effects and costs of customers."""
        effects, costs = (
            np.column_stack([model.predict(features) for model in models])
            for models in (self.effects, self.costs)
        )
        # no offer costs less than to send it
        return effects, np.maximum(costs, PER_CONTACT)


def _regressor() -> lightgbm.LGBMRegressor:
    return lightgbm.LGBMRegressor(
        n_estimators=300,
        num_leaves=31,
        min_child_samples=100,
        learning_rate=0.06,
        subsample=0.7,
        subsample_freq=1,
        colsample_bytree=0.7,
        verbose=-1,
    )


@cache
def _bound(name: str) -> Bound:
    return Bound.of(name)


def _trial(name: str, seed: int, asked: argparse.Namespace) -> Iterator[Row]:
    bound = _bound(name)
    rng = np.random.default_rng(FIRST_SEED + seed)
    world = WORLDS[name]
    untouched = _untouched(rng, name)
    past = people(max(asked.sizes), rng, world)
    arm = rng.choice(len(SHARES), max(asked.sizes), p=SHARES)
    margin, kept, cost = past.outcomes(arm, rng)
    target = people(N_TARGET, rng, world)
    fair, fair_cost = bound.of_customers(target.features)
    best_qini = _qini(fair, target)
    for size in asked.sizes:
        rows = slice(0, size)
        experiment = _experiment(
            past.features[rows], arm[rows], margin[rows], kept[rows]
        )
        costs = np.array([cost[rows][arm[rows] == each].mean() for each in (1, 2, 3)])
        began = time.perf_counter()
        learnt = learn_uplift(
            [experiment],
            untouched,
            cost=costs,
            budget=BUDGETS[-1] / N_TARGET,
            seed=seed,
        )
        seconds = time.perf_counter() - began
        effects = learnt.effects(target.features)
        print(
            f"{name} {seed} {size}: {learnt.learner}, {learnt.verdict.kind} "
            f"(z {learnt.verdict.value.z:.1f}), ranking p {learnt.ranking_p:.3f}, "
            f"{seconds:.0f} s",
            flush=True,
        )
        qini = _qini(effects, target) / best_qini
        for budget in BUDGETS:
            of_bound = _sent(fair, fair_cost, budget, target)
            flat = np.tile(costs, (N_TARGET, 1))
            lists = {
                "regulars": _sent(effects, flat, budget, target),
                "regulars, by its verdict": _sent(effects, flat, budget, target)
                if learnt.verdict.kind != "none"
                else 0.0,
                "nobody": 0.0,
                "oracle": _sent(target.effect, target.cost, budget, target),
                **_rules(learnt, target, costs, budget, rng),
            }
            for which, profit in lists.items():
                own = qini if which == "regulars" else None
                yield Row(size, which, profit / of_bound, own)


def _rules(
    learnt: LearnedUplift,
    target: People,
    costs: Floats,
    budget: float,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Return the profit of simple rules with the offer of the best average effect."""
    value = learnt.baseline.value(target.features)
    risk = 1.0 - learnt.baseline.kept(target.features)
    best = int((learnt.mean_effect * value.mean() - costs).argmax())
    n_sent = int(budget / costs[best])
    scores = {
        "value if kept first": value,
        "value at risk first": risk * value,
        "highest risk first": risk,
        "random": rng.random(len(value)),
    }
    profits = {}
    for name, score in scores.items():
        choice = np.full(len(value), -1)
        choice[np.argsort(-score)[:n_sent]] = best
        profits[name] = target.profit(choice)
    return profits


def _sent(effects: Floats, cost: Floats, budget: float, target: People) -> float:
    allowed = np.ones(effects.shape, bool)
    return target.profit(allocate(Problem(effects, cost, allowed, budget)).choice)


def _qini(effects: Floats, target: People) -> float:
    """Return the area between the true gain of a ranking and chance, over offers."""
    total = 0.0
    for score, truth in zip(effects.T, target.effect.T, strict=True):
        gain = np.cumsum(truth[np.argsort(-score)]) / len(truth)
        total += gain.mean() - gain[-1] / 2
    return total


def _untouched(rng: np.random.Generator, name: str) -> Untouched:
    others = people(N_UNTOUCHED, rng, WORLDS[name])
    margin, kept, _ = others.outcomes(np.zeros(N_UNTOUCHED, np.int64), rng)
    return Untouched(others.features, margin, kept)


def _experiment(
    features: Floats, arm: NDArray[np.int64], margin: Floats, kept: NDArray[np.bool_]
) -> Experiment:
    shares = np.tile(SHARES, (len(arm), 1))
    return Experiment(OFFERS, features, arm, shares, margin, kept)


def _page(rows: pd.DataFrame) -> str:
    """Return a table: lists by size of the past campaign, mean and range."""
    lines = [
        "| share of the fair bound's profit | "
        + " | ".join(f"{size:,}" for size in sorted(rows["size"].unique()))
        + " |"
    ]
    lines.append("|---|" + "---|" * rows["size"].nunique())

    def line(name: str, values: pd.Series) -> str:
        cells = [
            f"{own.mean():.2f} ({own.min():.2f} to {own.max():.2f})"
            for _, own in values.groupby(rows.loc[values.index, "size"])
        ]
        return f"| {name} | " + " | ".join(cells) + " |"

    for name, own in rows.groupby("list", sort=False):
        lines.append(line(str(name), own["share"]))
    lines.append(line("Qini, regulars", rows["qini"].dropna()))
    return "\n".join(lines)


def _nulls(n_trials: int, size: int) -> None:
    """Print how often anything is sent where no offer does anything."""
    kinds, ranked = [], 0
    for seed in range(n_trials):
        rng = np.random.default_rng(5_000 + seed)
        untouched = _untouched(rng, "null")
        past = people(size, rng, WORLDS["null"])
        arm = rng.choice(len(SHARES), size, p=SHARES)
        margin, kept, cost = past.outcomes(arm, rng)
        learnt = learn_uplift(
            [_experiment(past.features, arm, margin, kept)],
            untouched,
            cost=[cost[arm == each].mean() for each in (1, 2, 3)],
            budget=BUDGETS[-1] / N_TARGET,
            seed=seed,
        )
        kinds.append(learnt.verdict.kind)
        ranked += learnt.ranking_holds
    told = ", ".join(f"{kind} {kinds.count(kind)}" for kind in sorted({*kinds}))
    print(f"\nNull world, {n_trials} campaigns of {size:,}: {told}; ranked {ranked}")


def _karlan(path: Path, n_times: int) -> None:
    """Print the effect of a real mailing, and how often reshuffled draws rank."""
    data = pd.read_parquet(path).replace(-999, np.nan)
    # one customer's amount is missing
    data = data.dropna(subset=["out_amountgive"])
    arm = data["treatment"].to_numpy(int)
    apart = [name for name in data if name.startswith(("out_", "treat", "stateresp"))]
    known = data.drop(columns=apart).select_dtypes("number")
    features = known.to_numpy(float)
    amount = data["out_amountgive"].to_numpy(float)
    # half of the control group teach what is given without a match
    rng = np.random.default_rng(FIRST_SEED)
    is_taught = (arm == 0) & (rng.random(len(arm)) < 0.5)
    untouched = Untouched(features[is_taught], amount[is_taught], amount[is_taught] > 0)
    baseline = Baseline.fit(untouched)
    rest = np.flatnonzero(~is_taught)
    _effects(arm, amount > 0, baseline.kept(features), rest)

    def campaign(drawn: NDArray[np.int64]) -> Experiment:
        share = float(drawn.mean())
        shares = np.tile([1 - share, share], (len(drawn), 1))
        y = amount[rest]
        return Experiment(("match",), features[rest], drawn, shares, y, y > 0)

    p = ranking_p(campaign(arm[rest]), baseline)
    print(f"Ranking as drawn: p {p:.3f}", flush=True)
    found = []
    for number in range(n_times):
        drawn = rng.permutation(arm[rest])
        found.append(ranking_p(campaign(drawn), baseline, number))
        if number % 20 == 19:
            claims = float((np.array(found) < RANKING_P).mean())
            print(f"{len(found)} reshuffles: a ranking in {claims:.1%}", flush=True)


def _effects(
    arm: NDArray[np.int64],
    gave: NDArray[np.bool_],
    forecast: Floats,
    rest: NDArray[np.int64],
) -> None:
    """Print the effect on the share who give: plain, and less a forecast."""
    share = [float(gave[arm == each].mean()) for each in (0, 1)]
    error = np.sqrt(
        sum(gave[arm == each].var() / (arm == each).sum() for each in (0, 1))
    )
    print(
        f"Giving: control {share[0]:.2%}, mailed {share[1]:.2%}; "
        f"difference {share[1] - share[0]:.2%} (standard error {error:.2%})"
    )
    chance = float(arm[rest].mean())
    adjusted = policy_value(
        y=gave[rest] - forecast[rest],
        arm=arm[rest],
        shares=np.tile([1 - chance, chance], (len(rest), 1)),
        choice=np.ones(len(rest), np.int64),
    )
    print(
        f"Less the forecast, of {len(rest):,}: {adjusted.value / len(rest):.2%} "
        f"(standard error {adjusted.standard_error / len(rest):.2%})"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", nargs="*", default=["strong", "realistic"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--sizes", type=int, nargs="+", default=[5_000, 20_000, 40_000])
    parser.add_argument("--nulls", type=int, default=0, help="null campaigns to try")
    parser.add_argument("--karlan", type=Path, help="file of Karlan and List's mailing")
    parser.add_argument("--reshuffles", type=int, default=200)
    return parser.parse_args()


if __name__ == "__main__":
    main()
