"""Snapshots of contracts at many cutoffs, as one data set with a split a timeline."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.features.dated_tables import columns_of_words, words_before, words_in
from regulars.kinds.contractual.figures import contract_data
from regulars.kinds.contractual.snapshot import KEYS, stacked
from regulars.kinds.contractual.spells import cancelled
from regulars.kinds.contractual.value import value_at
from regulars.kpis.past_segments import segments_of_past
from regulars.training.dataset import Dataset, Split, is_mixed
from regulars.training.slice_labels import slices_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from regulars.features.dated_tables import Words
    from regulars.kinds.contractual.workspace import ContractWorkspace
    from regulars.timeline import Fold, Timeline

TENURE_DAYS = (0, 91, 365, 731)
TENURES = ("under 3 months", "3 to 12 months", "1 to 2 years", "2 years and more")


class PastSnapshots:
    """The snapshots of contracts that some timelines learn from and test on."""

    def __init__(self, work: ContractWorkspace, timelines: Sequence[Timeline]) -> None:
        known = [pd.Timestamp(each.stands_at) for each in timelines]
        words = [words_before(work.signals.rows, day) for day in known]
        self._words = dict(zip(timelines, words, strict=True))
        ends = work.timeline.cutoff
        days = sorted(
            {
                day
                for each in timelines
                for day in each.snapshots
                if each.label_window(day)[1] <= ends
            }
        )
        # every row with a known outcome
        dataset, self._day = _dataset(work, days, _together(words))
        tests = {each.test_cutoff for each in timelines if each.test_cutoff}
        segments = _segments(work, dataset, self._day, sorted(tests))
        self.dataset = replace(dataset, segments=segments)

    def rows_at(self, cutoffs: Sequence[date]) -> NDArray[np.intp]:
        """Return the positions of the rows of cutoffs."""
        return np.flatnonzero(self._day.isin(list(cutoffs)).to_numpy())

    def split(self, timeline: Timeline) -> Split:
        """Return the rows that test a timeline's window, and that learn for it."""
        test, folds = timeline.test_cutoff, self._folds(timeline)
        return Split(
            self.rows_at(timeline.training_cutoffs),
            self.rows_at([test] if test else []),
            [self._pair(fold) for fold in folds],
            str(test),
            test,
            self._columns(timeline),
            [(f.cutoff, timeline.label_window(f.cutoff)[1]) for f in folds],
        )

    def final_split(self, timeline: Timeline) -> Split:
        """Return the rows that learn where nothing is tested."""
        return replace(self.split(timeline), test=np.empty(0, dtype=np.intp))

    def _pair(self, fold: Fold) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        return self.rows_at(fold.training_cutoffs), self.rows_at([fold.cutoff])

    def _folds(self, timeline: Timeline) -> list[Fold]:
        """Return the windows in which some cancelled and some did not."""
        churned = self.dataset.churned
        return [
            fold
            for fold in timeline.folds
            if all(is_mixed(churned[side]) for side in self._pair(fold))
        ]

    def _columns(self, timeline: Timeline) -> tuple[str, ...]:
        """Return the columns that there were at the test cutoff.

        A kind of event first seen later would tell a test of its own future.
        """
        names = [str(name) for name in self.dataset.features.columns]
        own = columns_of_words(self._words[timeline])
        later = columns_of_words(words_in(names)) - own
        return tuple(name for name in names if name not in later)


def _together(words: Sequence[Words]) -> Words:
    tables = {table for each in words for table in each}
    # in the order of the alphabet: columns stand as they would have stood on any day
    return {
        table: tuple(sorted({w for each in words for w in each.get(table, ())}))
        for table in sorted(tables)
    }


def _dataset(
    work: ContractWorkspace, days: Sequence[date], words: Words
) -> tuple[Dataset, pd.Series]:
    rows = stacked(work, days, words)
    day = rows["cutoff"].dt.date
    outcomes, values = [], []
    for cutoff in days:
        here = rows[day == cutoff]
        timeline, spells = work.timeline, work.spells
        outcomes.append(cancelled(spells, timeline, here["customer_id"], cutoff))
        known = value_at(here, spells, cutoff, work.settings)
        values.append(np.full(len(here), np.nan) if known is None else known)
    churned, value = np.concatenate(outcomes), np.concatenate(values)
    # who left in the gap is neither kept nor lost in the window
    labelled = np.isfinite(churned)
    rows = rows[labelled].reset_index(drop=True)
    price = value[labelled] if np.isfinite(value).any() else None
    dataset = Dataset(
        rows.drop(columns=KEYS),
        churned[labelled],
        price,
        _slices(rows, price),
        rows["customer_id"].to_numpy(dtype=object),
    )
    return dataset, day[labelled].reset_index(drop=True)


def _segments(
    work: ContractWorkspace, dataset: Dataset, day: pd.Series, tests: Sequence[date]
) -> pd.DataFrame | None:
    """Return what KPIs are cut by, of the rows that are tested."""
    ids = pd.Series(dataset.customer_id)
    found = [
        segments_of_past(contract_data(work, cutoff), ids[day == cutoff])
        for cutoff in tests
        if work.tables and (day == cutoff).any()
    ]
    return pd.concat(found).reindex(ids.index) if found else None


def _slices(rows: pd.DataFrame, price: NDArray[np.float64] | None) -> pd.DataFrame:
    texts = rows.drop(columns=KEYS).select_dtypes(exclude="number")
    slices = slices_of(texts)
    place = np.searchsorted(TENURE_DAYS, rows["tenure_days"].to_numpy(), side="right")
    slices["tenure"] = np.array(TENURES, dtype=object)[place - 1]
    if price is not None:
        bands = slices_of(texts[[]], price)
        slices[list(bands.columns)] = bands
    return slices


def has_both(dataset: Dataset, split: Split) -> bool:
    """Return whether both sides of a split hold cancellations and others."""
    sides = (split.train, split.test)
    return all(is_mixed(dataset.churned[side]) for side in sides)
