"""Choose the recipe of an attribute model on the training part alone.

Attributes, outcomes and pairs of training and validation rows come in, a `Selection`
goes out: LightGBM's settings by Optuna, the regression's penalty, the weight of each
and the calibration. The encoding is learnt anew from the training rows of each pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lightgbm
import numpy as np
import optuna
from scipy.special import log_expit

from regulars.attributes.encoding import AttributeEncoder
from regulars.attributes.model import Members
from regulars.churn import BoostedChurn, LogisticChurn
from regulars.churn.calibration import Calibrator, choose
from regulars.churn.ensemble import Recipe, combine
from regulars.churn.tuning import Selection
from regulars.forward import ONE_THREAD, ForwardFold, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]

MAX_TREES = 900
PATIENCE = 50
TUNING_ROWS = 30_000
PENALTIES = (0.01, 0.1, 1.0)
FIXED: dict[str, Any] = {"max_bin": 255, "learning_rate": 0.03}
FIRST_TRIAL = {
    "num_leaves": 31,
    "min_child_samples": 20,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "lambda_l2": 0.01,
}
SHARES = np.linspace(0, 1, 21)


def choose_recipe(
    attributes: pd.DataFrame,
    churned: Floats,
    pairs: Sequence[tuple[Rows, Rows]],
    *,
    classifiers: Sequence[str] = ("logistic", "lightgbm"),
    trials: int = 30,
    calibration: str = "auto",
    random_state: int = 0,
    on_trial: Callable[[int], None] | None = None,
) -> Selection:
    """Choose settings, weights and calibration.

    Parameters
    ----------
    attributes : DataFrame of shape (n_rows, n_attributes)
        Typed columns; no row of a test among those that `pairs` names.
    churned : array of shape (n_rows,)
        1 where the customer churned, else 0.
    pairs : sequence of (training, validation)
        Positions of rows; the latest window first where there is time.
    classifiers : sequence of {'logistic', 'lightgbm'}
        Candidates.
    trials : int, default=30
        LightGBM settings tried; 0 keeps the first guess.
    calibration : {'auto', 'none', 'sigmoid', 'isotonic'}
        ``auto`` is what holds up on rows it was not fitted on.
    random_state : int, default=0
        Seed.
    on_trial : callable, optional
        Called with the number of trials done.

    Returns
    -------
    Selection
    """
    folds = [_fold(attributes, churned, pair, random_state) for pair in pairs]
    boosted: dict[str, Any] = {}
    logistic: dict[str, Any] = {}
    if "lightgbm" in classifiers:
        boosted = _tune(folds, trials, random_state, on_trial)
    if "logistic" in classifiers:
        logistic = {"C": _penalty(folds)}
    wanted = Recipe(dict.fromkeys(classifiers, 1.0), boosted, logistic)
    parts = side_by_side(
        lambda f: Members(wanted).fit(f.train, f.y_train).log_odds(f.valid), folds
    )
    outcomes = [fold.y_valid for fold in folds]
    weights = _weigh(parts, outcomes)
    windows = [(combine(p, weights), y) for p, y in zip(parts, outcomes, strict=True)]
    method = choose(windows) if calibration == "auto" else calibration
    calibrator = Calibrator(method).fit(  # type: ignore[arg-type]
        np.concatenate([scores for scores, _ in windows]), np.concatenate(outcomes)
    )
    losses = {n: _mean_loss([p[n] for p in parts], outcomes) for n in parts[0]}
    losses["blend"] = _mean_loss([scores for scores, _ in windows], outcomes)
    recipe = Recipe(weights, boosted, logistic, calibrator)
    return Selection(recipe, losses, max(trials, 1) if boosted else 0)


def _fold(
    attributes: pd.DataFrame,
    churned: Floats,
    pair: tuple[Rows, Rows],
    random_state: int,
) -> ForwardFold:
    train, valid = pair
    encoder = AttributeEncoder().fit(attributes.iloc[train])
    fold = ForwardFold(
        encoder.transform(attributes.iloc[train]),
        churned[train],
        encoder.transform(attributes.iloc[valid]),
        churned[valid],
    )
    return fold.thinned(TUNING_ROWS, random_state=random_state)


def _tune(
    folds: Sequence[ForwardFold],
    trials: int,
    random_state: int,
    on_trial: Callable[[int], None] | None,
) -> dict[str, Any]:
    data = [_datasets(fold) for fold in folds]

    def objective(trial: optuna.Trial) -> float:
        params: dict[str, Any] = {
            "num_leaves": trial.suggest_int("num_leaves", 4, 63, log=True),
            "min_child_samples": trial.suggest_int(
                "min_child_samples", 5, 100, log=True
            ),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.5, 1.0),
            "bagging_fraction": trial.suggest_float("bagging_fraction", 0.6, 1.0),
            "lambda_l2": trial.suggest_float("lambda_l2", 1e-3, 30.0, log=True),
        }
        options = BoostedChurn(**FIXED, **params, random_state=random_state)
        curves = side_by_side(lambda d: _curve(options.booster_params(), *d), data)
        length = max(map(len, curves))
        # a curve that stopped early stays where it stopped
        mean = np.mean(
            [np.pad(c, (0, length - len(c)), mode="edge") for c in curves], axis=0
        )
        trial.set_user_attr("n_trees", int(mean.argmin()) + 1)
        return float(mean.min())

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=random_state, n_startup_trials=8)
    study = optuna.create_study(sampler=sampler)
    study.enqueue_trial(FIRST_TRIAL)
    callbacks = [lambda _, trial: on_trial(trial.number + 1)] if on_trial else []
    study.optimize(objective, n_trials=max(trials, 1), callbacks=callbacks)
    best = study.best_trial
    n_trees = best.user_attrs["n_trees"]
    return {**FIXED, **best.params, "n_trees": n_trees, "random_state": random_state}


def _datasets(fold: ForwardFold) -> tuple[lightgbm.Dataset, lightgbm.Dataset]:
    options = {
        **ONE_THREAD,
        "max_bin": FIXED["max_bin"],
        "feature_pre_filter": False,
        "verbose": -1,
    }
    train = lightgbm.Dataset(
        fold.train.to_numpy(), fold.y_train, params=options, free_raw_data=False
    )
    valid = train.create_valid(fold.valid.to_numpy(), fold.y_valid, params=options)
    return train.construct(), valid.construct()


def _curve(
    params: dict[str, Any], train: lightgbm.Dataset, valid: lightgbm.Dataset
) -> Floats:
    record: dict[str, dict[str, list[float]]] = {}
    lightgbm.train(
        {**params, "metric": "binary_logloss"},
        train,
        MAX_TREES,
        valid_sets=[valid],
        callbacks=[
            lightgbm.early_stopping(PATIENCE, verbose=False),
            lightgbm.record_evaluation(record),
        ],
    )
    return np.array(record["valid_0"]["binary_logloss"])


def _penalty(folds: Sequence[ForwardFold]) -> float:
    def loss(penalty: float) -> float:
        return float(
            np.mean(
                [
                    _loss(
                        LogisticChurn(penalty)
                        .fit(fold.train.to_numpy(), fold.y_train)
                        .decision_function(fold.valid.to_numpy()),
                        fold.y_valid,
                    )
                    for fold in folds
                ]
            )
        )

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


def _loss(log_odds: Floats, y: Floats) -> float:
    return float(-np.mean(y * log_expit(log_odds) + (1 - y) * log_expit(-log_odds)))


def _mean_loss(log_odds: Sequence[Floats], outcomes: Sequence[Floats]) -> float:
    pairs = zip(log_odds, outcomes, strict=True)
    return float(np.mean([_loss(scores, y) for scores, y in pairs]))
