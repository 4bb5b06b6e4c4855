"""Choose the churn recipe forward in time.

Folds come in, each a validation window with the training rows that were known when it
began; a `Recipe` goes out. Optuna looks for LightGBM's settings, early stopping for the
number of trees, a short list for the regression's penalty, and a convex weighting of
the members' log-odds on the predictions for windows that none of them had seen. The
test window is no fold, so nothing here can reach it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import lightgbm
import numpy as np
import optuna
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from regulars.churn.boosted import BINNING, BoostedChurn
from regulars.churn.calibration import Calibrator, choose
from regulars.churn.ensemble import PROCESS, Recipe, combine, process_log_odds
from regulars.churn.logistic import LogisticChurn
from regulars.forward import ONE_THREAD, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from regulars.forward import ForwardFold

    Floats = NDArray[np.float64]

MAX_TREES = 1500
PATIENCE = 60
# training rows of a fold: enough to tell settings apart; the choice is fitted to all
TUNING_ROWS = 30_000
PENALTIES = (0.003, 0.03, 0.3)
SMALLEST_WEIGHT = 0.03
FIRST_TRIAL = {
    "num_leaves": 12,
    "min_child_samples": 60,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "lambda_l2": 10.0,
}


@dataclass(frozen=True)
class Selection:
    """A chosen recipe and what it was chosen on.

    Attributes
    ----------
    recipe : Recipe
        The choice.
    losses : mapping of str to float
        Mean log loss of each member, the blend, and the blend after calibration, on
        the validation windows.
    n_trials : int
        LightGBM settings tried.
    """

    recipe: Recipe
    losses: Mapping[str, float]
    n_trials: int


def select(
    folds: Sequence[ForwardFold],
    *,
    classifiers: Sequence[str] = ("logistic", "lightgbm"),
    trials: int = 30,
    calibration: str = "auto",
    random_state: int = 0,
    on_trial: Callable[[int], None] | None = None,
    study: Path | None = None,
) -> Selection:
    """Choose members, settings, weights and calibration on validation windows.

    Parameters
    ----------
    folds : sequence of ForwardFold
        Latest window first; at least one.
    classifiers : sequence of {'logistic', 'lightgbm'}
        Candidates beside the purchase process.
    trials : int, default=30
        LightGBM settings tried; 0 keeps the first guess.
    calibration : {'auto', 'none', 'sigmoid', 'isotonic'}
        ``auto`` is what holds up forward in time.
    random_state : int, default=0
        Seed.
    on_trial : callable, optional
        Called with the number of trials done.
    study : Path, optional
        SQLite file that keeps the trials. Those made on the same folds with the same
        seed are not made again, so that a search that was cut short goes on where it
        stopped. Default: trials are forgotten.

    Returns
    -------
    Selection
    """
    settings: dict[str, Mapping[str, Any]] = {}
    folds = [fold.thinned(TUNING_ROWS, random_state=random_state) for fold in folds]
    if "lightgbm" in classifiers:
        settings["lightgbm"] = _tune_boosted(
            folds, trials, random_state, on_trial, study
        )
    if "logistic" in classifiers:
        settings["logistic"] = _tune_logistic(folds)
    parts = side_by_side(lambda fold: _out_of_time(fold, settings), folds)
    outcomes = [fold.y_valid for fold in folds]
    weights = _weigh(parts, outcomes)
    windows = [
        (combine(part, weights), y) for part, y in zip(parts, outcomes, strict=True)
    ]
    method = choose(windows) if calibration == "auto" else calibration
    calibrator = Calibrator(method).fit(  # type: ignore[arg-type]
        np.concatenate([scores for scores, _ in windows]), np.concatenate(outcomes)
    )
    recipe = Recipe(
        weights=weights,
        boosted=settings.get("lightgbm", {}),
        logistic=settings.get("logistic", {}),
        calibrator=calibrator,
    )
    losses = {
        name: _mean_loss([part[name] for part in parts], outcomes) for name in parts[0]
    }
    losses["blend"] = _mean_loss([scores for scores, _ in windows], outcomes)
    return Selection(recipe, losses, max(trials, 1) if "lightgbm" in settings else 0)


def _tune_boosted(
    folds: Sequence[ForwardFold],
    trials: int,
    random_state: int,
    on_trial: Callable[[int], None] | None,
    file: Path | None,
) -> dict[str, Any]:
    data = [_datasets(fold) for fold in folds]

    def objective(trial: optuna.Trial) -> float:
        params = {
            "num_leaves": trial.suggest_int("num_leaves", 4, 31),
            "min_child_samples": trial.suggest_int(
                "min_child_samples", 10, 200, log=True
            ),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.15, 0.9),
            "bagging_fraction": trial.suggest_float("bagging_fraction", 0.4, 1.0),
            "lambda_l2": trial.suggest_float("lambda_l2", 0.1, 100.0, log=True),
        }
        curves = side_by_side(
            lambda pair: _learning_curve(params, random_state, *pair), data
        )
        mean_curve = _mean_curve(curves)
        trial.set_user_attr("n_trees", int(mean_curve.argmin()) + 1)
        return float(mean_curve.min())

    # the library speaks through its own logger; a library of ours stays silent
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{file}" if file else None,
        study_name=_fingerprint(folds, random_state) if file else None,
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=random_state, n_startup_trials=8),
    )
    done = len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE]))
    if not done:
        study.enqueue_trial(FIRST_TRIAL, skip_if_exists=True)
    left = max(trials, 1) - done
    counter = count(done + 1)
    callbacks = [lambda *_: on_trial(next(counter))] if on_trial else []
    if left > 0:
        study.optimize(objective, n_trials=left, callbacks=callbacks)
    best = study.best_trial
    return {
        **best.params,
        "n_trees": best.user_attrs["n_trees"],
        "random_state": random_state,
    }


def _fingerprint(folds: Sequence[ForwardFold], random_state: int) -> str:
    """Return a name that only the same folds, seed and limits of a search have."""
    digest = hashlib.sha256(f"{random_state} {MAX_TREES} {PATIENCE}".encode())
    for fold in folds:
        for rows, y in ((fold.train, fold.y_train), (fold.valid, fold.y_valid)):
            digest.update(",".join(rows.columns).encode())
            digest.update(np.ascontiguousarray(rows.to_numpy(np.float64)).tobytes())
            digest.update(np.ascontiguousarray(y).tobytes())
    return digest.hexdigest()[:32]


def _datasets(fold: ForwardFold) -> tuple[lightgbm.Dataset, lightgbm.Dataset]:
    # binned once and shared by all trials
    options = {**BINNING, **ONE_THREAD, "verbose": -1}
    train = lightgbm.Dataset(
        fold.train.to_numpy(), fold.y_train, params=options, free_raw_data=False
    )
    valid = train.create_valid(fold.valid.to_numpy(), fold.y_valid, params=options)
    return train.construct(), valid.construct()


def _learning_curve(
    params: dict[str, Any],
    random_state: int,
    train: lightgbm.Dataset,
    valid: lightgbm.Dataset,
) -> Floats:
    options = BoostedChurn(random_state=random_state, **params).booster_params()
    record: dict[str, dict[str, list[float]]] = {}
    lightgbm.train(
        {**options, "metric": "binary_logloss"},
        train,
        MAX_TREES,
        valid_sets=[valid],
        callbacks=[
            lightgbm.early_stopping(PATIENCE, verbose=False),
            lightgbm.record_evaluation(record),
        ],
    )
    return np.array(record["valid_0"]["binary_logloss"])


def _mean_curve(curves: Sequence[Floats]) -> Floats:
    """Mean over the folds; a curve that stopped early stays where it stopped."""
    length = max(map(len, curves))
    padded = [np.pad(c, (0, length - len(c)), mode="edge") for c in curves]
    mean: Floats = np.mean(padded, axis=0)
    return mean


def _tune_logistic(folds: Sequence[ForwardFold]) -> dict[str, float]:
    def loss(penalty: float) -> float:
        def of_fold(fold: ForwardFold) -> float:
            model = LogisticChurn(penalty).fit(fold.train, fold.y_train)
            return _loss(model.decision_function(fold.valid), fold.y_valid)

        return float(np.mean(side_by_side(of_fold, folds)))

    return {"C": min(PENALTIES, key=loss)}


def _out_of_time(
    fold: ForwardFold, settings: Mapping[str, Mapping[str, Any]]
) -> dict[str, Floats]:
    """Return each member's log-odds for a window it has not seen."""
    parts = {PROCESS: process_log_odds(fold.valid)}
    if "lightgbm" in settings:
        boosted = BoostedChurn(**settings["lightgbm"])
        parts["lightgbm"] = boosted.fit(fold.train, fold.y_train).decision_function(
            fold.valid
        )
    if "logistic" in settings:
        logistic = LogisticChurn(**settings["logistic"])
        parts["logistic"] = logistic.fit(fold.train, fold.y_train).decision_function(
            fold.valid
        )
    return parts


