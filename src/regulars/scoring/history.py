"""Scores of earlier cutoffs: what was said of the same customers before."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulars.errors import DataError
from regulars.results.writing import replacing
from regulars.scoring.layout import BEFORE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FOLDER = "scores"
NAME = b"regulars.name"
KEPT = ("customer_id", "churn_probability", "risk_band")
_FILE = re.compile(r"cutoff=(\d{4}-\d{2}-\d{2})\.parquet")


class History(Protocol):
    """The kept scores of one name, by cutoff."""

    def days(self) -> list[date]:
        """Return the cutoffs of the name, rising."""

    def read(self, cutoff: date, columns: Sequence[str]) -> pa.Table:
        """Return columns of the scores of a cutoff."""

    def scores_at(self, cutoff: date, first: Any, last: Any) -> pa.Table:
        """Return `KEPT` of a cutoff's customers from one id to another."""

    def rows_of(self, customer: str) -> pa.Table:
        """Return every kept row of a customer, with all columns."""


@dataclass(frozen=True)
class FileHistory:
    """A file a cutoff, below the outputs folder."""

    outputs: Path
    name: str

    def days(self) -> list[date]:
        """Return the cutoffs of the name that have a file, rising."""
        folder = self.outputs / FOLDER
        found = (_FILE.fullmatch(path.name) for path in folder.glob("cutoff=*.parquet"))
        days = sorted(date.fromisoformat(match[1]) for match in found if match)
        return [day for day in days if self._is_ours(self.path(day))]

    def scores_at(self, cutoff: date, first: Any, last: Any) -> pa.Table:
        """Return `KEPT` of a cutoff's customers from one id to another."""
        within = [("customer_id", ">=", first), ("customer_id", "<=", last)]
        return _read(self.path(cutoff), KEPT, within)

    def read(self, cutoff: date, columns: Sequence[str]) -> pa.Table:
        """Return columns of the scores of a cutoff."""
        return _read(self.path(cutoff), columns)

    def rows_of(self, customer: str) -> pa.Table:
        """Return every kept row of a customer, with all columns."""
        latest = self.outputs / "scores.parquet"
        paths = [self.path(day) for day in self.days()]
        if self._is_ours(latest):
            paths.append(latest)
        found = [_rows_in(path, customer) for path in paths]
        if not found:
            return pa.table({})
        return pa.concat_tables(found, promote_options="permissive")

    def keep(self, cutoff: date, scores: Path) -> None:
        """Keep a copy of the scores of a cutoff, in place of an older one."""
        with replacing(self.path(cutoff)) as temporary:
            shutil.copyfile(scores, temporary)

    def path(self, cutoff: date) -> Path:
        """Return the file of a cutoff."""
        return self.outputs / FOLDER / f"cutoff={cutoff}.parquet"

    def _is_ours(self, path: Path) -> bool:
        if not path.is_file():
            return False
        try:
            said = pq.read_schema(path).metadata or {}
        except (OSError, pa.ArrowException) as error:
            raise DataError(_unreadable(path, error)) from error
        return bool(said.get(NAME) == self.name.encode())


def latest_before(history: History, day: date) -> date | None:
    """Return the latest cutoff before a day, if there is one."""
    return max((each for each in history.days() if each < day), default=None)


def _read(path: Path, columns: Sequence[str] | None, filters: Any = None) -> pa.Table:
    try:
        chosen = None if columns is None else [*columns]
        return pq.read_table(path, columns=chosen, filters=filters)
    except (OSError, pa.ArrowException) as error:
        raise DataError(_unreadable(path, error)) from error


def _rows_in(path: Path, customer: str) -> pa.Table:
    # ids are compared as what they are, so that groups of rows can be passed over
    kind = pq.read_schema(path).field("customer_id").type
    try:
        who = pa.scalar(customer).cast(kind)
    except pa.ArrowInvalid:  # no id of this kind
        return pq.read_schema(path).empty_table()
    return _read(path, None, [("customer_id", "=", who)])


def _unreadable(path: Path, error: Exception) -> str:
    return (
        f"The scores of an earlier cutoff in '{path}' cannot be read "
        f"({str(error).splitlines()[0]}). Delete the file, or put back a whole one."
    )


def with_before(
    scores: pa.Table, history: History, cutoff_before: date | None, schema: pa.Schema
) -> pa.Table:
    """Return scores with what an earlier cutoff said of the same customers."""
    ids = scores["customer_id"].combine_chunks()
    n = len(ids)
    if cutoff_before is None or not n:
        nothing = [pa.nulls(n, schema.field(name).type) for name in BEFORE]
        return pa.table([*scores.columns, *nothing], schema=schema)
    first, last = pc.min(ids).as_py(), pc.max(ids).as_py()
    kept = history.scores_at(cutoff_before, first, last)
    place = pc.index_in(ids, value_set=kept["customer_id"].cast(ids.type))
    churn, band = (kept[name].take(place) for name in KEPT[1:])
    day = pc.if_else(place.is_valid(), pa.scalar(cutoff_before), None)
    before = [churn, band.cast(pa.string()), day]
    return pa.table([*scores.columns, *before], schema=schema)
