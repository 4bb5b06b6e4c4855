"""The training problem, the backtest and the customers of a labelled table.

Rows with days are tested on the latest; rows without, on several stratified splits,
each with a recipe of its own that is tuned on its training rows alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.errors import NotEnoughHistoryError
from regulars.kinds.kind import Known, Watched
from regulars.kinds.labelled.splits import (
    FEWEST_OF_A_CLASS,
    dated_split,
    dated_windows,
    folds,
    forward_pairs,
    known_rows,
    parts_in_turn,
    random_splits,
)
from regulars.kinds.labelled.table import place_of
from regulars.scoring.batch import Customers
from regulars.scoring.population import HeldCustomers
from regulars.scoring.reference import Past
from regulars.training.backtest import BacktestPlan
from regulars.training.dataset import Dataset, Split
from regulars.training.slice_labels import slices_of
from regulars.training.tabular import (
    BASELINE_LABELS,
    TabularWindow,
    example_row,
    most_common,
)
from regulars.training.terms import horizon_of
from regulars.training.window import ModelDescription, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from regulars.config import LabelledSettings, Settings
    from regulars.kinds.labelled.table import LabelledTable
    from regulars.kinds.labelled.workspace import TableWorkspace
    from regulars.models.retention import RetentionModel
    from regulars.scoring.history_rows import ServingContext
    from regulars.training.window import Training

    Step = Callable[[str], None]


def table_problem(work: TableWorkspace, step: Step) -> Problem:
    """Lay out what is tested and learnt of the rows whose label is known."""
    table, settings = work.table, work.settings
    place, dataset = place_of(settings), dataset_of(table)
    _refuse_too_few(dataset)
    splits, notes = _test_splits(table, dataset, settings)
    horizon = horizon_of(settings, has_days=False)
    windows = [TabularWindow(dataset, split, horizon) for split in splits]
    final = _final_split(table, dataset, settings)

    def all_notes(training: Training) -> list[str]:
        best = most_common([window.best_column for window in windows])
        return [*notes, f"The best single column is '{best}'."]

    return Problem(
        settings=settings,
        description=ModelDescription(
            kind="labelled",
            question=_question(place),
            fingerprint=table.fingerprint(),
            cutoff=work.cutoff,
            faults=table.summary["faults"],
        ),
        windows=windows,
        final=TabularWindow(dataset, final, horizon),
        notes=all_notes,
        details=lambda training: _details(table),
        example=example_row(dataset.features),
        inputs=["customer_id", *map(str, dataset.features.columns)],
        past=lambda model: Past(lambda day: _learnt(dataset), (None,)),
    )


def _details(table: LabelledTable) -> dict[str, Any]:
    return {
        "baseline_labels": BASELINE_LABELS,
        "leak_suspects": table.summary["leak_suspects"],
        "columns": table.summary["columns"],
        "rows": table.summary["tables"]["customers"],
    }


def _question(place: LabelledSettings) -> str:
    # YAML reads yes as true: say it as the file has it
    words = {True: "yes", False: "no"}
    positive = place.positive
    return (
        f"'{place.label}' is "
        f"{words[positive] if isinstance(positive, bool) else positive}"
    )


def _test_splits(
    table: LabelledTable, dataset: Dataset, settings: Settings
) -> tuple[Sequence[Split], list[str]]:
    """Return the splits to test on, and what is to be said of them."""
    place, days, churned = place_of(settings), _days(table), dataset.churned
    if days is None:
        count = place.test_splits
        notes = [
            f"The table has no date: the figures are means over {count} stratified "
            "splits, not a look forward in time."
        ]
        splits = random_splits(
            churned, place.test_share, count, random_state=settings.seed
        )
        return splits, notes
    wait = place.label_days
    split = dated_split(days, churned, place.test_share, label_days=wait)
    left_out = len(churned) - len(split.train) - len(split.test)
    return [split], _waiting_notes(wait, left_out, split.name)


def _final_split(table: LabelledTable, dataset: Dataset, settings: Settings) -> Split:
    """Return the rows that the model that scores learns from, known by the cutoff."""
    days, churned = _days(table), dataset.churned
    rows = np.arange(len(churned))
    if days is None:
        return Split(rows, rows[:0], folds(churned, rows, settings.seed))
    label_days = place_of(settings).label_days
    cutoff = settings.time.cutoff
    if cutoff is not None:
        rows = known_rows(days, pd.Timestamp(cutoff), label_days=label_days)
    pairs = forward_pairs(days, churned, rows, label_days=label_days)
    return Split(rows, rows[:0], pairs, cutoff=cutoff)


def _waiting_notes(label_days: int, left_out: int, start: str) -> list[str]:
    if label_days:
        return [
            f"A label counts as known {label_days} days after its row: {left_out:,} "
            f"rows whose label was not known by {start} neither learnt nor tested."
        ]
    return [
        "Labels are taken to be known on the day of their row. If a label looks ahead "
        "(churned within 30 days, say), set churn.labelled.label_days, or rows learn "
        "from what was not known yet."
    ]


def table_backtest(work: TableWorkspace) -> BacktestPlan:
    """Roll windows back by date, or test each part of the rows in turn."""
    table, settings = work.table, work.settings
    place, dataset = place_of(settings), dataset_of(table)
    _refuse_too_few(dataset)
    churned, days, count = dataset.churned, _days(table), settings.backtest.windows
    if days is None:
        # one part alone would leave no rows to learn from
        count = max(count, 2)
        splits = parts_in_turn(churned, count, random_state=settings.seed)
        notes = [
            f"The table has no date: its rows were dealt into {count} parts, and each "
            "was tested by a model of the others. That tells how much the figures "
            "scatter, not whether they hold over time."
        ]
    else:
        splits = dated_windows(
            days, churned, place.test_share, count, label_days=place.label_days
        )
        if not splits:
            msg = (
                "No window of the backtest holds churned and stayed customers with "
                "both kinds known before it. Add rows, or leave churn.labelled.date "
                "out."
            )
            raise NotEnoughHistoryError(msg)
        notes = []
        if len(splits) < count:
            notes = [
                f"The rows leave {len(splits)} of the {count} test windows asked for."
            ]
    horizon = horizon_of(settings, has_days=False)
    return BacktestPlan(
        settings=settings,
        windows=lambda: [TabularWindow(dataset, split, horizon) for split in splits],
        n_windows=len(splits),
        baseline_labels=BASELINE_LABELS,
        notes=lambda by_window: notes,
    )


def customers_of_table(
    work: TableWorkspace, model: RetentionModel, learnt: ServingContext | None
) -> HeldCustomers:
    """Return the latest row of each customer."""
    return HeldCustomers(_latest(work), work.fingerprint())


def _latest(work: TableWorkspace) -> Customers:
    table, latest = work.table, work.table.latest()
    return Customers(
        table.attributes.iloc[latest],
        table.customer_id.iloc[latest].tolist(),
        work.cutoff,
        table.value[latest],
    )


def _learnt(dataset: Dataset) -> Customers:
    assert dataset.customer_id is not None
    return Customers(
        dataset.features, dataset.customer_id.tolist(), value=dataset.value
    )


def watched_table(work: TableWorkspace, model: RetentionModel) -> Watched:
    """Return what the watch over a model sees of a table.

    Its latest rows; and, where rows have days, the labels of those later than the
    training.
    """
    table = work.table

    def outcome(day: date, since: date | None) -> Known | None:
        if table.day is None or since is None:
            return None
        later = table.known & (table.day > pd.Timestamp(since)).to_numpy()
        if not later.any():
            return None
        customers = Customers(
            table.attributes[later].reset_index(drop=True),
            table.customer_id[later].tolist(),
            day,
            table.value[later],
        )
        return Known(customers, table.churned[later])

    # what has been learnt from cannot be told from what came later: no day says so
    past = Past(lambda day: _latest(work), ())
    return Watched(past, None if table.day is None else outcome)


def dataset_of(table: LabelledTable) -> Dataset:
    """Return the rows whose label is known."""
    known = table.known
    rows = table.attributes[known].reset_index(drop=True)
    value = table.value[known]
    customer = table.customer_id[known].to_numpy(dtype=object)
    return Dataset(rows, table.churned[known], value, slices_of(rows, value), customer)


def _days(table: LabelledTable) -> pd.Series | None:
    if table.day is None:
        return None
    return table.day[table.known].reset_index(drop=True)


def _refuse_too_few(dataset: Dataset) -> None:
    churned = dataset.churned
    fewest = int(min(churned.sum(), (1 - churned).sum()))
    if fewest < FEWEST_OF_A_CLASS:
        msg = (
            f"The smaller class has {fewest} rows; at least {FEWEST_OF_A_CLASS} "
            "customers who churned and as many who stayed are needed to learn and to "
            "test. Add rows."
        )
        raise NotEnoughHistoryError(msg)
