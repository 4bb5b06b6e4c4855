"""Whether a freshly trained model of attributes takes the champion's place.

A training and the store come in, a decision with its reason goes out. Champion and
challenger are compared on all the challenger's test rows that no part of the champion's
own test had learnt from: where rows have days those are later days, and where they have
none, every registered model keeps the digests of the rows that its tested models saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.errors import DataError
from regulars.evaluation import Decision, compare, decide
from regulars.evaluation.gate import ece_by_chance
from regulars.metrics.calibration import ece
from regulars.models.tabular.model import AttributeModel
from regulars.training.dataset import row_hashes
from regulars.training.tabular_train import first_tests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.tracking import Store
    from regulars.training.dataset import Dataset
    from regulars.training.tabular_train import AttributeTraining, Tested

    Floats = NDArray[np.float64]

FEWEST_ROWS = 30
SEEN = "seen.parquet"


@dataclass(frozen=True)
class ModelDescription:
    """What a challenger says of itself, beside its figures."""

    kind: str
    question: str
    fingerprint: str
    cutoff: date | None = None
    faults: Sequence[str] = ()

    def tags(self, training: AttributeTraining) -> dict[str, str]:
        """Return what the gate has to know of a version when the next one comes."""
        first = training.tested[0].split.cutoff
        return {
            "kind": self.kind,
            "question": self.question,
            "fingerprint": self.fingerprint,
            "cutoff": str(self.cutoff or ""),
            "test_cutoff": str(first or ""),
        }


def evaluate_challenger(
    training: AttributeTraining,
    cases: Dataset,
    settings: Settings,
    store: Store,
    claim: ModelDescription,
) -> Decision:
    """Decide whether a freshly trained model becomes champion."""
    version = store.champion_version()
    if version is None:
        return _first(training, cases, settings, claim)
    if store.is_lost(version):
        return Decision(True, f"the files of the champion, version {version}, are lost")
    tags = store.version_tags(version)
    if tags.get("kind") != claim.kind or tags.get("question") != claim.question:
        return Decision(True, f"the champion answers another question: {_asked(tags)}")
    if claim.faults:
        told = "; ".join(claim.faults)
        return Decision(False, f"the inputs have not passed their check: {told}")
    newer = _newer_days(tags, claim)
    if newer < 0:
        return Decision(
            False,
            f"the champion has learnt from {-newer:,} more days and has seen the "
            "test rows: not comparable",
        )
    found = _both(store, version, training, cases, is_dated=bool(tags["cutoff"]))
    if isinstance(found, str):
        return Decision(True, found)
    rows, ours, theirs, champion = found
    comparison = compare(
        cases.churned[rows],
        ours,
        theirs,
        labels=None if cases.parts is None else cases.parts.iloc[rows],
        random_state=settings.seed,
    )
    return decide(
        comparison,
        max_ece=settings.gate.max_ece,
        is_simpler=_n_members(training.model) < _n_members(champion),
        newer_days=newer,
        changed=_changed(training.model, champion, tags, claim),
    )


def _asked(tags: Mapping[str, str]) -> str:
    kind = tags.get("kind") or "non_contractual"
    return f"{kind} churn, {tags.get('question') or 'from purchases'}"


def _first(
    training: AttributeTraining,
    cases: Dataset,
    settings: Settings,
    claim: ModelDescription,
) -> Decision:
    """Let the first model serve whatever its figures: there is no better one."""
    reason = "first model under this name"
    bound = settings.gate.max_ece
    rows, forecasts = first_tests(training.tested)
    error = ece(cases.churned[rows], forecasts["model"])
    if error > max(bound, ece_by_chance(forecasts["model"])):
        reason += f", though its calibration error {error:.3f} is above {bound:.3f}"
    if claim.faults:
        reason += f", though {'; '.join(claim.faults)}"
    return Decision(True, reason)


def _newer_days(tags: Mapping[str, str], claim: ModelDescription) -> int:
    before = tags.get("cutoff")
    if not before or claim.cutoff is None:
        return 0
    return (claim.cutoff - date.fromisoformat(before)).days


def _both(
    store: Store,
    version: str,
    training: AttributeTraining,
    cases: Dataset,
    *,
    is_dated: bool,
) -> tuple[NDArray[np.intp], Floats, Floats, AttributeModel] | str:
    """Return test rows and what both say of them, or why that cannot be."""
    folder = store.fetch_tested(version)
    twins = [] if folder is None else [folder, *sorted(folder.glob("twin-*"))]
    rows, forecasts = first_tests(training.tested)
    attributes = cases.attributes.iloc[rows]
    theirs = np.full(len(rows), np.nan)
    try:
        models = [AttributeModel.load(twin) for twin in twins]
        for model, twin in zip(models, twins, strict=True):
            fresh = np.isnan(theirs)
            if not is_dated:
                fresh &= ~_seen(twin, model.encoder_.typed(attributes))
            if fresh.any():
                theirs[fresh] = model.predict(attributes[fresh])
    except DataError:
        return "the champion cannot score these rows"
    known = np.isfinite(theirs)
    y = cases.churned[rows][known]
    if known.sum() < FEWEST_ROWS or len(np.unique(y)) < 2:
        return "the champion has learnt from all these rows: none is new to both"
    return rows[known], forecasts["model"][known], theirs[known], models[0]


def _seen(twin: Path, attributes: pd.DataFrame) -> NDArray[np.bool_]:
    digests = pd.read_parquet(twin / SEEN)["row"].to_numpy()
    return np.isin(row_hashes(attributes), digests)


def save_tested(
    tested: Sequence[Tested], cases: Dataset, folder: Path, *, is_dated: bool
) -> None:
    """Write the tested models, and the rows that each had seen."""
    for number, each in enumerate(tested, start=1):
        target = folder if number == 1 else folder / f"twin-{number:02}"
        each.model.save(target)
        if not is_dated:
            seen = cases.attributes.iloc[each.split.train]
            digests = np.unique(row_hashes(seen))
            pd.DataFrame({"row": digests}).to_parquet(target / SEEN, index=False)


def _n_members(model: AttributeModel) -> int:
    return sum(share > 0 for share in model.recipe.weights.values())


def _changed(
    ours: AttributeModel,
    theirs: AttributeModel,
    tags: Mapping[str, str],
    claim: ModelDescription,
) -> list[str]:
    found: list[tuple[str, Any, Any]] = [
        ("risk bands", tuple(ours.risk_bands), tuple(theirs.risk_bands)),
        ("attributes", {*ours.encoder_.kinds_}, {*theirs.encoder_.kinds_}),
    ]
    if claim.cutoff is None:
        found.append(("table", claim.fingerprint, tags.get("fingerprint")))
    return [name for name, mine, other in found if mine != other]
