"""Features on a simulated log: against plain pandas, over cutoffs, over sizes.

Simulates customers, then measures in fresh processes, from the clean log in the engine
to the finished matrix: the arrays with one cutoff and with six, on a tenth of the
customers, and the pandas oracle of the tests, which works out the same features. Prints
ratios, because seconds depend on the machine: wall clock, and processor time, in which
two threads count double. ``--customers 1000000``: the full size. ``--stream``: only the
arrays, block by block from the file, as a log is scored that one machine cannot hold.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import re
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulars.datasets.simulate import write_simulation
from regulars.features.blocks import read_blocks
from regulars.features.matrix import FeaturePlan

ORACLE = Path(__file__).parents[1] / "tests" / "_reference" / "pandas_features.py"
LAST_CUTOFF = date(2025, 12, 1)
STEP_DAYS = 30
KEYS = ("customer_id", "cutoff")

Found = tuple[list[str], int]


def main() -> None:
    options = _options()
    if options.measure:
        print(json.dumps(_measure(options.measure, options.log, options.cutoffs)))
        return
    with tempfile.TemporaryDirectory() as folder:
        if options.stream:
            report_stream(Path(folder), options.customers)
        else:
            report(Path(folder), options.customers, options.repeats, options.pandas)


def report_stream(folder: Path, n_customers: int) -> None:
    whole, n_lines = clean_log(folder / "whole", n_customers)
    tenth, n_lines_tenth = clean_log(folder / "tenth", n_customers // 10)
    large, small = (_best("stream", log, 1, 1) for log in (whole, tenth))
    print(f"{n_customers:,} customers, {n_lines:,} lines: {_told(large)}")
    print(f"a tenth, {n_lines_tenth:,} lines: {_told(small)}")
    growth = _growth(large, small, n_lines / n_lines_tenth)
    print(f"growth exponent in processor time {growth['cpu_seconds']:.2f}")


def _growth(
    large: dict[str, Any], small: dict[str, Any], n_times: float
) -> dict[str, float]:
    return {
        key: math.log(large[key] / small[key]) / math.log(n_times)
        for key in ("seconds", "cpu_seconds")
    }


def report(folder: Path, n_customers: int, repeats: int, with_pandas: bool) -> None:
    whole, n_lines = clean_log(folder / "whole", n_customers)
    tenth, n_lines_tenth = clean_log(folder / "tenth", n_customers // 10)
    one = _best("arrays", whole, 1, repeats)
    six = _best("arrays", whole, 6, repeats)
    small = _best("arrays", tenth, 1, repeats)
    growth = _growth(one, small, n_lines / n_lines_tenth)
    print(f"{n_customers:,} customers, {n_lines:,} lines, {len(one['names'])} features")
    print(f"times are the best of {repeats}; processor time is summed over threads")
    print(f"one cutoff: {_told(one)}")
    print(f"six cutoffs: {_told(six)}")
    print(f"six cutoffs over one: {_ratios(six, one)}")
    print(
        f"growth exponent from a tenth of the lines: {growth['seconds']:.2f}, in "
        f"processor time {growth['cpu_seconds']:.2f} (at most 1.05)"
    )
    if with_pandas:
        plain = _best("oracle", whole, 1, 1)
        _refuse_other_matrix(one, plain)
        print(f"pandas, one cutoff: {_told(plain)}")
        print(f"pandas over arrays: {_ratios(plain, one)} (at least 4.5)")
        plain = _best("oracle", whole, 6, 1)
        print(f"pandas, six cutoffs: {_told(plain)}")
        print(f"pandas over arrays, six: {_ratios(plain, six)} (at least 6)")


def _told(run: dict[str, Any]) -> str:
    return (
        f"{run['seconds']:.1f} s, processor time {run['cpu_seconds']:.1f} s, peak "
        f"{run['peak_gb']:.2f} GB"
    )


def _refuse_other_matrix(arrays: dict[str, Any], oracle: dict[str, Any]) -> None:
    """Stop where the two did not work out the same features of as many customers."""
    other = set(arrays["names"]) ^ set(oracle["names"])
    if other or arrays["rows"] != oracle["rows"]:
        msg = (
            f"Arrays and oracle differ: {arrays['rows']:,} and {oracle['rows']:,} "
            f"rows, features {sorted(other)} in one of them only."
        )
        raise ValueError(msg)


def _ratios(one: dict[str, Any], other: dict[str, Any]) -> str:
    """Wall-clock ratio; processor time beside it, which a busy machine leaves alone."""
    wall, cpu = (one[key] / other[key] for key in ("seconds", "cpu_seconds"))
    return f"{wall:.2f}, in processor time {cpu:.2f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=2, help="the best counts")
    parser.add_argument("--no-pandas", dest="pandas", action="store_false")
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--measure", choices=[*WAYS], help="internal")
    parser.add_argument("--log", type=Path, help="internal")
    parser.add_argument("--cutoffs", type=int, default=1, help="internal")
    return parser.parse_args()


def clean_log(folder: Path, n_customers: int) -> tuple[Path, int]:
    """Write the simulated log as the clean table that intake returns.

    In order of time, as logs come: the simulator's own order, by customer, would spare
    both sides the scattered access that real logs cost.
    """
    write_simulation(folder, n_customers, seed=1)
    clean = folder / "clean.parquet"
    n_lines = 0
    writer: pq.ParquetWriter | None = None
    for part in sorted((folder / "orders").glob("*.parquet")):
        table = pq.read_table(part)
        when = table["order_time"].cast(pa.timestamp("us"))
        at = table.schema.get_field_index("order_time")
        table = table.set_column(at, "order_time", when).append_column(
            "order_date", pc.cast(when, pa.date32(), safe=False)
        )
        quantity = table.schema.get_field_index("quantity")
        table = table.set_column(
            quantity, "quantity", table["quantity"].cast(pa.float64())
        )
        writer = writer or pq.ParquetWriter(clean, table.schema)
        writer.write_table(table)
        n_lines += table.num_rows
    assert writer is not None
    writer.close()
    ordered = folder / "in_time_order.parquet"
    duckdb.sql(
        f"COPY (FROM read_parquet('{clean}') ORDER BY order_time, order_id) "
        f"TO '{ordered}'"
    )
    return ordered, n_lines


def _best(kind: str, log: Path, n_cutoffs: int, repeats: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--measure", kind, "--log", str(log)]
    command += ["--cutoffs", str(n_cutoffs)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        for _ in range(repeats)
    ]
    return min(runs, key=lambda run: run["seconds"])


def _measure(kind: str, log: Path, n_cutoffs: int) -> dict[str, Any]:
    cutoffs = [LAST_CUTOFF - timedelta(days=STEP_DAYS * i) for i in range(n_cutoffs)]
    clock = Clock()
    names, n_rows = WAYS[kind](log, cutoffs, clock)
    return {
        "seconds": clock.seconds,
        "cpu_seconds": clock.cpu_seconds,
        "peak_gb": _peak_gb(),
        "rows": n_rows,
        "names": [name for name in names if name not in KEYS],
    }


def _peak_gb() -> float:
    """Return the most memory of this program; what it was started from has its own."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
    return float(peak) / 1e6


