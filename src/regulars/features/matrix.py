"""The model matrix: one row a customer and cutoff, one column a feature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from regulars.errors import ConfigError, suggestion
from regulars.features import basket, calendar, rfm, rhythm, windows
from regulars.features.blocks import read_blocks, side_by_side
from regulars.features.group import KEYS, Columns, Group, refuse_repeated
from regulars.features.history import history_of
from regulars.features.past import Past
from regulars.features.user_functions import OwnFunction
from regulars.features.value import value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from regulars.data.ledger import Ledger
    from regulars.features.history import History

# A new group is a module with a function and its MEANINGS, and a line in each of these.
GROUPS: dict[str, Group] = {
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
        arrays by name, one number a customer, or an `ibis.Table` with ``customer_id``
        (one row a customer) and numeric columns.
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
    known_from = first_day or ledger.first_day
    plan = FeaturePlan.of(cutoffs, lookback_days, groups, extra, known_from)
    lines = read_blocks(ledger.transactions, all_columns=bool(extra))
    return plan.matrix(lines)


@dataclass(frozen=True)
class FeaturePlan:
    """What a matrix is to hold, for any lines."""

    cutoffs: tuple[date, ...]  # rising
    lookback_days: int | None
    groups: tuple[tuple[str, Group], ...]
    # of the log; None: it is empty
    first_day: date | None

    @classmethod
    def of(
        cls,
        cutoffs: Iterable[date],
        lookback_days: int | None = None,
        groups: Sequence[str] | None = None,
        extra: Sequence[str] = (),
        first_day: date | None = None,
    ) -> FeaturePlan:
        """Take the parameters of `build_matrix`, or refuse them."""
        if lookback_days is not None and lookback_days < 1:
            msg = (
                f"time.lookback_days is {lookback_days}; it must be at least 1, or "
                "null for all the history."
            )
            raise ConfigError(msg)
        rising = tuple(sorted(set(cutoffs)))
        if not rising:
            msg = (
                "No cutoff was given; the matrix needs at least one. Pass "
                "cutoffs=[...]."
            )
            raise ConfigError(msg)
        chosen = _chosen(groups)
        if rfm.rfm in chosen.values():
            chosen["value"] = value
        chosen |= {path: OwnFunction(path) for path in extra}
        return cls(rising, lookback_days, tuple(chosen.items()), first_day)

    def frames(self, blocks: Iterable[pa.Table]) -> Iterator[pd.DataFrame]:
        """Yield the matrix of each block; none is held longer than it is needed."""
        for parts in side_by_side(self.of_block, blocks):
            yield self._together([[part] for part in parts])

    def matrix(self, blocks: Iterable[pa.Table]) -> pd.DataFrame:
        """Return the features of the customers of all blocks, by cutoff."""
        parts: list[list[_Part]] = [[] for _ in self.cutoffs]
        for block in side_by_side(self.of_block, blocks):
            for kept, part in zip(parts, block, strict=True):
                kept.append(part)
        return self._together(parts)

    def _together(self, parts: Sequence[list[_Part]]) -> pd.DataFrame:
        """Return the parts of each cutoff under each other."""
        ids = pa.chunked_array([part.customers for kept in parts for part in kept])
        n_rows = [sum(len(part.customers) for part in kept) for kept in parts]
        days = pd.DatetimeIndex(np.array(self.cutoffs, "datetime64[ms]"))
        names = parts[0][0].names
        columns, n_filled = np.empty((len(names), len(ids))), 0
        for kept in parts:
            while kept:  # let go of at once, so that none is in memory twice for long
                part = kept.pop(0).features
                columns[:, n_filled : n_filled + part.shape[1]] = part
                n_filled += part.shape[1]
        labels = _labels(*KEYS, *names)
        places = range(len(KEYS), len(labels))
        matrix = pd.DataFrame(columns.T, columns=places, copy=False)
        matrix.insert(0, 1, days.repeat(n_rows))
        matrix.insert(0, 0, ids.to_pandas())
        matrix.columns = labels
        return matrix

    def of_block(self, lines: pa.Table) -> list[_Part]:
        """Return the features of one block at each cutoff."""
        history = history_of(lines)
        return [self._part(history, cutoff) for cutoff in self.cutoffs]

    def _part(self, history: History, cutoff: date) -> _Part:
        known_from = self.first_day or cutoff
        if self.lookback_days is not None:
            # the first purchase seen, each gap and each new product are others then
            start = cutoff - timedelta(days=self.lookback_days)
            history = history.before(cutoff, start)
            known_from = max(known_from, start)
        past = Past(history, cutoff, max((cutoff - known_from).days, 0))
        features: Columns = {}
        # missing is what cannot be worked out: 0 / 0, log(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            for name, group in self.groups:
                own = group(past)
                refuse_repeated(name, set(features) & set(own))
                features |= own
        values = np.array([*features.values()], np.float64)
        return _Part(
            past.customers, [*features], values.reshape(len(features), len(past))
        )


@lru_cache(maxsize=64)
def _labels(*names: str) -> pd.Index:
    """Return the labels of a matrix, which know their places.

    To make them and to learn the places costs as much as a customer's features.
    """
    labels = pd.Index(names)
    labels.get_loc(names[0])
    return labels


@dataclass(frozen=True)
class _Part:
    """The features of the customers of a block at a cutoff."""

    customers: pa.Array
    names: list[str]
    # of shape (n_features, n_customers)
    features: NDArray[np.float64]


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


def _chosen(groups: Sequence[str] | None) -> dict[str, Group]:
    names = DEFAULT_GROUPS if groups is None else tuple(dict.fromkeys(groups))
    _refuse_unknown(names)
    return {name: GROUPS[name] for name in names}


def _refuse_unknown(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        msg = (
            f"features.groups names '{unknown[0]}', which is not a feature group."
            f"{suggestion(unknown[0], GROUPS)} Choose from {list(GROUPS)}."
        )
        raise ConfigError(msg)
