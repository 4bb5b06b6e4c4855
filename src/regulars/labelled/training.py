"""From a labelled table to a tested model.

A table and the settings come in. Where the rows have days, the latest are kept apart
and everything is chosen and learnt on earlier ones; where they have none, several
stratified splits each have a recipe of their own, tuned on their training part alone.
The model that scores is then chosen and fitted with every labelled row. Nothing is
written here.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from regulars.churn import LogisticChurn
from regulars.errors import DataError, NotEnoughHistoryError
from regulars.evaluation.holdout import ChurnTest, judge_churn
from regulars.labelled.columns import alone
from regulars.labelled.encoding import AttributeEncoder
from regulars.labelled.model import AttributeModel
from regulars.labelled.search import choose_recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.churn.tuning import Selection
    from regulars.config import Settings
    from regulars.labelled.table import LabelledTable

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]
    Step = Callable[[str], None]

N_FOLDS = 3
FEWEST_OF_A_CLASS = 20
LABELS = {
    "base_rate": "Base rate",
    "logistic": "Logistic regression",
    "best_column": "Best single column",
}
# the figures ask for a day; where there is none it is taken out again
NO_DAY = date(1970, 1, 1)


@dataclass(frozen=True)
class Split:
    """Rows that learn, rows that test, and how to choose among the first.

    Attributes
    ----------
    train, test : array of int
        Positions of rows.
    pairs : sequence of (training, validation)
        Positions of rows of `train`; the latest window first where there is time.
    """

    train: Rows
    test: Rows
    pairs: Sequence[tuple[Rows, Rows]]


@dataclass(frozen=True)
class Tested:
    """What a split found.

    Attributes
    ----------
    model : AttributeModel
        Had not seen the test rows.
    test : array of int
        Positions of the test rows.
    forecasts : mapping of str to array
        Of the test rows, by ``model`` and by each baseline.
    selection : Selection
        What was chosen.
    best_column : str
        The column of the best single column.
    """

    model: AttributeModel
    test: Rows
    forecasts: Mapping[str, Floats]
    selection: Selection
    best_column: str


@dataclass(frozen=True)
class AttributeTraining:
    """A model, and what models of its kind were worth on rows they had not seen.

    Attributes
    ----------
    model : AttributeModel
        Fitted with every labelled row; it is registered and scores.
    tested : sequence of Tested
        One a split.
    churn_test : ChurnTest
        Mean over the splits; the bounds are the mean of the splits' own bootstrap
        bounds, and the curves are of all test rows together.
    by_split : list of dict
        Figures of the model by split.
    selection : Selection
        What the registered model was chosen by.
    importance : list of dict
        Attributes by mean absolute contribution, largest first.
    notes : list of str
        What a reader has to know.
    """

    model: AttributeModel
    tested: Sequence[Tested]
    churn_test: ChurnTest
    by_split: list[dict[str, Any]]
    selection: Selection
    importance: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)


def train_table(
    table: LabelledTable, settings: Settings, *, step: Step
) -> AttributeTraining:
    """Test the method on rows kept apart, then learn from all.

    Parameters
    ----------
    table : LabelledTable
        Checked rows.
    settings : Settings
        Of kind ``labelled``.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    AttributeTraining

    Raises
    ------
    NotEnoughHistoryError
        Too few rows of a class.
    """
    rows = table.attributes[table.known]
    churned = table.churned[table.known]
    fewest = int(min(churned.sum(), (1 - churned).sum()))
    if fewest < FEWEST_OF_A_CLASS:
        msg = (
            f"The smaller class has {fewest} rows; at least {FEWEST_OF_A_CLASS} "
            "customers who churned and as many who stayed are needed to learn and to "
            "test. Add rows."
        )
        raise NotEnoughHistoryError(msg)
    place = settings.churn.labelled
    share, count = (place.test_share, place.test_splits) if place else (0.2, 5)
    notes = []
    if table.day is None:
        splits = random_splits(churned, share, count, random_state=settings.seed)
        pairs = _folds(churned, np.arange(len(churned)), settings.seed)
        notes.append(
            f"The table has no date: the figures are means over {count} stratified "
            "splits, not a look forward in time."
        )
    else:
        days = table.day[table.known]
        splits = [dated_split(days, churned, share)]
        pairs = _forward(days, churned, np.arange(len(churned)))
    return learn(rows, churned, splits, pairs, settings, step=step, notes=notes)


def learn(
    rows: pd.DataFrame,
    churned: Floats,
    splits: Sequence[Split],
    pairs: Sequence[tuple[Rows, Rows]],
    settings: Settings,
    *,
    step: Step,
    notes: Sequence[str] = (),
    learn_from: Rows | None = None,
    cutoff: date | None = None,
) -> AttributeTraining:
    """Test on each split, then choose by `pairs` and fit with every row.

    Parameters
    ----------
    rows : DataFrame of shape (n_rows, n_attributes)
        Typed columns.
    churned : array of shape (n_rows,)
        1 where the customer churned, else 0.
    splits : sequence of Split
        Tests.
    pairs : sequence of (training, validation)
        What the registered model is chosen by.
    settings : Settings
        Classifiers, trials, calibration, bands, seed.
    step : callable
        Called with the name of each step as it begins.
    notes : sequence of str
        What a reader has to know.
    learn_from : array of int, optional
        Rows that the registered model is fitted with; default: all.
    cutoff : date, optional
        Cutoff of the test window, where there is time.

    Returns
    -------
    AttributeTraining
    """
    step("selection")
    tested = []
    for number, split in enumerate(splits, start=1):
        step(f"test {number}/{len(splits)}")
        tested.append(_test(rows, churned, split, settings))
    churn_test, by_split = _judge(churned, tested, settings, cutoff)
    step("refit")
    selection = _choose(rows, churned, pairs, settings)
    final = np.arange(len(rows)) if learn_from is None else learn_from
    model = AttributeModel(selection.recipe, settings.scores.risk_bands)
    model.fit(rows.iloc[final], churned[final])
    best = pd.Series([found.best_column for found in tested]).mode().iloc[0]
    return AttributeTraining(
        model=model,
        tested=tested,
        churn_test=churn_test,
        by_split=by_split,
        selection=selection,
        importance=importance(model, rows.iloc[final]),
        notes=[*notes, f"The best single column is '{best}'."],
    )


def random_splits(
    churned: Floats, share: float, count: int, *, random_state: int = 0
) -> list[Split]:
    """Return stratified splits, each with folds inside its training part.

    Parameters
    ----------
    churned : array of shape (n_rows,)
        1 where the customer churned, else 0.
    share : float
        Of the rows, that test; in (0, 1).
    count : int
        Splits.
    random_state : int, default=0
        Seed.

    Returns
    -------
    list of Split

    Examples
    --------
    >>> splits = random_splits(np.array([0.0, 1.0] * 50), 0.2, 2)
    >>> [len(split.test) for split in splits]
    [20, 20]
    """
    cut = StratifiedShuffleSplit(count, test_size=share, random_state=random_state)
    return [
        Split(train, test, _folds(churned, train, random_state))
        for train, test in cut.split(churned, churned)
    ]


def dated_split(days: pd.Series, churned: Floats, share: float) -> Split:
    """Return the split that tests on the latest days.

    Parameters
    ----------
    days : Series of shape (n_rows,)
        Day of each row.
    churned : array of shape (n_rows,)
        1 where the customer churned, else 0.
    share : float
        Of the rows, that test, about; a day is never torn apart.

    Returns
    -------
    Split

    Raises
    ------
    DataError
        All rows are of one day, or one side has no churner.

    Examples
    --------
    >>> days = pd.Series(pd.date_range("2024-01-01", periods=100))
    >>> dated_split(days, np.array([0.0, 1.0] * 50), 0.2).test[0]
    np.int64(80)
    """
    values = days.to_numpy()
    order = np.sort(values)
    start = order[int(np.floor(len(order) * (1 - share)))]
    train = np.flatnonzero(values < start)
    test = np.flatnonzero(values >= start)
    for name, part in (("before", train), ("from", test)):
        if len(np.unique(churned[part])) < 2:
            msg = (
                f"The {len(part)} rows {name} {pd.Timestamp(start).date()} do not hold "
                "both churned and stayed customers, so that nothing can be learnt and "
                "tested by date. Leave churn.labelled.date out, or add rows."
            )
            raise DataError(msg)
    return Split(train, test, _forward(days, churned, train))


def _folds(churned: Floats, rows: Rows, random_state: int) -> list[tuple[Rows, Rows]]:
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=random_state)
    return [
        (rows[train], rows[valid]) for train, valid in folds.split(rows, churned[rows])
    ]


def _forward(days: pd.Series, churned: Floats, rows: Rows) -> list[tuple[Rows, Rows]]:
    """Return validation windows after their training rows, the latest first."""
    values = days.to_numpy()[rows]
    edges = np.unique(np.quantile(values.astype("int64"), [0.4, 0.6, 0.8, 1.0]))
    whole = values.astype("int64")
    found = []
    for low, high in itertools.pairwise([*edges[:-1], edges[-1] + 1]):
        train, valid = rows[whole < low], rows[(whole >= low) & (whole < high)]
        enough = min(len(train), len(valid)) >= FEWEST_OF_A_CLASS
        if enough and all(len(np.unique(churned[p])) == 2 for p in (train, valid)):
            found.append((train, valid))
    # too few days for windows: the choice falls back on folds without time
    return found[::-1] or _folds(churned, rows, 0)


def _choose(
    rows: pd.DataFrame,
    churned: Floats,
    pairs: Sequence[tuple[Rows, Rows]],
    settings: Settings,
) -> Selection:
    return choose_recipe(
        rows,
        churned,
        pairs,
        classifiers=settings.churn.classifiers,
        trials=settings.churn.tuning_trials,
        calibration=settings.churn.calibration,
        random_state=settings.seed,
    )


def _test(
    rows: pd.DataFrame, churned: Floats, split: Split, settings: Settings
) -> Tested:
    selection = _choose(rows, churned, split.pairs, settings)
    train, test = rows.iloc[split.train], rows.iloc[split.test]
    y = churned[split.train]
    model = AttributeModel(selection.recipe, settings.scores.risk_bands).fit(train, y)
    best = max(train.columns, key=lambda name: alone(train[name], y) or 0.0)  # type: ignore[arg-type]
    forecasts = {
        "model": model.predict(test),
        "base_rate": np.full(len(test), y.mean()),
        "logistic": _by_logistic(train, y, test),
        "best_column": _by_logistic(train[[best]], y, test[[best]]),
    }
    return Tested(model, split.test, forecasts, selection, str(best))


def _by_logistic(train: pd.DataFrame, y: Floats, test: pd.DataFrame) -> Floats:
    encoder = AttributeEncoder().fit(train)
    encoded = encoder.transform(train)
    if not encoded.shape[1]:  # nothing but rare categories
        return np.full(len(test), y.mean())
    fitted = LogisticChurn(C=1.0).fit(encoded.to_numpy(), y)
    found: Floats = fitted.predict_proba(encoder.transform(test).to_numpy())[:, 1]
    return found


def _judge(
    churned: Floats, tested: Sequence[Tested], settings: Settings, cutoff: date | None
) -> tuple[ChurnTest, list[dict[str, Any]]]:
    day = cutoff or NO_DAY
    parts = [
        judge_churn(
            churned[t.test], t.forecasts, cutoff=day, random_state=settings.seed
        )
        for t in tested
    ]
    pooled = parts[0]
    if len(parts) > 1:
        names = tested[0].forecasts
        everything = {
            name: np.concatenate([t.forecasts[name] for t in tested]) for name in names
        }
        y = np.concatenate([churned[t.test] for t in tested])
        pooled = judge_churn(y, everything, cutoff=day, random_state=settings.seed)
    metrics = {
        name: _mean([part.metrics[name] for part in parts], cutoff)
        for name in pooled.metrics
    }
    intervals = {
        name: _mean_bounds([part.intervals[name] for part in parts])
        for name in pooled.intervals
    }
    by_split = [_mean([part.metrics["model"]], cutoff) for part in parts]
    return replace(pooled, metrics=metrics, intervals=intervals), by_split


def _mean(figures: Sequence[dict[str, Any]], cutoff: date | None) -> dict[str, Any]:
    found: dict[str, Any] = {"cutoff": cutoff.isoformat() if cutoff else None}
    for name in figures[0]:
        values = [row[name] for row in figures]
        if name == "cutoff":
            continue
        if any(value is None for value in values):
            found[name] = None
        elif name == "n_customers":
            found[name] = round(float(np.mean(values)))
        else:
            found[name] = float(np.mean(values))
    return found


def _mean_bounds(bounds: Sequence[dict[str, list[float]]]) -> dict[str, list[float]]:
    return {
        name: [float(np.mean([b[name][side] for b in bounds])) for side in (0, 1)]
        for name in bounds[0]
        if all(None not in b[name] for b in bounds)
    }


def importance(model: AttributeModel, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the attributes by their mean absolute contribution to the log-odds.

    Parameters
    ----------
    model : AttributeModel
        Fitted model.
    rows : DataFrame of shape (n_rows, n_attributes)
        Rows to explain; a sample of them is, where there are very many.

    Returns
    -------
    list of dict
        ``feature``, ``meaning``, ``importance`` and ``direction`` (whether a larger
        value ``raises`` or ``lowers`` the probability of churn, or ``mixed``).
    """
    sample = rows.sample(min(len(rows), 5_000), random_state=0)
    parts = model.contributions(sample)
    strength = parts.abs().mean().sort_values(ascending=False, kind="stable")
    return [
        {
            "feature": name,
            "meaning": name,
            "importance": float(value),
            "direction": _direction(sample[name], parts[name]),
        }
        for name, value in strength.items()
        if value > 0
    ]


def _direction(values: pd.Series, parts: pd.Series) -> str:
    if values.dtype != np.float64:
        return "mixed"
    known = values.notna()
    ranks = values[known].rank()
    if known.sum() < 3 or ranks.std() == 0 or parts[known].std() == 0:
        return "mixed"
    lean = float(np.corrcoef(ranks, parts[known])[0, 1])
    if abs(lean) < 0.3:
        return "mixed"
    return "raises" if lean > 0 else "lowers"
