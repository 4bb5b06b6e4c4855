"""Customers with known parameters, for scale tests and recovery tests.

In: the parameters of a BG/NBD purchase process and a Gamma-Gamma spend process, and a
seed. Out: a purchase log as partitioned parquet (or as frames), and beside it the truth
about each customer: purchase rate, dropout probability, mean spend, still alive or not.
Nothing else can tell whether a model recovers what it claims to estimate. Memory is
bounded by one file's customers, and a customer's draws depend on nothing but the seed,
the parameters and the customer's number: more customers leave the first ones unchanged.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import shutil
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from regulars.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = [
    "Population",
    "Simulation",
    "SimulationSummary",
    "simulate_customers",
    "write_simulation",
]

# Customers drawn from one random stream. Fixed, because changing it changes every draw.
_BLOCK = 10_000
_SECONDS_PER_DAY = 86_400
_MICROSECONDS = 1_000_000
_LONGEST_RETURN_DAYS = 28


@dataclass(frozen=True)
class Population:
    """What the simulated customers are drawn from.

    The defaults give about ten lines a customer over two years. Use it to see which
    parameters `simulate_customers` and `write_simulation` take.

    Parameters
    ----------
    start : datetime.date, default=2024-01-01
        First day of the log.
    days : int, default=730
        Length of the log in days, at least 1; orders lie in [start, start + days).
    acquisition_days : int, default=365
        First orders are spread evenly over this many days from `start`, 1 to `days`.
    r, alpha : float, default=0.8, 10.0
        Purchase rates a **week** are gamma distributed with shape `r` and rate `alpha`
        (mean r / alpha), both > 0.
    a, b : float, default=0.5, 4.0
        The probability of leaving after each repeat purchase is Beta(a, b), both > 0.
    p, q, v : float, default=6.0, 4.0, 15.0
        An order's spend is gamma with shape `p` and rate nu, nu is gamma with shape `q`
        and rate `v`; the mean over customers is p v / (q - 1) for q > 1. All > 0.
    lines_per_order : float, default=2.0
        Mean lines an order, at least 1.
    n_products, n_categories : int, default=1000, 20
        Size of the range; small numbers sell most. 1 <= n_categories <= n_products.
    return_rate : float, default=0.02
        Share of lines sent back within four weeks, 0 to 1. A return is a line of its
        own with negative amount and quantity.
    discount_rate : float, default=0.2
        Share of lines sold at a discount, 0 to 1.

    Raises
    ------
    ConfigError
        When a parameter is out of its range.

    Examples
    --------
    >>> Population(days=365, acquisition_days=90).r
    0.8
    """

    start: dt.date = dt.date(2024, 1, 1)
    days: int = 730
    acquisition_days: int = 365
    r: float = 0.8
    alpha: float = 10.0
    a: float = 0.5
    b: float = 4.0
    p: float = 6.0
    q: float = 4.0
    v: float = 15.0
    lines_per_order: float = 2.0
    n_products: int = 1_000
    n_categories: int = 20
    return_rate: float = 0.02
    discount_rate: float = 0.2

    def __post_init__(self) -> None:
        for name in ("r", "alpha", "a", "b", "p", "q", "v"):
            _check(name, getattr(self, name), 0.0, np.inf, above=True)
        for name in ("return_rate", "discount_rate"):
            _check(name, getattr(self, name), 0.0, 1.0)
        _check("days", self.days, 1, 100_000)
        _check("acquisition_days", self.acquisition_days, 1, self.days)
        _check("lines_per_order", self.lines_per_order, 1.0, 1_000.0)
        _check("n_products", self.n_products, 1, 10_000_000)
        _check("n_categories", self.n_categories, 1, self.n_products)


@dataclass(frozen=True)
class Simulation:
    """Simulated customers in memory.

    Attributes
    ----------
    orders : pandas.DataFrame
        One row a line: customer_id, order_id, order_time (UTC), product_id, category,
        quantity, amount, discount_amount, is_return; by customer, then time.
    truth : pandas.DataFrame
        One row a customer: customer_id, first_order_at, purchase_rate_weekly,
        dropout_probability, mean_spend_amount, n_repeat_orders, is_alive.
    """

    orders: pd.DataFrame
    truth: pd.DataFrame


@dataclass(frozen=True)
class SimulationSummary:
    """What `write_simulation` has written.

    Attributes
    ----------
    path : pathlib.Path
        The folder: ``orders/part-*.parquet``, ``truth.parquet``, ``truth.json``.
    n_customers, n_orders, n_lines, n_files : int
        Counts; lines include returns.
    amount : float
        Sum of all amounts, net of returns.
    """

    path: Path
    n_customers: int
    n_orders: int
    n_lines: int
    n_files: int
    amount: float


def simulate_customers(
    n_customers: int, *, random_state: int, **parameters: Any
) -> Simulation:
    """Simulate customers in memory.

    For up to a few hundred thousand customers; `write_simulation` makes the same
    customers in files, with bounded memory.

    Parameters
    ----------
    n_customers : int
        How many, at least 1.
    random_state : int
        Seed, at least 0.
    **parameters
        Fields of :class:`Population`.

    Returns
    -------
    Simulation
        The log and the truth about each customer.

    Raises
    ------
    ConfigError
        When a parameter is unknown or out of its range.

    Examples
    --------
    >>> simulation = simulate_customers(3, random_state=0, return_rate=0.0)
    >>> simulation.truth["customer_id"].tolist()
    [1, 2, 3]
    >>> more = simulate_customers(4, random_state=0, return_rate=0.0)
    >>> bool(simulation.truth.equals(more.truth.head(3)))
    True
    """
    population = _population(parameters)
    blocks = list(_blocks(n_customers, random_state, population))
    return Simulation(
        orders=pa.concat_tables([orders for orders, _ in blocks]).to_pandas(),
        truth=pa.concat_tables([truth for _, truth in blocks]).to_pandas(),
    )


def write_simulation(
    out_dir: str | Path,
    n_customers: int,
    *,
    seed: int,
    customers_per_file: int = 100_000,
    progress: Callable[[int, int], None] | None = None,
    **parameters: Any,
) -> SimulationSummary:
    """Simulate customers into partitioned parquet.

    The folder appears whole or not at all: it is written under another name and then
    renamed. A folder of an earlier simulation is replaced; any other is left alone.

    Parameters
    ----------
    out_dir : str or pathlib.Path
        The folder to write.
    n_customers : int
        How many, at least 1.
    seed : int
        Seed, at least 0. The same seed and parameters give the same bytes.
    customers_per_file : int, default=100_000
        Customers a part file, rounded up to a multiple of 10,000; it bounds the memory.
    progress : callable, optional
        Called as ``progress(customers_done, n_customers)`` every 10,000 customers.
    **parameters
        Fields of :class:`Population`.

    Returns
    -------
    SimulationSummary
        Where it is and how much.

    Raises
    ------
    ConfigError
        When a parameter is unknown or out of its range, or `out_dir` holds something
        that is not a simulation.

    Notes
    -----
    Each repeat purchase is followed by dropout with the customer's own probability, as
    in the BG/NBD model [1]_; the first purchase is not. Given their number, the events
    of a Poisson process in a window fall like sorted uniforms, so no customer
    is walked through time.

    References
    ----------
    .. [1] Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way,
       Marketing Science 24(2), assumptions (i) to (v).

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     summary = write_simulation(folder + "/shop", 100, seed=1)
    >>> summary.n_customers, summary.n_files
    (100, 1)
    """
    population = _population(parameters)
    _check("customers_per_file", customers_per_file, 1, np.inf)
    target = Path(out_dir)
    _refuse_foreign_folder(target)
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "orders").mkdir(parents=True)
    try:
        counts = _write_files(
            partial, n_customers, seed, customers_per_file, population, progress
        )
        _write_parameters(partial, n_customers, seed, population)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if target.exists():
        shutil.rmtree(target)
    partial.rename(target)
    return SimulationSummary(path=target, n_customers=n_customers, **counts)


def _write_files(
    folder: Path,
    n_customers: int,
    seed: int,
    customers_per_file: int,
    population: Population,
    progress: Callable[[int, int], None] | None,
) -> dict[str, Any]:
    """Write the part files and the truth, and count what they hold."""
    blocks_per_file = -(-customers_per_file // _BLOCK)
    counts = {"n_orders": 0, "n_lines": 0, "n_files": 0, "amount": 0.0}
    truths: list[pa.Table] = []
    writer: pq.ParquetWriter | None = None
    try:
        for number, (orders, truth) in enumerate(
            _blocks(n_customers, seed, population)
        ):
            if number % blocks_per_file == 0:
                if writer is not None:
                    writer.close()
                part = folder / "orders" / f"part-{counts['n_files']:05d}.parquet"
                writer = pq.ParquetWriter(part, orders.schema, compression="zstd")
                counts["n_files"] += 1
            assert writer is not None
            writer.write_table(orders)
            truths.append(truth)
            counts["n_orders"] += int(truth["n_repeat_orders"].to_numpy().sum())
            counts["n_orders"] += truth.num_rows
            counts["n_lines"] += orders.num_rows
            counts["amount"] += float(orders["amount"].to_numpy().sum())
            if progress is not None:
                progress(min((number + 1) * _BLOCK, n_customers), n_customers)
    finally:
        if writer is not None:
            writer.close()
    pq.write_table(
        pa.concat_tables(truths), folder / "truth.parquet", compression="zstd"
    )
    return counts


def _write_parameters(
    folder: Path, n_customers: int, seed: int, population: Population
) -> None:
    """Write truth.json: what the customers were drawn from."""
    truth = {"n_customers": n_customers, "seed": seed, **asdict(population)}
    truth["start"] = population.start.isoformat()
    truth["time_unit"] = "weeks"
    text = json.dumps(truth, indent=2) + "\n"
    (folder / "truth.json").write_text(text, encoding="utf-8")


def _blocks(
    n_customers: int, seed: int, population: Population
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield (orders, truth) for each run of `_BLOCK` customers."""
    _check("n_customers", n_customers, 1, np.inf)
    _check("seed", seed, 0, np.inf)
    n_blocks = -(-n_customers // _BLOCK)
    streams = np.random.SeedSequence(seed).spawn(n_blocks)
    n_orders = 0
    for number, stream in enumerate(streams):
        keep = min(_BLOCK, n_customers - number * _BLOCK)
        block = _Block(population, np.random.default_rng(stream), keep)
        yield block.tables(first_customer=number * _BLOCK + 1, first_order=n_orders + 1)
        n_orders += block.n_orders


class _Block:
    """`_BLOCK` customers from one random stream, of which the first `keep` are kept.

    The whole block is drawn even where fewer are wanted, so that a customer does not
    change when the number of customers does.
    """

    def __init__(
        self, population: Population, rng: np.random.Generator, keep: int
    ) -> None:
        self.population = population
        self.rng = rng
        self.keep = keep
        self._draw_customers()
        self._draw_orders()

    @property
    def n_orders(self) -> int:
        """Orders of the kept customers."""
        return int(np.searchsorted(self.order_customer, self.keep))

    def _draw_customers(self) -> None:
        pop, rng = self.population, self.rng
        self.rate = rng.gamma(pop.r, 1.0 / pop.alpha, _BLOCK)
        self.dropout = np.clip(rng.beta(pop.a, pop.b, _BLOCK), 1e-12, 1 - 1e-12)
        self.nu = rng.gamma(pop.q, 1.0 / pop.v, _BLOCK)
        self.first_second = rng.uniform(
            0, pop.acquisition_days * _SECONDS_PER_DAY, _BLOCK
        )
        self.n_before_leaving = np.ceil(
            rng.standard_exponential(_BLOCK) / -np.log1p(-self.dropout)
        )

    def _draw_orders(self) -> None:
        pop, rng = self.population, self.rng
        age_seconds = pop.days * _SECONDS_PER_DAY - self.first_second
        n_events = rng.poisson(self.rate * age_seconds / (7 * _SECONDS_PER_DAY))
        # The integer part of the key is the customer, so one sort orders them all.
        customer = np.repeat(np.arange(_BLOCK), n_events)
        key = np.sort(customer + rng.random(customer.size))
        position = np.arange(key.size) - np.repeat(
            np.cumsum(n_events) - n_events, n_events
        )
        kept = position < self.n_before_leaving[customer]
        customer, share = customer[kept], (key - customer)[kept]
        self.n_repeat = np.bincount(customer, minlength=_BLOCK)
        self.is_alive = n_events < self.n_before_leaving
        counts = self.n_repeat + 1
        self.order_customer = np.repeat(np.arange(_BLOCK), counts)
        elapsed = np.zeros(self.order_customer.size)
        is_repeat = np.ones(elapsed.size, dtype=bool)
        is_repeat[np.cumsum(counts) - counts] = False
        elapsed[is_repeat] = share * age_seconds[customer]
        last_second = pop.days * _SECONDS_PER_DAY - 1e-6
        self.order_second = np.minimum(
            self.first_second[self.order_customer] + elapsed, last_second
        )
        self.order_spend = (
            rng.gamma(pop.p, 1.0, elapsed.size) / (self.nu[self.order_customer])
        )

    def tables(
        self, *, first_customer: int, first_order: int
    ) -> tuple[pa.Table, pa.Table]:
        """Return the log and the truth of the kept customers."""
        lines = self._sale_lines()
        lines = self._with_returns(lines)
        kept = lines["customer"] < self.keep
        lines = {name: values[kept] for name, values in lines.items()}
        return (
            self._order_table(lines, first_customer, first_order),
            self._truth_table(first_customer),
        )

    def _sale_lines(self) -> dict[str, Any]:
        """Split each order's spend over its lines, rounded to cents."""
        pop, rng = self.population, self.rng
        n_lines = 1 + rng.poisson(pop.lines_per_order - 1.0, self.order_second.size)
        order = np.repeat(np.arange(n_lines.size), n_lines)
        weight = rng.standard_exponential(order.size)
        total = np.add.reduceat(weight, np.cumsum(n_lines) - n_lines)
        amount = weight * (self.order_spend / total)[order]
        off = np.where(rng.random(order.size) < pop.discount_rate, 1.0, 0.0)
        off *= rng.uniform(0.05, 0.4, order.size)
        return {
            "customer": self.order_customer[order],
            "order": order,
            "second": self.order_second[order],
            # a power of a uniform: few products sell most, without a table of weights
            "product": (pop.n_products * rng.random(order.size) ** 3).astype(np.int32),
            "quantity": 1 + rng.poisson(0.4, order.size),
            "amount": np.round(amount, 2),
            "discount": np.round(amount * off / (1.0 - off), 2),
            "is_return": np.zeros(order.size, dtype=bool),
        }

    def _with_returns(self, sales: dict[str, Any]) -> dict[str, Any]:
        """Append the lines sent back before the log ends; sort by customer, time."""
        pop, rng = self.population, self.rng
        second = sales["second"] + rng.uniform(
            _SECONDS_PER_DAY,
            _LONGEST_RETURN_DAYS * _SECONDS_PER_DAY,
            sales["second"].size,
        )
        back = rng.random(second.size) < pop.return_rate
        back &= second < pop.days * _SECONDS_PER_DAY
        if not back.any():
            return sales
        returns = {name: values[back] for name, values in sales.items()}
        returns["second"] = second[back]
        returns["is_return"] = np.ones(int(back.sum()), dtype=bool)
        for name in ("quantity", "amount", "discount"):
            returns[name] = -returns[name]
        merged = {name: np.concatenate([sales[name], returns[name]]) for name in sales}
        by_time = np.lexsort((merged["second"], merged["customer"]))
        return {name: values[by_time] for name, values in merged.items()}

    def _order_table(
        self, lines: dict[str, Any], first_customer: int, first_order: int
    ) -> pa.Table:
        pop = self.population
        category = (
            lines["product"].astype(np.int64) * pop.n_categories // pop.n_products
        )
        return pa.table(
            {
                "customer_id": pa.array(lines["customer"] + first_customer, pa.int64()),
                "order_id": pa.array(lines["order"] + first_order, pa.int64()),
                "order_time": self._timestamps(lines["second"]),
                "product_id": _labels(lines["product"], "P", pop.n_products),
                "category": _labels(category, "C", pop.n_categories),
                "quantity": pa.array(lines["quantity"], pa.int32()),
                "amount": pa.array(lines["amount"], pa.float64()),
                "discount_amount": pa.array(lines["discount"], pa.float64()),
                "is_return": pa.array(lines["is_return"], pa.bool_()),
            }
        )

    def _truth_table(self, first_customer: int) -> pa.Table:
        keep = slice(0, self.keep)
        return pa.table(
            {
                "customer_id": pa.array(
                    np.arange(self.keep) + first_customer, pa.int64()
                ),
                "first_order_at": self._timestamps(self.first_second[keep]),
                "purchase_rate_weekly": self.rate[keep],
                "dropout_probability": self.dropout[keep],
                "mean_spend_amount": self.population.p / self.nu[keep],
                "n_repeat_orders": pa.array(self.n_repeat[keep], pa.int64()),
                "is_alive": self.is_alive[keep],
            }
        )

    def _timestamps(self, second: Floats) -> pa.Array:
        start = np.datetime64(self.population.start, "us").astype(np.int64)
        micros: Ints = (second * _MICROSECONDS).astype(np.int64) + start
        return pa.array(micros, pa.timestamp("us", tz="UTC"))


def _labels(codes: NDArray[Any], letter: str, size: int) -> pa.Array:
    """Return names such as P0017, stored once each."""
    codes = pa.array(codes, pa.int32())
    return pa.DictionaryArray.from_arrays(codes, _names(letter, size))


@functools.lru_cache(maxsize=4)
def _names(letter: str, size: int) -> pa.Array:
    width = len(str(size - 1))
    return pa.array([f"{letter}{number:0{width}d}" for number in range(size)])


def _population(parameters: dict[str, Any]) -> Population:
    known = [field.name for field in fields(Population)]
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        msg = (
            f"Unknown simulation parameters {unknown}; known are {known}. "
            "Remove or rename them."
        )
        raise ConfigError(msg)
    return Population(**parameters)


def _check(
    name: str, value: float, low: float, high: float, *, above: bool = False
) -> None:
    if low <= value <= high and np.isfinite(value) and not (above and value == low):
        return
    sign = ">" if above else ">="
    upper = f" and <= {high:g}" if np.isfinite(high) else ""
    msg = f"'{name}' is {value!r}; it must be {sign} {low:g}{upper}. Pass such a value."
    raise ConfigError(msg)


def _refuse_foreign_folder(target: Path) -> None:
    """Only a folder that this module wrote may be replaced."""
    if not target.exists() or (target / "truth.json").is_file():
        return
    if target.is_dir() and not any(target.iterdir()):
        return
    msg = (
        f"'{target}' exists and holds something that is not a simulation (no "
        "truth.json). Name another folder, or remove it first."
    )
    raise ConfigError(msg)
