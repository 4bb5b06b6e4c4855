"""KPIs and cohorts on a simulated log, against a bare scan and group-by in DuckDB.

Simulates customers, loads the clean lines into DuckDB as intake leaves them, and times
in one process: a bare scan of the lines grouped by customer (orders, days, revenue,
first and last day); the ledger; the months, cohorts and totals; and the KPIs of a year
with the year before. Prints each as a multiple of the bare scan.
``--customers 1000000``: the full size (10 million lines).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from regulars.data.ledger import build_ledger
from regulars.datasets.simulate import write_simulation
from regulars.kpis import (
    KpiData,
    kpi_overview,
    kpi_study,
)
from regulars.kpis.spans import default_span

if TYPE_CHECKING:
    from collections.abc import Callable

CUTOFF = date(2025, 12, 1)
BARE = """
    SELECT count(*), sum(orders), sum(days), sum(revenue), min(first), max(last) FROM (
        SELECT customer_id, count(DISTINCT order_id) AS orders,
            count(DISTINCT order_date) AS days, sum(amount) AS revenue,
            min(order_date) AS first, max(order_date) AS last
        FROM lines WHERE order_date < DATE '2025-12-01' GROUP BY customer_id)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3, help="the best counts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_simulation(Path(folder), options.customers, seed=1)
        report(Path(folder), options.customers, options.repeats)


def report(folder: Path, n_customers: int, repeats: int) -> None:
    engine = ibis.duckdb.connect()
    engine.raw_sql(f"""
        CREATE TABLE lines AS SELECT * REPLACE (order_time::TIMESTAMP AS order_time),
            order_time::DATE AS order_date
        FROM read_parquet('{folder}/orders/*.parquet') ORDER BY order_time, order_id
    """)
    lines = engine.table("lines")
    n_lines = lines.count().to_pyarrow().as_py()
    print(f"{n_customers:,} customers, {n_lines:,} lines; times: best of {repeats}")
    bare = _best(lambda: engine.raw_sql(BARE).fetchall(), repeats)
    print(f"bare scan and group-by: {bare:.2f} s")
    few = lines.select("customer_id", "order_id", "order_time", "order_date", "amount")
    few = few.mutate(is_return=few.amount < 0)
    for words, table in (("customer, order, day, amount", few), ("all columns", lines)):
        print(f"\n{words}")
        _time_all(table, bare, repeats)


def _time_all(lines: Any, bare: float, repeats: int) -> None:
    made: list[Any] = []
    ledger_seconds = _best(lambda: made.append(build_ledger(lines)), repeats)
    ledger = made[-1]
    timed = {
        "months, cohorts, totals, notes": _best(lambda: _months(ledger), repeats),
        "KPIs of a period and of the one before": _best(
            lambda: _study(ledger), repeats
        ),
    }
    shared = "ledger (shared with training and scores)"
    for name, seconds in ({shared: ledger_seconds} | timed).items():
        print(f"{name}: {seconds:.2f} s, {seconds / bare:.1f} times the bare scan")
    whole = sum(timed.values()) / bare
    print(f"KPIs and cohorts: {whole:.1f} times the bare scan (at most 3)")


def _months(ledger: Any) -> None:
    kpi_overview(ledger, CUTOFF)


def _study(ledger: Any) -> None:
    data = KpiData(ledger, CUTOFF)
    kpi_study(data, default_span(data.first_day, CUTOFF))


def _best(do: Callable[[], Any], repeats: int) -> float:
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        do()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


if __name__ == "__main__":
    main()
