"""Purchase-process models beside their rivals: exactness, likelihood, speed, memory.

    python benchmarks/btyd.py                         # two minutes
    python benchmarks/btyd.py --customers 1000000     # the figures of the README
    python benchmarks/btyd.py --lines 100000000       # summary and fit of a big log
    python benchmarks/btyd.py --coverage 400          # do 95% intervals hold the truth

Rivals: lifetimes 0.11.3 (a dependency), clvkit and pymc-marketing's MAP where they can
be imported. Published numbers are asserted at the end: the exit status is 1 if one is
missed. Times are wall clock of this machine, with its load printed beside them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from regulars.clv import (
    BetaGeoBetaBinomModel,
    BetaGeoModel,
    GammaGammaModel,
    ModifiedBetaGeoModel,
    ParetoNBDModel,
    ShiftedBetaGeoModel,
    discounted_clv,
    summary_from_survivors,
)
from regulars.clv.diagnostics import holdout_scores, tracking
from regulars.clv.summary import grouped_summary, summarise
from regulars.datasets.simulate import write_simulation

if TYPE_CHECKING:
    from collections.abc import Callable

CUTOFF = dt.date(1997, 10, 1)
SIMULATED_UNTIL = dt.date(2025, 12, 31)  # 730 days from 2024-01-01
PURCHASE_MODELS = {
    "BG/NBD": BetaGeoModel,
    "MBG/NBD": ModifiedBetaGeoModel,
    "Pareto/NBD": ParetoNBDModel,
}
GOLDEN = {
    "BG/NBD": ({"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}, -9582.429),
    "MBG/NBD": ({"r": 0.5248, "alpha": 6.1831, "a": 0.8914, "b": 1.6140}, None),
    "Pareto/NBD": ({"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, -9595.0),
    "Gamma-Gamma": ({"p": 6.25, "q": 3.74, "v": 15.44}, -4055.92),
    "BG/BB": (
        {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783},
        -33225.6,
    ),
    "sBG high end": ({"alpha": 0.668, "beta": 3.806}, -1611.2),
}
TRACKED = {
    "actual_cumulative": [1359, 1414, 1484, 1517, 1573, 1672],
    "expected_cumulative": [1309, 1385, 1460, 1533, 1604, 1674],
}


class Book:
    """What was measured: printed as it comes, kept for the JSON file."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {}
        self.missed: list[str] = []

    def heading(self, text: str) -> None:
        """Start a section."""
        print(f"\n{text}\n{'-' * len(text)}", flush=True)

    def note(self, name: str, value: Any, text: str) -> None:
        """Note a figure."""
        self.figures[name] = value
        print(f"  {text}", flush=True)

    def require(self, name: str, is_met: bool, text: str) -> None:
        """Note a figure that has a goal."""
        self.note(name, bool(is_met), f"{'ok  ' if is_met else 'MISS'} {text}")
        if not is_met:
            self.missed.append(name)


# -- data ------------------------------------------------------------------------------


def data_file(name: str) -> Path:
    (folder,) = importlib.util.find_spec("lifetimes").submodule_search_locations
    return Path(folder, "datasets", name)


def cdnow_log() -> pd.DataFrame:
    names = ["master_id", "customer_id", "day", "n_cds", "amount"]
    path = data_file("CDNOW_sample.txt")
    log = pd.read_csv(path, sep=r"\s+", header=None, names=names)
    return log.assign(day=pd.to_datetime(log["day"].astype(str)))


def cdnow_summary(log: pd.DataFrame) -> pd.DataFrame:
    """Return the papers' summary: T ends with the last day seen."""
    seen = log[log["day"] < pd.Timestamp(CUTOFF)].rename(columns={"day": "order_date"})
    return summarise(seen, CUTOFF, time_unit_days=7.0, count_last_day=False)


def donations() -> pd.DataFrame:
    columns = {"periods": "T", "weights": "weight"}
    return pd.read_csv(data_file("donations.csv")).rename(columns=columns)


# -- exactness -------------------------------------------------------------------------


