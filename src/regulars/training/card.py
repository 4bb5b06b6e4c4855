"""The record of a training: the card, the run's parameters and figures, the manifest.

Nothing is computed here that the training did not already know.
"""

from __future__ import annotations

import platform
import subprocess
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.evaluation.holdout import MODEL, finite
from regulars.results import TrainingResult, TrainingSummary, as_result
from regulars.results.measures import SpendMetrics
from regulars.results.training import SpendTenth
from regulars.scoring.manifest import Origin
from regulars.scoring.parts import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from regulars.config import Settings
    from regulars.evaluation import Decision, ValueTest
    from regulars.tracking import Registered
    from regulars.training.window import Problem, Training, Trial

PACKAGES = (
    "regulars",
    "lightgbm",
    "scikit-learn",
    "pandas",
    "numpy",
    "duckdb",
    "ibis-framework",
    "mlflow",
)
VALUE_FIGURES = ("mae", "typical_mae", "tweedie_deviance", "spearman", "total_ratio")


def training_card(
    problem: Problem, training: Training, decision: Decision
) -> TrainingResult:
    """Return what there is to know of a training."""
    settings, described = problem.settings, problem.description
    churn, value = training.churn_test, training.value_test
    recipe, selection = training.model.churn, training.choices.churn
    content = {
        "name": settings.name,
        "kind": described.kind,
        "question": described.question,
        "is_champion": decision.is_champion,
        "champion_reason": decision.reason,
        "process_only": training.process_only,
        "notes": training.notes,
        "model_name": model_name(recipe.weights),
        "weights": dict(recipe.weights),
        "calibration": recipe.calibrator.method,
        "selection": dict(selection.losses) if selection else {},
        "test": churn.metrics[MODEL] if churn else None,
        "test_intervals": churn.intervals[MODEL] if churn else None,
        "test_splits": split_figures(training),
        "value_test": value.metrics[MODEL] if value else None,
        "baselines": _rivals(churn.metrics) if churn else {},
        "baseline_intervals": _rivals(churn.intervals) if churn else {},
        "value_baselines": _rivals(value.metrics) if value else {},
        "curves": churn.curves if churn else {},
        "importance": [
            {**row, "meaning": problem.meanings.get(row["feature"], row["feature"])}
            for row in training.importance
        ],
        "profit": training.profit,
        "currency": settings.source.currency,
        **problem.details(training),
        **manifest(settings, described.fingerprint),
    }
    return as_result(TrainingResult, content)


def split_figures(training: Training) -> list[dict[str, Any]]:
    """Return the figures of the model by window, where figures are means of several."""
    tests = [t.churn_test for t in training.trials if t.churn_test is not None]
    return [test.metrics[MODEL] for test in tests]


def tuning_choices(training: Training) -> dict[str, Any] | None:
    """Return how the churn recipe was searched for; None: nothing to choose on.

    ``n_pruned`` trials were given up after the latest validation window;
    ``group_gains`` is by how much the log loss of the validation windows falls without
    a group of features.
    """
    selection = training.choices.churn
    if selection is None:
        return None
    left_out = training.model.churn.left_out
    return {
        "objective": selection.objective,
        "n_trials": selection.n_trials,
        "n_pruned": selection.n_pruned,
        "n_features": len(training.model.churn_.features_),
        "left_out": {name: list(columns) for name, columns in left_out.items()},
        "group_gains": dict(selection.group_gains),
    }


def spend_choice(training: Training) -> dict[str, Any]:
    """Return how spend is forecast, its level, and how its intervals held."""
    chosen, value = training.choices.spend, training.value_test
    tested = {"spend_tenths": _tenths(value)}
    if chosen is None or chosen.recipe.bands is None:
        return {"spend_selection": {}, "spend_intervals": None, **tested}
    test = value.metrics[MODEL] if value else {}
    level = training.model.spend.level if training.model.spend else None
    return {
        **tested,
        "spend_level": level and asdict(level),
        "spend_selection": chosen.figures,
        "spend_intervals": {
            "level": chosen.recipe.bands.coverage,
            "validation": chosen.intervals,
            "test": {key: test[key] for key in chosen.intervals if key in test},
        },
    }


def _tenths(value: ValueTest | None) -> list[dict[str, Any]]:
    if value is None or value.tenths is None:
        return []
    rows = value.tenths[[*SpendTenth.model_fields]].to_dict("records")
    return [finite({str(name): each for name, each in row.items()}) for row in rows]


