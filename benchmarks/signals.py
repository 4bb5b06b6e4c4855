"""Features of the dated tables against those of the purchases, row for row.

Simulates purchases, as many events, and a tenth as many rows of every other table, and
measures in fresh processes, one cutoff each, from the clean table to the finished
columns. Prints processor times and their ratios to the purchases' own features of the
same run, because seconds depend on the machine. ``--customers 1000000``: the full size,
10 million events and a million tickets.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features import LAST_CUTOFF, WAYS, Clock, clean_log
from regulars.features.dated_tables import columns_of, sorted_rows, words_before

DAYS = 3 * 365
AT_MOST = 2.0
"""Times the purchases' own features, for the events and the tickets together."""

EVENT_TYPES = ["visit", "email_sent", "email_open", "email_click", "app_session"]
KINDS = ["earn", "redeem", "expire", "tier", "badge"]
OTHERS = (
    "tickets",
    "surveys",
    "loyalty",
    "referrals",
    "contacts",
    "subscriptions",
    "customers",
)


def main() -> None:
    options = _options()
    if options.measure:
        print(json.dumps(_measure(options.measure, options.folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), options.customers, options.repeats)


def report(folder: Path, n_customers: int, repeats: int) -> None:
    log, n_lines = clean_log(folder, n_customers)
    log.rename(folder / "transactions.parquet")
    write_tables(folder, n_lines)
    purchases = _best("transactions", folder, repeats)
    print(f"{n_customers:,} customers; processor times are the best of {repeats}")
    print(f"purchases: {_told(purchases)}")
    ratios = {}
    for name in ("events", *OTHERS):
        found = _best(name, folder, repeats)
        ratios[name] = found["cpu_seconds"] / purchases["cpu_seconds"]
        print(f"{name}: {_told(found)}; {ratios[name]:.2f} times the purchases'")
    both = ratios["events"] + ratios["tickets"]
    print(f"events and tickets: {both:.2f} times the purchases' (at most {AT_MOST:g})")


def _told(run: dict[str, Any]) -> str:
    return (
        f"{run['rows']:,} rows, {run['columns']} columns, {run['cpu_seconds']:.2f} s, "
        f"peak {run['peak_gb']:.2f} GB"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3, help="the best counts")
    parser.add_argument("--measure", help="internal")
    parser.add_argument("--folder", type=Path, help="internal")
    return parser.parse_args()


def write_tables(folder: Path, n_events: int) -> None:
    """Write rows of the same customers, in order of time, as logs come."""
    log = pq.read_table(folder / "transactions.parquet", columns=["customer_id"])
    ids = pc.unique(log["customer_id"].combine_chunks())
    for number, name in enumerate(("events", *OTHERS)):
        rng = np.random.default_rng(number)
        n = n_events if name == "events" else n_events // 10
        who = ids.take(pa.array(rng.integers(0, len(ids), n)))
        first = np.datetime64(LAST_CUTOFF) - DAYS
        day = first + np.sort(rng.integers(0, DAYS + 60, n))
        rows = {"customer_id": who, "day": pa.array(day)}
        pq.write_table(
            pa.table(rows | _columns(name, rng, day, ids)), folder / f"{name}.parquet"
        )


def _columns(
    name: str, rng: np.random.Generator, day: np.ndarray, ids: pa.Array
) -> dict[str, Any]:
    n = len(day)

    def later(most: int, known: float) -> pa.Array:
        return pa.array(day + rng.integers(0, most, n), mask=rng.random(n) > known)

    def of(*texts: str | None) -> np.ndarray:
        return rng.choice(np.array(texts, object), n)

    def small(most: int) -> np.ndarray:
        return rng.integers(0, most, n).astype(float)

    match name:
        case "events":
            return {"event_type": of(*EVENT_TYPES), "value": small(9)}
        case "tickets":
            return {
                "first_response_date": later(5, 0.9),
                "resolved_date": later(20, 0.9),
                "due_date": later(20, 1.0),
                "priority": of("low", "normal", "high"),
                "department": of("billing", "delivery", "returns", "other"),
                "tags": of("late, broken", "broken", "rude; late", None),
                "reopened": rng.random(n) < 0.1,
                "csat": 1 + small(5),
            }
        case "surveys":
            return {"score": small(11)}
        case "loyalty":
            own = {"tier": of("gold", "silver", None), "badge": of("fan", None, None)}
            return {"kind": of(*KINDS), "points": small(100), **own}
        case "referrals":
            return {"referred_id": ids.take(pa.array(rng.integers(0, len(ids), n)))}
        case "contacts":
            own = {"offer_id": of("o1", None), "cost_amount": small(3)}
            control = rng.random(n) < 0.1
            return {"is_control": control, "redeemed_date": later(30, 0.1), **own}
        case "subscriptions":
            own = {"plan": of("s", "m", "l"), "monthly_amount": small(30)}
            return {"ended_date": later(400, 0.7), **own}
        case _:
            return {"city": of("Rome", "Oslo", "Bern"), "seats": small(50)}


def _best(name: str, folder: Path, repeats: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--measure", name, "--folder", str(folder)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        for _ in range(repeats)
    ]
    return min(runs, key=lambda run: run["cpu_seconds"])


def _measure(name: str, folder: Path) -> dict[str, Any]:
    path, clock = folder / f"{name}.parquet", Clock()
    rows = pq.read_metadata(path).num_rows
    if name == "transactions":
        columns = len(WAYS["arrays"](path, [LAST_CUTOFF], clock)[0])
    else:
        table = pq.read_table(path)
        log = pq.read_table(folder / "transactions.parquet", columns=["customer_id"])
        customers = pd.Index(pc.unique(log["customer_id"]).to_pandas())
        first_days = pd.Series(pd.Timestamp(LAST_CUTOFF), customers)
        with clock:
            ready = sorted_rows(name, table, first_days)
            words = words_before({name: ready}, LAST_CUTOFF)
            found = columns_of(name, ready, LAST_CUTOFF, customers, words)
        columns = found.shape[1]
    return {
        "cpu_seconds": clock.cpu_seconds,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "rows": rows,
        "columns": columns,
    }


if __name__ == "__main__":
    main()
