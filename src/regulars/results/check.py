"""What the check of the tables found: the content of ``check.json``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from pydantic import JsonValue

from regulars.results.base import Part, Result


class Reason(Part):
    """Rows set aside for one reason."""

    reason: str
    label: str
    rows: int
    share: float
    is_fault: bool  # counts towards max_bad_share; the others are left out by rule
    examples: tuple[str, ...]


class TableCheck(Part):
    """What became of the rows of one table, and what those kept amount to."""

    rows_in: int
    rows_kept: int
    rows_set_aside: int
    reasons: tuple[Reason, ...]
    columns: Mapping[str, str] = {}  # canonical name to that in the source
    notices: tuple[str, ...]
    n_customers: int
    # of purchases
    first_order: date | None = None
    last_order: date | None = None
    n_orders: int | None = None
    revenue: float | None = None
    n_returns: int | None = None
    returns_amount: float | None = None
    n_zero_amount: int | None = None
    currency: str | None = None
    # of any other table with days
    first_time: date | None = None
    last_time: date | None = None
    # of a table with a label
    n_labelled: int | None = None
    n_churned: int | None = None
    churn_rate: float | None = None


class ColumnCheck(Part):
    """An attribute of a labelled table."""

    name: str
    kind: str
    missing_share: float
    n_values: int
    roc_auc_alone: float | None
    is_leak_suspect: bool  # predicts the label nearly perfectly on its own


class FindingSetting(Part):
    """The setting that answers a finding, as one writes it."""

    under: str
    line: str
    override: str


class FindingSummary(Part):
    """One thing to ask about a table."""

    key: str
    severity: str  # warning: figures are wrong unless something is done; or ask
    table: str
    seen: str
    advice: str
    setting: FindingSetting | None
    figures: Mapping[str, JsonValue]
    examples: tuple[str, ...]


class CheckResult(Result):
    """What was read, kept and set aside, by table, and what is to be asked.

    Examples
    --------
    >>> checked = CheckResult(name="shop", tables={}, findings=())
    >>> checked.schema_version, checked.cutoff
    (1, None)
    """

    file: ClassVar[str] = "check.json"
    command: ClassVar[str] = "regulars check"

    tables: Mapping[str, TableCheck]
    cutoff: date | None = None
    # of a labelled table
    columns: tuple[ColumnCheck, ...] = ()
    leak_suspects: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()  # why a model of it does not replace a champion
    findings: tuple[FindingSummary, ...]
