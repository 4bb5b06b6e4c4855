"""A finished training of attributes goes before the gate and into the registry.

A training, its cases and the settings come in; an MLflow run with the figures and
the card, a registered version with its tags, perhaps a new champion, and the files of
the outputs folder are there afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import regulars
from regulars.scoring.sinks import write_json
from regulars.scoring.tabular_pyfunc import LOADER
from regulars.tracking import Registered, RunRecord, Store, host_of, scratch_folder
from regulars.training.card import manifest, profit_metrics
from regulars.training.tabular_promote import evaluate_challenger, save_tested
from regulars.training.tabular_train import LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.config import Settings
    from regulars.evaluation import Decision
    from regulars.training.dataset import Dataset
    from regulars.training.register import Pages
    from regulars.training.tabular_promote import ModelDescription
    from regulars.training.tabular_train import AttributeTraining


def register_attributes(
    training: AttributeTraining,
    cases: Dataset,
    settings: Settings,
    claim: ModelDescription,
    pages: Pages,
    *,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """Put a training before the gate and into the registry; write its card."""
    store = Store(settings.tracking.uri, settings.name)
    decision = evaluate_challenger(training, cases, settings, store, claim)
    card = _card(training, settings, decision, claim) | dict(more)
    registered = _register(
        store, training, cases, settings, card, decision, claim, pages
    )
    card |= {"model_version": registered.model_version, "run_id": registered.run_id}
    outputs = settings.outputs_folder
    write_json(card, outputs / "training.json")
    write_json(card, outputs / "card.json")
    write_json(manifest(settings, claim.fingerprint), outputs / "manifest.json")
    keys = ("is_champion", "champion_reason", "kind", "notes", "test", "baselines")
    return {
        "model_uri": registered.model_uri,
        "model_version": registered.model_version,
        "run_id": registered.run_id,
        **{key: card[key] for key in keys},
        "process_only": False,
        "value_test": None,
        "baseline_labels": card["baseline_labels"],
        "test_splits": training.by_split,
    }


def _card(
    training: AttributeTraining,
    settings: Settings,
    decision: Decision,
    claim: ModelDescription,
) -> dict[str, Any]:
    test, recipe = training.churn_test, training.model.recipe
    own = {name: share for name, share in recipe.weights.items() if share > 0}
    return {
        "name": settings.name,
        "kind": claim.kind,
        "question": claim.question,
        "is_champion": decision.is_champion,
        "champion_reason": decision.reason,
        "notes": training.notes,
        "model_name": next(iter(own)) if len(own) == 1 else "blend",
        "weights": dict(recipe.weights),
        "calibration": recipe.calibrator.method,
        "selection": dict(training.selection.losses),
        "test": test.metrics["model"],
        "test_intervals": test.intervals["model"],
        "test_splits": training.by_split,
        "baselines": {n: m for n, m in test.metrics.items() if n != "model"},
        "baseline_intervals": {n: m for n, m in test.intervals.items() if n != "model"},
        "baseline_labels": LABELS,
        "curves": test.curves,
        "importance": training.importance,
        "profit": training.profit,
        "currency": settings.source.currency,
        **manifest(settings, claim.fingerprint),
    }


def _register(
    store: Store,
    training: AttributeTraining,
    cases: Dataset,
    settings: Settings,
    card: dict[str, Any],
    decision: Decision,
    claim: ModelDescription,
    pages: Pages,
) -> Registered:
    with scratch_folder() as folder:
        artifacts, model, tested = (
            folder / name for name in ("artifacts", "model", "tested")
        )
        training.model.save(model)
        is_dated = claim.cutoff is not None
        save_tested(training.tested, cases, tested, is_dated=is_dated)
        write_json(card, model / "card.json")
        write_json(card, artifacts / "card.json")
        pages(card, artifacts)
        write_json(card["config"], artifacts / "config.json")
        record = RunRecord(
            params=run_params(training, settings),
            metrics=run_figures(training) | profit_metrics(training.profit),
            tags={
                "regulars.fingerprint": card["fingerprint"],
                "regulars.version": regulars.__version__,
                "regulars.commit": card["commit"] or "unknown",
                "regulars.store": host_of(settings.tracking.uri),
            },
            artifacts=artifacts,
            model=model,
            tested_model=tested,
            input_example=example_rows(cases.attributes),
            loader=LOADER,
            inputs=("customer_id", *training.model.encoder_.kinds_),
        )
        registered = store.register(record, is_champion=decision.is_champion)
        tags = {
            "champion": str(decision.is_champion).lower(),
            "reason": decision.reason,
            **claim.tags(training),
        }
        store.tag_version(registered.model_version, tags)
    return registered


def example_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one made-up row as the endpoint takes it."""
    usual: dict[str, Any] = {"customer_id": "c1"}
    for name in rows.columns:
        known = rows[name].dropna()
        if known.empty:
            usual[str(name)] = None
        elif rows[name].dtype == np.float64:
            usual[str(name)] = float(known.median())
        else:
            usual[str(name)] = str(known.mode().iloc[0])
    return pd.DataFrame([usual])


def run_params(training: AttributeTraining, settings: Settings) -> dict[str, str]:
    """Return the settings and choices of a training, for an MLflow run."""
    flat = pd.json_normalize(
        settings.model_dump(mode="json", exclude={"source", "tracking"})
    ).iloc[0]
    recipe = training.model.recipe
    chosen: dict[str, Any] = {
        "chosen.calibration": recipe.calibrator.method,
        **{f"chosen.weight.{k}": v for k, v in recipe.weights.items()},
        **{f"chosen.lightgbm.{k}": v for k, v in recipe.boosted.items()},
        **{f"chosen.logistic.{k}": v for k, v in recipe.logistic.items()},
    }
    settled = {str(key): value for key, value in flat.items()}
    return {key: str(value) for key, value in (settled | chosen).items()}


def run_figures(training: AttributeTraining) -> dict[str, float]:
    """Return the figures of a training, for an MLflow run."""
    found = {
        f"validation.log_loss.{name}": float(loss)
        for name, loss in training.selection.losses.items()
    }
    found |= figures_of(training.churn_test.metrics)
    for number, row in enumerate(training.by_split, start=1):
        found[f"split_{number}.roc_auc"] = float(row["roc_auc"])
    return found


def figures_of(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return the figures of a test by name, for an MLflow run."""
    return {
        f"{'test' if name == 'model' else f'baseline.{name}'}.{key}": float(value)
        for name, row in metrics.items()
        for key, value in row.items()
        if isinstance(value, int | float) and np.isfinite(value)
    }
