"""Contracts and what else is known of the customers, laid out in time.

What was set aside is written to the outputs folder on the way.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.data.contract import TABLES, day_name
from regulars.data.fingerprint import fingerprint
from regulars.data.ledger import build_ledger
from regulars.errors import ConfigError, NotEnoughHistoryError
from regulars.features.dated_tables import notes_on, sorted_rows
from regulars.kinds.contractual.spells import spells_of
from regulars.kinds.tables import read_and_check
from regulars.models.tabular.columns import typed
from regulars.timeline import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from regulars.config import Settings
    from regulars.features.dated_rows import DatedRows
    from regulars.timeline import Timeline

    Step = Callable[[str], None]

DATED = ("events", "tickets", "surveys", "loyalty", "referrals", "contacts")


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
    dated : dict of str to DataFrame
        Rows of each dated table, with ``customer_id`` and ``day``; ``customers`` among
        them where its attributes say from when they were known.
    ledger : Ledger or None
        Purchases, where there are any.
    timeline : Timeline
        The cutoffs.
    notes : list of str
        What a reader has to know of the tables.
    """

    settings: Settings
    spells: pd.DataFrame
    dated: Mapping[str, pd.DataFrame]
    ledger: Any
    timeline: Timeline
    notes: list[str] = field(default_factory=list)

    @property
    def cutoff(self) -> date:
        """As-of day of the scores."""
        return self.timeline.cutoff

    @cached_property
    def dated_rows(self) -> dict[str, DatedRows]:
        """Rows of contracts and of each dated table, sorted for every cutoff."""
        spells = self.spells
        first = spells.groupby("customer_id")["started"].min()
        contracts = spells.drop(columns="ended_date", errors="ignore")
        contracts = contracts.rename(columns={"started": "day", "ended": "ended_date"})
        tables = {"subscriptions": contracts, **self.dated}
        return {name: sorted_rows(name, rows, first) for name, rows in tables.items()}

    def fingerprint(self) -> str:
        """Return the digest of contracts, dated tables and purchases.

        Returns
        -------
        str
            64 hexadecimal digits (SHA-256).
        """
        digest = hashlib.sha256()
        for name, table in sorted({"contracts": self.spells, **self.dated}.items()):
            # neither the order of columns nor that of rows has a meaning
            rows = table.astype(str)[sorted(table.columns)]
            hashes = np.sort(pd.util.hash_pandas_object(rows, index=False).to_numpy())
            digest.update(name.encode() + hashes.tobytes())
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
    dated = {name: _dated(name, tables[name]) for name in DATED if name in tables}
    if "customers" in tables:
        if "known_from_date" in tables["customers"].columns:
            dated["customers"] = _attributes(tables["customers"])
        else:
            notes.append(
                "The customers table does not say from when its attributes were known "
                "(known_from): none of them is used."
            )
    ledger = build_ledger(tables["transactions"]) if "transactions" in tables else None
    notes += _strangers(dated, spells)
    notes += [note for name in dated for note in notes_on(name, [*dated[name]])]
    return ContractWorkspace(
        settings, spells, dated, ledger, _timeline(settings, spells), notes
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


def _dated(name: str, table: Any) -> pd.DataFrame:
    contract = TABLES[name]
    day = day_name(contract.time_column or "")
    rows = table.execute().rename(columns={contract.id_column: "customer_id"})
    days = [c for c in rows.columns if c.endswith("_date")]
    times = [
        c.name for c in contract.columns if c.kind == "time" and c.name in rows.columns
    ]
    rows = rows.assign(**{c: pd.to_datetime(rows[c]) for c in days})
    kept: pd.DataFrame = rows.drop(columns=times)
    return kept.rename(columns={day: "day"})


def _attributes(table: Any) -> pd.DataFrame:
    rows: pd.DataFrame = table.execute().drop(columns="known_from", errors="ignore")
    day = pd.to_datetime(rows["known_from_date"])
    held = rows.drop(columns=["customer_id", "known_from_date"])
    # whether a column holds numbers belongs to the table, not to a day
    kinds = pd.api.types
    read = {
        c: held[c] if kinds.is_datetime64_any_dtype(held[c]) else typed(held[c])[0]
        for c in held
    }
    return pd.DataFrame({"customer_id": rows["customer_id"], **read, "day": day})


def _strangers(dated: Mapping[str, pd.DataFrame], spells: pd.DataFrame) -> list[str]:
    known = spells["customer_id"].unique()
    return [
        f"No customer of {name} has a contract: are the ids those of the contracts?"
        for name, rows in dated.items()
        if len(rows) and not rows["customer_id"].isin(known).any()
    ]
