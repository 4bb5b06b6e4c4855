"""Columns of a table: numbers or categories, and which of them leak the label.

A column that knows nearly everything was most likely written after the fact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from regulars.metrics import roc_auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Kind = Literal["number", "category"]
MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "nat", "null", "none", "-", "?"})
TRUE_WORDS = frozenset({"true", "yes", "y", "t", "1", "1.0"})
FALSE_WORDS = frozenset({"false", "no", "n", "f", "0", "0.0"})
# of the values of a column of numbers, so many may be stray texts
STRAY_SHARE = 0.05
LEAK_AUC = 0.975
LABEL_AUC = 0.999
N_BINS = 20


@dataclass(frozen=True)
class Column:
    """An attribute of a table."""

    name: str
    kind: Kind
    missing_share: float
    n_values: int
    # texts in a column of numbers, read as missing; up to five
    strays: tuple[str, ...] = ()
    # of the column alone, each row scored by the others; None: too few of a class
    auc: float | None = None

    @property
    def is_leak_suspect(self) -> bool:
        """Whether the column alone predicts the label nearly perfectly."""
        return self.auc is not None and self.auc >= LEAK_AUC

    @property
    def is_label(self) -> bool:
        """Whether the column is the label in other words."""
        return self.auc is not None and self.auc >= LABEL_AUC


def typed(values: pd.Series) -> tuple[pd.Series, tuple[str, ...]]:
    """Read a column as numbers if it holds numbers, else as categories."""
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        numbers = pd.Series(values.to_numpy(np.float64, na_value=np.nan), values.index)
        return numbers.where(np.isfinite(numbers)), ()
    text = values.astype("string").str.strip()
    text = text.mask(text.str.lower().isin(MISSING_WORDS))
    number = pd.to_numeric(text, errors="coerce").astype("Float64")
    stray = (number.isna() & text.notna()).to_numpy(dtype=bool)
    known = int(text.notna().sum())
    if known and stray.sum() <= STRAY_SHARE * known:
        numbers = pd.Series(number.to_numpy(np.float64, na_value=np.nan), values.index)
        examples = tuple(map(str, text[stray].unique()[:5]))
        return numbers.where(np.isfinite(numbers)), examples
    levels = text.astype(object)
    return levels.where(text.notna().to_numpy(dtype=bool), None), ()


def kind_of(column: pd.Series) -> Kind:
    """Return how a typed column is used."""
    return "number" if column.dtype == np.float64 else "category"


def describe(
    name: str, column: pd.Series, churned: Floats, strays: tuple[str, ...] = ()
) -> Column:
    """Say what there is to know of a typed column."""
    known = np.isfinite(churned)
    return Column(
        name=name,
        kind=kind_of(column),
        missing_share=float(column.isna().mean()),
        n_values=int(column.nunique()),
        strays=strays,
        auc=univariate_auc(column[known], churned[known]),
    )


def univariate_auc(column: pd.Series, churned: Floats) -> float | None:
    """Return how well a column alone tells churners apart.

    Numbers are cut into twenties; a row is scored by the share of churners among the
    other half's rows of the same twenty, category or missing value, so that a column
    that is different in every row gains nothing by that.
    """
    if min(churned.sum(), (1 - churned).sum()) < 4:
        return None
    groups = _groups(column)
    # every class in both halves: the order of a file often is the order of the label
    half = np.zeros(len(churned), dtype=int)
    for value in (0.0, 1.0):
        rows = np.flatnonzero(churned == value)
        half[np.random.default_rng(0).permutation(rows)[: len(rows) // 2]] = 1
    base, size = churned.mean(), int(groups.max()) + 1
    scores = np.empty(len(churned))
    for side in (0, 1):
        other = half != side
        count = np.bincount(groups[other], minlength=size)
        left = np.bincount(groups[other], churned[other], minlength=size)
        scores[~other] = ((left + base) / (count + 1))[groups[~other]]
    return float(roc_auc(churned, scores))


def _groups(column: pd.Series) -> NDArray[np.intp]:
    if kind_of(column) == "number":
        values = column.to_numpy(np.float64)
        known = np.isfinite(values)
        groups = np.full(len(values), 0, dtype=np.intp)
        if known.any():
            grid = np.linspace(0, 1, N_BINS + 1)
            # few values, such as yes and no, are groups of their own
            few = np.unique(values[known])
            edges = few if len(few) <= N_BINS else np.quantile(values[known], grid)
            groups[known] = 1 + np.searchsorted(edges, values[known], "left")
        return groups
    codes, _ = pd.factorize(column)
    return np.asarray(codes, dtype=np.intp) + 1


def messages(column: Column) -> list[str]:
    """Return what a person should know of a column, in sentences."""
    sentences = []
    if column.is_label:
        sentences.append(
            f"'{column.name}' is the label in other words (ROC AUC {column.auc:.3f} "
            "alone): list it under churn.labelled.drop."
        )
    elif column.is_leak_suspect:
        sentences.append(
            f"'{column.name}' alone tells churners apart with a ROC AUC of "
            f"{column.auc:.3f}: was it known before the customer left? If not, list "
            "it under churn.labelled.drop."
        )
    if column.strays:
        sentences.append(
            f"'{column.name}' is a column of numbers; texts such as "
            f"{', '.join(repr(one) for one in column.strays)} count as missing."
        )
    return sentences


def as_record(column: Column) -> dict[str, Any]:
    """Return a column as JSON-safe data."""
    return {
        "name": column.name,
        "kind": column.kind,
        "missing_share": round(column.missing_share, 6),
        "n_values": column.n_values,
        "roc_auc_alone": None if column.auc is None else round(column.auc, 4),
        "is_leak_suspect": column.is_leak_suspect,
    }
