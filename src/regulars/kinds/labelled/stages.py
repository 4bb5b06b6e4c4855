"""The stages of a labelled table: check, train, backtest, score, figures.

The settings come in, files in the outputs folder and a model in the registry are there
afterwards, as `regulars.pipeline` leaves them for a purchase log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.findings.rules import find_in_ids
from regulars.kinds.kind import Kind
from regulars.kinds.labelled.table import LabelledTable, read_labelled
from regulars.kinds.labelled.training import backtest_table, cases_of, train_table
from regulars.scoring.sinks import make_folder, write_json, write_scores
from regulars.scoring.tabular_scores import ToScore, score_and_write
from regulars.training.tabular_promote import ModelDescription
from regulars.training.tabular_register import register_attributes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from regulars.config import LabelledSettings, Settings
    from regulars.models.tabular.model import AttributeModel
    from regulars.training.register import Pages

    Step = Callable[[str], None]


@dataclass(frozen=True)
class TableWorkspace:
    """A checked table with its settings."""

    settings: Settings
    table: LabelledTable

    def fingerprint(self) -> str:
        """Return the digest of the rows."""
        return self.table.fingerprint()

    @property
    def cutoff(self) -> date | None:
        """Latest day of a row; None where rows have no days."""
        return None if self.table.day is None else self.table.day.max().date()


def check_table(settings: Settings, step: Step) -> TableWorkspace:
    """Read and check the table; write ``check.json`` and the quarantine file."""
    step("check")
    outputs = settings.outputs_folder
    make_folder(outputs)
    table = read_labelled(settings)
    asked = find_in_ids(table.customer_id, "customers")
    table.summary["findings"] = [each.summary() for each in asked]
    write_scores(table.set_aside, outputs / "quarantine.csv")
    write_json(table.summary, outputs / "check.json")
    return TableWorkspace(settings, table)


def train_and_register(
    work: TableWorkspace, step: Step, pages: Pages
) -> dict[str, Any]:
    """Train, test, register; write ``training.json``."""
    table, place = work.table, work.settings.churn.labelled
    training = train_table(table, work.settings, step=step)
    step("register")
    claim = ModelDescription(
        kind="labelled",
        question=_question(place) if place else "",
        fingerprint=table.fingerprint(),
        cutoff=work.cutoff,
        faults=table.summary["faults"],
    )
    more = {
        "leak_suspects": table.summary["leak_suspects"],
        "columns": table.summary["columns"],
        "rows": table.summary["tables"]["customers"],
    }
    return register_attributes(
        training, cases_of(table), work.settings, claim, pages, more=more
    )


def _question(place: LabelledSettings) -> str:
    # YAML reads yes as true: tell it as the file has it
    words = {True: "yes", False: "no"}
    said = place.positive
    return f"'{place.label}' is {words[said] if isinstance(said, bool) else said}"


def backtest(
    work: TableWorkspace, step: Step
) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    """Learn and test several times.

    Parameters
    ----------
    work : TableWorkspace
        Checked rows.
    step : callable
        Called with ``"window 1/4"`` and so on.

    Returns
    -------
    result : dict
        The content of ``backtest.json``.
    metrics : dict of str to dict
        Figures of each window, for MLflow.
    """
    return backtest_table(work.table, work.settings, step)


def score_table(
    work: TableWorkspace, step: Step, *, version: str | None = None
) -> dict[str, Any]:
    """Score the rows with the champion; write the table."""
    step("score")
    table = work.table
    latest = table.latest()

    def choose(_: AttributeModel) -> ToScore:
        return ToScore(
            table.customer_id.iloc[latest].tolist(),
            table.attributes.iloc[latest],
            work.cutoff,
            table.value[latest],
        )

    return score_and_write(work.settings, choose, version=version)


def kpis_of_table(
    work: TableWorkspace, step: Step, *, no_scores: str | None = None
) -> dict[str, Any]:
    """Work out how many churned, by part of the base; write ``kpis.json``."""
    step("kpis")
    cases = cases_of(work.table)
    gone = cases.churned == 1
    summary: dict[str, Any] = {
        "n_customers": len(cases),
        "n_churned": int(gone.sum()),
        "churn_rate": float(gone.mean()),
    }
    if cases.value is not None:
        summary["value_lost"] = float(np.nansum(cases.value[gone]))
    parts = cases.parts
    by_part = [
        {
            "part": kind,
            "value": str(value),
            "n_customers": int(here.sum()),
            "n_churned": int(gone[here].sum()),
            "churn_rate": float(gone[here].mean()),
        }
        for kind in ([] if parts is None else parts.columns)
        for value in sorted(parts[kind].unique())  # type: ignore[index]
        if (here := (parts[kind] == value).to_numpy()).any()  # type: ignore[index]
    ]
    settings = work.settings
    write_json(
        {
            "name": settings.name,
            "kind": "labelled",
            "currency": settings.source.currency,
            "summary": summary,
            "by_part": by_part,
        },
        settings.outputs_folder / "kpis.json",
    )
    return summary


LABELLED = Kind(
    name="labelled",
    open=check_table,
    open_figures=check_table,
    check=lambda settings, step: check_table(settings, step).table.summary,
    train=train_and_register,
    backtest=backtest,
    score=score_table,
    kpis=kpis_of_table,
)
