"""A freshly trained model before the gate: what it is compared with, and on what.

The workspace, a training and the store come in; a decision with its reason goes out.
Both models are compared by what their tested twins say of the challenger's test window.
Whatever makes a comparison impossible or unfair is told here, in the reason.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

from regulars.errors import DataError
from regulars.evaluation import Decision, compare, decide, label_customers
from regulars.evaluation.gate import ece_by_chance, more_days

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from regulars.models.retention import Horizon, RetentionModel
    from regulars.tracking import Store
    from regulars.training.train import Training
    from regulars.training.workspace import Workspace

WORDS = {
    "margin": "margin",
    "discount_rate_annual": "discount rate",
    "clv_horizon_days": "horizon of customer value",
    "risk_bands": "risk bands",
}


def evaluate_challenger(work: Workspace, training: Training, store: Store) -> Decision:
    """Decide whether a freshly trained model becomes champion."""
    version = store.champion_version()
    if version is None:
        return _first(work, training)
    if store.is_lost(version):
        return Decision(True, f"the files of the champion, version {version}, are lost")
    tags = store.version_tags(version)
    newer_days = _days_between(tags.get("cutoff"), work.timeline.cutoff)
    if newer_days < 0:
        return Decision(
            False,
            f"the champion has learnt from {-newer_days:,} more days and has seen the "
            "test window: not comparable",
        )
    champion, test = store.load_tested(version), training.churn_test
    if test is None:
        return _untested(champion, newer_days)
    if champion is None:
        return Decision(True, "the champion was never tested, this model was")
    question = _other_question(training.model.horizon, champion.horizon)
    if question:
        return Decision(True, question)
    features = window_features(work)
    try:
        said = champion.predict(features)["churn_probability"].to_numpy()
    except DataError:
        return Decision(
            True, "the champion cannot score this log: its features are not there"
        )
    found = compare(
        test.churned,
        test.forecasts["model"],
        said,
        labels=customer_labels(work, features),
        random_state=work.settings.seed,
    )
    return decide(
        found,
        max_ece=work.settings.gate.max_ece,
        is_simpler=_n_members(training.model) < _n_members(champion),
        newer_days=newer_days,
        changed=_changed(training.model.horizon, champion.horizon),
    )


def _first(work: Workspace, training: Training) -> Decision:
    """Let the first model serve whatever its figures: there is no better one."""
    reason = "first model under this name"
    test = training.churn_test
    if test is not None:
        bound = work.settings.gate.max_ece
        error = test.metrics["model"]["ece"]
        if error > max(bound, ece_by_chance(test.forecasts["model"])):
            reason += f", though its calibration error {error:.3f} is above {bound:.3f}"
    return Decision(True, reason)


def _untested(champion: RetentionModel | None, newer_days: int) -> Decision:
    short = "the log is too short for a test window: nothing to compare on"
    if champion is None and newer_days > 0:
        return Decision(
            True, f"{short}, but this model has learnt from {more_days(newer_days)}"
        )
    return Decision(False, short)


def _other_question(ours: Horizon, theirs: Horizon) -> str:
    if (ours.horizon_days, ours.gap_days) == (theirs.horizon_days, theirs.gap_days):
        return ""
    return (
        f"the champion answers another question ({theirs.horizon_days} days ahead "
        f"after a gap of {theirs.gap_days}, not {ours.horizon_days} after "
        f"{ours.gap_days})"
    )


def window_features(work: Workspace) -> pd.DataFrame:
    """Return the feature rows of the test cutoff."""
    cutoff = work.timeline.test_cutoff
    if cutoff is None:
        msg = "The log is too short for a test window. Read more of it."
        raise DataError(msg)
    return work.features.by_cutoff([cutoff])[cutoff]


def customer_labels(work: Workspace, features: pd.DataFrame) -> pd.DataFrame | None:
    """Return the parts of the base that the customers of a cutoff belong to."""
    if not {"customer_id", "cutoff", "T_days", "revenue"} <= set(features.columns):
        return None
    table = work.intake.tables.get("customers")
    attributes = None
    if table is not None:
        dated = [name for name in table.columns if name.startswith("known_from")]
        attributes = table.drop(*dated).execute()
    return label_customers(features, attributes)


def version_tags(work: Workspace, training: Training) -> dict[str, str]:
    """Return what the gate has to know of a version when the next one comes."""
    return {
        "cutoff": work.timeline.cutoff.isoformat(),
        "test_cutoff": str(work.timeline.test_cutoff or ""),
        "members": str(_n_members(training.model)),
    }


def _n_members(model: RetentionModel) -> int:
    return sum(share > 0 for share in model.churn.weights.values())


def _changed(ours: Horizon, theirs: Horizon) -> list[str]:
    mine: Mapping[str, object] = asdict(ours)
    other = asdict(theirs)
    return [
        words
        for name, words in WORDS.items()
        if _plain(mine[name]) != _plain(other[name])
    ]


def _plain(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _days_between(before: str | None, after: date) -> int:
    return (after - date.fromisoformat(before)).days if before else 0
