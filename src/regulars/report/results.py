"""What the report reads of an outputs folder; it shows what is there."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from regulars.errors import DataError
from regulars.results import (
    BacktestResult,
    CheckResult,
    KpiResult,
    MonitoringResult,
    TrainingResult,
    read_result,
)
from regulars.results.base import PURCHASES
from regulars.results.files import unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.results.base import Result
    from regulars.results.check import TableCheck

SCORES, SCORED_BY = "scores.parquet", "regulars score"
FORMS: dict[str, type[Result]] = {
    form.file: form
    for form in (
        CheckResult,
        KpiResult,
        TrainingResult,
        BacktestResult,
        MonitoringResult,
    )
}
WRITTEN_BY = {name: form.command for name, form in FORMS.items()} | {SCORES: SCORED_BY}
SCORE_COLUMNS = (
    "customer_id",
    "churn_probability",
    "clv",
    "clv_if_kept",
    "value_at_risk",
)
# where nothing is known of purchases, a customer need not be worth anything
COLUMNS_WITHOUT_VALUE = SCORE_COLUMNS[:2]


@dataclasses.dataclass(frozen=True)
class Results:
    """What a run has written, as far as it is there.

    Attributes
    ----------
    check : CheckResult or None
        ``check.json``: rows kept and set aside, per table.
    kpis : KpiResult or None
        ``kpis.json``: monthly figures and cohorts, survival, or churn by part.
    training : TrainingResult or None
        ``training.json``: the test window, the baselines, what matters.
    scores : pandas.DataFrame or None
        ``scores.parquet``: one row a customer.
    backtest : BacktestResult or None
        ``backtest.json``: test windows rolled back through time.
    monitoring : MonitoringResult or None
        ``monitoring.json``: what the watch over the champion found.

    Examples
    --------
    >>> from regulars.results import KpiResult
    >>> Results(kpis=KpiResult(name="shop", currency="EUR")).currency
    'EUR'
    """

    check: CheckResult | None = None
    kpis: KpiResult | None = None
    training: TrainingResult | None = None
    scores: pd.DataFrame | None = None
    backtest: BacktestResult | None = None
    monitoring: MonitoringResult | None = None

    @property
    def currency(self) -> str:
        """ISO 4217 code, or an empty string where no file says it."""
        purchases = self.tables.get("transactions")
        parts = (self.kpis, purchases, self.training)
        return next((part.currency for part in parts if part and part.currency), "")

    @property
    def name(self) -> str:
        """Name of the run, as the configuration has it."""
        return next((part.name for part in self._parts), "regulars")

    @property
    def is_of_purchases(self) -> bool:
        """Whether churn means to stop buying; else customers leave."""
        return all(part.kind == PURCHASES for part in self._parts)

    @property
    def tables(self) -> Mapping[str, TableCheck]:
        """What was checked, by table; empty where nothing was."""
        return self.check.tables if self.check else {}

    @property
    def horizon_days(self) -> int | None:
        """Days of the predicted window."""
        return self.training.horizon_days if self.training else None

    @property
    def has_own_value(self) -> bool:
        """Whether customers differ in what they are worth."""
        if self.scores is None or "clv_if_kept" not in self.scores:
            return False
        value = self.scores["clv_if_kept"]
        return bool(value.min() < value.max())

    def within_horizon(self) -> str:
        """Return the predicted window in words.

        Returns
        -------
        str
            For a sentence such as "expected to stop buying ...".
        """
        days = self.horizon_days
        return f"within {days} days" if days else "within the predicted window"

    @property
    def _parts(self) -> list[Result]:
        return [part for part in (self.training, self.check, self.kpis) if part]


def read_results(
    folder: str | Path, parts: Sequence[str] = tuple(WRITTEN_BY)
) -> Results:
    """Read what a run has written into its outputs folder.

    Parameters
    ----------
    folder : str or Path
        The folder that ``outputs`` names in the configuration.
    parts : sequence of str
        Files to read; default: all that are there.

    Returns
    -------
    Results
        Every file that is there; None for the others.

    Raises
    ------
    DataError
        Where the folder does not exist, holds none of the files, or holds one that
        cannot be read or lacks something that the report needs.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from regulars.results import KpiResult, write_result
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "kpis.json")
    ...     _ = write_result(KpiResult(name="shop", currency="EUR"), path)
    ...     read_results(folder).currency
    'EUR'
    """
    root = Path(folder)
    present = [name for name in parts if (root / name).is_file()]
    if not present:
        what = "holds none of the files" if root.is_dir() else "does not exist"
        msg = (
            f"The outputs folder '{folder}' {what} that a report is made of. Expected "
            f"at least one of {', '.join(WRITTEN_BY)}. Run 'regulars run CONFIG' first."
        )
        raise DataError(msg)
    content: dict[str, Any] = {
        Path(name).stem: read_result(FORMS[name], root / name)
        for name in present
        if name in FORMS
    }
    results = Results(**content)
    if SCORES not in present:
        return results
    columns = SCORE_COLUMNS if results.is_of_purchases else COLUMNS_WITHOUT_VALUE
    return dataclasses.replace(results, scores=_read_scores(root / SCORES, columns))


def _read_scores(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        scores = pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise DataError(unreadable(path, str(error), SCORED_BY)) from error
    absent = [name for name in columns if name not in scores]
    if absent:
        why = f"it lacks {', '.join(absent)}; it has {', '.join(scores.columns)}"
        raise DataError(unreadable(path, why, SCORED_BY))
    return scores
