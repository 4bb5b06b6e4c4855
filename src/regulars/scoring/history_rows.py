"""The rows that a model of purchases reads, out of customers' histories.

One road for a request, a batch and a cluster, so that they cannot drift apart.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Self

from regulars.features.matrix import FeaturePlan
from regulars.features.rows import with_signals
from regulars.features.signals import Signals, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    import pyarrow as pa

    from regulars.models.retention import RetentionModel

CONTEXT = "serving.json"


@dataclass(frozen=True)
class ServingContext:
    """What the features of one customer need to know of the training log."""

    # in which naive times are read
    time_zone: str
    # of the training log (ISO): windows that reach back beyond it are unknown
    first_day: str
    lookback_days: int | None
    groups: list[str] | None
    extra: list[str]
    # optional columns that the training log had
    columns: list[str]
    # of every other table that the model learnt from: its columns and its first day
    tables: dict[str, list[str]] = field(default_factory=dict)
    begins: dict[str, str] = field(default_factory=dict)

    def save(self, folder: str | Path) -> None:
        """Write the context beside the model."""
        text = json.dumps(asdict(self), indent=1)
        (Path(folder) / CONTEXT).write_text(text)

    @classmethod
    def load(cls, folder: str | Path) -> Self | None:
        """Read the context; None beside a model of rows that come with features."""
        path = Path(folder) / CONTEXT
        return cls(**json.loads(path.read_text())) if path.is_file() else None


@dataclass(frozen=True)
class HistoryRows:
    """The rows of a model, as of any day, of any customers."""

    context: ServingContext
    words: Vocabulary

    @classmethod
    def of(cls, model: RetentionModel, context: ServingContext) -> Self:
        """Take the words that have columns from the model."""
        return cls(context, Vocabulary.in_names(model.reference_.index))

    def at(
        self, cutoff: date, lines: Iterable[pa.Table], signals: Signals | None = None
    ) -> pd.DataFrame:
        """Return the features of the customers of clean lines, as of a cutoff.

        Each table of lines holds whole customers, in their order; signals are as the
        words read them (`Signals.read_by`).
        """
        context = self.context
        plan = FeaturePlan.of(
            [cutoff],
            lookback_days=context.lookback_days,
            groups=context.groups,
            extra=context.extra,
            first_day=date.fromisoformat(context.first_day),
        )
        rows = plan.matrix(lines)
        if not signals:
            return rows
        return with_signals(rows, signals, self.words)
