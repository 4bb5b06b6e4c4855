"""The model matrix: one row a customer and cutoff, one column a feature.

A ledger and cutoffs come in, a pandas frame goes out. The groups registered here say
which aggregates they need; one scan of the days computes them all, once a cutoff, over
a history that is prepared once for all cutoffs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from regulars.data.ledger import materialise
from regulars.errors import ConfigError, suggestion
from regulars.features import basket, calendar, rfm, rhythm, windows
from regulars.features.group import Group, basics
from regulars.features.past import History, Past

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from regulars.data.ledger import Ledger

BuildGroup = Callable[[Past], Group]

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

KEYS = ("customer_id", "cutoff")

SPANS = (91, 365)
"""Ages in days up to which days are scanned once more for what only recent ones add."""


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
        as NaN; sorted by cutoff and customer. The customers at a cutoff are those with
        a purchase before it (and inside the lookback). The same log gives the same
        bits, whatever the order of its rows and the number of threads.

    Raises
    ------
    ConfigError
        An unknown group, or a function of your own that cannot be imported, fails, or
        returns something else.

    Examples
    --------
    >>> from datetime import date
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
    builders = [*_chosen(groups), *map(_load, extra)]
    tables = []
    for cutoff in sorted(set(cutoffs)):
        past = history.at(cutoff)
        table = _by_customer(matrix_expression(past, builders).to_pyarrow())
        stamp = pa.repeat(pa.scalar(cutoff, pa.date32()), table.num_rows)
        tables.append(table.add_column(1, "cutoff", stamp))
    if not tables:
        msg = "No cutoff was given; the matrix needs at least one. Pass cutoffs=[...]."
        raise ConfigError(msg)
    whole = pa.concat_tables(tables)
    del tables
    matrix: pd.DataFrame = whole.to_pandas(
        date_as_object=False, self_destruct=True, split_blocks=True
    )
    return matrix


def _by_customer(table: pa.Table) -> pa.Table:
    """Sort by customer: by one column here, where engines would drag all along."""
    order = pc.sort_indices(table, sort_keys=[("customer_id", "ascending")])
    return table.take(order)


def matrix_expression(past: Past, builders: Sequence[BuildGroup]) -> ibis.Table:
    """Return the matrix of one cutoff as an expression, to be compiled once.

    Parameters
    ----------
    past : Past
        What is known at the cutoff.
    builders : sequence of callable
        Functions from a `Past` to a `Group` or an `ibis.Table`.

    Returns
    -------
    ibis.Table
        ``customer_id`` and the features as float64, in no order.

    Raises
    ------
    ConfigError
        A function fails, returns something else, or uses a name twice.

    Examples
    --------
    >>> from datetime import date
    >>> from regulars.data.ledger import build_ledger
    >>> from regulars.features.past import History
    >>> days = [date(2024, 1, 1), date(2024, 1, 9)]
    >>> log = ibis.memtable(pa.table({
    ...     "customer_id": ["a", "a"], "order_date": days,
    ...     "order_time": pa.array(days).cast(pa.timestamp("us")),
    ...     "amount": [10.0, 4.0], "is_return": [False, False]}))
    >>> past = History(build_ledger(log)).at(date(2024, 1, 10))
    >>> matrix_expression(past, [GROUPS["rfm"]]).to_pandas()["T_days"].tolist()
    [9.0]
    """
    built = [(_name(builder), builder(past)) for builder in builders]
    specs = [(name, part) for name, part in built if isinstance(part, Group)]
    summary = _summary(past, specs)
    for _, part in specs:
        for table in part.tables:
            summary = _join(summary, table)
    features: dict[str, ibis.Value] = {}
    for name, part in specs:
        found = part.features(summary)
        _refuse_repeated(name, "feature", set(features) & set(found))
        features |= {k: v.cast("float64") for k, v in found.items()}
    matrix = summary.select("customer_id", **features)
    for name, part in built:
        if not isinstance(part, Group):
            matrix = _join_own(matrix, part, name)
    return matrix


def _summary(past: Past, specs: Sequence[tuple[str, Group]]) -> ibis.Table:
    """Aggregate the days before the cutoff, each span of age in a scan of its own."""
    scans: dict[int | None, dict[str, ibis.Value]] = {None: basics(past)}
    taken = {*scans[None], *past.latest.columns}
    for name, part in specs:
        wanted: list[tuple[int | None, Mapping[str, ibis.Value]]] = [
            (None, part.aggregates)
        ]
        wanted += [(_span(age), values) for age, values in part.recent.items()]
        for span, values in wanted:
            _refuse_repeated(name, "aggregate", taken & set(values))
            taken |= set(values)
            scans.setdefault(span, {}).update(values)
    summary = past.latest
    for span, values in scans.items():
        days = past.days
        if span is not None:
            days = days.filter(days.age_days <= span)
        # Computed apart: as parts of one query, engines would first write out the days
        # that the scans have in common, with all their columns.
        totals = materialise(days.group_by("customer_id").aggregate(**values))
        summary = _join(summary, totals)
        if span is not None:
            none = {name: summary[name].fill_null(0) for name in values}
            summary = summary.mutate(**none)
    return summary


def _span(age_days: int) -> int | None:
    return next((span for span in SPANS if span >= age_days), None)


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


def _refuse_repeated(owner: str, kind: str, names: set[str]) -> None:
    if names:
        msg = (
            f"The feature function '{owner}' uses the {kind} name '{min(names)}', "
            "which is taken. Give each a name of its own."
        )
        raise ConfigError(msg)


def _load(path: str) -> BuildGroup:
    """Import a function of the user's own, and guard what it returns."""
    module_name, _, function_name = path.partition(":")
    if not function_name:
        msg = f"features.extra names '{path}'; write it as 'module:function'."
        raise ConfigError(msg)
    try:
        function = getattr(importlib.import_module(module_name), function_name)
    except (ImportError, AttributeError) as error:
        msg = (
            f"features.extra names '{path}', which cannot be imported ({error}). Check "
            "the names, and that Python finds the module from where the command runs."
        )
        raise ConfigError(msg) from error
    if not callable(function):
        msg = f"features.extra names '{path}', which is not a function."
        raise ConfigError(msg)
    return _Guarded(path, function)


