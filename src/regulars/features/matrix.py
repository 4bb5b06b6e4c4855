"""The model matrix: one row a customer and cutoff, one column a feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from regulars.errors import ConfigError, suggestion
from regulars.features import basket, calendar, rfm, rhythm, windows
from regulars.features.group import KEYS, BuildGroup, Group, refuse_repeated
from regulars.features.past import History, Past
from regulars.features.summary import aggregates_at, lasting
from regulars.features.user_functions import (
    join_own,
    load_function,
    refuse_later_rows,
)
from regulars.features.value import value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    import ibis
    from numpy.typing import NDArray

    from regulars.data.ledger import Ledger
    from regulars.features.summary import Lasting, NamedGroup


# A new group is a module with a function and its MEANINGS, and a line in each of these.
GROUPS: dict[str, BuildGroup] = {
    "rfm": rfm.rfm,
    "rhythm": rhythm.rhythm,
    "windows": windows.windows,
    "basket": basket.basket,
    "calendar": calendar.calendar,
    "season": calendar.season,
}
MEANINGS: dict[str, dict[str, str]] = {
    "rfm": rfm.MEANINGS,
    "rhythm": rhythm.MEANINGS,
    "windows": windows.MEANINGS,
    "basket": basket.MEANINGS,
    "calendar": calendar.MEANINGS,
    "season": calendar.SEASON_MEANINGS,
}

DEFAULT_GROUPS = ("rfm", "rhythm", "windows", "basket", "calendar")
"""All but the season, which few snapshots cannot teach."""

FEATURES: dict[str, str] = {
    name: meaning for group in MEANINGS.values() for name, meaning in group.items()
}
"""Name of every feature -> its meaning in one line."""


def build_matrix(
    ledger: Ledger,
    cutoffs: Sequence[date],
    *,
    lookback_days: int | None = None,
    groups: Sequence[str] | None = None,
    extra: Sequence[str] = (),
    first_day: date | None = None,
) -> pd.DataFrame:
    """Return the features of every customer at every cutoff.

    Parameters
    ----------
    ledger : Ledger
        The purchase log by customer and day.
    cutoffs : sequence of date
        Days on which to pretend to stand, in any order; repeated ones count once.
    lookback_days : int, optional
        How far back features may look, at least 1; None: all the history.
    groups : sequence of str, optional
        Keys of `GROUPS`; None: `DEFAULT_GROUPS`.
    extra : sequence of str, optional
        Functions of your own, as ``module:function``. Each takes a `Past` and returns
        an `ibis.Table` with ``customer_id`` (one row a customer) and numeric columns,
        or a `Group`.
    first_day : date, optional
        First day of the log the customers come from, where `ledger` holds only some of
        it. It decides which windows reach back beyond the log.

    Returns
    -------
    DataFrame of shape (n_customers_at_cutoffs, 2 + n_features)
        ``customer_id``, ``cutoff`` (datetime64), and the features as float64, missing
        as NaN; with the group ``rfm`` also `regulars.features.value.VALUE_COLUMNS`,
        which nothing learns from. Sorted by cutoff and customer. The customers at a
        cutoff are those with a purchase before it (and inside the lookback). The same
        log gives the same bits, whatever the order of its rows and the number of
        threads.

    Raises
    ------
    ConfigError
        An unknown group, or a function of your own that cannot be imported, fails, or
        returns something else.

    Examples
    --------
    >>> from datetime import date
    >>> import ibis
    >>> from regulars.data.ledger import build_ledger
    >>> days = [date(2024, 1, 1), date(2024, 1, 9), date(2024, 1, 10)]
    >>> log = ibis.memtable(pa.table({
    ...     "customer_id": ["a", "a", "b"], "order_date": days,
    ...     "order_time": pa.array(days).cast(pa.timestamp("us")),
    ...     "amount": [10.0, 4.0, 2.0], "is_return": [False, False, False]}))
    >>> matrix = build_matrix(build_ledger(log), [date(2024, 1, 10)], groups=["rfm"])
    >>> matrix[["customer_id", "frequency", "recency_days", "T_days"]]
      customer_id  frequency  recency_days  T_days
    0           a        1.0           8.0     9.0
    """
    history = History(ledger, lookback_days=lookback_days, first_day=first_day)
    chosen = _chosen(groups)
    of_value = [value] if rfm.rfm in chosen else []
    builders = [*chosen, *of_value, *map(load_function, extra)]
    pasts = history.along(cutoffs)
    if not pasts:
        msg = "No cutoff was given; the matrix needs at least one. Pass cutoffs=[...]."
        raise ConfigError(msg)
    parts = [
        _Part.of(matrix.to_pyarrow(), past.cutoff)
        for past, matrix in zip(pasts, matrix_expressions(pasts, builders), strict=True)
    ]
    keys = pa.concat_tables(part.keys for part in parts).to_pandas(date_as_object=False)
    features = {name: _joined(name, parts) for name in list(parts[0].features)}
    return pd.DataFrame({**keys, **features}, copy=False)


@dataclass(frozen=True)
class _Part:
    """The matrix of one cutoff, sorted by customer, a plain array a feature.

    Sorted here, by one column, where engines would drag all along; and column by
    column, because fresh memory for a whole table costs more than the sorting.
    """

    keys: pa.Table
    features: dict[str, NDArray[np.float64]]

    @classmethod
    def of(cls, table: pa.Table, cutoff: date) -> _Part:
        order = pc.sort_indices(table["customer_id"])
        ids = table["customer_id"].take(order)
        stamp = pa.repeat(pa.scalar(cutoff, pa.date32()), table.num_rows)
        rows = order.to_numpy()
        return cls(
            keys=pa.table({"customer_id": ids, "cutoff": stamp}),
            features={
                name: table[name].to_numpy()[rows]
                for name in table.column_names
                if name not in KEYS
            },
        )


def _joined(name: str, parts: Sequence[_Part]) -> NDArray[np.float64]:
    """Take a feature out of the parts, so that none is in memory twice for long."""
    pieces = [part.features.pop(name) for part in parts]
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def matrix_expressions(
    pasts: Iterable[Past], builders: Sequence[BuildGroup]
) -> Iterator[ibis.Table]:
    """Yield the matrix of each cutoff as an expression.

    Parameters
    ----------
    pasts : iterable of Past
        What is known at each cutoff, as `History.along` returns it.
    builders : sequence of callable
        Functions from a `Past` to a `Group` or an `ibis.Table`.

    Yields
    ------
    ibis.Table
        ``customer_id`` and the features as float64, in no order.

    Raises
    ------
    ConfigError
        A function fails, returns something else, uses a name twice, or makes a table
        of what is known at later cutoffs too.

    Examples
    --------
    >>> from datetime import date
    >>> import ibis
    >>> from regulars.data.ledger import build_ledger
    >>> from regulars.features.past import History
    >>> days = [date(2024, 1, 1), date(2024, 1, 9)]
    >>> log = ibis.memtable(pa.table({
    ...     "customer_id": ["a", "a"], "order_date": days,
    ...     "order_time": pa.array(days).cast(pa.timestamp("us")),
    ...     "amount": [10.0, 4.0], "is_return": [False, False]}))
    >>> pasts = History(build_ledger(log)).along([date(2024, 1, 9), date(2024, 1, 10)])
    >>> for matrix in matrix_expressions(pasts, [GROUPS["rfm"]]):
    ...     print(matrix.to_pandas()["n_orders"].tolist())
    [1.0]
    [2.0]
    """
    shared: Lasting | None = None
    for past in pasts:
        built = [(_name(builder), builder(past)) for builder in builders]
        groups = [(name, part) for name, part in built if isinstance(part, Group)]
        for name, part in built:
            tables = part.tables if isinstance(part, Group) else (part,)
            refuse_later_rows(name, tables, past)
        if shared is None or shared.known is not past.known:
            # with a lookback each cutoff has a Known of its own
            shared = lasting(past.known, groups)
        matrix = _features(aggregates_at(past, groups, shared), groups)
        for name, part in built:
            if not isinstance(part, Group):
                matrix = join_own(matrix, part, name)
        yield matrix


def _features(summary: ibis.Table, groups: Sequence[NamedGroup]) -> ibis.Table:
    features: dict[str, ibis.Value] = {}
    for name, group in groups:
        own = group.features(summary)
        refuse_repeated(name, "feature", set(features) & set(own))
        features |= {k: v.cast("float64") for k, v in own.items()}
    return summary.select("customer_id", **features)


def describe_features(groups: Sequence[str] | None = None) -> pd.DataFrame:
    """Return what each feature means, for the documentation and the report.

    Parameters
    ----------
    groups : sequence of str, optional
        Keys of `GROUPS`; None: all of them.

    Returns
    -------
    DataFrame of shape (n_features, 3)
        ``feature``, ``group`` and ``meaning``.

    Raises
    ------
    ConfigError
        An unknown group.

    Examples
    --------
    >>> describe_features(["season"])["feature"].tolist()
    ['year_sin', 'year_cos']
    """
    names = list(MEANINGS) if groups is None else list(groups)
    _refuse_unknown(names)
    rows = [
        (feature, group, meaning)
        for group in names
        for feature, meaning in MEANINGS[group].items()
    ]
    return pd.DataFrame(rows, columns=["feature", "group", "meaning"])


def _chosen(groups: Sequence[str] | None) -> list[BuildGroup]:
    names = DEFAULT_GROUPS if groups is None else tuple(dict.fromkeys(groups))
    _refuse_unknown(names)
    return [GROUPS[name] for name in names]


def _refuse_unknown(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        msg = (
            f"features.groups names '{unknown[0]}', which is not a feature group."
            f"{suggestion(unknown[0], GROUPS)} Choose from {list(GROUPS)}."
        )
        raise ConfigError(msg)


def _name(builder: BuildGroup) -> str:
    return f"{builder.__module__}:{getattr(builder, '__name__', builder)}"