def _weigh(
    parts: Sequence[Mapping[str, Floats]], outcomes: Sequence[Floats]
) -> dict[str, float]:
    """Return the convex weights with the least log loss on unseen windows."""
    names = sorted(parts[0])
    if len(names) == 1:
        return {names[0]: 1.0}
    stacked = [np.column_stack([part[name] for name in names]) for part in parts]

    def loss(weights: Floats) -> tuple[float, Floats]:
        blended = [scores @ weights for scores in stacked]
        slopes = [
            scores.T @ (expit(found) - y) / len(y)
            for scores, found, y in zip(stacked, blended, outcomes, strict=True)
        ]
        # a faint pull to the middle: windows are few and members alike
        off_centre = weights - weights.mean()
        value = _mean_loss(blended, outcomes) + 1e-3 * float(np.var(weights))
        pull: Floats = 2e-3 * off_centre / len(weights)
        return value, np.mean(slopes, axis=0) + pull

    start = np.full(len(names), 1.0 / len(names))
    found = minimize(
        loss,
        start,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(names),
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0},
    )
    weights = np.where(found.x < SMALLEST_WEIGHT, 0.0, found.x).round(4)
    return dict(zip(names, (weights / weights.sum()).tolist(), strict=True))


def _loss(log_odds: Floats, y: Floats) -> float:
    return float(-np.mean(y * log_expit(log_odds) + (1 - y) * log_expit(-log_odds)))


def _mean_loss(log_odds: Sequence[Floats], outcomes: Sequence[Floats]) -> float:
    """Mean over the windows, each window alike."""
    pairs = zip(log_odds, outcomes, strict=True)
    return float(np.mean([_loss(scores, y) for scores, y in pairs]))