class _Guarded:
    """A user's own function, whose faults become one sentence."""

    def __init__(self, path: str, function: BuildGroup) -> None:
        self.__module__, _, self.__name__ = path.partition(":")
        self._path = path
        self._function = function

    def __call__(self, past: Past) -> Group:
        try:
            result = self._function(past)
        except Exception as error:
            msg = (
                f"The function '{self._path}' of features.extra failed: "
                f"{type(error).__name__}: {error}. It is called with a Past and "
                "returns an ibis table with 'customer_id' and numeric columns."
            )
            raise ConfigError(msg) from error
        if isinstance(result, Group) or (
            isinstance(result, ibis.Table) and _is_own_table(result)
        ):
            return result
        msg = (
            f"The function '{self._path}' of features.extra returned "
            f"{_describe(result)}; it has to return an ibis table with 'customer_id' "
            "and numeric columns, or a Group."
        )
        raise ConfigError(msg)


def _is_own_table(table: ibis.Table) -> bool:
    values = [name for name in table.columns if name not in KEYS]
    numbers = [
        table[n].type().is_numeric() or table[n].type().is_boolean() for n in values
    ]
    return "customer_id" in table.columns and bool(values) and all(numbers)


def _describe(result: object) -> str:
    if isinstance(result, ibis.Table):
        columns = {name: str(kind) for name, kind in result.schema().items()}
        return f"a table with the columns {columns}"
    return f"a {type(result).__name__}"


def _join_own(matrix: ibis.Table, table: ibis.Table, name: str) -> ibis.Table:
    values = [column for column in table.columns if column not in KEYS]
    _refuse_repeated(name, "feature", set(values) & set(matrix.columns))
    n_rows = table.count()
    repeated = (
        table.aggregate(excess=n_rows - table.customer_id.nunique())
        .to_pyarrow()["excess"][0]
        .as_py()
    )
    if repeated:
        msg = (
            f"The feature function '{name}' returned {repeated} rows too many; it has "
            "to return one row a customer. Aggregate by 'customer_id'."
        )
        raise ConfigError(msg)
    own = table.select("customer_id", **{n: table[n].cast("float64") for n in values})
    return _join(matrix, own)


def _join(table: ibis.Table, other: ibis.Table) -> ibis.Table:
    joined = table.left_join(other, "customer_id", rname="{name}_other")
    return joined.drop("customer_id_other")
