"""Read a table that says itself who has churned, and check it.

What is set aside or looks wrong (repeats, unreadable days, columns of no use, columns
that know too much) is counted and reported.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.config import TableSettings
from regulars.data.engine import connect
from regulars.data.number_frames import frame_of_numbers
from regulars.data.reading import FILE_NUMBER, read_raw
from regulars.data.reconciliation import count_broken_lines
from regulars.errors import ConfigError, DataError, suggestion
from regulars.kinds.labelled.inspection import days_of, inspect_columns, summarise
from regulars.models.tabular.columns import (
    FALSE_WORDS,
    TRUE_WORDS,
    Column,
    kind_of,
    typed,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.config import LabelledSettings, Settings

    Floats = NDArray[np.float64]

ROW = "row"


@dataclass(frozen=True)
class LabelledTable:
    """Attributes of customers and what became of them."""

    # the number of the row in the file, from 1, where no column names the customer
    customer_id: pd.Series
    # the day that each row is of
    day: pd.Series | None
    attributes: pd.DataFrame
    # 1 churned, 0 stayed, NaN not known
    churned: Floats
    # of a customer who is kept, in the currency; NaN where not known
    value: Floats
    columns: tuple[Column, ...]
    # what ``check --json`` ends with
    summary: dict[str, Any]
    # number and reason of each row
    set_aside: pd.DataFrame

    @property
    def known(self) -> NDArray[np.bool_]:
        """Rows whose label is known."""
        return np.isfinite(self.churned)

    def fingerprint(self) -> str:
        """Return the digest of the rows, whatever their order."""
        rows = self.attributes.assign(_label=self.churned)
        if self.day is not None:
            rows["_day"] = self.day.astype(str)
        hashes = np.sort(pd.util.hash_pandas_object(rows, index=False).to_numpy())
        names = "\n".join(map(str, rows.columns))
        return hashlib.sha256(names.encode() + hashes.tobytes()).hexdigest()

    def latest(self) -> NDArray[np.intp]:
        """Return the positions of the rows to score: the latest of each customer."""
        if self.day is None:
            return np.arange(len(self.customer_id))
        # stable: of two rows of a day the later one in the file counts
        order = self.day.reset_index(drop=True).sort_values(kind="stable").index
        ids = self.customer_id.reset_index(drop=True).loc[order]
        return np.sort(ids[~ids.duplicated(keep="last")].index.to_numpy())


def place_of(settings: Settings) -> LabelledSettings:
    """Return the section that names the table and its columns."""
    if settings.churn.labelled is None:
        msg = "churn.labelled is missing: give the table's path and its label column."
        raise ConfigError(msg)
    return settings.churn.labelled


def read_labelled(settings: Settings) -> LabelledTable:
    """Read and check the table of ``churn.labelled``."""
    place = place_of(settings)
    raw, notices = _read(settings, place)
    _refuse_absent(raw, place)
    repeated = raw.duplicated() & (place.duplicates == "set_aside")
    aside = [_aside(raw[repeated], "repeats another row in every column", False)]
    rows = raw[~repeated]
    if place.date is not None:
        days = days_of(rows[place.date])
        aside.append(_aside(rows[days.isna()], f"no day in '{place.date}'", True))
        rows = rows[days.notna()]
    if place.id is not None:
        nameless = rows[place.id].isna()
        aside.append(_aside(rows[nameless], f"no customer in '{place.id}'", True))
        rows = rows[~nameless]
        _refuse_repeated_ids(rows[place.id], place)
    churned = _labels(rows[place.label], place)
    day = None if place.date is None else days_of(rows[place.date])
    inspected = inspect_columns(rows, churned, day, place)
    value, more = _values(rows, place)
    customer_id = _ids(rows, place)
    set_aside = pd.concat(aside, ignore_index=True)
    facts = {
        "n_customers": int(customer_id.nunique()),
        "n_labelled": int(np.isfinite(churned).sum()),
        "n_churned": int(np.nansum(churned)),
        "churn_rate": float(np.nanmean(churned)),
    }
    summary = summarise(
        settings.name,
        inspected.columns,
        set_aside,
        len(raw),
        facts,
        [*notices, *inspected.notices, *more],
    )
    return LabelledTable(
        customer_id=customer_id,
        day=day,
        attributes=inspected.attributes,
        churned=churned,
        value=value,
        columns=inspected.columns,
        summary=summary,
        set_aside=set_aside,
    )


def _read(
    settings: Settings, place: LabelledSettings
) -> tuple[pd.DataFrame, list[str]]:
    connection = connect(settings.source.engine)
    try:
        with tempfile.TemporaryDirectory(prefix="regulars-") as folder:
            named = {} if place.id is None else {"customer_id": place.id}
            source = TableSettings(path=place.path, table=place.table, columns=named)
            needed = [place.label, *(each for each in (place.id, place.date) if each)]
            if isinstance(place.value, str):
                needed.append(place.value)
            raw = read_raw("customers", source, connection, Path(folder), needed)
            frame = raw.table.drop(FILE_NUMBER).execute()
            notices = list(raw.notices)
            n_broken = count_broken_lines(raw, connection, len(frame))
    finally:
        connection.disconnect()
    if frame.empty:
        msg = f"{raw.label} holds no rows. Export it again."
        raise DataError(msg)
    if n_broken:
        lines = "1 line cannot" if n_broken == 1 else f"{n_broken:,} lines cannot"
        notices.append(f"{lines} be split into as many fields as columns: not read.")
    frame.index = pd.RangeIndex(1, len(frame) + 1, name=ROW)
    skipped = [place.label, place.id or "", place.date or "", *place.drop]
    cure = "Write them in one way, or list the column under churn.labelled.drop."
    frame, read = frame_of_numbers(frame, skipped, raw.label, cure)
    return frame, notices + read


def _refuse_absent(raw: pd.DataFrame, place: LabelledSettings) -> None:
    named = {"label": [place.label], "drop": list(place.drop)}
    named |= {key: [v] for key in ("id", "date") if (v := getattr(place, key))}
    if isinstance(place.value, str):
        named["value"] = [place.value]
    for key, names in named.items():
        for name in names:
            if name not in raw.columns:
                msg = (
                    f"churn.labelled.{key}: the table has no column '{name}'."
                    f"{suggestion(name, raw.columns)} It has "
                    f"{', '.join(map(str, raw.columns[:20]))}."
                )
                raise ConfigError(msg)


def _aside(rows: pd.DataFrame, reason: str, is_fault: bool) -> pd.DataFrame:
    return pd.DataFrame({ROW: rows.index, "reason": reason, "is_fault": is_fault})


def _refuse_repeated_ids(ids: pd.Series, place: LabelledSettings) -> None:
    repeated = ids[ids.duplicated()].unique()
    if len(repeated) and place.date is None:
        msg = (
            f"churn.labelled.id '{place.id}': {len(repeated)} customers stand in "
            f"several rows (such as {', '.join(map(str, repeated[:5]))}), and no date "
            "says which row is the latest. Name the column of the day under "
            "churn.labelled.date, or keep one row a customer."
        )
        raise DataError(msg)


def _labels(values: pd.Series, place: LabelledSettings) -> Floats:
    """Return 1, 0 or NaN; refuse a label that never, or always, means churned."""
    column, _ = typed(values)
    positive = place.positive
    if kind_of(column) == "number":
        # YAML reads yes as true, which of a column of numbers is 1
        wanted = pd.to_numeric(
            str(float(positive) if isinstance(positive, bool) else positive),
            errors="coerce",
        )
        hit = column == wanted
    else:
        words = column.astype("string").str.lower()
        if isinstance(positive, bool):
            hit = words.isin(TRUE_WORDS if positive else FALSE_WORDS)
        else:
            hit = words == str(positive).strip().lower()
    churned = np.asarray(hit.fillna(False), dtype=np.float64)
    churned[column.isna().to_numpy()] = np.nan
    n_churned, n_known = int(np.nansum(churned)), int(np.isfinite(churned).sum())
    if n_churned in (0, n_known):
        shown = ", ".join(map(str, column.dropna().unique()[:5])) or "no value at all"
        none = "never occurs" if n_churned == 0 else "is the only value"
        msg = (
            f"churn.labelled.positive: {positive!r} {none} in '{place.label}' "
            f"({shown}). Set it to the value that means churned; customers who stayed "
            "are needed too."
        )
        raise DataError(msg)
    return churned


def _values(rows: pd.DataFrame, place: LabelledSettings) -> tuple[Floats, list[str]]:
    """Return the value of each customer, and notices about it."""
    if not isinstance(place.value, str):
        return np.full(len(rows), float(place.value)), []
    column, _ = typed(rows[place.value])
    if kind_of(column) != "number" or column.isna().all():
        shown = ", ".join(map(repr, rows[place.value].dropna().unique()[:3]))
        msg = (
            f"churn.labelled.value: '{place.value}' holds no numbers ({shown}). Name a "
            "column of amounts, or give one amount for all customers."
        )
        raise DataError(msg)
    missing, below = int(column.isna().sum()), int((column < 0).sum())
    notices = []
    if missing:
        notices.append(
            f"'{place.value}' is missing in {missing:,} rows: they have no value at "
            "risk and are left out of the money."
        )
    if below:
        notices.append(
            f"'{place.value}' is below 0 in {below:,} rows: no offer pays for them."
        )
    return column.to_numpy(np.float64), notices


def _ids(rows: pd.DataFrame, place: LabelledSettings) -> pd.Series:
    if place.id is None:
        return pd.Series(rows.index.to_numpy(), rows.index, name="customer_id")
    return rows[place.id].rename("customer_id")
