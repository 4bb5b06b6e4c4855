"""Open a labelled table: read, check, write what was set aside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from regulars.findings.rules import find_in_ids
from regulars.kinds.labelled.table import LabelledTable, read_labelled
from regulars.results import CheckResult, as_result, write_result
from regulars.results.writing import make_folder, replacing

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from regulars.config import Settings

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

    @property
    def last_record(self) -> date | None:
        """The same: rows are what is recorded."""
        return self.cutoff


def check_table(settings: Settings, step: Step) -> TableWorkspace:
    """Read and check the table; write ``check.json`` and the quarantine file.

    Parameters
    ----------
    settings : Settings
        Of kind ``labelled``.
    step : callable
        Called with ``"check"`` as it begins.

    Returns
    -------
    TableWorkspace

    Raises
    ------
    ConfigError, DataError
        The table cannot be read, or a column that the settings name is not there.
    """
    step("check")
    outputs = settings.outputs_folder
    make_folder(outputs)
    table = read_labelled(settings)
    asked = find_in_ids(table.customer_id, "customers")
    summary = table.summary | {"findings": [each.summary() for each in asked]}
    with replacing(outputs / "quarantine.csv") as temporary:
        # as it was read: rows that are mended are read again
        table.set_aside.to_csv(temporary, index=False, lineterminator="\n")
    write_result(as_result(CheckResult, summary), outputs / "check.json")
    return TableWorkspace(settings, replace(table, summary=summary))