def run_params(settings: Settings, training: Training) -> dict[str, str]:
    """Return the settings and choices of a training, for an MLflow run."""
    flat = pd.json_normalize(
        settings.model_dump(
            mode="json",
            exclude={"source": True, "tracking": True, "scores": {"table"}},
        )
    ).iloc[0]
    recipe, spend = training.model.churn, training.model.spend
    chosen: dict[str, Any] = {
        "chosen.calibration": recipe.calibrator.method,
        **{f"chosen.weight.{k}": v for k, v in recipe.weights.items()},
        "chosen.pool": recipe.pool,
        **{
            f"chosen.{member}.{name}": value
            for member, own in recipe.settings.items()
            for name, value in own.items()
        },
        "chosen.left_out": "+".join(recipe.left_out),
    }
    if spend is not None:
        chosen["chosen.value_model"] = "+".join(spend.members)
    settled = {str(key): value for key, value in flat.items()}
    return {key: str(value) for key, value in (settled | chosen).items()}


def run_metrics(training: Training) -> dict[str, float]:
    """Return the figures of a training, for an MLflow run."""
    metrics = trial_metrics(training)
    if len(training.trials) > 1:
        for number, row in enumerate(split_figures(training), start=1):
            metrics[f"split_{number}.roc_auc"] = float(row["roc_auc"])
    return metrics | profit_metrics(training.profit)


def trial_metrics(trial: Trial | Training) -> dict[str, float]:
    """Return the figures of test and validation windows, for an MLflow run."""
    metrics: dict[str, float] = {}
    for test, own, rival in (
        (trial.churn_test, "test", "baseline"),
        (trial.value_test, "value_test", "value_baseline"),
    ):
        for name, figures in (test.metrics if test else {}).items():
            prefix = own if name == MODEL else f"{rival}.{name}"
            metrics |= _numbers(prefix, figures)
    if trial.choices.churn:
        metrics |= _numbers("validation.log_loss", trial.choices.churn.losses)
    return metrics


def profit_metrics(offer: dict[str, Any] | None) -> dict[str, float]:
    """Return the money of a test, for an MLflow run."""
    if offer is None:
        return {}
    rules = {name: rule["profit"] for name, rule in offer["rules"].items()}
    return {
        **_numbers("profit.empc", offer["empc"]),
        **_numbers("profit.mpc", offer["mpc"]),
        **_numbers("profit", rules | {"threshold": offer["threshold"]}),
    }


def _numbers(prefix: str, figures: Mapping[str, Any]) -> dict[str, float]:
    # MLflow takes no texts; a figure that is not defined is left out
    return {
        f"{prefix}.{key}": float(value)
        for key, value in figures.items()
        if isinstance(value, int | float) and np.isfinite(value)
    }


def training_summary(card: TrainingResult, registered: Registered) -> TrainingSummary:
    """Return what ``train --json`` ends with (design section 7)."""
    value = card.value_test
    return TrainingSummary(
        model_uri=registered.model_uri,
        model_version=registered.model_version,
        run_id=registered.run_id,
        is_champion=card.is_champion,
        champion_reason=card.champion_reason,
        kind=card.kind,
        process_only=card.process_only,
        notes=card.notes,
        test=card.test,
        value_test=value
        and SpendMetrics(**{name: getattr(value, name) for name in VALUE_FIGURES}),
        baselines=card.baselines,
        baseline_labels=card.baseline_labels,
        test_splits=card.test_splits,
    )


def _rivals(by_name: dict[str, Any]) -> dict[str, Any]:
    return {name: figures for name, figures in by_name.items() if name != MODEL}


def model_name(weights: Mapping[str, float]) -> str:
    """Return the member that stands alone, or ``blend``."""
    members = [name for name, share in weights.items() if share > 0]
    return members[0] if len(members) == 1 else "blend"


def manifest(settings: Settings, data: str) -> dict[str, Any]:
    """Return what is needed to repeat a run: settings without credentials, versions.

    `data` is the fingerprint of the data.
    """
    config = settings.model_dump(mode="json")
    return {
        "config": config,
        "fingerprint": data,
        "versions": {name: metadata.version(name) for name in PACKAGES},
        "commit": _commit(),
        "python": platform.python_version(),
        "seed": settings.seed,
    }


def origin_of(settings: Settings, data: str, last_record: date | None) -> Origin:
    """Return what scores depend on beside the model."""
    record = manifest(settings, data)
    config = {name: own for name, own in record["config"].items() if name != "outputs"}
    # where they go, and which are listed, is no part of them
    beside = ("format", "table", "rise", "max_age_days", "reasons")
    scores = {n: own for n, own in config["scores"].items() if n not in beside}
    digest = digest_of(config | {"scores": scores})
    return Origin(data, digest, record["versions"], last_record)


def _commit() -> str | None:
    """Return the commit of the folder that the command runs in, if it has one."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
