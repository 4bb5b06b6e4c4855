"""What may be seen at a cutoff: the one place where a day is held against it.

Feature groups get their data from a `Past` and from nowhere else, so that no group can
look ahead.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa

from regulars.features.sorted_rows import Seen

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from regulars.features.history import Days, History
    from regulars.features.sorted_rows import Floats, Ints, Measure, Running


class Past(Seen):
    """What is known at a cutoff of the customers with a purchase before it.

    Parameters
    ----------
    history : History
        Their days; later ones are not seen.
    cutoff : date
        The day on which we pretend to stand.
    seen_days : int
        Days from the first day of the log (or of the lookback) to the cutoff.

    Notes
    -----
    Everything is an array with one element a customer, but for ``rows`` (the days of
    all customers, with one a day) and for the tables ``days`` and ``transactions``.

    Examples
    --------
    >>> from datetime import date
    >>> import pyarrow as pa
    >>> from regulars.features.history import history_of
    >>> days = [date(2024, 1, 1), date(2024, 1, 9), date(2024, 1, 10)]
    >>> lines = pa.table({
    ...     "customer_id": ["a", "a", "a"], "order_date": days,
    ...     "order_time": pa.array(days).cast(pa.timestamp("us")),
    ...     "amount": [10.0, 4.0, 2.0], "is_return": [False, False, False]})
    >>> past = Past(history_of(lines), date(2024, 1, 10), seen_days=9)
    >>> past.total("spend"), past.total("spend", 7), past.last_age
    (array([14.]), array([4.]), array([1]))
    """

    rows: Days

    def __init__(self, history: History, cutoff: date, seen_days: int) -> None:
        whole = Seen(history.days, cutoff)
        super().__init__(
            history.days, cutoff, np.flatnonzero(whole.total("is_purchase"))
        )
        self._history = history
        self.seen_days = seen_days

    @cached_property
    def alone(self) -> Past:
        """The same with nothing in it that lies after the cutoff."""
        known = self._history.before(self.cutoff)
        is_so = known is self._history
        return self if is_so else Past(known, self.cutoff, self.seen_days)

    def has(self, *names: str) -> bool:
        """Return whether the log has all these columns."""
        return set(names) <= set(self._history.lines.column_names)

    @property
    def customers(self) -> pa.Array:
        """Ids of the customers, rising."""
        return self._history.customers.take(pa.array(self.who))

    @cached_property
    def transactions(self) -> ibis.Table:
        """The clean lines before the cutoff."""
        return ibis.memtable(self.alone._history.lines)

    @cached_property
    def days(self) -> ibis.Table:
        """One row a customer and day before the cutoff.

        The columns of `rows` in units, ``gap_days`` null where there is none, and
        ``customer_id``, ``day`` and ``age_days`` (days to the cutoff, at least 1).
        """
        known = self.alone
        rows = known.rows
        day = pa.array(rows.day.astype(np.int32)).cast(pa.date32())
        columns = {name: rows[name] for name in rows.names}
        columns["age_days"] = known.ages
        gaps = columns["gap_days"]
        columns["gap_days"] = pa.array(gaps, mask=gaps == 0)
        ids = known._history.customers.take(pa.array(rows.customer))
        return ibis.memtable(pa.table({"customer_id": ids, "day": day, **columns}))

    @cached_property
    def n_days(self) -> Ints:
        """Days with a purchase."""
        return self.total("is_purchase")

    @cached_property
    def first_purchase(self) -> Ints:
        """Place of the first day with a purchase."""
        running = self.rows.running("is_purchase").totals
        return self.rows.purchases[running[self.first]]

    @cached_property
    def last_purchase(self) -> Ints:
        """Place of the last day with a purchase."""
        return self.purchases_back(0)

    def purchases_back(self, n: int) -> Ints:
        """Return the place of the n-th purchase day before the last.

        Of customers with fewer, it is somebody else's.
        """
        running = self.rows.running("is_purchase").totals
        return self.rows.purchases[np.maximum(running[self.end] - 1 - n, 0)]

    @cached_property
    def first_age(self) -> Ints:
        """Days from the first purchase to the cutoff."""
        return self.day - self.rows.day[self.first_purchase]

    @cached_property
    def last_age(self) -> Ints:
        """Days from the last purchase to the cutoff."""
        return self.day - self.rows.day[self.last_purchase]

    @cached_property
    def ages(self) -> Ints:
        """Days from each of the rows to the cutoff; none is below 1."""
        return np.maximum(self.day - self.rows.day, 1)

    def window(self, what: Measure | Running, last_days: int) -> NDArray[Any]:
        """Return the sum over the last days; missing where the log is shorter."""
        if last_days > self.seen_days:
            return np.full(len(self), np.nan)
        return self.total(what, last_days)

    def median_gap(self) -> Floats:
        """Return the median of the days between purchases; missing without one."""
        rows, gap, n_gaps = self.rows, self.rows["gap_days"], self.n_days - 1
        inside = np.flatnonzero((gap > 0) & (rows.day < self.day))
        widest = int(gap.max(initial=0)).bit_length()
        gaps = np.sort(rows.customer[inside] << widest | gap[inside])
        gaps &= (1 << widest) - 1
        # whoever is not in `who` has no gaps
        start = np.cumsum(n_gaps) - n_gaps
        low, high = (start + np.maximum(n_gaps - 1, 0) // 2, start + n_gaps // 2)
        gaps = np.append(gaps, 0)
        return np.where(n_gaps > 0, (gaps[low] + gaps[high]) / 2, np.nan)