def golden(book: Book) -> dict[str, Any]:
    book.heading("Published numbers")
    log = cdnow_log()
    summary = cdnow_summary(log)
    fitted: dict[str, Any] = {
        name: model().fit(summary) for name, model in PURCHASE_MODELS.items()
    }
    fitted["Gamma-Gamma"] = GammaGammaModel().fit(summary)
    fitted["BG/BB"] = BetaGeoBetaBinomModel().fit(donations())
    cohort = summary_from_survivors([1000, 869, 743, 653, 593, 551, 517, 491])
    fitted["sBG high end"] = ShiftedBetaGeoModel().fit(cohort)
    for name, (params, likelihood) in GOLDEN.items():
        model = fitted[name]
        off = max(abs(model.params_[k] - v) for k, v in params.items())
        slack = 6e-3 if name == "Gamma-Gamma" else 6e-4
        near = off < slack and (
            likelihood is None or abs(model.log_likelihood_ - likelihood) < 0.06
        )
        shown = " ".join(f"{k} {v:.4f}" for k, v in model.params_.items())
        text = f"{name}: {shown}, log-likelihood {model.log_likelihood_:.3f}"
        book.require(f"golden {name}", near, text)
    track = tracking(
        fitted["Pareto/NBD"], log, time_unit_days=7, calibration_end=CUTOFF
    ).iloc[19:25]
    found = {name: track[name].round().astype(int).tolist() for name in TRACKED}
    book.require("tracking", found == TRACKED, f"tracking, weeks 20-25: {found}")
    return {"log": log, "summary": summary, "fitted": fitted}


def holdout(book: Book, cdnow: dict[str, Any]) -> None:
    book.heading("CDNOW, 39 weeks after 39 weeks")
    log, summary = cdnow["log"], cdnow["summary"]
    later = log[log["day"] >= pd.Timestamp(CUTOFF)]
    later = later.drop_duplicates(["customer_id", "day"])
    later = later[later["customer_id"].isin(summary.index)]
    made = later.groupby("customer_id").size()
    rivals = {
        name: cdnow["fitted"][name].expected_purchases(summary, 39.0)
        for name in PURCHASE_MODELS
    }
    rivals["naive rate"] = summary["frequency"] / summary["T"] * 39.0
    rivals["predict zero"] = pd.Series(0.0, summary.index)
    scores = {name: holdout_scores(expected, made) for name, expected in rivals.items()}
    for name, score in scores.items():
        book.note(
            f"holdout {name}",
            score,
            f"{name:13s} MAE {score['mae']:.4f}  total {score['total_ratio']:+7.1%}  "
            f"Spearman {score['spearman']:.3f}",
        )
    best = min(PURCHASE_MODELS, key=lambda name: scores[name]["mae"])
    good = scores[best]["mae"] <= 0.7546 and abs(scores[best]["total_ratio"]) <= 0.1155
    book.require("holdout best", good, f"best is {best}: MAE <= .7545, total <= 11.5%")


def agreement(book: Book, cdnow: dict[str, Any]) -> None:
    book.heading("Largest relative difference from lifetimes' predictions, CDNOW")
    summary, fitters = cdnow["summary"], lifetimes_fitters()
    history = [summary[name] for name in ("frequency", "recency", "T")]
    for name in PURCHASE_MODELS:
        theirs = fitters[name]
        theirs.params_ = pd.Series(cdnow["fitted"][name].params_)
        mine = cdnow["fitted"][name]
        with quiet():
            pairs = {
                "expected purchases": (
                    mine.expected_purchases(summary, 26.0),
                    theirs.conditional_expected_number_of_purchases_up_to_time(
                        26.0, *history
                    ),
                ),
                "P(alive)": (
                    mine.probability_alive(summary),
                    theirs.conditional_probability_alive(*history),
                ),
            }
        for what, (ours, other) in pairs.items():
            off = relative_difference(ours, other)
            book.require(f"{name} {what}", off < 1e-6, f"{name} {what}: {off:.1e}")
    mine, theirs = cdnow["fitted"]["Gamma-Gamma"], fitters["Gamma-Gamma"]
    theirs.params_ = pd.Series(mine.params_)
    value = theirs.conditional_expected_average_profit(
        summary["frequency"], summary["monetary_value"]
    )
    off = relative_difference(mine.expected_average_value(summary), value)
    book.require("Gamma-Gamma value", off < 1e-6, f"Gamma-Gamma value: {off:.1e}")


def relative_difference(ours: pd.Series, other: Any) -> float:
    other = np.asarray(other, dtype=np.float64)
    known = np.isfinite(other)
    difference = np.abs(ours.to_numpy()[known] - other[known])
    return float(np.max(difference / np.maximum(np.abs(other[known]), 1e-12)))


