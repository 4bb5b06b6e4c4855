"""Ask every question about the tables, and sort what is found.

A question is a function of an `ObservedLog` in `LOG_RULES`; to add one, add it there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pandas as pd

from regulars.data.contract import TABLES, day_name
from regulars.data.strays import stray_days_of
from regulars.findings.double_exports import (
    doubled_days,
    exact_copies,
    near_copies,
)
from regulars.findings.observed import ObservedLog, source_sql
from regulars.findings.odd_amounts import odd_amounts
from regulars.findings.odd_customers import (
    large_customer,
    nobody_twice,
    returns_first,
    returns_only,
)
from regulars.findings.odd_days import (
    busy_days,
    first_month,
    gaps,
    last_month,
    stray_days,
    stray_finding,
)
from regulars.findings.odd_orders import orders_in_two_files, shared_orders
from regulars.findings.similar_ids import similar_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars.config import Settings, TableSettings
    from regulars.data.intake import Intake
    from regulars.findings.finding import Finding


def similar_customers(log: ObservedLog) -> Finding | None:
    """Ask about customers that differ only in how their ids are written."""
    return similar_ids(
        log.rows.customer_id,
        log.source_sql("customer_id"),
        "source.transactions.columns.customer_id",
        "transactions",
    )


LOG_RULES: tuple[Callable[[ObservedLog], Finding | None], ...] = (
    nobody_twice,
    odd_amounts,
    stray_days,
    doubled_days,
    orders_in_two_files,
    exact_copies,
    near_copies,
    shared_orders,
    similar_customers,
    large_customer,
    returns_only,
    returns_first,
    busy_days,
    gaps,
    first_month,
    last_month,
)
"""The questions about a purchase log."""

OTHER_TABLES = ("subscriptions", "customers")
"""Tables of which ids and stray days are asked about."""


def find_findings(intake: Intake, settings: Settings) -> list[Finding]:
    """Return what to ask about the tables, warnings first."""
    answers: list[Finding | None] = []
    log = observed_log(intake, settings)
    if log is not None:
        answers += [rule(log) for rule in LOG_RULES]
    for name in OTHER_TABLES:
        table_settings = getattr(settings.source, name)
        if name in intake.tables and table_settings is not None:
            answers += _of_other_table(name, intake, table_settings)
    findings = [each for each in answers if each is not None]
    return sorted(findings, key=lambda each: each.severity != "warning")


def other_id_advice(intake: Intake, settings: Settings) -> str:
    """Return which column may name the person where nobody bought twice, or nothing."""
    log = observed_log(intake, settings)
    finding = None if log is None else nobody_twice(log)
    return "" if finding is None or finding.setting is None else finding.advice


def find_in_ids(ids: pd.Series, table: str) -> list[Finding]:
    """Return what to ask about a column of ids of a table that is read elsewhere."""
    if not pd.api.types.is_string_dtype(ids.dropna()):
        return []
    column = ibis.memtable({"id": ids.dropna().astype(str).tolist()}).id
    finding = similar_ids(column, None, "", table)
    return [] if finding is None else [finding]


def observed_log(intake: Intake, settings: Settings) -> ObservedLog | None:
    """Return the purchase log as the questions need it; None where there is no row."""
    table_settings = settings.source.transactions
    if table_settings is None or "transactions" not in intake.tables:
        return None
    counts, part = intake.counts["transactions"], intake.parts["transactions"]
    if not counts.rows_kept:
        return None
    return ObservedLog(
        rows=intake.tables["transactions"],
        settings=table_settings,
        columns=counts.columns,
        raw=part.raw,
        cutoff=settings.time.cutoff,
        n_read=counts.rows_in,
        n_copies=part.staged.n_duplicates,
        guests=tuple(guest.id for guest in part.staged.guests),
    )


def _of_other_table(
    name: str, intake: Intake, settings: TableSettings
) -> list[Finding | None]:
    table, contract = intake.tables[name], TABLES[name]
    id_column = contract.id_column
    source = source_sql(id_column, settings, intake.counts[name].columns)
    key = f"source.{name}.columns.{id_column}"
    findings = [similar_ids(table[id_column], source, key, name)]
    if contract.time_column is not None and contract.time_column in table.columns:
        strays = stray_days_of(table[day_name(contract.time_column)])
        findings.append(None if strays is None else stray_finding(strays, None, name))
    return findings
