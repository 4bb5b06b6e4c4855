"""Customers with known parameters, for scale tests and recovery tests.

Nothing else can tell whether a model recovers what it claims to estimate. A customer's
draws depend on nothing but the seed, the parameters and the customer's number, and
memory is bounded by one file's customers.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from regulars.datasets.new_folder import new_folder
from regulars.datasets.population import BLOCK_SIZE, Block, Population, check_range
from regulars.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

TRUTH = "truth.json"


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
    check_range("customers_per_file", customers_per_file, 1, np.inf)
    target = Path(out_dir)
    with new_folder(target, TRUTH) as folder:
        (folder / "orders").mkdir()
        counts = _write_files(
            folder, n_customers, seed, customers_per_file, population, progress
        )
        _write_parameters(folder, n_customers, seed, population)
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
    blocks_per_file = -(-customers_per_file // BLOCK_SIZE)
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
                progress(min((number + 1) * BLOCK_SIZE, n_customers), n_customers)
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
    (folder / TRUTH).write_text(text, encoding="utf-8")


def _blocks(
    n_customers: int, seed: int, population: Population
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield (orders, truth) for each run of `BLOCK_SIZE` customers."""
    check_range("n_customers", n_customers, 1, np.inf)
    check_range("seed", seed, 0, np.inf)
    n_blocks = -(-n_customers // BLOCK_SIZE)
    streams = np.random.SeedSequence(seed).spawn(n_blocks)
    n_orders = 0
    for number, stream in enumerate(streams):
        keep = min(BLOCK_SIZE, n_customers - number * BLOCK_SIZE)
        block = Block(population, np.random.default_rng(stream), keep)
        yield block.tables(
            first_customer=number * BLOCK_SIZE + 1, first_order=n_orders + 1
        )
        n_orders += block.n_orders


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
