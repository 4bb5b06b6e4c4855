"""The columns of a table as arrays, whether pandas or Arrow holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from typing import TypeAlias

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.features.sorted_rows import Floats, Ints

    Table: TypeAlias = "pd.DataFrame | pa.Table"

MOST_BITS = 63
"""Bits of one whole number."""

NEVER = 1 << 40
"""The day of what has not happened: later than every cutoff."""


def names_of(table: Table) -> tuple[str, ...]:
    """Return the names of the columns."""
    names = table.column_names if isinstance(table, pa.Table) else table.columns
    return tuple(map(str, names))


def array_of(table: Table, name: str) -> pa.Array:
    """Return a column in one piece."""
    if isinstance(table, pa.Table):
        return table[name].combine_chunks()
    try:
        array = pa.array(table[name], from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        # numbers and texts in one column are texts
        array = pa.array(table[name].map(str, na_action="ignore"), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def numbers(array: pa.Array) -> NDArray[np.bool_] | Floats:
    """Return flags (false where missing) or float64, missing as NaN."""
    if pa.types.is_boolean(array.type):
        return np.asarray(array.fill_null(False).to_numpy(zero_copy_only=False))
    found = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.asarray(found, np.float64)


def days(array: pa.Array) -> Ints:
    """Return days since 1970-01-01; `NEVER` where missing."""
    whole = array.cast(pa.date32(), safe=False).cast(pa.int32()).cast(pa.int64())
    return np.asarray(whole.fill_null(NEVER).to_numpy(zero_copy_only=False))


def ranked(array: pa.Array) -> tuple[Ints, pa.Array]:
    """Return the rank of each row's value from 1 on, 0 where missing, and the values.

    Ranks are whole numbers as small as they can be.
    """
    encoded = array.dictionary_encode()
    names = encoded.dictionary
    rising = pc.sort_indices(names)
    ranks = np.zeros(len(names) + 1, np.min_scalar_type(len(names)))
    ranks[1 + rising.to_numpy()] = np.arange(1, len(names) + 1)
    # an index of its own for what is missing
    indices = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy()
    return ranks[1 + indices], names.take(rising)


def order_of(*keys: Ints) -> Ints:
    """Return the rows by whole numbers from 0 on, the first of them first.

    Sorted as one whole number where they fit into one, which is several times as fast;
    ties stay as they stand.
    """
    n_rows = len(keys[0])
    bits = [int(key.max(initial=0)).bit_length() for key in keys]
    place_bits = n_rows.bit_length()
    if sum(bits) + place_bits > MOST_BITS:
        return np.lexsort(keys[::-1])
    packed = np.zeros(n_rows, np.int64)
    for key, n_bits in zip(keys, bits, strict=True):
        packed <<= n_bits
        packed |= key
    packed <<= place_bits
    packed |= np.arange(n_rows)
    packed.sort()
    packed &= (1 << place_bits) - 1
    return packed
