"""How the features and scores of customers were spread where a model learnt.

Customers are compared with customers of like tenure: a growing base, in which the share
of old and of silent customers rises every month, is then no drift.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from regulars.models.retention import SCORES
from regulars.scoring.batch import Customers
from regulars.scoring.distance import (
    MISSING,
    OTHER,
    Distance,
    beyond_chance,
    count_table,
    distance,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from regulars.models.retention import RetentionModel

    Floats = NDArray[np.float64]
    Score = Callable[[Customers], pd.DataFrame]
    Places = NDArray[np.intp]

FILE = "monitoring.json"
FORMAT_VERSION = 1
# scores that are watched beside the inputs
WATCHED_SCORES = ("churn_probability", "expected_spend", "clv")
TENURE_BAND_DAYS = 30
N_BINS, MOST_LEVELS = 10, 20
# the figures of a distribution need no more
MOST_CUSTOMERS = 50_000
# customers of a log's first weeks came before it: their past is cut off
LONGEST_BURN_IN_DAYS, BURN_IN_SHARE = 90, 4


@dataclass(frozen=True)
class Past:
    """Customers of a workspace as of any day, as a model reads them."""

    customers: Callable[[date | None], Customers]
    # cutoffs that the model learnt from and stands at; (None,) where rows have no days
    learnt_at: tuple[date | None, ...]
    # column of the days since a customer came; None where nothing tells
    tenure: str | None = None
    first_day: date | None = None
    # rows read and set aside, by table
    rows_read: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class ColumnReference:
    """Customers of all snapshots, by tenure and by bin of a column."""

    # upper ends of the bins of a number; or the categories
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] | None = None
    # customers by tenure band and bin: first the missing, of categories then the others
    counts: tuple[tuple[int, ...], ...] = ()
    # the farthest snapshot from the others, beyond chance
    psi_among_snapshots: float = 0.0
    ks_among_snapshots: float = 0.0

    @property
    def n_bins(self) -> int:
        """Bins, the one of missing values among them."""
        return len(self.edges) + 2 if self.levels is None else len(self.levels) + 2

    def codes(self, values: pd.Series) -> Places:
        """Return the bin of each value."""
        if self.levels is not None:
            names = pd.Index(values.astype("string").fillna(""), dtype=object)
            found = pd.Index(self.levels, dtype=object).get_indexer(names)
            codes = np.where(found >= 0, found + OTHER + 1, OTHER)
            return np.where(values.isna(), MISSING, codes)
        numbers = _numbers(values)
        codes = 1 + np.searchsorted(np.array(self.edges), numbers, side="left")
        return np.where(np.isnan(numbers), MISSING, codes)


@dataclass(frozen=True)
class Reference:
    """The snapshots that a model learnt from: bins of every column by tenure."""

    snapshots: Mapping[str, int]
    columns: Mapping[str, ColumnReference]
    # rows a customer: their snapshots resemble each other
    rows_per_customer: float
    tenure: str | None = None
    # customers who came before are left out
    begins: str | None = None
    scores: tuple[str, ...] = ()
    rows_read: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, model: RetentionModel, past: Past) -> Self:
        """Lay out the snapshots that a model learnt from."""
        begins = _begins(past)
        rows = {
            str(day): rows
            for day in past.learnt_at
            if len(rows := rows_of(model, past, day, begins))
        }
        ids = [frame.index for frame in rows.values()]
        n_rows = sum(map(len, ids))
        n_customers = len(ids[0].append(ids[1:]).unique()) if ids else 0
        ratio = n_rows / max(n_customers, 1)
        first = next(iter(rows.values()), pd.DataFrame())
        names = [str(name) for name in first.columns if name != past.tenure]
        bands = {day: _bands(frame, past.tenure) for day, frame in rows.items()}
        columns = {name: _column(rows, bands, name, ratio) for name in names}
        return cls(
            {day: len(frame) for day, frame in rows.items()},
            columns,
            ratio,
            past.tenure,
            begins.isoformat() if begins else None,
            tuple(name for name in WATCHED_SCORES if name in columns),
            past.rows_read,
        )

    def rows(
        self,
        model: RetentionModel,
        past: Past,
        day: date | None,
        score: Score | None = None,
    ) -> pd.DataFrame:
        """Return the customers of a day as the snapshots have them.

        `score` keeps scores that are needed again; default: the model itself.
        """
        begins = date.fromisoformat(self.begins) if self.begins else None
        return rows_of(model, past, day, begins, score)

    def compared(self, rows: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which customers have a tenure that the snapshots hold."""
        if not self.columns:
            return np.zeros(len(rows), dtype=bool)
        any_column = next(iter(self.columns.values()))
        known = np.array(any_column.counts).sum(axis=1) > 0
        bands = _bands(rows, self.tenure)
        is_known: NDArray[np.bool_] = known[np.minimum(bands, len(known) - 1)]
        return is_known & (bands < len(known))

    def distances(self, rows: pd.DataFrame) -> dict[str, Distance]:
        """Return how far each column of some customers is from the snapshots."""
        bands = _bands(rows, self.tenure)
        return {
            name: distance(
                count_table(column.codes(rows[name]), bands, column.n_bins),
                np.array(column.counts, dtype=np.float64),
                self.rows_per_customer,
            )
            for name, column in self.columns.items()
            if name in rows
        }

    def save(self, folder: str | Path) -> None:
        """Write the reference beside the model."""
        content = {"format_version": FORMAT_VERSION, **asdict(self)}
        text = json.dumps(content, separators=(",", ":"), allow_nan=False)
        (Path(folder) / FILE).write_text(text)

    @classmethod
    def load(cls, folder: str | Path) -> Self | None:
        """Read the reference; None beside a model of a release that wrote none."""
        path = Path(folder) / FILE
        if not path.is_file():
            return None
        content: dict[str, Any] = json.loads(path.read_text())
        if content.pop("format_version") != FORMAT_VERSION:
            return None
        columns = {
            name: ColumnReference(
                tuple(each["edges"]),
                None if each["levels"] is None else tuple(each["levels"]),
                tuple(map(tuple, each["counts"])),
                each["psi_among_snapshots"],
                each["ks_among_snapshots"],
            )
            for name, each in content.pop("columns").items()
        }
        scores = tuple(content.pop("scores"))
        read = {name: tuple(each) for name, each in content.pop("rows_read").items()}
        return cls(columns=columns, scores=scores, rows_read=read, **content)