# -- speed -----------------------------------------------------------------------------


def lifetimes_fitters() -> dict[str, Any]:
    with quiet():
        import lifetimes
    return {
        "BG/NBD": lifetimes.BetaGeoFitter(),
        "MBG/NBD": lifetimes.ModifiedBetaGeoFitter(),
        "Pareto/NBD": lifetimes.ParetoNBDFitter(),
        "Gamma-Gamma": lifetimes.GammaGammaFitter(),
    }


def quiet() -> warnings.catch_warnings:
    """Ignore the rivals' warnings, and only theirs."""
    return warnings.catch_warnings(action="ignore")


def timed(
    action: Callable[..., Any], *arguments: Any, repeats: int = 1
) -> tuple[float, Any]:
    """Return the best time of so many, and the result."""
    best, result = np.inf, None
    for _ in range(repeats):
        begin = time.perf_counter()
        result = action(*arguments)
        best = min(best, time.perf_counter() - begin)
    return best, result


def simulated_summary(n_customers: int, seed: int, folder: Path) -> pd.DataFrame:
    write_simulation(folder / "shop", n_customers, seed=seed, return_rate=0.0)
    orders = ibis.duckdb.connect().read_parquet(str(folder / "shop/orders/*.parquet"))
    summary = summarise(
        orders, dt.date(2024, 1, 1) + dt.timedelta(730), time_unit_days=7
    )
    return summary.order_by("customer_id").to_pandas().set_index("customer_id")


def speed(book: Book, summary: pd.DataFrame, names: list[str], n_rival: int) -> None:
    book.heading(f"Fits: {len(summary):,} customers, rivals on {n_rival:,}")
    few = summary.head(n_rival)
    goals = {"BG/NBD": 40, "Pareto/NBD": 20, "Gamma-Gamma": 10}
    classes = {**PURCHASE_MODELS, "Gamma-Gamma": GammaGammaModel}
    for name in names:
        fitter, rows = lifetimes_fitters()[name], few
        columns = ["frequency", "recency", "T"]
        if name == "Gamma-Gamma":
            columns, rows = ["frequency", "monetary_value"], few[few["frequency"] > 0]
        ours, mine = timed(classes[name]().fit, few, repeats=3)
        with quiet():
            theirs, _ = timed(fitter.fit, *(rows[column] for column in columns))
        gain = mine.log_likelihood_ - lifetimes_likelihood(fitter, rows, name)
        text = (
            f"{name}: {ours:.2f} s, lifetimes {theirs:.1f} s, {theirs / ours:.0f} "
            f"times as fast; log-likelihood {gain:+.4f} against theirs"
        )
        if n_rival >= 1_000_000 and name in goals:
            is_met = theirs / ours >= goals[name] and gain > -1e-3
            book.require(f"fit {name}", is_met, f"{text} (goal {goals[name]})")
        else:
            book.require(f"fit {name}", gain > -1e-3, text)
        if len(summary) > n_rival:
            full, _ = timed(classes[name]().fit, summary)
            book.note(f"fit {name} all", full, f"  all customers in {full:.2f} s")
        other_rivals(book, name, few, ours)


def lifetimes_likelihood(fitter: Any, rows: pd.DataFrame, name: str) -> float:
    """Return the papers' log-likelihood at lifetimes' parameters."""
    model = {**PURCHASE_MODELS, "Gamma-Gamma": GammaGammaModel}[name]()
    read = model._read(rows)
    theta = np.log([fitter.params_[k] for k in model._parameters])
    return float(model._objective(read)(theta)[0])


def other_rivals(book: Book, name: str, rows: pd.DataFrame, ours: float) -> None:
    """Fit clvkit and pymc-marketing where they can be imported."""
    for rival, fit in (("clvkit", clvkit_fit), ("pymc-marketing", pymc_fit)):
        module = rival.replace("-", "_")
        if importlib.util.find_spec(module) is None:
            book.note(f"{rival} {name}", None, f"  {rival} is not installed: skipped")
            continue
        with quiet():
            action = fit(name, rows)
            if action is None:
                continue
            seconds, likelihood = timed(action)
        text = f"  {rival} {name}: {seconds:.1f} s, {seconds / ours:.0f} times ours"
        if likelihood is not None:
            text += f", log-likelihood {likelihood:,.2f}"
        book.note(f"{rival} {name}", seconds, text)


