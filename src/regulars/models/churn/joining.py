"""Let in the groups of features that unseen windows are better with.

What is known beside purchases is many columns, most of which say little: each group has
to earn its place, where purchases have theirs until they mislead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.models.churn.backward_elimination import MOST_FOLDS, Elimination
from regulars.models.churn.guesses import guess_losses, judges_of
from regulars.models.folds import side_by_side
from regulars.models.memo import Memo
from regulars.models.paired import mean_gain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.models.folds import ValidationFold

# by how much a group has to help: of eight tables that say nothing, chance alone would
# let one in at one standard error
STANDARD_ERRORS = 2.0


def unearned(
    folds: Sequence[ValidationFold],
    groups: Mapping[str, Sequence[str]],
    *,
    members: Sequence[str],
    random_state: int = 0,
    memo: Memo | None = None,
) -> Elimination:
    """Return the groups that do not help, each held against having none of them.

    Judged as in `eliminate`; gains are those of the group's absence. Without a judge or
    a second window nothing is left out.
    """
    judges, memo = judges_of(members), memo or Memo()
    if len(folds) < 2 or not judges:
        return Elimination({}, {})
    folds = folds[:MOST_FOLDS]
    every = [column for columns in groups.values() for column in columns]
    others = [[c for c in every if c not in set(own)] for own in groups.values()]
    jobs = [(fold, dropped) for dropped in [every, *others] for fold in folds]
    losses = side_by_side(
        lambda job: guess_losses(*job, judges, random_state, memo), jobs
    )
    keys = [fold.keys for fold in folds]
    base, gains, left_out = losses[: len(folds)], {}, {}
    for place, (name, columns) in enumerate(groups.items(), start=1):
        own = losses[place * len(folds) : (place + 1) * len(folds)]
        # how far the loss falls with the group
        found = mean_gain([b - o for b, o in zip(base, own, strict=True)], keys)
        gains[name] = -found.mean
        if not found.is_beyond(STANDARD_ERRORS):
            left_out[name] = tuple(columns)
    return Elimination(left_out, gains)
