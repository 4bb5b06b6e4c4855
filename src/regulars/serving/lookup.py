"""The scores that the batch kept of a customer: what a call-centre screen shows."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from regulars.serving.faults import ServingError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Row = dict[str, Any]
# of the history; the latest row holds every column
HISTORY = (
    "cutoff",
    "churn_probability",
    "risk_band",
    "expected_spend",
    "clv",
    "value_at_risk",
    "segment",
    "model_version",
    "scored_at",
)


class ScoreReader(Protocol):
    """Where kept scores are read."""

    def rows_of(self, customer: str) -> Sequence[Row]:
        """Return every kept row of a customer, in any order."""


class FileScores:
    """The parquet files that the batch keeps: the latest, and one a cutoff."""

    def __init__(self, outputs: Path) -> None:
        self._outputs = outputs
        self._connection = duckdb.connect(
            config={"autoinstall_known_extensions": False, "threads": 1}
        )
        self._connection.execute("SET TimeZone = 'UTC'")

    def rows_of(self, customer: str) -> Sequence[Row]:
        """Return every kept row of a customer, of the latest file first."""
        latest = self._outputs / "scores.parquet"
        kept = sorted((self._outputs / "scores").glob("cutoff=*.parquet"))
        rows: list[Row] = []
        # one cursor a call: calls come from several threads
        with closing(self._connection.cursor()) as cursor:
            for path in (latest, *kept):
                rows += self._rows_in(cursor, path, customer)
        return rows

    def _rows_in(
        self, cursor: duckdb.DuckDBPyConnection, path: Path, customer: str
    ) -> list[Row]:
        # ids are compared as what they are, so that blocks of rows can be passed over
        source = "read_parquet(?, hive_partitioning = false)"
        try:
            ids = cursor.sql(f"SELECT customer_id FROM {source}", params=[str(path)])
            kind = ids.types[0]
            found = cursor.sql(
                f"SELECT * FROM {source} WHERE customer_id = TRY_CAST(? AS {kind})",
                params=[str(path), customer],
            ).to_arrow_table()
        except duckdb.IOException:
            if path.exists():
                raise
            return []  # no batch has run, or the file was replaced this moment
        # NaN is no JSON
        return [
            {n: None if v != v else v for n, v in row.items()}
            for row in found.to_pylist()
        ]


def customer_page(reader: ScoreReader, customer: str) -> dict[str, Any]:
    """Return the latest scores of a customer and their history, the newest first."""
    by_cutoff: dict[str, Row] = {}
    for row in reader.rows_of(customer):
        by_cutoff.setdefault(str(row.get("cutoff")), row)
    rows = [by_cutoff[cutoff] for cutoff in sorted(by_cutoff, reverse=True)]
    if not rows:
        msg = (
            "No batch has scored this customer. Check the id, or ask /invocations with "
            "the customer's history."
        )
        raise ServingError(404, "unknown_customer", msg, customer, "customer_id")
    history = [{name: row.get(name) for name in HISTORY} for row in rows]
    return {
        "customer_id": rows[0]["customer_id"],
        "latest": rows[0],
        "history": history,
    }
