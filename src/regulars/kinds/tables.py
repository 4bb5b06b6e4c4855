"""Tables of a configuration, read and checked: for purchases and contracts alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from regulars.data.cluster_sample import draw_sample
from regulars.data.cluster_session import is_cluster
from regulars.data.engine import connect
from regulars.data.intake import Intake, read_tables
from regulars.data.quality import AFTER_CUTOFF, LEFT_OUT, NO_PARTNER
from regulars.findings.rules import find_findings
from regulars.results import CheckResult, as_result, write_result
from regulars.results.writing import make_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from regulars.config import Settings

    Step = Callable[[str], None]

# rows that nobody meant to read
LEFT_OUT_BY_RULE = {AFTER_CUTOFF, LEFT_OUT, NO_PARTNER}


def read_and_check(settings: Settings, step: Step) -> Intake:
    """Read the tables; write ``check.json`` and the quarantine file.

    Parameters
    ----------
    settings : Settings
        Names the tables and the outputs folder.
    step : callable
        Called with ``"check"`` as it begins.

    Returns
    -------
    Intake
        Clean tables, and what was set aside.

    Raises
    ------
    ConfigError, DataError
        A table cannot be read, or the outputs folder cannot be written to.
    """
    return _checked(settings, step)[0]


def check_tables(settings: Settings, step: Step) -> dict[str, Any]:
    """Do what `read_and_check` does, and return the content of ``check.json``."""
    return _checked(settings, step)[1]


def _checked(settings: Settings, step: Step) -> tuple[Intake, dict[str, Any]]:
    step("check")
    outputs = settings.outputs_folder
    make_folder(outputs)
    intake = _read(settings, outputs / "quarantine.csv")
    summary = {
        "name": settings.name,
        "kind": settings.churn.kind,
        **intake.summary(),
        "findings": [each.summary() for each in find_findings(intake, settings)],
    }
    write_result(as_result(CheckResult, summary), outputs / "check.json")
    return intake, summary


def rows_read(intake: Intake) -> dict[str, tuple[int, int]]:
    """Return how many rows of each table were meant to be read, and how many set aside.

    Rows left out by rule, such as those after a cutoff, are neither.
    """
    found = {}
    for name, each in intake.counts.items():
        aside = sum(r.rows for r in each.reasons if r.reason not in LEFT_OUT_BY_RULE)
        found[name] = (each.rows_kept + aside, aside)
    return found


def _read(settings: Settings, quarantine: Path) -> Intake:
    if not (is_cluster(settings) and settings.churn.kind == "non_contractual"):
        engine = connect(settings.source.engine)
        return read_tables(settings, engine, quarantine=quarantine)
    sample = draw_sample(settings)
    intake = read_tables(sample.settings, connect("duckdb://"), quarantine=quarantine)
    if not sample.told:
        return replace(intake, sample=sample)
    counts = intake.counts["transactions"]
    told = replace(counts, notices=(sample.told, *counts.notices))
    return replace(intake, counts=intake.counts | {"transactions": told}, sample=sample)
