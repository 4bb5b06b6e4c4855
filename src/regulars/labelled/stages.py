"""The stages of a labelled table: check, train, score, report's files.

The settings come in, files in the outputs folder and a model in the registry are there
afterwards, as `regulars.pipeline` leaves them for a purchase log. What does not apply
to a table without purchases (value, months, cohorts) is not written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pandas as pd

import regulars
from regulars.card import manifest
from regulars.errors import DataError
from regulars.evaluation import Decision
from regulars.evaluation.gate import compare, decide
from regulars.labelled.model import AttributeModel
from regulars.labelled.pyfunc import LOADER, score_rows
from regulars.labelled.table import LabelledTable, read_labelled
from regulars.labelled.training import LABELS, AttributeTraining, train_table
from regulars.scoring.sinks import make_folder, write_json, write_scores
from regulars.tracking import Registered, RunRecord, Store, host_of, scratch_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from regulars.config import Settings

    Step = Callable[[str], None]

# what a run of another kind may have left there, and does not hold for this one
NOT_WRITTEN = ("kpis.json", "backtest.json")


@dataclass(frozen=True)
class TableWorkspace:
    """A checked table with its settings.

    Attributes
    ----------
    settings : Settings
        The configuration.
    table : LabelledTable
        The rows.
    """

    settings: Settings
    table: LabelledTable

    def fingerprint(self) -> str:
        """Return the digest of the rows.

        Returns
        -------
        str
            64 hexadecimal digits (SHA-256).
        """
        return self.table.fingerprint()


def check_table(settings: Settings, step: Step) -> TableWorkspace:
    """Read and check the table; write ``check.json`` and the quarantine file.

    Parameters
    ----------
    settings : Settings
        Of kind ``labelled``.
    step : callable
        Called with the name of the step as it begins.

    Returns
    -------
    TableWorkspace

    Raises
    ------
    ConfigError, DataError
        The table or the settings cannot be used as they are.
    """
    step("check")
    outputs = settings.outputs_folder
    make_folder(outputs)
    for name in NOT_WRITTEN:
        (outputs / name).unlink(missing_ok=True)
    table = read_labelled(settings)
    write_scores(table.set_aside, outputs / "quarantine.csv")
    write_json(table.summary, outputs / "check.json")
    return TableWorkspace(settings, table)


def train_and_register(work: TableWorkspace, step: Step) -> dict[str, Any]:
    """Train, test, register; write ``training.json``.

    Parameters
    ----------
    work : TableWorkspace
        Checked rows.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    dict
        What ``train --json`` ends with (design section 7).
    """
    table = work.table
    training = train_table(table, work.settings, step=step)
    step("register")
    fingerprint = table.fingerprint()
    known = table.attributes[table.known]
    more = {
        "kind": "labelled",
        "leak_suspects": table.summary["leak_suspects"],
        "columns": table.summary["columns"],
    }
    return register_training(
        training, work.settings, known, fingerprint=fingerprint, more=more
    )


def register_training(
    training: AttributeTraining,
    settings: Settings,
    rows: pd.DataFrame,
    *,
    fingerprint: str,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """Put a training before the gate and into the registry; write its card.

    Parameters
    ----------
    training : AttributeTraining
        Models and figures.
    settings : Settings
        Names the model, the store and the outputs.
    rows : DataFrame of shape (n_rows, n_attributes)
        The rows that `training` split, for the champion to be compared on.
    fingerprint : str
        Digest of the data.
    more : mapping
        Further keys of the card.

    Returns
    -------
    dict
        What ``train --json`` ends with.
    """
    store = Store(settings.tracking.uri, settings.name)
    decision = _against_champion(store, training, settings, rows, fingerprint)
    card = _card(training, settings, decision, fingerprint) | dict(more)
    registered = _register(store, training, settings, rows, card, decision)
    card |= {"model_version": registered.model_version, "run_id": registered.run_id}
    write_json(card, settings.outputs_folder / "training.json")
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


def score_table(work: TableWorkspace, step: Step) -> dict[str, Any]:
    """Score the rows with the champion; write the table.

    Parameters
    ----------
    work : TableWorkspace
        Checked rows.
    step : callable
        Called with the name of the step as it begins.

    Returns
    -------
    dict
        ``scores`` (path), ``n_customers``, ``model_version``, ``cutoff``.
    """
    step("score")
    table = work.table
    latest = table.latest()
    cutoff = None if table.day is None else table.day.max().date()
    rows, ids = table.attributes.iloc[latest], table.customer_id.iloc[latest]
    return write_scored(work.settings, rows, ids.tolist(), cutoff)


def refuse(what: str) -> NoReturn:
    """Say that a command needs purchases.

    Parameters
    ----------
    what : str
        What was asked for.

    Raises
    ------
    DataError
        Always.

    Examples
    --------
    >>> refuse("Months and cohorts")
    Traceback (most recent call last):
        ...
    regulars.errors.DataError: Months and cohorts need a log of purchases ...
    """
    msg = (
        f"{what} need a log of purchases and churn.kind 'non_contractual'. For other "
        "kinds use the commands check, train, score, report and run."
    )
    raise DataError(msg)


def write_scored(
    settings: Settings, rows: pd.DataFrame, ids: list[Any], cutoff: Any
) -> dict[str, Any]:
    """Score rows of attributes with the champion; write the table.

    Parameters
    ----------
    settings : Settings
        Names the model, the store and the outputs.
    rows : DataFrame of shape (n_customers, n_attributes)
        The customers.
    ids : list
        Their names.
    cutoff : date or None
        As-of day of the scores.

    Returns
    -------
    dict
        As `score_table` gives it.
    """
    folder, registered = Store(settings.tracking.uri, settings.name).fetch()
    scores = score_rows(AttributeModel.load(folder), rows.reset_index(drop=True), ids)
    if cutoff is not None:
        scores.insert(1, "cutoff", cutoff)
    scores["model_version"] = registered.model_version
    scores["scored_at"] = pd.Timestamp(datetime.now(UTC))
    scores["run_id"] = registered.run_id
    path = write_scores(scores, settings.outputs_folder / "scores.parquet")
    if settings.scores.format == "csv":
        path = write_scores(scores, settings.outputs_folder / "scores.csv")
    return {
        "scores": str(path),
        "n_customers": len(scores),
        "model_version": registered.model_version,
        "cutoff": None if cutoff is None else cutoff.isoformat(),
        "mean_churn_probability": float(scores["churn_probability"].mean()),
    }


def _against_champion(
    store: Store,
    training: AttributeTraining,
    settings: Settings,
    rows: pd.DataFrame,
    fingerprint: str,
) -> Decision:
    """Compare on the first split, by models that had not seen its test rows."""
    version = store.champion_version()
    if version is None:
        return Decision(True, "first model under this name")
    if store.version_tags(version).get("split") != _split_name(settings, fingerprint):
        return Decision(
            True,
            "the champion learnt from other rows, so that no rows are new to both: "
            "the model of the present table takes its place",
        )
    folder = store.fetch_tested(version)
    try:
        champion = None if folder is None else AttributeModel.load(folder)
        tested = training.tested[0]
        test = rows.iloc[tested.test]
        old = None if champion is None else champion.predict(test)
    except DataError:
        old = None
    if old is None:
        return Decision(True, "the champion cannot score these rows")
    y = _outcomes(training, tested.test)
    return decide(compare(y, tested.forecasts["model"], old))


def _outcomes(training: AttributeTraining, test: Any) -> Any:
    # the pooled test begins with the rows of the first split
    return training.churn_test.churned[: len(test)]


def _split_name(settings: Settings, fingerprint: str) -> str:
    place = settings.churn.labelled
    share = place.test_share if place else settings.time.model_dump(mode="json")
    return f"{fingerprint}/{share}/{settings.seed}"


def _card(
    training: AttributeTraining,
    settings: Settings,
    decision: Decision,
    fingerprint: str,
) -> dict[str, Any]:
    test, recipe = training.churn_test, training.model.recipe
    own = {name: share for name, share in recipe.weights.items() if share > 0}
    return {
        "name": settings.name,
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
        **manifest(settings, fingerprint),
    }


def _register(
    store: Store,
    training: AttributeTraining,
    settings: Settings,
    rows: pd.DataFrame,
    card: dict[str, Any],
    decision: Decision,
) -> Registered:
    with scratch_folder() as folder:
        training.model.save(folder / "model")
        training.tested[0].model.save(folder / "tested")
        write_json(card, folder / "model" / "card.json")
        write_json(card, folder / "artifacts" / "card.json")
        write_json(card["config"], folder / "artifacts" / "config.json")
        record = RunRecord(
            params=_params(training, settings),
            metrics=_figures(training),
            tags={
                "regulars.fingerprint": card["fingerprint"],
                "regulars.version": regulars.__version__,
                "regulars.commit": card["commit"] or "unknown",
                "regulars.store": host_of(settings.tracking.uri),
            },
            artifacts=folder / "artifacts",
            model=folder / "model",
            tested_model=folder / "tested",
            input_example=example_rows(rows),
            loader=LOADER,
            inputs=("customer_id", *training.model.encoder_.kinds_),
        )
        registered = store.register(record, is_champion=decision.is_champion)
        tags = {
            "champion": str(decision.is_champion).lower(),
            "reason": decision.reason,
            "kind": card["kind"],
            "split": _split_name(settings, card["fingerprint"]),
        }
        store.tag_version(registered.model_version, tags)
    return registered


def example_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one made-up row as the endpoint takes it.

    Parameters
    ----------
    rows : DataFrame of shape (n_rows, n_attributes)
        Tells what is usual; nobody's own row is given away.

    Returns
    -------
    DataFrame of shape (1, n_attributes + 1)

    Examples
    --------
    >>> example_rows(pd.DataFrame({"age": [1.0, 2.0, 9.0]})).to_dict("records")
    [{'customer_id': 'c1', 'age': 2.0}]
    """
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


def _params(training: AttributeTraining, settings: Settings) -> dict[str, str]:
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


def _figures(training: AttributeTraining) -> dict[str, float]:
    found = {
        f"validation.log_loss.{name}": float(loss)
        for name, loss in training.selection.losses.items()
    }
    for name, metrics in training.churn_test.metrics.items():
        prefix = "test" if name == "model" else f"baseline.{name}"
        found |= {
            f"{prefix}.{key}": float(value)
            for key, value in metrics.items()
            if isinstance(value, int | float) and np.isfinite(value)
        }
    for number, row in enumerate(training.by_split, start=1):
        found[f"split_{number}.roc_auc"] = float(row["roc_auc"])
    return found
