"""The stages of a purchase log: train, backtest, score, figures."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from regulars.errors import NotEnoughHistoryError
from regulars.evaluation import evaluate_offer
from regulars.findings.rules import other_id_advice
from regulars.kinds.kind import Kind
from regulars.kinds.non_contractual.workspace import (
    CheckedLog,
    check_tables,
    lay_out,
    open_log,
    open_workspace,
)
from regulars.kpis.cohorts import cohort_retention
from regulars.kpis.notes import kpi_notes, why_no_scores
from regulars.kpis.retention import monthly_kpis, summary_kpis
from regulars.scoring.batch import Provenance, score_customers
from regulars.scoring.hindsight import refuse_hindsight
from regulars.scoring.sinks import write_json, write_scores
from regulars.tracking import Store
from regulars.training.backtest import run_backtest
from regulars.training.card import manifest, training_card, training_result
from regulars.training.promote import evaluate_challenger, window_features
from regulars.training.register import register_training
from regulars.training.train import Training, train

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from regulars.training.register import Pages
    from regulars.training.workspace import Workspace

    Step = Callable[[str], None]


def train_log(work: Workspace, step: Step, pages: Pages) -> dict[str, Any]:
    """Train, test, register; write ``training.json``; return what is told of it."""
    settings = work.settings
    training = _trained(work, step)
    step("register")
    store = Store(settings.tracking.uri, settings.name)
    decision = evaluate_challenger(work, training, store)
    card = training_card(work, training, decision)
    card["profit"] = _offer(work, training)
    registered = register_training(work, training, store, decision, card, pages)
    result = training_result(training, registered, decision)
    card |= {"model_version": registered.model_version, "run_id": registered.run_id}
    write_json(card, settings.outputs_folder / "training.json")
    write_json(card, settings.outputs_folder / "card.json")
    _write_manifest(work)
    return result


def _trained(work: Workspace, step: Step) -> Training:
    """Train; where nobody bought twice, say which other column may name the person."""
    settings = work.settings
    try:
        return train(
            work.ledger, work.timeline, settings, step=step, features=work.features
        )
    except NotEnoughHistoryError as error:
        advice = other_id_advice(work.intake, settings)
        if not advice:
            raise
        msg = f"{error} {advice}"
        raise NotEnoughHistoryError(msg) from error


def _offer(work: Workspace, training: Training) -> dict[str, Any] | None:
    """Return what the offer of the settings would have earned on the test window."""
    test, model = training.churn_test, training.tested_model
    if test is None or model is None:
        return None
    value = model.predict(window_features(work))["clv"]
    return evaluate_offer(
        test.churned, test.forecasts["model"], value, work.settings.profit
    )


def score_log(
    work: Workspace, step: Step, *, version: str | None = None
) -> dict[str, Any]:
    """Score every customer at the cutoff with the champion; write the table."""
    step("score")
    settings = work.settings
    store = Store(settings.tracking.uri, settings.name)
    model, registered = store.load(version)
    refuse_hindsight(store, registered.model_version, work.timeline.cutoff)
    cutoff = work.timeline.cutoff
    features = work.features.by_cutoff([cutoff])[cutoff]
    provenance = Provenance(
        registered.model_version, registered.run_id, datetime.now(UTC)
    )
    scores = score_customers(model, features, provenance)
    # the report reads parquet; csv is written beside it for those who asked
    path = write_scores(scores, settings.outputs_folder / "scores.parquet")
    if settings.scores.format == "csv":
        path = write_scores(scores, settings.outputs_folder / "scores.csv")
    _write_manifest(work)
    return {
        "scores": str(path),
        "n_customers": len(scores),
        "model_version": registered.model_version,
        "cutoff": work.timeline.cutoff.isoformat(),
        "mean_churn_probability": float(scores["churn_probability"].mean()),
        "value_at_risk": float(scores["value_at_risk"].sum()),
    }


def kpis_of_log(
    work: Workspace | CheckedLog, step: Step, *, no_scores: str | None = None
) -> dict[str, Any]:
    """Work out the business's own figures; write ``kpis.json``."""
    step("kpis")
    cutoff = work.cutoff if isinstance(work, CheckedLog) else work.timeline.cutoff
    monthly = monthly_kpis(work.ledger, cutoff)
    summary = summary_kpis(work.ledger, cutoff)
    notes = kpi_notes(work.ledger, cutoff)
    write_json(
        {
            "name": work.settings.name,
            "currency": work.settings.source.currency,
            "notes": notes,
            "no_scores": no_scores or why_no_scores(work.ledger, cutoff),
            "summary": summary,
            "monthly": json_records(monthly),
            "cohorts": cohort_retention(work.ledger, cutoff),
        },
        work.settings.outputs_folder / "kpis.json",
    )
    return {**summary, "notes": notes}


def json_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as JSON-safe dicts; missing is null."""
    records: list[dict[str, Any]] = json.loads(
        frame.to_json(orient="records", date_format="iso")
    )
    return records


def _write_manifest(work: Workspace) -> None:
    found = manifest(work.settings, work.fingerprint())
    write_json(found, work.settings.outputs_folder / "manifest.json")


NON_CONTRACTUAL = Kind(
    name="non_contractual",
    open=open_workspace,
    open_figures=open_log,
    check=lambda settings, step: check_tables(settings, step)[1],
    train=train_log,
    backtest=run_backtest,
    score=score_log,
    kpis=kpis_of_log,
    lay_out=lay_out,
    has_charts=True,
)
