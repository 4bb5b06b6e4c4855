"""The dated tables beside a log's purchases, a block of customers at a time."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from regulars.features.signals import Signals
from regulars.features.table_columns import array_of, names_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

# a customer stands in either column
SIDES = {"referrals": ("customer_id", "referred_id")}
ROWS = 200_000
NUMBER = "row"


class Sorted:
    """The rows of a table in the order of the customers in a column, as a stream."""

    def __init__(self, batches: Iterator[pa.RecordBatch], schema: pa.Schema, who: str):
        self._batches, self._who = batches, who
        self._held = schema.empty_table()

    def up_to(self, last: Any) -> pa.Table:
        """Return the rows up to a customer that have not been returned yet."""
        whole = [self._held]
        while not whole[-1].num_rows or whole[-1][self._who][-1].as_py() <= last:
            batch = next(self._batches, None)
            if batch is None:
                break
            if batch.num_rows:
                whole.append(pa.Table.from_batches([batch]))
        ids = _Ids(whole[-1][self._who])
        end = bisect_right(ids, last)
        self._held = whole[-1].slice(end)
        return pa.concat_tables([*whole[:-1], whole[-1].slice(0, end)])


@dataclass(frozen=True)
class _Ids:
    """A column, to be searched without being read."""

    column: pa.ChunkedArray

    def __len__(self) -> int:
        return len(self.column)

    def __getitem__(self, place: int) -> Any:
        return self.column[place].as_py()


@dataclass(frozen=True)
class Beside:
    """Every dated table, sorted by customer; one pass over rising blocks."""

    # a stream for each column in which customers stand
    streams: Mapping[str, list[Sorted]]
    begins: Mapping[str, pd.Timestamp]

    @classmethod
    def of(cls, signals: Signals) -> Beside:
        """Sort the tables."""
        streams = {n: _streams(n, rows) for n, rows in signals.tables.items()}
        return cls(streams, signals.begins)

    def of_customers(self, ids: pa.ChunkedArray) -> Signals:
        """Return what is known of the customers of a block."""
        if not self.streams or not len(ids):
            return Signals({}, {})
        who, last = ids.unique(), ids[-1].as_py()
        tables = {}
        for name, streams in self.streams.items():
            sides = [_of(each.up_to(last), each, who) for each in streams]
            tables[name] = sides[0] if len(sides) == 1 else _once(sides)
        return Signals(tables, self.begins)


def _of(rows: pa.Table, stream: Sorted, who: pa.Array) -> pa.Table:
    ids = rows[stream._who]
    return rows.filter(pc.is_in(ids, value_set=who.cast(ids.type)))


def _once(sides: list[pa.Table]) -> pa.Table:
    """Return rows that may stand on several sides, each once."""
    first, *others = sides
    for other in others:
        is_known = pc.is_in(other[NUMBER], value_set=first[NUMBER].combine_chunks())
        first = pa.concat_tables([first, other.filter(pc.invert(is_known))])
    return first


def _streams(name: str, rows: pd.DataFrame) -> list[Sorted]:
    columns = {column: array_of(rows, column) for column in names_of(rows)}
    sides = SIDES.get(name, ("customer_id",))
    if len(sides) > 1:
        columns[NUMBER] = pa.array(range(len(rows)))
    table = pa.table(columns)
    return [_sorted(table, side) for side in sides if side in columns]


def _sorted(table: pa.Table, who: str) -> Sorted:
    # rows of nobody are nobody's
    known = table.filter(table[who].is_valid())
    return Sorted(iter(known.sort_by(who).to_batches(ROWS)), table.schema, who)