class Clock:
    """Wall-clock and processor time of a with block."""

    seconds = cpu_seconds = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def __exit__(self, *error: object) -> None:
        self.seconds = time.perf_counter() - self._start[0]
        self.cpu_seconds = time.process_time() - self._start[1]


def _arrays(log: Path, cutoffs: list[date], clock: Clock) -> Found:
    con = ibis.duckdb.connect()
    con.raw_sql(f"CREATE TABLE log AS SELECT * FROM read_parquet('{log}')")
    with clock:
        lines = con.table("log")
        plan = FeaturePlan.of(cutoffs, first_day=_first_day(lines))
        matrix = plan.matrix(read_blocks(lines))
    return list(matrix.columns), len(matrix)


def _stream(log: Path, cutoffs: list[date], clock: Clock) -> Found:
    con = ibis.duckdb.connect(memory_limit="3GB")
    names, n_rows = [], 0
    with clock:
        lines = con.read_parquet(log)
        plan = FeaturePlan.of(cutoffs, first_day=_first_day(lines))
        for part in plan.frames(read_blocks(lines)):
            names, n_rows = list(part.columns), n_rows + len(part)
    return names, n_rows


def _first_day(lines: ibis.Table) -> date:
    found: date = lines.order_date.min().to_pyarrow().as_py()
    return found


def _oracle(log: Path, cutoffs: list[date], clock: Clock) -> Found:
    spec = importlib.util.spec_from_file_location("pandas_features", ORACLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    frame = pq.read_table(log).to_pandas(date_as_object=False)
    with clock:
        matrix = module.matrix(frame, cutoffs)
    return list(matrix.columns), len(matrix)


WAYS = {"arrays": _arrays, "stream": _stream, "oracle": _oracle}


if __name__ == "__main__":
    main()
