"""What may be seen at a cutoff: the one place where ``day < cutoff`` is applied.

Feature groups get their data from a `Past` and from nowhere else, so that no group can
look ahead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis

from regulars.data.ledger import materialise, units_of, with_units
from regulars.errors import ConfigError, LeakageError
from regulars.features.known import Known, known
from regulars.features.sequence import novelties, sequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from regulars.data.ledger import Ledger

    _Log = tuple[ibis.Table, ibis.Table | None, ibis.Table | None]


@dataclass(frozen=True)
class Past:
    """What is known at one cutoff.

    Attributes
    ----------
    cutoff : date
        The day on which we pretend to stand.
    days : ibis.Table
        The ledger's days before the cutoff, with ``age_days`` (whole days from the day
        to the cutoff, at least 1) and the columns of `regulars.features.sequence`.
    items : ibis.Table or None
        The ledger's items before the cutoff.
    novelties : ibis.Table or None
        One row a customer and product bought before the cutoff, ``customer_id`` and
        ``day`` of the first purchase; None where the log names no products.
    transactions : ibis.Table
        The clean transactions before the cutoff.
    known : Known
        The same days, items and novelties for this cutoff and the others that are
        worked out with it: what a group's lasting aggregates come from.
    seen_days : int
        Days from the first day of the log (or of the lookback) to the cutoff.
    columns : frozenset of str
        Columns of the clean transactions.
    """

    cutoff: date
    days: ibis.Table
    items: ibis.Table | None
    novelties: ibis.Table | None
    transactions: ibis.Table
    known: Known
    seen_days: int
    columns: frozenset[str]

    def has(self, *names: str) -> bool:
        """Return whether the log has all these columns.

        Parameters
        ----------
        *names : str
            Canonical column names.

        Returns
        -------
        bool
        """
        return self.columns.issuperset(names)


class History:
    """A ledger prepared for any number of cutoffs.

    Parameters
    ----------
    ledger : Ledger
        The days and items of all customers.
    lookback_days : int, optional
        How far back features may look; None: all the history.
    first_day : date, optional
        First day of the log that the customers come from, where it is not the first
        day of `ledger` (scoring a few customers at a time).

    Raises
    ------
    ConfigError
        `lookback_days` is below 1.

    Notes
    -----
    With a lookback, the first purchase seen, and so each gap and each "new" product,
    differs between cutoffs; the shared work is then done once a cutoff.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        lookback_days: int | None = None,
        first_day: date | None = None,
    ) -> None:
        if lookback_days is not None and lookback_days < 1:
            msg = (
                f"time.lookback_days is {lookback_days}; it must be at least 1, or "
                "null for all the history."
            )
            raise ConfigError(msg)
        self._ledger = ledger
        self._lookback_days = lookback_days
        self._first_day = first_day or ledger.first_day
        self._shared: _Log | None = None

    def at(self, cutoff: date) -> Past:
        """Return what is known at a cutoff.

        Parameters
        ----------
        cutoff : date
            The day on which we pretend to stand; its own records are not known yet.

        Returns
        -------
        Past

        Examples
        --------
        >>> from regulars.data.ledger import build_ledger
        >>> import pyarrow as pa
        >>> days = [date(2024, 1, 1), date(2024, 1, 9), date(2024, 1, 10)]
        >>> log = ibis.memtable(pa.table({
        ...     "customer_id": ["a", "a", "a"], "order_date": days,
        ...     "order_time": pa.array(days).cast(pa.timestamp("us")),
        ...     "amount": [10.0, 4.0, 2.0], "is_return": [False, False, False]}))
        >>> past = History(build_ledger(log)).at(date(2024, 1, 10))
        >>> past.seen_days, past.days.count().execute()
        (9, 2)
        """
        return self.along([cutoff])[0]

    def along(self, cutoffs: Iterable[date]) -> list[Past]:
        """Return what is known at each of several cutoffs.

        Parameters
        ----------
        cutoffs : iterable of date
            In any order; repeated ones count once.

        Returns
        -------
        list of Past
            One a cutoff, rising. Without a lookback they share their `Known`.
        """
        rising = sorted(set(cutoffs))
        if self._lookback_days is None:
            return self._share(rising)
        return [past for cutoff in rising for past in self._share([cutoff])]

    def _share(self, cutoffs: Sequence[date]) -> list[Past]:
        if not cutoffs:
            return []
        log = self._log(cutoffs[-1])
        shared = known(cutoffs, *log)
        return [self._past(cutoff, log, shared) for cutoff in cutoffs]

    def _past(self, cutoff: date, log: _Log, shared: Known) -> Past:
        start = self._start(cutoff)
        days, items, new = (
            None if table is None else _between(table, "day", start, cutoff)
            for table in log
        )
        assert days is not None
        age_days = ibis.literal(cutoff).delta(days.day, unit="day").cast("int32")
        known_from = max(filter(None, [start, self._first_day]), default=cutoff)
        return Past(
            cutoff=cutoff,
            days=days.mutate(age_days=age_days).drop("next_day"),
            items=items,
            novelties=new,
            transactions=_between(
                self._ledger.transactions, "order_date", start, cutoff
            ),
            known=shared,
            seen_days=max((cutoff - known_from).days, 0),
            columns=self._ledger.columns,
        )

    def _start(self, cutoff: date) -> date | None:
        if self._lookback_days is None:
            return None
        return cutoff - timedelta(days=self._lookback_days)

    def _log(self, cutoff: date) -> _Log:
        """Return the days, items and novelties that cutoffs may see, and later ones."""
        start = self._start(cutoff)
        if start is not None:
            seen = _between(self._ledger.days, "day", start, cutoff)
            items = self._ledger.items
            if items is not None:
                items = _between(items, "day", start, cutoff)
            return _prepared(seen, items)
        if self._shared is None:
            self._shared = _prepared(self._ledger.days, self._ledger.items)
        return self._shared


