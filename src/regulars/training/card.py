"""The record of a training: the card, the run's parameters and figures, the manifest.

What was asked for, chosen and measured comes in; JSON-safe data goes out, for MLflow,
the model's own card and the report. Nothing is computed here that the training did not
already know.
"""

from __future__ import annotations

import platform
import subprocess
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.data.fingerprint import fingerprint
from regulars.data.margins import own_margins
from regulars.features.matrix import FEATURES
from regulars.models.churn import baselines
from regulars.tracking import host_of

if TYPE_CHECKING:
    from regulars.config import Settings
    from regulars.evaluation import Decision
    from regulars.tracking import Registered
    from regulars.training.train import Training, Trial
    from regulars.training.workspace import Workspace

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


def training_card(
    work: Workspace, training: Training, decision: Decision
) -> dict[str, Any]:
    """Return what there is to know of a training."""
    settings, timeline = work.settings, work.timeline
    churn, value = training.churn_test, training.value_test
    process = training.model.process
    return {
        "name": settings.name,
        "is_champion": decision.is_champion,
        "champion_reason": decision.reason,
        "horizon_days": timeline.horizon_days,
        "gap_days": timeline.gap_days,
        "process_only": training.process_only,
        "notes": training.notes,
        "timeline": {
            "first_order": work.ledger.first_day,
            "last_order": work.ledger.last_day,
            "cutoff": timeline.cutoff,
            "label_horizon_days": timeline.label_horizon_days,
            "test_cutoff": timeline.test_cutoff,
            "validation_cutoff": timeline.validation_cutoff,
            "training_cutoffs": timeline.training_cutoffs,
            "refit_cutoffs": timeline.refit_cutoffs,
        },
        "model_name": model_name(training.model.churn.weights),
        "weights": dict(training.model.churn.weights),
        "calibration": training.model.churn.calibrator.method,
        "value_model": "+".join(training.model.spend.members),
        "selection": dict(training.selection.losses) if training.selection else {},
        "tuning": tuning_choices(training),
        **_spend_choice(training),
        "test": churn.metrics["model"] if churn else None,
        "test_intervals": churn.intervals["model"] if churn else None,
        "value_test": value.metrics["model"] if value else None,
        "baselines": _but_model(churn.metrics) if churn else {},
        "baseline_intervals": _but_model(churn.intervals) if churn else {},
        "baseline_labels": baselines.labels(),
        "value_baselines": _but_model(value.metrics) if value else {},
        "curves": churn.curves if churn else {},
        "importance": [
            {**row, "meaning": meaning(row["feature"])} for row in training.importance
        ],
        "processes": training.processes,
        "diagnostics": training.diagnostics,
        "process": {
            "model": process.kind,
            "params": process.purchases_.params_ | process.spend_.params_,
            "log_likelihood": process.purchases_.log_likelihood_,
            "shares": process.shares_.to_dict(),
        },
        "margin": _margin(work),
        **manifest(settings, fingerprint(work.ledger)),
    }


def _margin(work: Workspace) -> dict[str, Any]:
    """Return the margin of value, and how many lines carry their own."""
    own = own_margins(work.ledger.transactions)
    return {"rate": work.settings.value.margin, "own": asdict(own) if own else None}


def _spend_choice(training: Training) -> dict[str, Any]:
    chosen, value = training.spend_selection, training.value_test
    if chosen is None or chosen.recipe.bands is None:
        return {"spend_selection": {}, "spend_intervals": None}
    test = value.metrics["model"] if value else {}
    return {
        "spend_selection": chosen.figures,
        "spend_intervals": {
            "level": chosen.recipe.bands.coverage,
            "validation": chosen.intervals,
            "test": {key: test[key] for key in chosen.intervals if key in test},
        },
    }


def tuning_choices(training: Training) -> dict[str, Any] | None:
    """Return how the churn recipe was searched for."""
    found = training.selection
    if found is None:
        return None
    left_out = training.model.churn.left_out
    return {
        "objective": found.objective,
        "n_trials": found.n_trials,
        "n_pruned": found.n_pruned,
        "n_features": len(training.model.churn_.features_),
        "left_out": {name: list(columns) for name, columns in left_out.items()},
        "group_gains": dict(found.group_gains),
    }


