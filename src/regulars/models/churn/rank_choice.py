"""Whether features that drift are read as they are, or as ranks within the snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from regulars.clv.process import COLUMNS
from regulars.models.churn.guesses import guess_losses, judges_of
from regulars.models.churn.snapshot_ranks import (
    SnapshotRanks,
    drifting,
    ranked_by_snapshot,
)
from regulars.models.folds import side_by_side
from regulars.models.paired import mean_gain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.models.folds import ValidationFold
    from regulars.models.memo import Memo

STANDARD_ERRORS = 1.0


def choose_ranks(
    folds: Sequence[ValidationFold],
    members: Sequence[str],
    random_state: int,
    memo: Memo,
) -> tuple[str, ...]:
    """Return the features that are better read as ranks within their snapshot.

    Those that drift from cutoff to cutoff, where validation windows are better with
    all of them ranked, by more than a standard error; none else. Neither reading is
    the simpler one, so that less is asked than of a group that is to be left out.
    """
    judges = judges_of(members)
    latest = folds[0]
    if latest.snapshots is None or not judges:
        return ()
    columns = tuple(
        name for name in drifting(latest.train, latest.snapshots) if name not in COLUMNS
    )
    if not columns:
        return ()
    jobs = [*folds, *(ranked_fold(fold, columns) for fold in folds)]
    losses = side_by_side(
        lambda fold: guess_losses(fold, (), judges, random_state, memo), jobs
    )
    levels, ranks = losses[: len(folds)], losses[len(folds) :]
    gains = [one - other for one, other in zip(levels, ranks, strict=True)]
    found = mean_gain(gains, [fold.keys for fold in folds])
    return columns if found.is_beyond(STANDARD_ERRORS) else ()


def ranked_fold(fold: ValidationFold, columns: Sequence[str]) -> ValidationFold:
    """Return a fold with columns as ranks within the snapshot of each row."""
    if not columns or fold.snapshots is None:
        return fold
    return replace(
        fold,
        train=ranked_by_snapshot(fold.train, fold.snapshots, columns),
        valid=SnapshotRanks(columns).fit(fold.valid).transform(fold.valid),
    )