def rows_of(
    model: RetentionModel,
    past: Past,
    day: date | None,
    begins: date | None,
    score: Score | None = None,
) -> pd.DataFrame:
    """Return inputs and scores of the customers of a day, by customer.

    Of many customers a part that is the same in every run; those who came before
    `begins` are left out.
    """
    customers = _some(past.customers(day))
    features = customers.features
    kept = np.ones(len(features), dtype=bool)
    if past.tenure is not None and begins is not None and day is not None:
        kept = features[past.tenure].to_numpy(np.float64) <= (day - begins).days
    scores = score(customers) if score else scored(model, customers)
    names = [name for name in inputs_of(model) if name in features]
    if past.tenure is not None and past.tenure not in names:
        names.append(past.tenure)
    rows = features[names].reset_index(drop=True)
    told = [n for n in WATCHED_SCORES if scores[n].notna().any() and n not in rows]
    rows = pd.concat([rows, scores[told].reset_index(drop=True)], axis=1)
    rows.index = pd.Index(scores["customer_id"].astype(str), name="customer_id")
    return rows[kept]


def scored(model: RetentionModel, customers: Customers) -> pd.DataFrame:
    """Return the scores of customers."""
    return model.predict(
        customers.features,
        customer_id=customers.customer_id,
        cutoff=customers.cutoff,
        value=customers.value,
    )


def inputs_of(model: RetentionModel) -> list[str]:
    """Return the columns that a model reads of the data."""
    if model.encoder is not None:
        return list(model.encoder.kinds_)
    return [str(name) for name in model.reference_.index if name not in SCORES]


def _some(customers: Customers) -> Customers:
    n_rows = len(customers.features)
    if n_rows <= MOST_CUSTOMERS:
        return customers
    chosen = np.random.default_rng(0).choice(n_rows, MOST_CUSTOMERS, replace=False)
    rows, ids = np.sort(chosen), customers.customer_id
    return Customers(
        customers.features.iloc[rows].reset_index(drop=True),
        None if ids is None else [ids[row] for row in rows.tolist()],
        customers.cutoff,
        None if customers.value is None else customers.value[rows],
    )


def _begins(past: Past) -> date | None:
    """Return the day from which customers are known from their first day on."""
    days = [day for day in past.learnt_at if day is not None]
    if past.tenure is None or past.first_day is None or not days:
        return None
    before = (min(days) - past.first_day) // BURN_IN_SHARE
    return past.first_day + min(before, timedelta(days=LONGEST_BURN_IN_DAYS))


def _bands(rows: pd.DataFrame, tenure: str | None) -> Places:
    if tenure is None:
        return np.zeros(len(rows), dtype=np.intp)
    days = np.nan_to_num(rows[tenure].to_numpy(np.float64))
    return np.asarray(np.maximum(days, 0) // TENURE_BAND_DAYS, dtype=np.intp)


def _column(
    rows: Mapping[str, pd.DataFrame],
    bands: Mapping[str, Places],
    name: str,
    rows_per_customer: float,
) -> ColumnReference:
    column = _bins(pd.concat([frame[name] for frame in rows.values()]))
    n_bands = 1 + max(int(each.max()) for each in bands.values())
    tables = [
        count_table(column.codes(frame[name]), bands[day], column.n_bins, n_bands)
        for day, frame in rows.items()
    ]
    whole = np.sum(tables, axis=0)
    # each against the others: what a snapshot that has nothing wrong may differ by
    apart = [distance(own, whole - own, rows_per_customer) for own in tables]
    apart = [each for each in apart if each.n_effective > 0]
    return ColumnReference(
        column.edges,
        column.levels,
        tuple(tuple(row) for row in whole.astype(int).tolist()),
        max((each.psi for each in apart), default=0.0),
        max((beyond_chance(each) for each in apart), default=0.0),
    )


def _bins(values: pd.Series) -> ColumnReference:
    if not pd.api.types.is_numeric_dtype(values):
        counts = values.astype("string").value_counts()
        levels = sorted(counts.index, key=lambda level: (-counts[level], level))
        return ColumnReference(levels=tuple(levels[:MOST_LEVELS]))
    numbers = _numbers(values)
    known = numbers[np.isfinite(numbers)]
    if not known.size:
        return ColumnReference()
    inner = np.linspace(0, 1, N_BINS + 1)[1:-1]
    edges = np.unique(np.quantile(known, inner, method="inverted_cdf"))
    return ColumnReference(edges=tuple(edges.tolist()))


def _numbers(values: pd.Series) -> Floats:
    return values.to_numpy(dtype=np.float64, na_value=np.nan)