def clvkit_fit(name: str, rows: pd.DataFrame) -> Callable[[], float] | None:
    import clvkit

    model = {"BG/NBD": "BGNBD", "MBG/NBD": "MBGNBD", "Gamma-Gamma": "GammaGamma"}
    if name not in model:
        return None
    base = clvkit.CustomerBase(
        rows,
        time_unit="W",
        collapse="D",
        observation_period_end=pd.Timestamp("2025-12-31"),
        has_monetary=True,
        on_negative="net",
    )
    fitter = getattr(clvkit, model[name])()
    return lambda: getattr(fitter.fit(base), "log_likelihood_", None)


def pymc_fit(name: str, rows: pd.DataFrame) -> Callable[[], None] | None:
    from pymc_marketing import clv

    model = {
        "BG/NBD": clv.BetaGeoModel,
        "MBG/NBD": clv.ModifiedBetaGeoModel,
        "Pareto/NBD": clv.ParetoNBDModel,
        "Gamma-Gamma": clv.GammaGammaModel,
    }[name]
    data = rows[rows["frequency"] > 0] if name == "Gamma-Gamma" else rows
    data = data.reset_index().rename(columns={"index": "customer_id"})

    def fit() -> None:
        model(data=data).fit(method="map")

    return fit


def predictions(book: Book, summary: pd.DataFrame, n_rival: int) -> None:
    """All the columns of the score table, by BG/NBD and Gamma-Gamma."""
    book.heading(f"Predictions of the score table, {n_rival:,} customers")
    few = summary.head(n_rival)
    model, value_model = BetaGeoModel().fit(few), GammaGammaModel().fit(few)
    ours, _ = timed(our_scores, model, value_model, few, repeats=2)
    fitters = lifetimes_fitters()
    fitters["BG/NBD"].params_ = pd.Series(model.params_)
    fitters["Gamma-Gamma"].params_ = pd.Series(value_model.params_)
    with quiet():
        theirs, _ = timed(
            lifetimes_scores, fitters["BG/NBD"], fitters["Gamma-Gamma"], few
        )
    text = f"{ours:.2f} s, lifetimes {theirs:.1f} s, {theirs / ours:.1f} times as fast"
    if n_rival >= 1_000_000:
        book.require("predictions", theirs / ours >= 5, f"{text} (goal 5)")
    else:
        book.note("predictions", theirs / ours, text)


def our_scores(model: Any, value_model: Any, summary: pd.DataFrame) -> pd.DataFrame:
    value = value_model.expected_average_value(summary)
    return pd.DataFrame(
        {
            "p_alive": model.probability_alive(summary),
            "no_purchase": model.probability_no_purchase(summary, 13.0),
            "expected_purchases": model.expected_purchases(summary, 13.0),
            "value": value,
            "clv": discounted_clv(
                model,
                summary,
                expected_value=value,
                margin=0.3,
                discount_rate_annual=0.1,
                horizon_days=365,
                time_unit_days=7.0,
            ),
        }
    )


def lifetimes_scores(purchases: Any, spend: Any, summary: pd.DataFrame) -> pd.DataFrame:
    x, recency, age = (summary[name] for name in ("frequency", "recency", "T"))
    alive = pd.Series(purchases.conditional_probability_alive(x, recency, age), x.index)
    r, alpha, *_ = (purchases.params_[k] for k in ("r", "alpha", "a", "b"))
    silent = 1 - alive + alive * ((alpha + age) / (alpha + age + 13.0)) ** (r + x)
    expected = purchases.conditional_expected_number_of_purchases_up_to_time
    purchases.predict = expected  # its own fit would have attached it
    return pd.DataFrame(
        {
            "p_alive": alive,
            "no_purchase": silent,
            "expected_purchases": expected(13.0, x, recency, age),
            "value": spend.conditional_expected_average_profit(
                x, summary["monetary_value"]
            ),
            "clv": spend.customer_lifetime_value(
                purchases,
                x,
                recency,
                age,
                summary["monetary_value"],
                time=12,
                discount_rate=1.1 ** (1 / 12) - 1,
                freq="W",
            ),
        }
    )


# -- a big log -------------------------------------------------------------------------


