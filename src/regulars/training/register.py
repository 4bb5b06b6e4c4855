"""A finished training goes into the registry, with all that is known of it.

A training, the gate's decision and the card come in; an MLflow run with the figures,
the charts and the card, a registered version with its tags, and perhaps a new champion
are there afterwards.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

import regulars
from regulars.scoring.pyfunc import FIELDS, ServingContext
from regulars.scoring.sinks import write_json
from regulars.tracking import Registered, RunRecord, Store, host_of, scratch_folder
from regulars.training.card import profit_metrics, run_metrics, run_params
from regulars.training.promote import version_tags

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from regulars.evaluation import Decision
    from regulars.training.train import Training
    from regulars.training.workspace import Workspace

    Pages = Callable[[dict[str, Any], Path], None]


def register_training(
    work: Workspace,
    training: Training,
    store: Store,
    decision: Decision,
    card: dict[str, Any],
    pages: Pages,
) -> Registered:
    """Write a run, register the model and give it the alias if it won."""
    with scratch_folder() as folder:
        artifacts, model = folder / "artifacts", folder / "model"
        training.model.save(model)
        serving_context(work).save(model)
        write_json(card, model / "card.json")
        tested = None
        if training.tested_model is not None:
            tested = folder / "tested"
            training.tested_model.save(tested)
        write_json(card, artifacts / "card.json")
        write_json(card["config"], artifacts / "config.json")
        pages(card, artifacts)
        record = RunRecord(
            params=run_params(work, training),
            metrics=run_metrics(training) | profit_metrics(card["profit"]),
            tags={
                "regulars.fingerprint": card["fingerprint"],
                "regulars.version": regulars.__version__,
                "regulars.commit": card["commit"] or "unknown",
                "regulars.store": host_of(work.settings.tracking.uri),
            },
            artifacts=artifacts,
            model=model,
            tested_model=tested,
            input_example=example_request(work),
        )
        registered = store.register(record, is_champion=decision.is_champion)
        store.tag_version(
            registered.model_version,
            {
                "champion": str(decision.is_champion).lower(),
                "reason": decision.reason,
                **version_tags(work, training),
            },
        )
    return registered


def serving_context(work: Workspace) -> ServingContext:
    """Return what the endpoint needs to know of the training log."""
    features = work.settings.features
    columns = work.ledger.columns - {"order_time", "amount"}
    return ServingContext(
        time_zone=work.settings.source.time_zone,
        first_day=str(work.ledger.first_day),
        lookback_days=work.settings.time.lookback_days,
        groups=None if features.groups is None else list(features.groups),
        extra=list(features.extra),
        columns=[name for name in FIELDS if name in columns],
    )


def example_request(work: Workspace) -> pd.DataFrame:
    """Return one made-up row as the endpoint takes it."""
    first = date(2024, 1, 5)
    sample = {
        "quantity": 1.0,
        "discount_amount": 0.0,
        "cost_amount": 8.0,
        "margin_rate": 0.3,
        "is_return": False,
    }
    more = {name: sample.get(name, "1") for name in serving_context(work).columns}
    history = [
        {
            "order_time": (first + timedelta(days=gap)).isoformat(),
            "amount": amount,
            **more,
        }
        for gap, amount in ((0, 20.0), (14, 35.5), (40, 12.0))
    ]
    return pd.DataFrame({"customer_id": ["c1"], "transactions": [history]})
