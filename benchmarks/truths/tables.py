"""Figures of a world as Markdown: one table of forecasts, one of money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from truths.judging import Spread, spread, verdict
from truths.policies import OFFERS, TITLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from truths.lives import World

    Runs = Sequence[Mapping[str, float]]

FORECASTS = {
    "churn_rate": "churn rate",
    "log_loss": "log loss",
    "log_loss_process": "log loss of the process alone",
    "log_loss_best": "best possible log loss",
    "behind_better": "behind the better of model and process",
    "behind_best": "behind the best possible",
    "ece": "ECE",
    "ece_by_chance": "ECE by chance alone",
    "spend_total": "spend, expected over what came",
    "spend_total_best": "the same by the true parameters",
    "value_total": "year's value, expected over what came",
    "value_total_best": "the same by the true parameters",
    "cpu_seconds": "processor seconds a run",
}
RULES = {
    "policy": "own list",
    "perfect": "own list if the scores had no error",
    "fair": "best rule that knows the parameters",
    "oracle": "oracle of lives",
    "riskiest_tenth": "riskiest tenth",
    "everyone": "everyone",
    "nobody": "nobody",
    "share_of_fair": "own list over the best rule",
    "expected_share_of_fair": "the same over all lives that the log allows",
    "perfect_share_of_fair": "the same, scores without error",
    "contacted": "contacted by the own list",
    "fair_contacted": "contacted by the best rule",
    "first_tenth_catches": "share of the gain in the list's first tenth",
    "fair_tenth_catches": "the same by the true parameters",
}
MONEY = frozenset(
    ("policy", "perfect", "fair", "oracle", "riskiest_tenth", "everyone", "nobody")
)


def world_page(world: World, n_customers: int, runs: Runs) -> str:
    """Return the tables of a world.

    Parameters
    ----------
    world : World
        What was simulated.
    n_customers : int
        How many in each run.
    runs : sequence of mapping of str to float
        Figures, one mapping a seed.

    Returns
    -------
    str
        Markdown.
    """
    lines = [
        f"### {world.name}: {world.about}",
        f"{n_customers:,} customers, horizon {world.horizon_days} days, seeds: "
        f"{len(runs)}",
        "",
        "| forecast | mean | 95% over seeds | target |",
        "|---|---|---|---|",
        *(_row(runs, key, label) for key, label in FORECASTS.items()),
    ]
    for offer, costs in OFFERS.items():
        lines += [
            "",
            f"True profit a customer where {TITLES[offer]} (contact "
            f"{costs.contact_cost:g}, incentive {costs.incentive_cost:g}, accepted by "
            f"{costs.accept_rate:.0%}):",
            "",
            "| rule | mean | 95% over seeds | target |",
            "|---|---|---|---|",
            *(_row(runs, f"{offer}.{key}", label) for key, label in RULES.items()),
        ]
    return "\n".join(lines)


def _row(runs: Runs, key: str, label: str) -> str:
    found = spread([run[key] for run in runs])
    digits = 4 if "log_loss" in key or "behind" in key or "ece" in key else 3
    if key.rpartition(".")[2] in MONEY:
        digits = 2
    digits = 0 if key == "cpu_seconds" else digits
    return (
        f"| {label} | {_text(found.mean, digits)} | {_interval(found, digits)} | "
        f"{verdict(key, found)} |"
    )


def _interval(found: Spread, digits: int) -> str:
    if np.isnan(found.low):
        return "-"
    return f"{_text(found.low, digits)} to {_text(found.high, digits)}"


def _text(value: float, digits: int) -> str:
    return "-" if np.isnan(value) else f"{value:.{digits}f}"
