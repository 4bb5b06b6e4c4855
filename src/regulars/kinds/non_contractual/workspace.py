"""A checked log, laid out in time: what every stage of a purchase log starts from.

What was set aside and what is to be asked is written to the outputs folder on the way,
so that it is there even when the run stops.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from regulars.data.closures import daily_purchases, shut_days
from regulars.data.fingerprint import fingerprint
from regulars.data.ledger import Ledger, build_ledger
from regulars.data.strays import bulk_begins
from regulars.errors import DataError
from regulars.features.cache import FeatureCache
from regulars.features.rows import FeatureRows
from regulars.features.signals import Signals, digest_of
from regulars.kinds.signal_tables import signals_of, strangers
from regulars.kinds.tables import read_and_check
from regulars.timeline import check_cutoff, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from regulars.config import Settings
    from regulars.data.intake import Intake
    from regulars.timeline import Timeline

    Step = Callable[[str], None]


@dataclass(frozen=True)
class CheckedLog:
    """Checked tables of a log that holds a purchase."""

    settings: Settings
    intake: Intake
    ledger: Ledger
    first_day: date
    last_day: date

    @property
    def cutoff(self) -> date:
        """The stated cutoff, or the day after the last record."""
        return self.settings.time.cutoff or self.last_day + timedelta(days=1)


@dataclass(frozen=True)
class LogWorkspace:
    """Checked tables of a log, laid out in time."""

    settings: Settings
    intake: Intake
    ledger: Ledger
    timeline: Timeline
    # every dated table beside the purchases, and what is to be said of them
    signals: Signals = field(default_factory=Signals)
    notes: Sequence[str] = ()

    @property
    def cutoff(self) -> date:
        """As-of day of the scores."""
        return self.timeline.cutoff

    @property
    def tables(self) -> Mapping[str, Any]:
        """Clean tables, by canonical name."""
        return self.intake.tables

    @property
    def last_record(self) -> date | None:
        """Last day with a line."""
        return self.ledger.last_day

    @cached_property
    def features(self) -> FeatureRows:
        """Feature rows by cutoff, computed once."""
        return FeatureRows(FeatureCache(self.ledger, self.settings), self.signals)

    def fingerprint(self) -> str:
        """Return a digest of the log and of what is known beside it."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        own = fingerprint(self.ledger)
        if not self.signals:
            return own
        whole = own.encode() + digest_of(self.signals.tables)
        return hashlib.sha256(whole).hexdigest()


def open_workspace(settings: Settings, step: Step) -> LogWorkspace:
    """Read and check the tables, and lay the cutoffs over the log.

    Parameters
    ----------
    settings : Settings
        Of kind ``non_contractual``.
    step : callable
        Called with ``"check"`` as it begins.

    Returns
    -------
    LogWorkspace

    Raises
    ------
    ConfigError, DataError, NotEnoughHistoryError
        A table cannot be read, no purchase passes the check, or the log is too short.
    """
    return lay_out(open_log(settings, step))


def open_log(settings: Settings, step: Step) -> CheckedLog:
    """Read and check the tables, and refuse a log that holds no purchase."""
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
    log = CheckedLog(settings, intake, ledger, ledger.first_day, ledger.last_day)
    check_cutoff(log.cutoff, log.first_day, log.last_day, settings.time)
    return log


def lay_out(log: CheckedLog) -> LogWorkspace:
    """Lay the cutoffs over a checked log."""
    # windows are laid over the bulk of the log: before it there is nobody to learn from
    begins = bulk_begins(log.ledger.days.day, log.first_day)
    first_day, shut = begins(log.cutoff), shut_days(log.ledger)
    timeline = plan(
        log.settings.time, first_day, log.last_day, shut=shut, begins=begins
    )
    signals, notes = signals_of(log.intake.tables, _first_orders(log))
    if signals:
        buyers = log.ledger.days.customer_id.to_pyarrow().unique().to_pandas()
        notes += strangers(signals, buyers, "a purchase")
    if log.intake.sample is not None and log.intake.sample.told:
        notes.append(log.intake.sample.told)
    return LogWorkspace(log.settings, log.intake, log.ledger, timeline, signals, notes)


def _first_orders(log: CheckedLog) -> pd.Series | None:
    """Return each customer's first order, where attributes count from it on."""
    if log.settings.customers.undated != "as_of_first_order":
        return None
    days = log.ledger.days
    first = (
        days.filter(days.is_purchase).group_by("customer_id").agg(day=days.day.min())
    )
    frame = first.to_pyarrow().to_pandas()
    return pd.Series(frame["day"].to_numpy(), frame["customer_id"])
