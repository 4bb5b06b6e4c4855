"""The files of an outputs folder that the report reads.

A folder comes in, a ``Results`` goes out: three JSON files and the scores, each of them
``None`` where it has not been written yet. The report shows what is there and says
what is not, so a missing file is no error; one that cannot be read is.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from regulars.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

WRITTEN_BY = {
    "check.json": "regulars check",
    "kpis.json": "regulars kpis",
    "training.json": "regulars train",
    "scores.parquet": "regulars score",
    "backtest.json": "regulars backtest",
}
SCORE_COLUMNS = ("customer_id", "churn_probability", "clv", "value_at_risk")
# a table of attributes has no purchases to work a value out from
ATTRIBUTE_COLUMNS = SCORE_COLUMNS[:2]


@dataclasses.dataclass(frozen=True)
class Results:
    """What a run has written, as far as it is there.

    Attributes
    ----------
    check : dict or None
        ``check.json``: rows kept and set aside, per table.
    kpis : dict or None
        ``kpis.json``: monthly figures and cohorts.
    training : dict or None
        ``training.json``: the test window, the baselines, what matters.
    scores : pandas.DataFrame or None
        ``scores.parquet``: one row a customer.
    backtest : dict or None
        ``backtest.json``: test windows rolled back through time.

    Examples
    --------
    >>> Results(kpis={"currency": "EUR"}).currency
    'EUR'
    """

    check: dict[str, Any] | None = None
    kpis: dict[str, Any] | None = None
    training: dict[str, Any] | None = None
    scores: pd.DataFrame | None = None
    backtest: dict[str, Any] | None = None

    @property
    def currency(self) -> str:
        """ISO 4217 code, or an empty string where no file says it."""
        transactions = self.tables.get("transactions", {})
        code = (
            (self.kpis or {}).get("currency")
            or transactions.get("currency")
            or (self.training or {}).get("currency")
        )
        return str(code or "")

    @property
    def name(self) -> str:
        """Name of the run, as the configuration has it."""
        for part in (self.training, self.check, self.kpis):
            if part and part.get("name"):
                return str(part["name"])
        return "regulars"

    @property
    def kind(self) -> str:
        """Kind of churn where it is not that of a purchase log, else empty."""
        parts = (self.training, self.check, self.kpis)
        kinds = (str(p["kind"]) for p in parts if p and p.get("kind"))
        return next((kind for kind in kinds if kind != "non_contractual"), "")

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """What was checked, by table; empty where nothing was."""
        return dict((self.check or {}).get("tables") or {})

    @property
    def horizon_days(self) -> int | None:
        """Days of the predicted window."""
        days = (self.training or {}).get("horizon_days")
        return None if days is None else int(days)

    def within_horizon(self) -> str:
        """Return the predicted window in words.

        Returns
        -------
        str
            For a sentence such as "expected to stop buying ...".
        """
        days = self.horizon_days
        return f"within {days} days" if days else "within the predicted window"


def has_own_worth(results: Results) -> bool:
    """Return whether customers differ in what they are worth."""
    scores = results.scores
    if scores is None or "clv" not in scores:
        return False
    return bool(scores["clv"].min() < scores["clv"].max())


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
        cannot be read or lacks a column that the report needs.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "kpis.json")
    ...     _ = path.write_text('{"currency": "EUR"}', encoding="utf-8")
    ...     read_results(folder).currency
    'EUR'
    """
    root = Path(folder)
    found = [name for name in parts if (root / name).is_file()]
    if not found:
        what = "holds none of the files" if root.is_dir() else "does not exist"
        msg = (
            f"The outputs folder '{folder}' {what} that a report is made of. Expected "
            f"at least one of {', '.join(WRITTEN_BY)}. Run 'regulars run CONFIG' first."
        )
        raise DataError(msg)
    content: dict[str, Any] = {
        name.removesuffix(".json"): _read_json(root / name)
        for name in found
        if name.endswith(".json")
    }
    if "scores.parquet" in found:
        columns = ATTRIBUTE_COLUMNS if Results(**content).kind else SCORE_COLUMNS
        content["scores"] = _read_scores(root / "scores.parquet", columns)
    return Results(**content)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        msg = _unreadable(path, str(error))
        raise DataError(msg) from error
    if not isinstance(content, dict):
        msg = _unreadable(path, f"it holds a {type(content).__name__}")
        raise DataError(msg)
    return content


def _read_scores(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        scores = pd.read_parquet(path)
    except (ValueError, OSError) as error:
        msg = _unreadable(path, str(error))
        raise DataError(msg) from error
    absent = [name for name in columns if name not in scores]
    if absent:
        msg = _unreadable(
            path, f"it lacks {', '.join(absent)}; it has {', '.join(scores.columns)}"
        )
        raise DataError(msg)
    return scores


def _unreadable(path: Path, why: str) -> str:
    command = WRITTEN_BY[path.name]
    return (
        f"The result file '{path}' cannot be read: {why}. Expected the file that "
        f"'{command}' writes. Run '{command} CONFIG' again."
    )
