"""Distinct histories: how a frame of customers becomes a few weighted rows.

In comes a pandas frame or an Ibis table with one row a customer; out come checked
float columns with one row a *distinct* history and the number of customers that share
it. An Ibis table is grouped where it lives. Faulty values are refused here, with their
column, their number and up to five ids.
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
    """Distinct histories, and how many customers have each.

    Attributes
    ----------
    columns : dict of str to array of shape (n_rows,)
        The values of each column.
    weight : array of shape (n_rows,)
        Customers with this history, > 0.

    Examples
    --------
    >>> import numpy as np
    >>> rows = Rows({"T": np.array([1.0, 2.0])}, np.array([3.0, 1.0]))
    >>> rows.n_customers, len(rows)
    (4.0, 2)
    """

    columns: dict[str, FloatArray]
    weight: FloatArray

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
    """Return the distinct rows of some columns, and where each row went.

    Parameters
    ----------
    columns : sequence of array of shape (n_rows,)
        Finite numbers.

    Returns
    -------
    list of array of shape (n_distinct,)
        The distinct rows, sorted.
    array of shape (n_rows,)
        For each row, its place among the distinct ones.

    Examples
    --------
    >>> import numpy as np
    >>> rows, place = distinct([np.array([2.0, 1.0, 2.0]), np.array([5.0, 5.0, 5.0])])
    >>> rows[0].tolist(), place.tolist()
    ([1.0, 2.0], [1, 0, 1])
    """
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
    """Return some columns of a pandas frame or an Ibis table as checked floats.

    Parameters
    ----------
    frame : pandas.DataFrame or ibis.Table
        One row a customer. An Ibis table with a ``customer_id`` is keyed by it.
    names : sequence of str
        Columns that must be there.

    Returns
    -------
    pandas.DataFrame
        The columns as float64, with the index of the frame.

    Raises
    ------
    TypeError
        If ``frame`` is no frame.
    DataError
        If a column is missing, or has values that are no finite numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> read_columns(pd.DataFrame({"T": [1, 2]}), ["T"])["T"].tolist()
    [1.0, 2.0]
    """
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
    """Return a column as float64, or say that it holds none.

    Parameters
    ----------
    values : pandas.Series of shape (n_rows,)
        Missing values become NaN.

    Returns
    -------
    array of shape (n_rows,)
        The numbers.

    Raises
    ------
    DataError
        If the column holds text, durations or anything else that is no number.

    Examples
    --------
    >>> import pandas as pd
    >>> as_numbers(pd.Series([1, None], dtype="Int64")).tolist()
    [1.0, nan]
    """
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
    """Return the values, or raise with count and ids of the bad ones.

    Parameters
    ----------
    values : array of shape (n_customers,)
        Returned as they are if all is well.
    bad : array of bool of shape (n_customers,)
        Which of them are not allowed.
    index : pandas.Index of length n_customers
        Ids for the message; at most five are named.
    what, advice : str
        First and last part of the message.

    Returns
    -------
    array of shape (n_customers,)
        ``values``.

    Raises
    ------
    DataError
        If any is bad.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> reject(np.array([-1.0]), np.array([True]), pd.Index(["c1"]), "T < 0", "Fix.")
    Traceback (most recent call last):
    ...
    regulars.errors.DataError: T < 0 for 1 of 1 customers (c1). Fix.
    """
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

    Parameters
    ----------
    frame : pandas.DataFrame or ibis.Table
        One row a customer, or a ``weight`` that counts identical ones.
    names : sequence of str
        Columns that must be there.

    Returns
    -------
    pandas.DataFrame
        The columns, float64.
    array of shape (n_rows,)
        Weights, > 0; ones where there is no column ``weight``.

    Raises
    ------
    DataError
        If a column is missing or a weight is not a positive number.

    Examples
    --------
    >>> import pandas as pd
    >>> read_rows(pd.DataFrame({"T": [1, 2], "weight": [3, 1]}), ["T"])[1].tolist()
    [3.0, 1.0]
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
