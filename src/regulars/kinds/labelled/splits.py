"""Training, validation and test rows of a labelled table.

Rows with days are tested on later ones than were learnt from, and a row learns only
where its label was known by then. Rows without days are split at random, stratified.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from regulars.errors import DataError
from regulars.training.dataset import Split, is_mixed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]

N_FOLDS = 3
FEWEST_OF_A_CLASS = 20


def random_splits(
    churned: Floats, share: float, count: int, *, random_state: int = 0
) -> list[Split]:
    """Return stratified splits, each with folds inside its training part."""
    cut = StratifiedShuffleSplit(count, test_size=share, random_state=random_state)
    return [
        Split(train, test, folds(churned, train, random_state), f"split {number}")
        for number, (train, test) in enumerate(cut.split(churned, churned), start=1)
    ]


def parts_in_turn(churned: Floats, count: int, *, random_state: int = 0) -> list[Split]:
    """Return splits in which every row tests once."""
    cut = StratifiedKFold(count, shuffle=True, random_state=random_state)
    return [
        Split(
            train,
            test,
            folds(churned, train, random_state),
            f"part {number} of {count}",
        )
        for number, (train, test) in enumerate(cut.split(churned, churned), start=1)
    ]


def folds(
    churned: Floats, rows: Rows, random_state: int = 0
) -> list[tuple[Rows, Rows]]:
    """Return pairs of training and validation rows, dealt at random."""
    cut = StratifiedKFold(N_FOLDS, shuffle=True, random_state=random_state)
    return [
        (rows[train], rows[valid]) for train, valid in cut.split(rows, churned[rows])
    ]


def dated_split(
    days: pd.Series, churned: Floats, share: float, *, label_days: int = 0
) -> Split:
    """Return the split that tests on the latest days."""
    start = _nth_day(days, 1 - share)
    split = window_split(days, churned, start, None, label_days=label_days)
    if split is None:
        known = (days + pd.Timedelta(days=label_days) <= start).sum()
        msg = (
            f"The {known} rows whose label was known by {start.date()} or the "
            f"{(days >= start).sum()} rows from then on do not hold both churned and "
            "stayed customers, so that nothing can be learnt and tested by date. Leave "
            "churn.labelled.date out, or add rows."
        )
        raise DataError(msg)
    return split


def dated_windows(
    days: pd.Series,
    churned: Floats,
    share: float,
    count: int,
    *,
    label_days: int = 0,
) -> list[Split]:
    """Return tests rolled back through time, the latest first.

    A window without both classes, or with nothing known before it, is left out.
    """
    levels = [1 - share * k for k in range(1, count + 1) if share * k < 1]
    starts = list(dict.fromkeys(_nth_day(days, level) for level in levels))
    ends = [None, *starts]
    splits = (
        window_split(days, churned, start, end, label_days=label_days)
        for start, end in zip(starts, ends, strict=False)
    )
    return [split for split in splits if split is not None]


def _nth_day(days: pd.Series, level: float) -> pd.Timestamp:
    ordered = np.sort(days.to_numpy())
    # rounded: 1 - 0.8 is a little less than a fifth
    return pd.Timestamp(ordered[int(round(len(ordered) * level, 6))])


def window_split(
    days: pd.Series,
    churned: Floats,
    start: pd.Timestamp,
    end: pd.Timestamp | None,
    *,
    label_days: int = 0,
) -> Split | None:
    """Return the split that tests on the days from one to before another."""
    values = days.to_numpy()
    train = known_rows(days, start, label_days=label_days)
    inside = values >= start if end is None else (values >= start) & (values < end)
    test = np.flatnonzero(inside)
    if not all(is_mixed(churned[rows]) for rows in (train, test)):
        return None
    pairs = forward_pairs(days, churned, train, label_days=label_days)
    return Split(train, test, pairs, str(start.date()), start.date())


def known_rows(days: pd.Series, day: pd.Timestamp, *, label_days: int = 0) -> Rows:
    """Return the positions of the rows before a day whose label was known by then."""
    values = days.to_numpy()
    known = values + np.timedelta64(label_days, "D")
    return np.flatnonzero(
        (values < day.to_datetime64()) & (known <= day.to_datetime64())
    )


def forward_pairs(
    days: pd.Series, churned: Floats, rows: Rows, *, label_days: int = 0
) -> list[tuple[Rows, Rows]]:
    """Return validation windows after their training rows, the latest first.

    Folds at random where no window has rows enough of both classes.
    """
    values = days.to_numpy().astype("datetime64[s]")[rows]
    edges = np.unique(np.sort(values)[_places(len(values))])
    pairs = []
    for low, high in itertools.pairwise([*edges, values.max() + 1]):
        known = (values < low) & (values + np.timedelta64(label_days, "D") <= low)
        train, valid = rows[known], rows[(values >= low) & (values < high)]
        enough = min(len(train), len(valid)) >= FEWEST_OF_A_CLASS
        if enough and all(is_mixed(churned[side]) for side in (train, valid)):
            pairs.append((train, valid))
    return pairs[::-1] or folds(churned, rows)


def _places(n_rows: int) -> list[int]:
    # windows of a fifth each; the first two fifths only ever learn
    return [int(n_rows * level) for level in (0.4, 0.6, 0.8)]
