"""The stages in order: check, train, score, kpis, report.

Each writes files into the outputs folder or a model into the registry. What a stage
does depends on the kind of churn; this is the order, and what all share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from regulars.campaigns.campaign_folder import read_campaign
from regulars.campaigns.files import (
    refuse_export,
    refuse_other_campaign,
    write_campaign,
)
from regulars.campaigns.offers import eligibility, refuse_offers
from regulars.campaigns.outcomes import PresentLog
from regulars.campaigns.past_effects import learn_effects
from regulars.campaigns.promise import promise_of
from regulars.campaigns.readout import read_out
from regulars.campaigns.rules import make_lists
from regulars.campaigns.standing import read_standing
from regulars.campaigns.targeting import campaign_name, make_plan
from regulars.config.addresses import host_of
from regulars.data.cluster_session import is_cluster
from regulars.errors import (
    ConfigError,
    ConvergenceError,
    DataError,
    LeakageError,
    NotEnoughHistoryError,
)
from regulars.kinds.registry import kind_of
from regulars.monitoring.recording import record_watch
from regulars.monitoring.watch import watch_champion
from regulars.report import render_report
from regulars.report.publishing import (
    write_backtest_pages,
    write_card_page,
    write_training_pages,
)
from regulars.report.readout_page import write_readout_page
from regulars.report.target_page import write_target_page
from regulars.results import TrainingResult, read_result, write_result
from regulars.results.writing import write_json, write_text
from regulars.scoring.champion import score_with_champion
from regulars.tracking import Store
from regulars.training.backtest import run_backtest
from regulars.training.backtest_records import record_backtest
from regulars.training.card import manifest, origin_of
from regulars.training.registration import train_and_register

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from regulars.config import Settings
    from regulars.kinds.kind import CheckedData, Workspace
    from regulars.kpis.spans import KpiQuestion

    Step = Callable[[str], None]

__all__ = [
    "backtest",
    "check",
    "kpis",
    "lists",
    "monitor",
    "open_for_kpis",
    "open_for_scores",
    "open_work",
    "readout",
    "relocate",
    "report",
    "rollback",
    "run",
    "score",
    "target",
    "train_model",
]

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


def open_work(settings: Settings, step: Step) -> Workspace:
    """Read and check what the kind of churn starts from.

    Parameters
    ----------
    settings : Settings
        The configuration.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    Workspace
        The kind's own.
    """
    return kind_of(settings).open(settings, step)


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
    return kind_of(settings).check(settings, step)


def train_model(work: Workspace, step: Step) -> dict[str, Any]:
    """Train, test, register; write ``training.json``.

    Parameters
    ----------
    work : Workspace
        Checked data and cutoffs.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    dict
        What ``train --json`` ends with (design section 7).
    """
    # before the long work, not after it
    Store(work.settings.tracking.uri, work.settings.name).check_writable()
    kind = kind_of(work.settings)
    pages = write_training_pages if kind.has_charts else write_card_page
    summary = train_and_register(kind.problem(work, step), step, pages)
    outputs = work.settings.outputs_folder
    write_card_page(read_result(TrainingResult, outputs / "training.json"), outputs)
    return summary.model_dump(mode="json", exclude_unset=True)


def backtest(work: Workspace, step: Step) -> dict[str, Any]:
    """Repeat the training as of earlier days; write ``backtest.json``.

    Parameters
    ----------
    work : Workspace
        Checked data and cutoffs.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    dict
        The content of ``backtest.json``, and ``run_id`` of the MLflow run in which the
        runs of the windows are nested.
    """
    settings = work.settings
    store = Store(settings.tracking.uri, settings.name, settings.tracking.artifacts)
    store.check_writable()
    result, figures = run_backtest(kind_of(settings).backtest(work), step)
    step("register")
    tags = {"regulars.fingerprint": work.fingerprint()}
    run_id = record_backtest(store, result, figures, tags, write_backtest_pages)
    result = result.model_copy(update={"run_id": run_id})
    write_result(result, settings.outputs_folder / "backtest.json")
    return result.model_dump(mode="json", exclude_unset=True)


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


@dataclass(frozen=True)
class OnCluster:
    """Data that are scored where they lie."""

    settings: Settings


def open_for_scores(settings: Settings, step: Step) -> Workspace | OnCluster:
    """Read and check what `score` needs: nothing yet where a cluster scores.

    Parameters
    ----------
    settings : Settings
        The configuration.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    Workspace or OnCluster
    """
    if _scores_on_cluster(settings):
        return OnCluster(settings)
    return kind_of(settings).open(settings, step)


def _scores_on_cluster(settings: Settings) -> Callable[..., dict[str, Any]] | None:
    """Return what scores where the data lie, if they lie on a cluster."""
    return kind_of(settings).score_on_cluster if is_cluster(settings) else None


def score(
    work: Workspace | OnCluster, step: Step, *, version: str | None = None
) -> dict[str, Any]:
    """Score every customer at the cutoff with the champion; write the table.

    Parameters
    ----------
    work : Workspace
        Checked data and cutoffs.
    step : callable
        Called with the name of each step as it begins.
    version : str, optional
        Version in the registry that scores in place of the champion.

    Returns
    -------
    dict
        ``scores`` (path), ``n_customers``, ``model_version``, ``cutoff``,
        ``mean_churn_probability``, ``value_at_risk``, ``table``, ``cutoff_before``,
        ``n_risen``, ``risk_rose`` (path), ``notices``; with rules, ``lists`` (customers
        by rule).

    Raises
    ------
    LeakageError
        The model has learnt from days at or after the cutoff of the scores.
    DataError
        The model learnt from what the data lack, or the data have stopped coming.
    ConfigError
        The table cannot take the scores, or another run writes to the same folder.
    """
    settings = work.settings
    kind = kind_of(settings)
    if on_cluster := _scores_on_cluster(settings):
        return on_cluster(settings, step, version)
    assert not isinstance(work, OnCluster)
    step("score")
    data = work.fingerprint()
    result = score_with_champion(
        settings,
        work.cutoff,
        lambda model, learnt: kind.customers(work, model, learnt),
        origin=origin_of(settings, data, work.last_record),
        version=version,
        step=step,
    )
    write_json(manifest(settings, data), settings.outputs_folder / "manifest.json")
    if settings.rules:
        made = lists(work, step)["lists"]
        result["lists"] = {each["rule"]: each["n_listed"] for each in made}
    return result


def monitor(
    work: Workspace, step: Step, *, today: date | None = None
) -> dict[str, Any]:
    """Watch the champion as of the cutoff; write ``monitoring.json``.

    Parameters
    ----------
    work : Workspace
        Checked data and cutoffs.
    step : callable
        Called with the name of each step as it begins.
    today : date, optional
        The day up to which the log should reach; default: ``time.cutoff``, or today's
        date.

    Returns
    -------
    dict
        The content of ``monitoring.json``, and ``run_id`` of the MLflow run.
    """
    step("monitor")
    settings = work.settings
    store = Store(settings.tracking.uri, settings.name)
    day = today or settings.time.cutoff or datetime.now(UTC).date()
    result = watch_champion(settings, work, kind_of(settings), store, today=day)
    step("register")
    tags = {"regulars.fingerprint": work.fingerprint()}
    result = record_watch(store, result, tags)
    write_result(result, settings.outputs_folder / result.file)
    return result.model_dump(mode="json", exclude_unset=True)


def open_for_kpis(settings: Settings, step: Step) -> CheckedData:
    """Read and check what `kpis` needs: of a log no more than one purchase.

    Parameters
    ----------
    settings : Settings
        The configuration.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    CheckedData
    """
    kind = kind_of(settings)
    return (kind.open_for_kpis or kind.open)(settings, step)


def kpis(
    work: CheckedData,
    step: Step,
    *,
    no_scores: str | None = None,
    question: KpiQuestion | None = None,
) -> dict[str, Any]:
    """Work out the business's own figures; write ``kpis.json``.

    Parameters
    ----------
    work : CheckedData
        As `open_for_kpis` or `open_work` gives it.
    step : callable
        Called with the name of each step as it begins.
    no_scores : str, optional
        Why there are no scores beside these figures, in a sentence.
    question : KpiQuestion, optional
        Period and segments; default: the last complete months, everybody.

    Returns
    -------
    dict
        The summary figures, and ``notes`` where something is to be said of them.
    """
    kind = kind_of(work.settings)
    if question is None or question.is_default:
        return kind.kpis(work, step, no_scores=no_scores)
    if not kind.has_periods:
        msg = (
            "--from, --to and --by need a log with days, of purchases or contracts; "
            f"churn.kind is '{kind.name}', whose table says once who left. Leave them "
            "out: 'regulars kpis' then gives the shares that left, by part of it."
        )
        raise ConfigError(msg)
    return kind.kpis(work, step, no_scores=no_scores, question=question)


def readout(settings: Settings, folder: Path, step: Step) -> dict[str, Any]:
    """Measure a campaign against its control group; write ``readout.json`` beside it.

    Parameters
    ----------
    settings : Settings
        The configuration that the campaign was made with.
    folder : Path
        Where `regulars target` wrote the campaign.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    dict
        The content of ``readout.json``, and ``page`` (path).

    Raises
    ------
    ConfigError
        The folder is no campaign's, or another configuration's.
    DataError
        The campaign's file has been changed, the log ends before the launch, or it
        lacks the campaign's customers.
    """
    # before the long work, not after it
    campaign = read_campaign(folder, settings)
    log = PresentLog.of(open_for_kpis(settings, step))
    step("readout")
    result = read_out(campaign, log)
    write_result(result, folder / result.file)
    page = write_readout_page(result, folder)
    return {**result.model_dump(mode="json", exclude_unset=True), "page": str(page)}


def target(
    work: Workspace,
    step: Step,
    *,
    budget: float | None = None,
    out: Path | None = None,
) -> dict[str, Any]:
    """Choose whom to offer what, and write the campaign's folder.

    Parameters
    ----------
    work : Workspace
        Checked data and cutoffs, with scores of the same cutoff.
    step : callable
        Called with the name of each step as it begins.
    budget : float, optional
        What it may cost; default: ``campaign.budget``.
    out : Path, optional
        The folder; default: ``campaigns/NAME`` in the outputs.

    Returns
    -------
    dict
        The content of ``target.json``, ``folder`` and ``page``.

    Raises
    ------
    ConfigError
        The campaign's settings do not go with the data, or the folder holds another.
    DataError
        There are no scores, or they are older than the data.
    """
    step("target")
    settings = work.settings
    money = settings.campaign.budget if budget is None else budget
    if money is not None and not money >= 0:
        msg = f"--budget is {money:g}. Give an amount of 0 or more."
        raise ConfigError(msg)
    standing = read_standing(work)
    _refuse_other_model(settings, standing.model_version)
    name = campaign_name(settings, standing)
    folder = out or settings.outputs_folder / "campaigns" / name
    # before the long work, not after it
    refuse_export(standing, settings.campaign.export)
    refuse_other_campaign(work, name, standing.cutoff, folder)
    refuse_offers(settings)
    limit = math.inf if money is None else money
    eligible = eligibility(standing, settings.campaign)
    learned = learn_effects(work, standing, limit)
    plan = make_plan(standing, settings, eligible, learned, limit)
    result = promise_of(plan, settings)
    data = work.fingerprint()
    versions = manifest(settings, data)["versions"]
    write_campaign(plan, result, settings, folder, fingerprint=data, versions=versions)
    page = write_target_page(result, folder)
    content = result.model_dump(mode="json", exclude_unset=True)
    return {**content, "folder": str(folder), "page": str(page)}


def _refuse_other_model(settings: Settings, version: str) -> None:
    """Refuse scores that another model than the champion has made."""
    champion = Store(settings.tracking.uri, settings.name).champion_version()
    if champion not in (None, version):
        msg = (
            f"The scores were made by version {version}, and version {champion} is the "
            "champion now. Score again: 'regulars score CONFIG'."
        )
        raise DataError(msg)


def lists(work: Workspace, step: Step, *, dry_run: bool = False) -> dict[str, Any]:
    """Put customers on the lists of the rules, by the latest scores.

    Parameters
    ----------
    work : Workspace
        Checked data and cutoffs, with scores of the same cutoff.
    step : callable
        Called with the name of each step as it begins.
    dry_run : bool, default=False
        Only count: nothing is written.

    Returns
    -------
    dict
        The content of ``lists/lists.json``.

    Raises
    ------
    ConfigError
        There are no rules, or a condition is none.
    DataError
        There are no scores, or they are older than the data.
    """
    step("lists")
    result = make_lists(read_standing(work), work.settings, dry_run=dry_run)
    return result.model_dump(mode="json", exclude_unset=True)


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
) -> tuple[Workspace, dict[str, Any]]:
    kind = kind_of(settings)
    if kind.lay_out is None or kind.open_for_kpis is None:
        other = open_work(settings, step)
        return other, train_model(other, step)
    log = kind.open_for_kpis(settings, step)
    try:
        work = kind.lay_out(log)
        return work, train_model(work, step)
    except (NotEnoughHistoryError, DataError, ConvergenceError) as error:
        page = _page_without_scores(log, str(error), step)
        if page is None:
            raise
        msg = f"{error} The figures of the business, without scores, are in {page}."
        fault = DataError if isinstance(error, DataError) else NotEnoughHistoryError
        raise fault(msg) from error


def _page_without_scores(log: CheckedData, why: str, step: Step) -> Path | None:
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
