"""Write scores of one cutoff, for processes that are killed."""

from datetime import date

import numpy as np
import pyarrow as pa

from regulars.config import ScoreTableSettings
from regulars.scoring.sinks.postgres_table import open_table

CUTOFF = date(2024, 12, 1)
SIZE = 10_000


def rows(first, n, run):
    for start in range(first, first + n, SIZE):
        ids = np.arange(start, min(start + SIZE, first + n))
        yield pa.record_batch(
            {
                "customer_id": pa.array(ids),
                "cutoff": pa.array([CUTOFF] * len(ids), pa.date32()),
                "churn_probability": np.linspace(0, 1, len(ids)),
                "risk_band": pa.array(["low"] * len(ids)),
                "risk_reasons": pa.array([["rare", "late"]] * len(ids)),
                "run_id": pa.array([run] * len(ids)),
            }
        )


def reader(first, n, run):
    batches = rows(first, n, run)
    schema = next(rows(first, 1, run)).schema
    return pa.RecordBatchReader.from_batches(schema, batches)


def write(url, first, n, run, table="scores", name="shop", *, only=False):
    with open_table(ScoreTableSettings(engine=url, table=table), name) as opened:
        scores = reader(first, n, run)
        opened.prepare(scores.schema)
        opened.replace(CUTOFF, scores, only=only)


def write_and_tell(ready, url, n, run):
    ready.set()
    write(url, 0, n, run)
