"""Leave out the groups of features that unseen windows are better without.

Each group is left out in turn, and the one whose absence helps most is dropped if it
helps on every validation window and by more than chance; then once more. Classifiers
have their first-guess settings: what is sought is a group that misleads, no last digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regulars.models.churn.guesses import guess_losses, judges_of
from regulars.models.churn.members import LIGHTGBM, LOGISTIC
from regulars.models.folds import side_by_side
from regulars.models.memo import Memo
from regulars.models.paired import mean_gain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from regulars.models.folds import ValidationFold
    from regulars.models.paired import Keys

    Floats = NDArray[np.float64]

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
    judges = judges_of(members)
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
        lambda job: guess_losses(*job, judges, random_state, memo), jobs
    )
    n_folds = len(folds)
    keys = [fold.keys for fold in folds]
    base = losses[:n_folds]
    return {
        name: _compare(base, losses[start : start + n_folds], keys)
        for start, name in zip(range(n_folds, len(losses), n_folds), kept, strict=True)
    }


def _compare(
    base: Sequence[Floats], without: Sequence[Floats], keys: Sequence[Keys | None]
) -> tuple[float, bool]:
    """Return the mean gain over the windows, and whether it is beyond chance."""
    gains = [one - other for one, other in zip(base, without, strict=True)]
    found = mean_gain(gains, keys)
    everywhere = all(gain.mean() > 0 for gain in gains)
    return found.mean, everywhere and found.is_beyond(STANDARD_ERRORS)