def big_log(book: Book, n_lines: int, seed: int, folder: Path) -> None:
    n_customers = max(round(n_lines / 10.7), 1)
    book.heading(f"A log of about {n_lines:,} lines")
    seconds, made = timed(
        lambda: write_simulation(folder / "log", n_customers, seed=seed)
    )
    text = (
        f"{made.n_lines:,} lines, {n_customers:,} customers written in {seconds:.0f} s"
    )
    book.note("simulated lines", made.n_lines, text)
    bare = in_own_process("bare", folder / "log")
    whole = in_own_process("whole", folder / "log")
    book.note("group-by", bare, f"bare group-by: {bare['seconds']:.1f} s")
    ratio = whole["seconds"] / bare["seconds"]
    book.require(
        "summary and fit",
        ratio < 2 and whole["gigabytes"] < 4,
        f"grouped summary and BG/NBD fit: {whole['seconds']:.1f} s, {ratio:.2f} times "
        f"the group-by (goal 2), peak {whole['gigabytes']:.2f} GB (goal 4); "
        f"{whole['rows']:,} distinct histories",
    )


def in_own_process(stage: str, folder: Path) -> dict[str, Any]:
    """Run a stage by itself, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--stage", stage, "--folder", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run_stage(stage: str, folder: Path) -> None:
    limits = {"memory_limit": "2500MB", "temp_directory": str(folder / "spill")}
    connection = ibis.duckdb.connect(**limits)
    orders = connection.read_parquet(str(folder / "orders/*.parquet"))
    begin = time.perf_counter()
    if stage == "bare":
        query = (
            "SELECT count(*) FROM (SELECT customer_id, CAST(order_time AS DATE) AS day,"
            " bool_or(NOT is_return) AS is_purchase, sum(amount) AS spend "
            f"FROM '{folder}/orders/*.parquet' GROUP BY ALL)"
        )
        rows = int(connection.raw_sql(query).fetchone()[0])
    else:
        grouped = grouped_summary(orders, SIMULATED_UNTIL, time_unit_days=7.0)
        rows = len(grouped)
        BetaGeoModel().fit(grouped)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"seconds": seconds, "gigabytes": peak, "rows": rows}))


def intervals(book: Book, n_fits: int) -> None:
    """Hold the intervals of every model against the truth, by simulation."""
    from btyd_coverage import WORLDS, coverage

    book.heading(f"Share of 95% intervals that hold the truth, {n_fits} fits a model")
    for name in WORLDS:
        found = coverage(name, n_fits)
        left_out = found.pop("at an edge")
        shares = ", ".join(f"{what} {share:.1%}" for what, share in found.items())
        text = f"{name}: {shares}" + (f"; {left_out:.1%} at an edge" * (left_out > 0))
        # with 400 fits a true 95% strays by 1.1 points, one standard deviation
        is_met = all(0.92 <= share <= 0.975 for share in found.values())
        book.require(f"coverage {name}", is_met, text)
        book.figures[f"coverage {name} by interval"] = found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--rival-customers", type=int, help="default: all of them")
    parser.add_argument(
        "--models", nargs="+", default=[*PURCHASE_MODELS, "Gamma-Gamma"]
    )
    parser.add_argument("--lines", type=int, default=0, help="size of the big log")
    parser.add_argument("--coverage", type=int, default=0, help="fits a model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--stage", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.stage:
        run_stage(args.stage, args.folder)
        return 0
    book = Book()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} (above 0.5: others are at work)")
    cdnow = golden(book)
    holdout(book, cdnow)
    agreement(book, cdnow)
    if args.coverage:
        intervals(book, args.coverage)
    with tempfile.TemporaryDirectory() as folder:
        if args.customers:
            summary = simulated_summary(args.customers, args.seed, Path(folder))
            n_rival = min(args.rival_customers or len(summary), len(summary))
            speed(book, summary, args.models, n_rival)
            predictions(book, summary, n_rival)
        if args.lines:
            big_log(book, args.lines, args.seed, Path(folder))
    print(
        f"\nload at the end {os.getloadavg()[0]:.1f}; missed: {book.missed or 'none'}"
    )
    if args.json:
        args.json.write_text(json.dumps(book.figures, indent=2, default=float))
    return 1 if book.missed else 0


if __name__ == "__main__":
    sys.exit(main())
