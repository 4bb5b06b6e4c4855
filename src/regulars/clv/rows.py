"""A frame of customers as distinct histories with weights.

An Ibis table is grouped where it lives. Faulty values are refused with their column,
their number and up to five ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.errors import DataError, suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regulars.clv.fitting import FloatArray


@dataclass(frozen=True)
class Rows:
    """Distinct histories, and how many customers have each."""

    columns: dict[str, FloatArray]
    weight: FloatArray  # customers with this history, > 0

    def __len__(self) -> int:
        return int(self.weight.size)

    def __getitem__(self, name: str) -> FloatArray:
        return self.columns[name]

    @property
    def n_customers(self) -> float:
        """Number of customers: the sum of the weights."""
        return float(self.weight.sum())

    def with_columns(self, **columns: FloatArray) -> Rows:
        """Return the same customers with some columns replaced."""
        return Rows({**self.columns, **columns}, self.weight)

    def sample(self, size: int) -> Rows:
        """Return a sample of ``size`` customers, weighted up to all of them.

        The draw is always the same one: a fit is a function of its data alone.
        """
        until = np.cumsum(self.weight)
        points = np.sort(np.random.default_rng(0).random(size)) * until[-1]
        drawn = np.searchsorted(until, points, side="right")
        kept, counts = np.unique(np.minimum(drawn, len(self) - 1), return_counts=True)
        columns = {name: values[kept] for name, values in self.columns.items()}
        weight = counts.astype(np.float64) * (self.n_customers / size)
        return Rows(columns, weight)


def distinct(
    columns: Sequence[FloatArray],
) -> tuple[list[FloatArray], NDArray[np.intp]]:
    """Return the distinct rows of some columns, and where each row went."""
    place, size = np.zeros(len(columns[0]), dtype=np.int64), 1
    for values in columns:
        code, width = _codes(values)
        if size * width > 2**62:  # the key would overflow
            place, dense = pd.factorize(place, sort=True)
            size = len(dense)
        place = place * width + code
        size *= width
    place, keys = pd.factorize(place, sort=True)
    first = np.empty(len(keys), dtype=np.intp)
    first[place[::-1]] = np.arange(len(place), dtype=np.intp)[::-1]
    return [np.asarray(v)[first] for v in columns], np.asarray(place, dtype=np.intp)


def _codes(values: FloatArray) -> tuple[NDArray[np.int64], int]:
    """Return a code for each value, in their order, and how many there may be."""
    with np.errstate(invalid="ignore"):  # beyond integers: then they are not equal
        whole = values.astype(np.int64)
    low = int(whole.min(initial=0))
    if int(whole.max(initial=0)) - low < 2**20 and (whole == values).all():
        return whole - low, int(whole.max(initial=0)) - low + 1  # counts need no hash
    codes, uniques = pd.factorize(np.ascontiguousarray(values), sort=True)
    return np.asarray(codes, dtype=np.int64), max(len(uniques), 1)


def read_columns(frame: Any, names: Sequence[str]) -> pd.DataFrame:
    """Return some columns of a pandas frame or an Ibis table as checked floats."""
    frame = _to_pandas(frame, names)
    missing = [name for name in names if name not in frame.columns]
    if missing:
        hints = "".join(suggestion(name, map(str, frame.columns)) for name in missing)
        msg = (
            f"The summary lacks the columns {missing}; it has "
            f"{sorted(map(str, frame.columns))}.{hints} Build it with "
            "regulars.clv.summarise, or rename your columns."
        )
        raise DataError(msg)
    checked = {name: _finite(frame[name]) for name in names}
    return pd.DataFrame(checked, index=frame.index, copy=False)


def _to_pandas(frame: Any, names: Sequence[str]) -> pd.DataFrame:
    """Return a frame as pandas; of an Ibis table only what is needed."""
    if isinstance(frame, pd.DataFrame):
        return frame
    if _is_ibis(frame):
        wanted = [n for n in ("customer_id", *names) if n in frame.columns]
        local: pd.DataFrame = frame.select(*dict.fromkeys(wanted)).to_pandas()
        return local.set_index("customer_id") if "customer_id" in local else local
    msg = (
        "summary must be a pandas.DataFrame or an ibis.Table with one row a customer, "
        f"got {type(frame).__name__}."
    )
    raise TypeError(msg)


def _is_ibis(frame: Any) -> bool:
    return type(frame).__module__.split(".")[0] == "ibis"


def as_numbers(values: pd.Series) -> FloatArray:
    """Return a column as float64, or say that it holds none."""
    try:
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        msg = (
            f"Column {str(values.name)!r} must hold numbers, got dtype "
            f"{values.dtype}. Durations must be numbers in one unit, such as days."
        )
        raise DataError(msg) from error


def _finite(values: pd.Series) -> FloatArray:
    """Return a column as float64, or say what is wrong with it."""
    numbers = as_numbers(values)
    return reject(
        numbers,
        ~np.isfinite(numbers),
        values.index,
        f"Column {str(values.name)!r} is missing or infinite",
        "Every customer needs a finite number: drop these rows or fill them in.",
    )


def reject(
    values: FloatArray, bad: NDArray[np.bool_], index: pd.Index, what: str, advice: str
) -> FloatArray:
    """Return the values, or raise with count and ids of the bad ones."""
    if bad.any():
        ids = ", ".join(map(str, index[np.flatnonzero(bad)[:5]]))
        more = ", ..." if int(bad.sum()) > 5 else ""
        msg = (
            f"{what} for {int(bad.sum()):,} of {len(bad):,} customers ({ids}{more}). "
            f"{advice}"
        )
        raise DataError(msg)
    return values


def read_rows(frame: Any, names: Sequence[str]) -> tuple[pd.DataFrame, FloatArray]:
    """Return the columns a fit needs and the weight of each row.

    An Ibis table is grouped where it lives, so that only distinct histories travel.
    """
    if not _is_ibis(frame):
        frame = _to_pandas(frame, names)
    elif set(names) <= set(frame.columns):
        has_weight = "weight" in frame.columns
        count = frame["weight"].sum() if has_weight else frame.count()
        frame = frame.group_by(list(names)).aggregate(weight=count).to_pandas()
    columns = [*names, "weight"] if "weight" in frame.columns else list(names)
    table = read_columns(frame, columns)
    if "weight" not in table:
        return table, np.ones(len(table))
    weight = table["weight"].to_numpy()
    what = "Column 'weight' is not positive"
    advice = "It counts identical customers; drop rows that stand for nobody."
    return table[list(names)], reject(weight, weight <= 0, table.index, what, advice)
