"""Contracts and what else is known of the customers, laid out in time.

What was set aside is written to the outputs folder on the way.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from regulars.data.fingerprint import fingerprint
from regulars.data.ledger import build_ledger
from regulars.errors import ConfigError, NotEnoughHistoryError
from regulars.features.signals import Signals, digest_of
from regulars.kinds.contractual.spells import spells_of
from regulars.kinds.signal_tables import signals_of, strangers
from regulars.kinds.tables import read_and_check
from regulars.timeline import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from regulars.config import Settings
    from regulars.timeline import Timeline

    Step = Callable[[str], None]


@dataclass(frozen=True)
class ContractWorkspace:
    """Contracts and what else is known of the customers, laid out in time.

    Attributes
    ----------
    settings : Settings
        The configuration.
    spells : DataFrame of shape (n_contracts, n_columns)
        Contracts with the first day of their spell (``spell_start``) and the day on
        which the spell ended (``spell_end``; missing where it still runs).
    signals : Signals
        Every dated table beside them.
    ledger : Ledger or None
        Purchases, where there are any.
    timeline : Timeline
        The cutoffs.
    notes : list of str
        What a reader has to know of the tables.
    tables : mapping of str to ibis.Table
        Clean tables, by canonical name.
    """

    settings: Settings
    spells: pd.DataFrame
    signals: Signals
    ledger: Any
    timeline: Timeline
    notes: list[str] = field(default_factory=list)
    tables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cutoff(self) -> date:
        """As-of day of the scores."""
        return self.timeline.cutoff

    @property
    def last_record(self) -> date:
        """Last day on which a contract starts or ends."""
        return span_of(self.spells)[1]

    def fingerprint(self) -> str:
        """Return the digest of contracts, dated tables and purchases.

        Returns
        -------
        str
            64 hexadecimal digits (SHA-256).
        """
        digest = hashlib.sha256()
        digest.update(digest_of({"contracts": self.spells, **self.signals.tables}))
        if self.ledger is not None:
            digest.update(fingerprint(self.ledger).encode())
        return digest.hexdigest()


def open_contracts(settings: Settings, step: Step) -> ContractWorkspace:
    """Read and check the tables, and lay the cutoffs over the contracts.

    Parameters
    ----------
    settings : Settings
        The configuration.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    ContractWorkspace

    Raises
    ------
    ConfigError, NotEnoughHistoryError
        There are no subscriptions, or too short a history of them.
    """
    if settings.source.subscriptions is None:
        msg = (
            "churn.kind is 'contractual', so give the contracts under "
            "source.subscriptions: customer_id, started_at and ended_at."
        )
        raise ConfigError(msg)
    tables = read_and_check(settings, step).tables
    spells, notes = _usable(spells_of(tables["subscriptions"].execute()))
    first = spells.groupby("customer_id")["started"].min()
    signals, told = signals_of(tables, first_days=first)
    ledger = build_ledger(tables["transactions"]) if "transactions" in tables else None
    notes += strangers(signals, spells["customer_id"].unique(), "a contract") + told
    return ContractWorkspace(
        settings, spells, signals, ledger, _timeline(settings, spells), notes, tables
    )


def _usable(spells: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Leave out contracts that end before they begin."""
    never = spells["ended"] < spells["started"]
    if not never.any():
        return spells, []
    ids = spells.loc[never, "customer_id"].astype(str).unique()
    note = (
        f"{int(never.sum()):,} contracts end before they begin (customers "
        f"{', '.join(ids[:5])}): left out."
    )
    return spells_of(spells[~never]), [note]


def span_of(spells: pd.DataFrame) -> tuple[date, date]:
    """Return the first and the last day on which a contract starts or ends."""
    days = pd.concat([spells["started"], spells["ended"].dropna()])
    return days.min().date(), days.max().date()


def _timeline(settings: Settings, spells: pd.DataFrame) -> Timeline:
    first, last = span_of(spells)
    timeline = plan(settings.time, first, last)
    # no purchase process that could carry short windows over, or scores alone
    if not timeline.folds or timeline.test_cutoff is None or timeline.is_extrapolated:
        msg = (
            f"The contracts span {first} to {last}: too short for a test, a validation "
            f"and a training window of {timeline.window_days} days each. Set a shorter "
            "time.horizon_days."
        )
        raise NotEnoughHistoryError(msg)
    return timeline
