"""Whether a freshly trained model takes the champion's place.

Both are compared on rows of the challenger's test that neither had learnt from: later
days, or, where rows have no days, rows whose digests the champion does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.errors import DataError
from regulars.evaluation import Decision, compare, decide
from regulars.evaluation.gate import ece_by_chance, more_days
from regulars.evaluation.holdout import MODEL
from regulars.metrics import ece
from regulars.models.retention import RetentionModel
from regulars.results.base import PURCHASES
from regulars.training.dataset import is_mixed, row_hashes
from regulars.training.pooled_rows import pooled_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from regulars.models.horizon import Horizon
    from regulars.tracking import Store
    from regulars.training.dataset import Dataset
    from regulars.training.pooled_rows import PooledRows
    from regulars.training.window import ModelDescription, Problem, Training, Trial

    Floats = NDArray[np.float64]

# rows new to both, of tables without days
FEWEST_ROWS = 30
SEEN = "seen.parquet"
# settings of the scores that a model is built with, in words
TERMS = {
    "margin": "margin",
    "discount_rate_annual": "discount rate",
    "clv_horizon_days": "horizon of customer value",
    "risk_bands": "risk bands",
    "gap_breaks": "breaks of the segments by rhythm",
    "value_breaks": "breaks of the segments by value",
}


@dataclass(frozen=True)
class _SameRows:
    """What challenger and champion say of rows that neither had learnt from."""

    test: Dataset
    challenger: Floats
    champion: Floats
    model: RetentionModel


def evaluate_challenger(problem: Problem, training: Training, store: Store) -> Decision:
    """Decide whether a freshly trained model becomes champion."""
    version = store.champion_version()
    if version is not None and store.is_lost(version):
        return Decision(True, f"the files of the champion, version {version}, are lost")
    ours, tested = problem.description, pooled_rows(training.trials)
    if version is None:
        return _first(problem, tested)
    try:
        serving, _ = store.load(version)
    except DataError:
        # whoever asks for scores would be told to train again: this is the training
        return Decision(
            True, f"the champion, version {version}, is of a form no longer read"
        )
    tags = store.version_tags(version)
    newer_days = _newer_days(tags, ours)
    if newer_days < 0:
        return Decision(
            False,
            f"the champion has learnt from {-newer_days:,} more days and has seen the "
            "test window: not comparable",
        )
    twins = _twins(store, version)
    if tested is None:
        return _untested(bool(twins), newer_days)
    theirs = _question(tags, serving)
    if theirs != (ours.kind, ours.question):
        asked = f"{theirs[0]} churn, {theirs[1]}"
        return Decision(True, f"the champion answers another question: {asked}")
    if ours.faults:
        faults = "; ".join(ours.faults)
        return Decision(False, f"the inputs have not passed their check: {faults}")
    if not twins:
        return Decision(True, "the champion was never tested, this model was")
    rows = _same_rows(twins, tested, is_dated=bool(tags.get("cutoff")))
    if isinstance(rows, str):
        return Decision(True, rows)
    settings = problem.settings
    comparison = compare(
        rows.test.churned,
        rows.challenger,
        rows.champion,
        labels=rows.test.slices,
        random_state=settings.seed,
    )
    return decide(
        comparison,
        max_ece=settings.gate.max_ece,
        is_simpler=n_members(training.model) < n_members(rows.model),
        newer_days=newer_days,
        changed=_changed(training.model, rows.model, tags, ours),
    )


def _first(problem: Problem, tested: PooledRows | None) -> Decision:
    """Let the first model serve whatever its figures: there is no better one."""
    reason = "first model under this name"
    if tested is not None:
        bound = problem.settings.gate.max_ece
        error = ece(tested.test.churned, tested.forecasts[MODEL])
        if error > max(bound, ece_by_chance(tested.forecasts[MODEL])):
            reason += f", though its calibration error {error:.3f} is above {bound:.3f}"
    if problem.description.faults:
        reason += f", though {'; '.join(problem.description.faults)}"
    return Decision(True, reason)


def _untested(champion_was_tested: bool, newer_days: int) -> Decision:
    short = "the log is too short for a test window: nothing to compare on"
    if not champion_was_tested and newer_days > 0:
        return Decision(
            True, f"{short}, but this model has learnt from {more_days(newer_days)}"
        )
    return Decision(False, short)


def silence_question(horizon: Horizon) -> str:
    """Return what a model of purchases predicts, in words."""
    return f"no purchase within {horizon.horizon_days} days after {horizon.gap_days}"


def _question(
    tags: Mapping[str, str], serving: RetentionModel
) -> tuple[str, str | None]:
    """Return the kind of churn that a version predicts, and its question."""
    kind, question = tags.get("kind"), tags.get("question")
    if kind is None or question is None:
        # models of purchases did not say it until all kinds had one registration
        return kind or PURCHASES, silence_question(serving.horizon)
    return kind, question


def _newer_days(tags: Mapping[str, str], ours: ModelDescription) -> int:
    before = tags.get("cutoff")
    if not before or ours.cutoff is None:
        return 0
    return (ours.cutoff - date.fromisoformat(before)).days


def _twins(store: Store, version: str) -> list[Path]:
    """Return the folders of the models that a version was tested with."""
    folder = store.fetch_tested(version)
    return [] if folder is None else [folder, *sorted(folder.glob("twin-*"))]


def _same_rows(
    twins: Sequence[Path], tested: PooledRows, *, is_dated: bool
) -> _SameRows | str:
    """Return what both say of the same rows, or why that cannot be."""
    features = tested.test.features
    champion = np.full(len(features), np.nan)
    try:
        models = [RetentionModel.load(twin) for twin in twins]
        for model, twin in zip(models, twins, strict=True):
            # each row by the first tested model that had not seen it
            fresh = np.isnan(champion)
            if not is_dated:
                fresh &= ~_has_seen(twin, model, features)
            if fresh.any():
                champion[fresh] = model.predict_churn(features[fresh])
    except DataError:
        return "the champion cannot score these rows: what it learnt from is not there"
    known = np.flatnonzero(np.isfinite(champion))
    rows = tested.test.take(known)
    is_tabular = models[0].encoder is not None
    if is_tabular and (len(known) < FEWEST_ROWS or not is_mixed(rows.churned)):
        return "the champion has learnt from all these rows: none is new to both"
    challenger = tested.forecasts[MODEL][known]
    return _SameRows(rows, challenger, champion[known], models[0])


def _has_seen(
    twin: Path, model: RetentionModel, features: pd.DataFrame
) -> NDArray[np.bool_]:
    assert model.encoder is not None
    # digests, not the rows: a registered model gives no customer away
    digests = pd.read_parquet(twin / SEEN)["row"].to_numpy()
    return np.isin(row_hashes(model.encoder.typed(features)), digests)


def save_tested(trials: Sequence[Trial], folder: Path) -> None:
    """Write the tested models, and where rows have no days those that each had seen.

    The models of further windows have folders of their own inside.
    """
    for number, trial in enumerate(trials, start=1):
        assert trial.tested_model is not None
        target = folder if number == 1 else folder / f"twin-{number:02}"
        trial.tested_model.save(target)
        seen = trial.window.seen_rows()
        if seen is not None:
            digests = np.unique(row_hashes(seen))
            pd.DataFrame({"row": digests}).to_parquet(target / SEEN, index=False)


def n_members(model: RetentionModel) -> int:
    """Return how many members the churn forecast is made of."""
    return sum(share > 0 for share in model.churn.weights.values())


def _changed(
    ours: RetentionModel,
    theirs: RetentionModel,
    tags: Mapping[str, str],
    description: ModelDescription,
) -> list[str]:
    mine, other = ours.horizon.to_dict(), theirs.horizon.to_dict()
    # without a process the money is worked out beside the model, not in it
    terms = TERMS if ours.process is not None else {"risk_bands": TERMS["risk_bands"]}
    pairs: list[tuple[str, Any, Any]] = [
        (words, mine[name], other[name]) for name, words in terms.items()
    ]
    if ours.encoder is not None and theirs.encoder is not None:
        pairs.append(("attributes", {*ours.encoder.kinds_}, {*theirs.encoder.kinds_}))
    if description.cutoff is None:
        pairs.append(("table", description.fingerprint, tags.get("fingerprint")))
    return [name for name, new, old in pairs if new != old]
