"""From a labelled table to a tested model.

A table and the settings come in. Where the rows have days, the latest are kept apart
and everything is chosen and learnt on earlier ones; where they have none, several
stratified splits each have a recipe of their own, tuned on their training part alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.errors import ConfigError, NotEnoughHistoryError
from regulars.kinds.labelled.splits import (
    FEWEST_OF_A_CLASS,
    dated_split,
    dated_windows,
    folds,
    forward_pairs,
    parts_in_turn,
    random_splits,
)
from regulars.training.dataset import Dataset
from regulars.training.slice_labels import slices_of
from regulars.training.tabular_backtest import backtest_splits
from regulars.training.tabular_train import AttributeTraining, learn

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from regulars.config import LabelledSettings, Settings
    from regulars.kinds.labelled.table import LabelledTable

    Step = Callable[[str], None]


def train_table(
    table: LabelledTable, settings: Settings, *, step: Step
) -> AttributeTraining:
    """Test the method on rows kept apart, then learn from all."""
    place, cases = _place(settings), cases_of(table)
    _refuse_too_few(cases)
    y, days = cases.churned, _days(table)
    if days is None:
        count = place.test_splits
        splits = random_splits(y, place.test_share, count, random_state=settings.seed)
        pairs = folds(y, np.arange(len(y)), settings.seed)
        notes = [
            f"The table has no date: the figures are means over {count} stratified "
            "splits, not a look forward in time."
        ]
    else:
        wait = place.label_days
        splits = [dated_split(days, y, place.test_share, label_days=wait)]
        pairs = forward_pairs(days, y, np.arange(len(y)), label_days=wait)
        left_out = len(y) - len(splits[0].train) - len(splits[0].test)
        notes = _waiting_notes(wait, left_out, splits[0].name)
    return learn(cases, splits, pairs, settings, step=step, notes=notes)


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


def backtest_table(
    table: LabelledTable, settings: Settings, step: Step
) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    """Learn and test several times: rolled back by date, or on each part in turn."""
    place, cases = _place(settings), cases_of(table)
    _refuse_too_few(cases)
    y, days, count = cases.churned, _days(table), settings.backtest.windows
    if days is None:
        count = max(count, 2)
        splits = parts_in_turn(y, count, random_state=settings.seed)
        notes = [
            f"The table has no date: its rows were dealt into {count} parts, and each "
            "was tested by a model of the others. That tells how much the figures "
            "scatter, not whether they hold over time."
        ]
    else:
        splits = dated_windows(
            days, y, place.test_share, count, label_days=place.label_days
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
    return backtest_splits(cases, splits, settings, step, notes=notes)


def cases_of(table: LabelledTable) -> Dataset:
    """Return the rows whose label is known."""
    known = table.known
    rows = table.attributes[known].reset_index(drop=True)
    value = table.value[known]
    customer = table.customer_id[known].to_numpy(dtype=object)
    return Dataset(rows, table.churned[known], value, slices_of(rows, value), customer)


def _place(settings: Settings) -> LabelledSettings:
    if settings.churn.labelled is None:
        msg = "churn.labelled is missing: give the table's path and its label column."
        raise ConfigError(msg)
    return settings.churn.labelled


def _days(table: LabelledTable) -> pd.Series | None:
    if table.day is None:
        return None
    return table.day[table.known].reset_index(drop=True)


def _refuse_too_few(cases: Dataset) -> None:
    churned = cases.churned
    fewest = int(min(churned.sum(), (1 - churned).sum()))
    if fewest < FEWEST_OF_A_CLASS:
        msg = (
            f"The smaller class has {fewest} rows; at least {FEWEST_OF_A_CLASS} "
            "customers who churned and as many who stayed are needed to learn and to "
            "test. Add rows."
        )
        raise NotEnoughHistoryError(msg)
