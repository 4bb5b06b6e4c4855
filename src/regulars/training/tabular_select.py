"""Choose the recipe of an attribute model on the training part alone.

Attributes, outcomes and pairs of training and validation rows come in, a `Selection`
goes out: LightGBM's settings by the search that all kinds of churn share, the
regression's penalty, the weight of each and the calibration. The encoding is learnt
anew from the training rows of each pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.models.churn import LogisticChurn, Objective
from regulars.models.churn.calibration import Calibrator, choose
from regulars.models.churn.ensemble import Recipe, combine
from regulars.models.churn.objective import log_loss_of
from regulars.models.churn.search import search_settings
from regulars.models.churn.space import Space
from regulars.models.churn.tuning import Selection
from regulars.models.folds import ValidationFold, side_by_side
from regulars.models.tabular.encoding import TabularEncoder
from regulars.models.tabular.model import Members

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]

TUNING_ROWS = 30_000
PENALTIES = (0.01, 0.1, 1.0)
ATTRIBUTES = Space(
    first={
        "num_leaves": 31,
        "min_child_samples": 20,
        "feature_fraction": 0.8,
        "bagging_fraction": 0.8,
        "lambda_l2": 0.01,
    },
    bounds={
        "num_leaves": (4, 63),
        "min_child_samples": (5, 100),
        "feature_fraction": (0.5, 1.0),
        "bagging_fraction": (0.6, 1.0),
        "lambda_l2": (1e-3, 30.0),
    },
    by_ratio=("num_leaves", "min_child_samples", "lambda_l2"),
    fixed={"max_bin": 255, "learning_rate": 0.03},
)
"""Attributes of a customer: few, unlike, and worth finer bins and larger trees."""
SHARES = np.linspace(0, 1, 21)


def choose_recipe(
    attributes: pd.DataFrame,
    churned: Floats,
    pairs: Sequence[tuple[Rows, Rows]],
    *,
    classifiers: Sequence[str] = ("logistic", "lightgbm"),
    trials: int = 30,
    calibration: str = "auto",
    objective: Objective | None = None,
    value: Floats | None = None,
    random_state: int = 0,
    study: Path | None = None,
) -> Selection:
    """Choose settings, weights and calibration."""
    goal = objective or Objective()
    folds = [_fold(attributes, churned, pair, value, random_state) for pair in pairs]
    boosted: dict[str, Any] = {}
    logistic: dict[str, Any] = {}
    n_trials = n_pruned = 0
    if "lightgbm" in classifiers:
        found = search_settings(
            folds,
            goal,
            trials=trials,
            space=ATTRIBUTES,
            random_state=random_state,
            file=study,
        )
        boosted, n_trials, n_pruned = found.settings, found.n_trials, found.n_pruned
    if "logistic" in classifiers:
        logistic = {"C": _penalty(folds, goal)}
    wanted = Recipe(dict.fromkeys(classifiers, 1.0), boosted, logistic)
    parts = side_by_side(
        lambda f: Members(wanted).fit(f.train, f.y_train).log_odds(f.valid), folds
    )
    outcomes = [fold.y_valid for fold in folds]
    weights = _weigh(parts, outcomes)
    windows = [(combine(p, weights), y) for p, y in zip(parts, outcomes, strict=True)]
    method: str = calibration
    if calibration == "auto":
        method = choose(windows, known_before(pairs))
    calibrator = Calibrator(method).fit(  # type: ignore[arg-type]
        np.concatenate([scores for scores, _ in windows]), np.concatenate(outcomes)
    )
    losses = {n: _mean_loss([p[n] for p in parts], outcomes) for n in parts[0]}
    losses["blend"] = _mean_loss([scores for scores, _ in windows], outcomes)
    recipe = Recipe(weights, boosted, logistic, calibrator)
    return Selection(recipe, losses, n_trials, n_pruned, objective=goal.name)


def known_before(pairs: Sequence[tuple[Rows, Rows]]) -> list[list[int]]:
    """Return, for each window, the earlier ones whose outcomes were known to it.

    What a window learnt from was known when it began.
    """
    return [
        [
            place + behind
            for behind, (_, rows) in enumerate(pairs[place + 1 :], start=1)
            if np.isin(rows, train).all()
        ]
        for place, (train, _) in enumerate(pairs)
    ]


def _fold(
    attributes: pd.DataFrame,
    churned: Floats,
    pair: tuple[Rows, Rows],
    value: Floats | None,
    random_state: int,
) -> ValidationFold:
    train, valid = pair
    encoder = TabularEncoder().fit(attributes.iloc[train])
    fold = ValidationFold(
        encoder.transform(attributes.iloc[train]),
        churned[train],
        encoder.transform(attributes.iloc[valid]),
        churned[valid],
        None if value is None else np.nan_to_num(np.maximum(value[valid], 0.0)),
    )
    return fold.thinned(TUNING_ROWS, random_state=random_state)


def _penalty(folds: Sequence[ValidationFold], objective: Objective) -> float:
    def loss(penalty: float) -> float:
        log_odds = [
            LogisticChurn(penalty)
            .fit(fold.train.to_numpy(), fold.y_train)
            .decision_function(fold.valid.to_numpy())
            for fold in folds
        ]
        return objective.mean_loss(log_odds, folds)

    return min(PENALTIES, key=loss)


def _weigh(
    parts: Sequence[dict[str, Floats]], outcomes: Sequence[Floats]
) -> dict[str, float]:
    """Return the shares of the log-odds with the least log loss."""
    names = sorted(parts[0])
    if len(names) == 1:
        return {names[0]: 1.0}
    first, second = names

    def loss(share: float) -> float:
        mixed = [share * p[first] + (1 - share) * p[second] for p in parts]
        return _mean_loss(mixed, outcomes)

    share = round(float(min(SHARES, key=loss)), 2)
    return {first: share, second: round(1 - share, 2)}


def _mean_loss(log_odds: Sequence[Floats], outcomes: Sequence[Floats]) -> float:
    pairs = zip(log_odds, outcomes, strict=True)
    return float(np.mean([log_loss_of(scores, y) for scores, y in pairs]))
