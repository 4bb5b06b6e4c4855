"""Search LightGBM's settings forward in time.

Optuna proposes; a trial that does worse on the latest window than most before it is
pruned. Trials can be kept in a file, and a search that was cut short goes on there.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import lightgbm
import numpy as np
import optuna
from optuna.exceptions import StorageInternalError
from optuna.trial import TrialState
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from regulars.errors import ConfigError
from regulars.models.churn.lightgbm_churn import LightGBMChurn
from regulars.models.churn.saved_trees import BINNING
from regulars.models.churn.space import PURCHASES, Space
from regulars.models.folds import ONE_THREAD, side_by_side
from regulars.models.memo import Memo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from regulars.models.churn.objective import Objective
    from regulars.models.folds import ValidationFold

    Floats = NDArray[np.float64]
    Binned = tuple[lightgbm.Dataset, lightgbm.Dataset]

MAX_TREES = 1500
PATIENCE = 60
# trees between two looks at an objective that LightGBM does not follow by itself
STRIDE = 20
# trials drawn at random before the sampler learns from them, and before any is pruned
STARTUP_TRIALS = 8
TRIALS_BEFORE_PRUNING = 5
# two searches that make the file at the same time: the second finds half of it there
OPENING_ATTEMPTS = 3
OPENING_PAUSE = 0.5


@dataclass(frozen=True)
class SearchResult:
    """The best settings of a search, the number of trees among them."""

    settings: dict[str, Any]
    # pruned ones included
    n_trials: int
    n_pruned: int


def search_settings(
    folds: Sequence[ValidationFold],
    objective: Objective,
    *,
    trials: int,
    space: Space = PURCHASES,
    random_state: int = 0,
    on_trial: Callable[[int], None] | None = None,
    file: Path | None = None,
    memo: Memo | None = None,
) -> SearchResult:
    """Return the settings that did best on windows that they had not seen.

    `folds` come latest first. 0 trials are the first guess alone.
    """
    curves = _Curves(folds, objective, space, memo or Memo())
    try:
        # opened once a training: Optuna reads its migrations each time
        storage = curves.memo.of(("storage", file), lambda: _storage(file))
        name = study_name(folds, objective, random_state, space)
        study = _open(name, space, storage)
        done = _search(study, curves, trials, random_state, on_trial)
    except (SQLAlchemyError, StorageInternalError, OSError) as error:
        reason = str(error.__cause__ or error).partition("\n")[0].rstrip(".")
        msg = (
            f"Cannot keep trials in '{file}': {reason}. Delete the file if it is "
            "damaged (it holds nothing but trials), or name another place for it "
            "(tracking.uri or outputs in the configuration)."
        )
        raise ConfigError(msg) from error
    best = min(
        (trial for trial in done if trial.state == TrialState.COMPLETE),
        key=lambda trial: float(trial.value or 0.0),
    )
    settings = {
        **space.fixed,
        **best.params,
        "n_trees": best.user_attrs["n_trees"],
        "random_state": random_state,
    }
    n_pruned = sum(trial.state == TrialState.PRUNED for trial in done)
    return SearchResult(settings, len(done), n_pruned)


def _search(
    study: optuna.Study,
    curves: _Curves,
    trials: int,
    random_state: int,
    on_trial: Callable[[int], None] | None,
) -> list[optuna.trial.FrozenTrial]:
    """Return the trials asked for, having made those that are not there yet."""
    asked = max(trials, 1)
    for number in range(len(_done(study)), asked):
        study.sampler = _sampler(random_state, number)
        _try(study, curves, random_state)
        if on_trial:
            on_trial(number + 1)
    return _done(study)[:asked]


def _open(
    name: str, space: Space, storage: optuna.storages.RDBStorage | None
) -> optuna.Study:
    # the library speaks through its own logger; a library of ours stays silent
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=storage,
        study_name=name if storage else None,
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=TRIALS_BEFORE_PRUNING),
    )
    waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    if not waiting and not _done(study):
        study.enqueue_trial(dict(space.first))
    return study


def _storage(file: Path | None) -> optuna.storages.RDBStorage | None:
    if file is None:
        return None
    file.parent.mkdir(parents=True, exist_ok=True)
    # a question mark or a per cent sign in a path is no part of an address
    address = f"sqlite:///{quote(str(file))}"
    for _ in range(OPENING_ATTEMPTS - 1):
        try:
            return optuna.storages.RDBStorage(address)
        except (IntegrityError, OperationalError):
            time.sleep(OPENING_PAUSE)
    return optuna.storages.RDBStorage(address)


def study_name(
    folds: Sequence[ValidationFold],
    objective: Objective,
    random_state: int,
    space: Space = PURCHASES,
) -> str:
    """Return a name that only the same search has: rows, goal, seed, space, limits.

    The releases of LightGBM and Optuna are part of it: others make other trials.
    """
    limits = (random_state, objective, MAX_TREES, PATIENCE, STRIDE, BINNING, space)
    makers = (LightGBMChurn(), lightgbm.__version__, optuna.__version__)
    digest = hashlib.sha256(repr((limits, makers)).encode())
    for fold in folds:
        digest.update(fold.digest.encode())
    return digest.hexdigest()[:32]


def _done(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    # a trial that a kill cut off stays "running" for ever; it is made again
    return study.get_trials(
        deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)
    )


def _sampler(random_state: int, number: int) -> optuna.samplers.TPESampler:
    # a sampler a trial, seeded by its number: the next trial depends on those in the
    # file, not on whether one process made them all
    seed = np.random.SeedSequence([random_state, number]).generate_state(1)[0]
    return optuna.samplers.TPESampler(
        seed=int(seed), n_startup_trials=STARTUP_TRIALS, constant_liar=False
    )


def _try(study: optuna.Study, curves: _Curves, random_state: int) -> None:
    trial, space, objective = study.ask(), curves.space, curves.objective
    model = LightGBMChurn(
        **space.fixed, **space.suggest(trial), random_state=random_state
    )
    first, *others = range(len(curves.folds))
    found = [curves.of(first, model)]
    trial.report(float(found[0].min()), step=0)
    if others and trial.should_prune():
        study.tell(trial, state=TrialState.PRUNED)
        return
    found += side_by_side(lambda place: curves.of(place, model), others)
    mean = _mean_curve(found)
    stride = 1 if objective.name == "log_loss" else STRIDE
    trial.set_user_attr("n_trees", (int(mean.argmin()) + 1) * stride)
    study.tell(trial, float(mean.min()))


class _Curves:
    """Learning curves on the windows of a search, each made once."""

    def __init__(
        self,
        folds: Sequence[ValidationFold],
        objective: Objective,
        space: Space,
        memo: Memo,
    ) -> None:
        self.folds, self.objective = folds, objective
        self.space, self.memo = space, memo

    def of(self, place: int, model: LightGBMChurn) -> Floats:
        """Return the loss on a window by the number of trees."""
        fold = self.folds[place]
        key = ("curve", fold.digest, repr(model), repr(self.objective))
        return self.memo.of(key, lambda: self._made(fold, model))

    def _made(self, fold: ValidationFold, model: LightGBMChurn) -> Floats:
        binned = ("binned", fold.digest, model.max_bin)
        data = self.memo.of(binned, lambda: _binned(fold, model.max_bin))
        return _learning_curve(model, self.objective, fold, data)


def _binned(fold: ValidationFold, max_bin: int) -> Binned:
    # binned once and shared by all trials
    options = {**BINNING, **ONE_THREAD, "max_bin": max_bin, "verbose": -1}
    train = lightgbm.Dataset(
        fold.train.to_numpy(), fold.y_train, params=options, free_raw_data=False
    )
    valid = train.create_valid(fold.valid.to_numpy(), fold.y_valid, params=options)
    return train.construct(), valid.construct()


def _learning_curve(
    model: LightGBMChurn,
    objective: Objective,
    fold: ValidationFold,
    data: Binned,
) -> Floats:
    """Return the loss on the window by number of trees (every `STRIDE` of them)."""
    record: dict[str, dict[str, list[float]]] = {}
    train, valid = data
    # log loss says when to stop whatever the objective: the others jump about
    booster = lightgbm.train(
        {**model.booster_params(), "metric": "binary_logloss"},
        train,
        MAX_TREES,
        valid_sets=[valid],
        # nothing is gained by writing the trees out as text and reading them back
        keep_training_booster=True,
        callbacks=[
            lightgbm.early_stopping(PATIENCE, verbose=False),
            lightgbm.record_evaluation(record),
        ],
    )
    curve = np.array(record["valid_0"]["binary_logloss"])
    if objective.name == "log_loss":
        return curve
    return _staged(booster, objective, fold, max(len(curve) // STRIDE, 1))


def _staged(
    booster: lightgbm.Booster, objective: Objective, fold: ValidationFold, n_stages: int
) -> Floats:
    rows, losses = fold.valid.to_numpy(), []
    log_odds = np.zeros(len(rows))
    for stage in range(n_stages):
        log_odds += booster.predict(
            rows,
            raw_score=True,
            start_iteration=stage * STRIDE,
            num_iteration=STRIDE,
            **ONE_THREAD,
        )
        losses.append(objective.loss(log_odds, fold))
    return np.array(losses)


def _mean_curve(curves: Sequence[Floats]) -> Floats:
    """Mean over the folds; a curve that stopped early stays where it stopped."""
    length = max(map(len, curves))
    padded = [np.pad(c, (0, length - len(c)), mode="edge") for c in curves]
    mean: Floats = np.mean(padded, axis=0)
    return mean
