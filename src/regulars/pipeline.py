"""The stages in order: check, train, score, kpis, report.

The settings come in, files in the outputs folder and a model in the registry are there
afterwards. This is the only module that knows all the rooms; each stage reads what it
needs from a `Workspace` (the checked tables and the ledger), calls the room that does
the work and writes what that room returns.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from regulars import contractual
from regulars.backtest_records import record_backtest
from regulars.backtesting import run_backtest
from regulars.card import (
    manifest,
    training_card,
    training_result,
)
from regulars.data.findings import other_id_advice
from regulars.data.fingerprint import fingerprint
from regulars.errors import (
    ConfigError,
    ConvergenceError,
    DataError,
    LeakageError,
    NotEnoughHistoryError,
)
from regulars.evaluation import judge_offer
from regulars.kpis.cohorts import cohort_retention
from regulars.kpis.notes import kpi_notes, why_no_scores
from regulars.kpis.retention import monthly_kpis, summary_kpis
from regulars.labelled import stages as labelled
from regulars.promotion import judge_challenger, window_features
from regulars.registration import card_text, register_training
from regulars.report import render_report
from regulars.scoring.batch import Provenance, score_customers
from regulars.scoring.hindsight import refuse_hindsight
from regulars.scoring.sinks import write_json, write_scores, write_text
from regulars.tracking import Store, host_of
from regulars.training import Training, train
from regulars.workspace import (
    CheckedLog,
    Workspace,
    check_tables,
    lay_out,
    open_log,
    open_workspace,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from regulars.config import Settings

    Step = Callable[[str], None]
    AnyWorkspace = Workspace | labelled.TableWorkspace | contractual.ContractWorkspace

STEPS = (
    "check",
    "features",
    "selection",
    "spend",
    "test",
    "refit",
    "register",
    "score",
    "kpis",
    "report",
)


def open_work(settings: Settings, step: Step) -> AnyWorkspace:
    """Read and check what the kind of churn starts from.

    Parameters
    ----------
    settings : Settings
        The configuration.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    Workspace, TableWorkspace or ContractWorkspace
    """
    if settings.churn.kind == "labelled":
        return labelled.check_table(settings, step)
    if settings.churn.kind == "contractual":
        return contractual.open_contracts(settings, step)
    return open_workspace(settings, step)


def check(settings: Settings, step: Step) -> dict[str, Any]:
    """Read and check the tables; write ``check.json`` and the quarantine file.

    Parameters
    ----------
    settings : Settings
        The configuration.
    step : callable
        Called with the name of the step as it begins.

    Returns
    -------
    dict
        The content of ``check.json``.
    """
    if settings.churn.kind == "labelled":
        return labelled.check_table(settings, step).table.summary
    return check_tables(settings, step)[1]


def train_model(work: AnyWorkspace, step: Step) -> dict[str, Any]:
    """Train, test, register; write ``training.json``.

    Parameters
    ----------
    work : Workspace
        Tables and cutoffs.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    dict
        What ``train --json`` ends with (design section 7).
    """
    # before the long work, not after it
    Store(work.settings.tracking.uri, work.settings.name).check_writable()
    if isinstance(work, labelled.TableWorkspace):
        return labelled.train_and_register(work, step)
    if isinstance(work, contractual.ContractWorkspace):
        return contractual.train_contracts(work, step)
    settings = work.settings
    training = _trained(work, step)
    step("register")
    store = Store(settings.tracking.uri, settings.name)
    decision = judge_challenger(work, training, store)
    card = training_card(work, training, decision)
    card["profit"] = _offer(work, training)
    registered = register_training(work, training, store, decision, card)
    result = training_result(training, registered, decision)
    card |= {"model_version": registered.model_version, "run_id": registered.run_id}
    write_json(card, settings.outputs_folder / "training.json")
    write_json(card, settings.outputs_folder / "card.json")
    write_text(card_text(card), settings.outputs_folder / "model_card.md")
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


def backtest(work: AnyWorkspace, step: Step) -> dict[str, Any]:
    """Repeat the training as of earlier days; write ``backtest.json``.

    Parameters
    ----------
    work : Workspace
        Tables and cutoffs.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    dict
        The content of ``backtest.json``, and ``run_id`` of the MLflow run in which the
        runs of the windows are nested.
    """
    settings = work.settings
    store = Store(settings.tracking.uri, settings.name)
    store.check_writable()
    if isinstance(work, labelled.TableWorkspace):
        result, figures = labelled.backtest(work, step)
    elif isinstance(work, contractual.ContractWorkspace):
        result, figures = contractual.backtest_contracts(work, step)
    else:
        result, figures = run_backtest(work, step)
    step("register")
    tags = {"regulars.fingerprint": _fingerprint(work)}
    result["run_id"] = record_backtest(store, result, figures, tags)
    write_json(result, settings.outputs_folder / "backtest.json")
    return result


def rollback(settings: Settings, to: str | None = None) -> dict[str, Any]:
    """Give the champion's alias back to an earlier version.

    Parameters
    ----------
    settings : Settings
        Names the model and the store.
    to : str, optional
        Version; default: the one that the champion took the alias from.

    Returns
    -------
    dict
        ``name``, ``before`` and ``after`` (versions).
    """
    before, after = Store(settings.tracking.uri, settings.name).rollback(to)
    return {"name": settings.name, "before": before, "after": after}


def relocate(settings: Settings) -> dict[str, Any]:
    """Write into a store that has been moved where its artefacts are now.

    Parameters
    ----------
    settings : Settings
        Names the store.

    Returns
    -------
    dict
        ``store`` (file) and ``n_changed`` (locations).

    Raises
    ------
    ConfigError
        The store is no SQLite file, or there is none.
    """
    store = Store(settings.tracking.uri, settings.name)
    if store.local is None:
        msg = (
            f"tracking.uri '{host_of(settings.tracking.uri)}' is no SQLite file: its "
            "artefacts do not move with a folder. Nothing is to be done."
        )
        raise ConfigError(msg)
    if not store.local.database.is_file():
        msg = (
            f"There is no store '{store.local.database.absolute()}'. Run the command "
            "in the project's folder, or name the store: "
            "--set tracking.uri=sqlite:////FOLDER/mlflow.db."
        )
        raise ConfigError(msg)
    return {"store": str(store.local.database), "n_changed": store.relocate()}


def score(
    work: AnyWorkspace, step: Step, *, version: str | None = None
) -> dict[str, Any]:
    """Score every customer at the cutoff with the champion; write the table.

    Parameters
    ----------
    work : Workspace
        Tables and cutoffs.
    step : callable
        Called with the name of each step as it begins.
    version : str, optional
        Version in the registry that scores in place of the champion.

    Returns
    -------
    dict
        ``scores`` (path), ``n_customers``, ``model_version``, ``cutoff``.

    Raises
    ------
    LeakageError
        The model has learnt from days at or after the cutoff of the scores.
    """
    if isinstance(work, labelled.TableWorkspace):
        return labelled.score_table(work, step, version=version)
    if isinstance(work, contractual.ContractWorkspace):
        return contractual.score_contracts(work, step, version=version)
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


def open_figures(settings: Settings, step: Step) -> AnyWorkspace | CheckedLog:
    """Read and check what `kpis` needs: of a log no more than one purchase.

    Parameters
    ----------
    settings : Settings
        The configuration.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    CheckedLog, TableWorkspace or ContractWorkspace
    """
    if settings.churn.kind == "non_contractual":
        return open_log(settings, step)
    return open_work(settings, step)


def kpis(
    work: AnyWorkspace | CheckedLog, step: Step, *, no_scores: str | None = None
) -> dict[str, Any]:
    """Work out the business's own figures; write ``kpis.json``.

    Parameters
    ----------
    work : Workspace or CheckedLog
        Tables and cutoffs.
    step : callable
        Called with the name of each step as it begins.
    no_scores : str, optional
        Why there are no scores beside these figures, in a sentence.

    Returns
    -------
    dict
        The summary figures, and ``notes`` where something is to be said of them.
    """
    if isinstance(work, labelled.TableWorkspace):
        return labelled.kpis_of_table(work, step)
    if isinstance(work, contractual.ContractWorkspace):
        return contractual.kpis_of_contracts(work, step)
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


def report(settings: Settings, step: Step) -> Path:
    """Draw the page from the files of the outputs folder.

    Parameters
    ----------
    settings : Settings
        The configuration.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    Path
        The page.
    """
    step("report")
    folder = settings.outputs_folder
    return write_text(render_report(folder), folder / "report.html")


def run(settings: Settings, step: Step) -> dict[str, Any]:
    """Run the main job: check, train, score, kpis, report.

    Parameters
    ----------
    settings : Settings
        The configuration.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    dict
        What `train_model` returns, and ``scores``, ``report``, ``outputs``.

    Raises
    ------
    NotEnoughHistoryError, DataError, ConvergenceError
        Nothing can be trained. Of a purchase log the figures and a page with them are
        written all the same.
    """
    work, result = _opened_and_trained(settings, step)
    try:
        scored = score(work, step)
    except LeakageError:
        # an earlier day than the champion's: only the model of that day may score it
        scored = score(work, step, version=result["model_version"])
    kpis(work, step)
    page = report(settings, step)
    return {
        **result,
        "scores": scored["scores"],
        "report": str(page),
        "outputs": str(settings.outputs_folder),
    }


def _opened_and_trained(
    settings: Settings, step: Step
) -> tuple[AnyWorkspace, dict[str, Any]]:
    if settings.churn.kind != "non_contractual":
        other = open_work(settings, step)
        return other, train_model(other, step)
    log = open_log(settings, step)
    try:
        work = lay_out(log)
        return work, train_model(work, step)
    except (NotEnoughHistoryError, DataError, ConvergenceError) as error:
        page = _page_without_scores(log, str(error), step)
        if page is None:
            raise
        msg = f"{error} The figures of the business, without scores, are in {page}."
        kind = DataError if isinstance(error, DataError) else NotEnoughHistoryError
        raise kind(msg) from error


def _page_without_scores(log: CheckedLog, why: str, step: Step) -> Path | None:
    """Write figures and page of a log that nothing can be learnt from."""
    folder = log.settings.outputs_folder
    try:
        kpis(log, step, no_scores=why)
    except NotEnoughHistoryError:
        return None
    step("report")
    # scores and tests of an earlier run are not those of this log
    page = render_report(folder, parts=("check.json", "kpis.json"))
    return write_text(page, folder / "report.html")


def _write_manifest(work: AnyWorkspace) -> None:
    found = manifest(work.settings, _fingerprint(work))
    write_json(found, work.settings.outputs_folder / "manifest.json")


def _fingerprint(work: AnyWorkspace) -> str:
    if isinstance(work, Workspace):
        return fingerprint(work.ledger)
    return work.fingerprint()


def _offer(work: Workspace, training: Training) -> dict[str, Any] | None:
    """Return what the offer of the settings would have earned on the test window."""
    test, model = training.churn_test, training.tested_model
    if test is None or model is None:
        return None
    value = model.predict(window_features(work))["clv"]
    return judge_offer(
        test.churned, test.forecasts["model"], value, work.settings.profit
    )


def json_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as JSON-safe dicts; missing is null.

    Parameters
    ----------
    frame : DataFrame
        Any frame.

    Returns
    -------
    list of dict

    Examples
    --------
    >>> import pandas as pd
    >>> json_records(pd.DataFrame({"a": [1.5, float("nan")]}))
    [{'a': 1.5}, {'a': None}]
    """
    records: list[dict[str, Any]] = json.loads(
        frame.to_json(orient="records", date_format="iso")
    )
    return records
