"""A finished training goes into the registry, with all that is known of it.

A training, the gate's decision and the card come in; an MLflow run with the figures,
the charts and the card, a registered version with its tags, and perhaps a new champion
are there afterwards.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

import regulars
from regulars.card import profit_metrics, run_metrics, run_params
from regulars.promotion import version_tags
from regulars.report import Results, render_charts
from regulars.report.model_card import render_model_card
from regulars.scoring.pyfunc import FIELDS, ServingContext
from regulars.scoring.sinks import write_json, write_text
from regulars.tracking import Registered, RunRecord, Store, host_of, scratch_folder

if TYPE_CHECKING:
    from pathlib import Path

    from regulars.evaluation import Decision
    from regulars.training import Training
    from regulars.workspace import Workspace


def register_training(
    work: Workspace,
    training: Training,
    store: Store,
    decision: Decision,
    card: dict[str, Any],
) -> Registered:
    """Write a run, register the model and give it the alias if it won.

    Parameters
    ----------
    work : Workspace
        Tables and cutoffs.
    training : Training
        Models and figures.
    store : Store
        The registry.
    decision : Decision
        What the gate said.
    card : dict
        All that is told of the training, offer included.

    Returns
    -------
    Registered
    """
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
        write_text(card_text(card), artifacts / "model_card.md")
        write_json(card["config"], artifacts / "config.json")
        _draw_figures(card, artifacts / "figures")
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


def card_text(card: dict[str, Any]) -> str:
    """Return the card for people, of the same content as the files.

    Parameters
    ----------
    card : dict
        All that is told of a training.

    Returns
    -------
    str
        Markdown.
    """
    return render_model_card(json.loads(json.dumps(card, default=str)))


def _draw_figures(card: dict[str, Any], folder: Path) -> None:
    """Write the charts of a training as pages that share one copy of Plotly."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = json.loads(json.dumps(card, default=str))
    for name, figure in render_charts(Results(training=plain)).items():
        figure.write_html(folder / f"{name}.html", include_plotlyjs="directory")


def serving_context(work: Workspace) -> ServingContext:
    """Return what the endpoint needs to know of the training log.

    Parameters
    ----------
    work : Workspace
        Tables and cutoffs.

    Returns
    -------
    ServingContext
    """
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
    """Return one made-up row as the endpoint takes it.

    Parameters
    ----------
    work : Workspace
        Tells which optional columns the log has.

    Returns
    -------
    DataFrame of shape (1, 2)
        A customer and their raw history.
    """
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
