"""What there is to know of a labelled table before anything is learnt from it.

Days become days before the row's own, columns that name or number the customers are
left out, and a column that knows the label is reported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.errors import DataError
from regulars.models.tabular.columns import (
    MISSING_WORDS,
    Column,
    as_record,
    describe,
    messages,
    typed,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.config import LabelledSettings

    Floats = NDArray[np.float64]

# a column of texts that differ in so many rows names the customer
NAME_SHARE = 0.5
FEWEST_NUMBERED = 50
MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Inspected:
    """Attributes, and what is to be said of the columns."""

    attributes: pd.DataFrame
    columns: tuple[Column, ...]
    notices: list[str] = field(default_factory=list)


def days_of(values: pd.Series) -> pd.Series:
    """Read a column as days; what is no ISO 8601 day is missing."""
    if pd.api.types.is_datetime64_any_dtype(values):
        naive = values.dt.tz_localize(None) if values.dt.tz is not None else values
        whole: pd.Series = naive.dt.normalize()
        return whole
    text = values.astype("string").str.strip()
    times = pd.to_datetime(text, errors="coerce", format="ISO8601", utc=True)
    days: pd.Series = times.dt.tz_localize(None).dt.normalize()
    return days


def inspect_columns(
    rows: pd.DataFrame, churned: Floats, day: pd.Series | None, place: LabelledSettings
) -> Inspected:
    """Type the attributes of a table, and say what is wrong with them."""
    used = {place.label, place.id, place.date, *place.drop}
    kept: dict[str, pd.Series] = {}
    columns: list[Column] = []
    notices: list[str] = []
    for name in (str(c) for c in rows.columns if c not in used):
        values, shown = rows[name], name
        if _holds_days(values):
            if day is None:
                notices.append(_undated_days(name))
                continue
            shown = f"days since {name}"
            values, late = _days_before(values, day)
            notices += _late_notice(name, late)
        column, strays = typed(values)
        about = describe(shown, column, churned, strays)
        useless = _why_useless(about, column, len(rows))
        if useless:
            notices.append(f"'{name}' {useless}: left out.")
        else:
            kept[shown] = column
            columns.append(about)
            notices += messages(about)
    if not kept:
        msg = (
            "The table has no attribute beside the label: "
            f"{' '.join(notices) or 'every column is named otherwise.'} Add columns "
            "with what is known of the customers."
        )
        raise DataError(msg)
    attributes = pd.DataFrame(kept, index=rows.index)
    notices += _label_notices(rows, attributes, churned, place)
    return Inspected(attributes, tuple(columns), notices)


def _holds_days(values: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(values):
        return True
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return False
    text = values.astype("string").str.strip()
    known = text[text.notna() & ~text.str.lower().isin(MISSING_WORDS)]
    # four digits alone are a year or a number, as ISO 8601 would have it a day
    dashed = known.str.match(r"\d{4}-\d{2}-\d{2}").fillna(False)
    return bool(len(known) and dashed.all() and days_of(known).notna().all())


def _undated_days(name: str) -> str:
    return (
        f"'{name}' holds days, and no day says when each row was true: left out. Name "
        "the column of the row's day under churn.labelled.date, and it becomes the "
        "days since."
    )


def _days_before(values: pd.Series, day: pd.Series) -> tuple[pd.Series, int]:
    """Return days before the row's own; days after it were not known."""
    before = (day - days_of(values)).dt.days.astype(np.float64)
    late = before < 0
    return before.mask(late), int(late.sum())


def _late_notice(name: str, late: int) -> list[str]:
    if not late:
        return []
    return [
        f"'{name}' lies after the row's own day in {late:,} rows: not known then, so "
        "it counts as missing."
    ]


def _why_useless(about: Column, column: pd.Series, n_rows: int) -> str:
    # being missing may say something even where all values are equal
    if about.n_values + (0 < about.missing_share < 1) < 2:
        return "is the same in every row"
    if about.kind == "category" and about.n_values > NAME_SHARE * n_rows:
        return f"differs in {about.n_values:,} of {n_rows:,} rows, like a name"
    if about.kind == "number" and _numbers_customers(about, column, n_rows):
        return "numbers the rows one by one, like the number of a customer"
    return ""


def _numbers_customers(about: Column, column: pd.Series, n_rows: int) -> bool:
    """Whether whole numbers, each once, leave hardly a gap between them."""
    if n_rows < FEWEST_NUMBERED or about.n_values < n_rows:
        return False
    values = column.to_numpy(np.float64)
    whole = bool((values == np.floor(values)).all())
    return whole and values.max() - values.min() < 2 * n_rows


def _label_notices(
    rows: pd.DataFrame,
    attributes: pd.DataFrame,
    churned: Floats,
    place: LabelledSettings,
) -> list[str]:
    notices = []
    known = np.isfinite(churned)
    if not known.all():
        notices.append(
            f"{(~known).sum():,} rows have no value in '{place.label}': not learnt "
            "from, but scored."
        )
    n_values = rows[place.label].nunique()
    if n_values > 2:
        notices.append(
            f"'{place.label}' has {n_values} values; all but {place.positive!r} count "
            "as stayed."
        )
    same = attributes[known].assign(_label=churned[known])
    both = same.drop_duplicates().duplicated(subset=list(attributes.columns))
    if both.any():
        notices.append(
            f"{int(both.sum()):,} rows have the attributes of another row, but the "
            "other label."
        )
    share = attributes.isna().to_numpy().mean()
    if share:
        notices.append(
            f"{share:.1%} of the values are missing; they are kept as missing."
        )
    return notices


def summarise(
    name: str,
    columns: Sequence[Column],
    set_aside: pd.DataFrame,
    rows_in: int,
    facts: Mapping[str, Any],
    notices: Sequence[str],
) -> dict[str, Any]:
    """Return what ``check --json`` ends with."""
    counts = set_aside.groupby(["reason", "is_fault"], sort=False)["row"]
    reasons = [
        {
            "reason": reason,
            "label": reason,
            "rows": len(numbers),
            "share": len(numbers) / rows_in,
            "is_fault": bool(is_fault),
            "examples": [f"row {number}" for number in numbers.head(MOST_EXAMPLES)],
        }
        for (reason, is_fault), numbers in counts
    ]
    return {
        "name": name,
        "kind": "labelled",
        "tables": {
            "customers": {
                "rows_in": rows_in,
                "rows_kept": rows_in - len(set_aside),
                "rows_set_aside": len(set_aside),
                "reasons": reasons,
                "notices": list(notices),
                **facts,
            }
        },
        "columns": [as_record(column) for column in columns],
        "leak_suspects": [c.name for c in columns if c.is_leak_suspect],
        "faults": [
            f"'{c.name}' is the label in other words" for c in columns if c.is_label
        ],
    }
