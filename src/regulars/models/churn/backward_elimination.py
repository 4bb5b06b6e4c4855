"""Leave out the groups of features that unseen windows are better without.

Each group is left out in turn, and the one whose absence helps most is dropped if it
helps on every validation window and by more than chance; then once more. Classifiers
have their first-guess settings: what is sought is a group that misleads, no last digit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from regulars.clv.process import COLUMNS
from regulars.models.churn.lightgbm_churn import LightGBMChurn
from regulars.models.churn.logistic import LogisticChurn
from regulars.models.churn.members import LIGHTGBM, LOGISTIC
from regulars.models.churn.objective import row_losses
from regulars.models.churn.snapshot_ranks import (
    SnapshotRanks,
    drifting,
    ranked_by_snapshot,
)
from regulars.models.churn.space import PURCHASES
from regulars.models.folds import side_by_side
from regulars.models.memo import Memo
from regulars.models.paired import mean_gain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.models.churn.classifier import BinaryClassifier
    from regulars.models.folds import ValidationFold
    from regulars.models.paired import Keys

    Floats = NDArray[np.float64]

# enough to see a group that misleads; no rows are spared: with fewer of them every
# group misleads more than it will
GUESS_TREES = 120
MOST_LEFT_OUT = 2
# windows that a group has to mislead in: latest first, as many as three horizons say
MOST_FOLDS = 3
STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class Elimination:
    """Groups of features to leave out, and what each group is good for."""

    # group to its columns, in the order in which they were dropped
    left_out: dict[str, tuple[str, ...]]
    # fall of the log loss without the group, in its last round; below 0 where it helps
    gains: dict[str, float]


def eliminate(
    folds: Sequence[ValidationFold],
    groups: Mapping[str, Sequence[str]],
    *,
    members: Sequence[str] = (LOGISTIC, LIGHTGBM),
    random_state: int = 0,
    memo: Memo | None = None,
) -> Elimination:
    """Return the groups that validation windows are better without.

    Judged by the regression and the boosted trees, as far as they are `members`.
    """
    judges = [name for name in (LOGISTIC, LIGHTGBM) if name in members]
    if len(folds) < 2 or not judges:
        return Elimination({}, {})
    folds, memo = folds[:MOST_FOLDS], memo or Memo()
    left_out: dict[str, tuple[str, ...]] = {}
    gains: dict[str, float] = {}
    while len(left_out) < MOST_LEFT_OUT:
        kept = {name: cols for name, cols in groups.items() if name not in left_out}
        if len(kept) < 2:
            break
        trials = _gains(folds, kept, left_out, judges, random_state, memo)
        gains |= {name: gain for name, (gain, _) in trials.items()}
        sure = [name for name, (_, beyond_chance) in trials.items() if beyond_chance]
        if not sure:
            break
        worst = max(sure, key=lambda name: trials[name][0])
        left_out[worst] = tuple(groups[worst])
    return Elimination(left_out, gains)


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
    judges = [name for name in (LOGISTIC, LIGHTGBM) if name in members]
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
        lambda fold: _guess_losses(fold, (), judges, random_state, memo), jobs
    )
    levels, ranks = losses[: len(folds)], losses[len(folds) :]
    gains = [one - other for one, other in zip(levels, ranks, strict=True)]
    found = mean_gain(gains, [fold.keys for fold in folds])
    return columns if found.is_beyond(1.0) else ()


def ranked_fold(fold: ValidationFold, columns: Sequence[str]) -> ValidationFold:
    """Return a fold with columns as ranks within the snapshot of each row."""
    if not columns or fold.snapshots is None:
        return fold
    return replace(
        fold,
        train=ranked_by_snapshot(fold.train, fold.snapshots, columns),
        valid=SnapshotRanks(columns).fit(fold.valid).transform(fold.valid),
    )


def _gains(
    folds: Sequence[ValidationFold],
    kept: Mapping[str, Sequence[str]],
    left_out: Mapping[str, Sequence[str]],
    judges: Sequence[str],
    random_state: int,
    memo: Memo,
) -> dict[str, tuple[float, bool]]:
    """Return the gain without each group, and whether it is beyond chance."""
    dropped = [column for columns in left_out.values() for column in columns]
    without = [dropped, *([*dropped, *columns] for columns in kept.values())]
    jobs = [(fold, columns) for columns in without for fold in folds]
    losses = side_by_side(
        lambda job: _guess_losses(*job, judges, random_state, memo), jobs
    )
    n_folds = len(folds)
    keys = [fold.keys for fold in folds]
    base = losses[:n_folds]
    return {
        name: _compare(base, losses[start : start + n_folds], keys)
        for start, name in zip(range(n_folds, len(losses), n_folds), kept, strict=True)
    }


def _guess_losses(
    fold: ValidationFold,
    dropped: Sequence[str],
    judges: Sequence[str],
    random_state: int,
    memo: Memo,
) -> Floats:
    key = ("guess", fold.digest, *sorted(dropped), *judges, random_state)
    return memo.of(key, lambda: _guessed(fold, dropped, judges, random_state))


def _guessed(
    fold: ValidationFold, dropped: Sequence[str], judges: Sequence[str], seed: int
) -> Floats:
    train, valid = _but(fold.train, dropped), _but(fold.valid, dropped)
    guesses: dict[str, BinaryClassifier] = {
        LOGISTIC: LogisticChurn(),
        LIGHTGBM: LightGBMChurn(
            GUESS_TREES, learning_rate=0.06, **PURCHASES.fixed, random_state=seed
        ),
    }
    log_odds = [
        guesses[name].fit(train, fold.y_train).decision_function(valid)
        for name in judges
    ]
    return row_losses(np.mean(log_odds, axis=0), fold.y_valid)


def _but(rows: pd.DataFrame, dropped: Sequence[str]) -> pd.DataFrame:
    return rows.drop(columns=[name for name in dropped if name in rows])


def _compare(
    base: Sequence[Floats], without: Sequence[Floats], keys: Sequence[Keys | None]
) -> tuple[float, bool]:
    """Return the mean gain over the windows, and whether it is beyond chance."""
    gains = [one - other for one, other in zip(base, without, strict=True)]
    found = mean_gain(gains, keys)
    everywhere = all(gain.mean() > 0 for gain in gains)
    return found.mean, everywhere and found.is_beyond(STANDARD_ERRORS)