def _prepared(days: ibis.Table, items: ibis.Table | None) -> _Log:
    new = None
    if items is not None and "product_id" in items.columns:
        new = materialise(novelties(items))
    # Units are worked out where they are read: written down, they would make the days
    # half as large again.
    integers = sequence(days.drop(*units_of(days)))
    return with_units(materialise(integers)), items, new


def _between(
    table: ibis.Table, column: str, start: date | None, cutoff: date
) -> ibis.Table:
    """Return the rows of the half-open interval [start, cutoff)."""
    seen = table.filter(table[column] < ibis.literal(cutoff))
    return seen if start is None else seen.filter(seen[column] >= ibis.literal(start))


def refuse_future(
    table: ibis.Table, cutoff: date, *, day: str = "order_date"
) -> ibis.Table:
    """Return the table, or refuse it where it holds a record from the future.

    For callers who assert that a history ends before the cutoff (a customer's history
    sent to the endpoint, say). `History.at` does not need it: it leaves later records
    out.

    Parameters
    ----------
    table : ibis.Table
        Records with a ``customer_id`` and a date.
    cutoff : date
        The day on which we pretend to stand.
    day : str, default='order_date'
        Name of the date column.

    Returns
    -------
    ibis.Table
        `table` itself.

    Raises
    ------
    LeakageError
        A record is of the cutoff's day or later.

    Examples
    --------
    >>> import pyarrow as pa
    >>> log = ibis.memtable(pa.table({
    ...     "customer_id": ["a", "b"],
    ...     "order_date": [date(2024, 1, 1), date(2024, 1, 9)]}))
    >>> refuse_future(log, date(2024, 1, 10)).count().execute()
    2
    >>> refuse_future(log, date(2024, 1, 9))
    Traceback (most recent call last):
        ...
    regulars.errors.LeakageError: Column 'order_date' has 1 of 2 values on or after
    the cutoff 2024-01-09 (customers b). Features may only see the past. Pass a later
    cutoff, or leave those records out.
    """
    late = table.filter(table[day] >= ibis.literal(cutoff))
    n_late = late.count().to_pyarrow().as_py()
    if not n_late:
        return table
    ids = late.select("customer_id").distinct().order_by("customer_id").limit(5)
    names = ", ".join(map(str, ids.to_pyarrow()["customer_id"].to_pylist()))
    msg = (
        f"Column '{day}' has {n_late:,} of {table.count().to_pyarrow().as_py():,} "
        f"values on or after the cutoff {cutoff} (customers {names}). Features may "
        "only see the past. Pass a later cutoff, or leave those records out."
    )
    raise LeakageError(msg)