def run_params(work: Workspace, training: Training) -> dict[str, str]:
    """Return the settings and choices of a training, for an MLflow run."""
    flat = pd.json_normalize(
        work.settings.model_dump(mode="json", exclude={"source", "tracking"})
    ).iloc[0]
    chosen: dict[str, Any] = {
        "chosen.calibration": training.model.churn.calibrator.method,
        "chosen.value_model": "+".join(training.model.spend.members),
        **{f"chosen.weight.{k}": v for k, v in training.model.churn.weights.items()},
        **{
            f"chosen.lightgbm.{k}": v
            for k, v in training.model.churn.lightgbm_churn.items()
        },
        **{f"chosen.logistic.{k}": v for k, v in training.model.churn.logistic.items()},
        "chosen.left_out": "+".join(training.model.churn.left_out),
    }
    settled = {str(key): value for key, value in flat.items()}
    return {key: str(value) for key, value in (settled | chosen).items()}


def run_metrics(training: Trial) -> dict[str, float]:
    """Return the figures of a training, for an MLflow run."""
    found: dict[str, float] = {}
    if training.churn_test:
        for name, metrics in training.churn_test.metrics.items():
            prefix = "test" if name == "model" else f"baseline.{name}"
            found |= _numbers(prefix, metrics)
    if training.value_test:
        for name, metrics in training.value_test.metrics.items():
            prefix = "value_test" if name == "model" else f"value_baseline.{name}"
            found |= _numbers(prefix, metrics)
    if training.selection:
        found |= _numbers("validation.log_loss", training.selection.losses)
    return found


def profit_metrics(offer: dict[str, Any] | None) -> dict[str, float]:
    """Return the money of the test window, for an MLflow run."""
    if offer is None:
        return {}
    rules = {name: rule["profit"] for name, rule in offer["rules"].items()}
    return {
        **_numbers("profit.empc", offer["empc"]),
        **_numbers("profit.mpc", offer["mpc"]),
        **_numbers("profit", rules | {"threshold": offer["threshold"]}),
    }


def _numbers(prefix: str, metrics: Any) -> dict[str, float]:
    return {
        f"{prefix}.{key}": float(value)
        for key, value in metrics.items()
        if isinstance(value, int | float) and np.isfinite(value)
    }


def training_result(
    training: Training, registered: Registered, decision: Decision
) -> dict[str, Any]:
    """Return what ``train --json`` ends with (design section 7)."""
    churn, value = training.churn_test, training.value_test
    wanted = ("mae", "spearman", "total_ratio")
    return {
        "model_uri": registered.model_uri,
        "model_version": registered.model_version,
        "run_id": registered.run_id,
        "is_champion": decision.is_champion,
        "champion_reason": decision.reason,
        "process_only": training.process_only,
        "notes": training.notes,
        "test": churn.metrics["model"] if churn else None,
        "value_test": {k: value.metrics["model"][k] for k in wanted} if value else None,
        "baselines": _but_model(churn.metrics) if churn else {},
    }


def _but_model(by_name: dict[str, Any]) -> dict[str, Any]:
    return {name: found for name, found in by_name.items() if name != "model"}


def model_name(weights: Any) -> str:
    """Return the member that stands alone, or ``blend``."""
    members = [name for name, share in weights.items() if share > 0]
    return members[0] if len(members) == 1 else "blend"


PROCESS_MEANINGS = {
    "p_alive": "Probability of still being a customer, by the purchase process",
    "btyd_no_purchase_probability": "Probability of no purchase in the horizon, by "
    "the purchase process",
    "btyd_expected_purchases": "Expected purchases in the horizon, by the purchase "
    "process",
    "btyd_order_value": "Expected spend of a purchase, net of returns, by the spend "
    "process",
    "btyd_expected_spend": "Expected spend in the horizon, by both processes",
}


def meaning(feature: str) -> str:
    """Return what a feature means, in one line."""
    return FEATURES.get(feature) or PROCESS_MEANINGS.get(feature) or feature


def manifest(settings: Settings, data: str) -> dict[str, Any]:
    """Return what is needed to repeat a run."""
    config = settings.model_dump(mode="json")
    config["tracking"]["uri"] = host_of(settings.tracking.uri)
    config["source"]["engine"] = host_of(settings.source.engine)
    return {
        "config": config,
        "fingerprint": data,
        "versions": {name: metadata.version(name) for name in PACKAGES},
        "commit": _commit(),
        "python": platform.python_version(),
        "seed": settings.seed,
    }


def _commit() -> str | None:
    """Return the commit of the folder that the command runs in, if it has one."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()
