"""What classifiers with their first-guess settings make of a validation window.

Enough to see which features mislead, and how they are best read; no last digit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.models.churn.lightgbm_churn import LightGBMChurn
from regulars.models.churn.logistic import LogisticChurn
from regulars.models.churn.members import LIGHTGBM, LOGISTIC
from regulars.models.churn.objective import row_losses
from regulars.models.churn.space import PURCHASES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.models.churn.classifier import BinaryClassifier
    from regulars.models.folds import ValidationFold
    from regulars.models.memo import Memo

    Floats = NDArray[np.float64]

# enough to see a group that misleads; no rows are spared: with fewer of them every
# group misleads more than it will
GUESS_TREES = 120


def judges_of(members: Sequence[str]) -> list[str]:
    """Return those of the members that judge features."""
    return [name for name in (LOGISTIC, LIGHTGBM) if name in members]


def guess_losses(
    fold: ValidationFold,
    dropped: Sequence[str],
    judges: Sequence[str],
    random_state: int,
    memo: Memo,
) -> Floats:
    """Return the loss of each row of a window by the judges' mean log-odds.

    Without the columns that are `dropped`.
    """
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
