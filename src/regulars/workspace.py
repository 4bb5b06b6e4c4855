"""A checked log, laid out in time: what every stage starts from.

The settings come in, a `Workspace` goes out: the tables that passed the check, the
ledger of customers and days, and the cutoffs. What was set aside is written to the
outputs folder on the way, so that it is there even when the run stops.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from regulars.data.engine import connect
from regulars.data.intake import Intake, read_tables
from regulars.data.ledger import Ledger, build_ledger
from regulars.data.silence import daily_purchases, shut_days
from regulars.errors import DataError
from regulars.feature_cache import FeatureCache
from regulars.scoring.sinks import make_folder, write_json
from regulars.timeline import Timeline, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars.config import Settings

    Step = Callable[[str], None]


@dataclass(frozen=True)
class Workspace:
    """Checked tables of a log, laid out in time.

    Attributes
    ----------
    settings : Settings
        The configuration.
    intake : Intake
        Tables, and what was set aside.
    ledger : Ledger
        One row a customer and day.
    timeline : Timeline
        The cutoffs.
    """

    settings: Settings
    intake: Intake
    ledger: Ledger
    timeline: Timeline

    @cached_property
    def features(self) -> FeatureCache:
        """Feature rows by cutoff, computed once."""
        return FeatureCache(self.ledger, self.settings)


def open_workspace(settings: Settings, step: Step) -> Workspace:
    """Read and check the tables, and write what was found.

    Parameters
    ----------
    settings : Settings
        The configuration.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    Workspace

    Raises
    ------
    ConfigError, DataError
        The data or the settings cannot be used as they are.
    """
    intake = read_and_check(settings, step)
    ledger = build_ledger(intake.tables["transactions"])
    outputs = settings.outputs_folder
    if ledger.first_day is None or ledger.last_day is None:
        msg = (
            "No usable purchase is left after the check. See quarantine.csv in "
            f"'{outputs}' for the rows that were set aside and why."
        )
        raise DataError(msg)
    if daily_purchases(ledger).empty:
        msg = (
            "The log holds no purchase: every row that passed the check is a return "
            "(an amount below zero, or flagged as one). If the file writes sales with "
            "a minus, turn the sign: amount: {sql: -COLUMN}."
        )
        raise DataError(msg)
    timeline = plan(
        settings.time, ledger.first_day, ledger.last_day, shut=shut_days(ledger)
    )
    return Workspace(settings, intake, ledger, timeline)


def read_and_check(settings: Settings, step: Step) -> Intake:
    """Read the tables; write ``check.json`` and the quarantine file.

    Parameters
    ----------
    settings : Settings
        The configuration.
    step : callable
        Called with the name of the step as it begins.

    Returns
    -------
    Intake
    """
    step("check")
    outputs = settings.outputs_folder
    make_folder(outputs)
    intake = read_tables(
        settings,
        connect(settings.source.engine),
        quarantine=outputs / "quarantine.csv",
    )
    about = {"name": settings.name, "kind": settings.churn.kind}
    write_json({**about, **intake.summary()}, outputs / "check.json")
    return intake
