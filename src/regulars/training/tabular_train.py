"""From cases to a tested model.

Dataset and splits come in. For each split a recipe is chosen and fitted on its
training part alone and judged on its test rows; then the model that scores is chosen
and fitted with every row that it may learn from. Nothing is written here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.evaluation import evaluate_offer
from regulars.evaluation.holdout import ChurnTest, evaluate_churn_forecasts
from regulars.models.churn import LogisticChurn
from regulars.models.tabular.columns import alone
from regulars.models.tabular.encoding import TabularEncoder
from regulars.models.tabular.importance import importance
from regulars.models.tabular.model import AttributeModel
from regulars.training.select import offer_objective, study_file
from regulars.training.tabular_select import choose_recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.models.churn.tuning import Selection
    from regulars.training.dataset import Dataset, Split

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]
    Step = Callable[[str], None]

LABELS = {
    "base_rate": "Base rate",
    "logistic": "Logistic regression",
    "best_column": "Best single column",
}
# the figures ask for a day; where there is none it is taken out again
NO_DAY = date(1970, 1, 1)


@dataclass(frozen=True)
class Tested:
    """What a split found."""

    split: Split
    model: AttributeModel
    test: ChurnTest
    selection: Selection
    best_column: str


@dataclass(frozen=True)
class AttributeTraining:
    """A model, and what models of its kind were worth on rows they had not seen."""

    model: AttributeModel
    tested: Sequence[Tested]
    churn_test: ChurnTest
    by_split: list[dict[str, Any]]
    selection: Selection
    importance: list[dict[str, Any]]
    profit: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)


def learn(
    cases: Dataset,
    splits: Sequence[Split],
    pairs: Sequence[tuple[Rows, Rows]],
    settings: Settings,
    *,
    step: Step,
    notes: Sequence[str] = (),
    learn_from: Rows | None = None,
) -> AttributeTraining:
    """Test on each split, then choose by `pairs` and fit."""
    step("selection")
    tested = []
    for number, split in enumerate(splits, start=1):
        step(f"test {number}/{len(splits)}")
        tested.append(try_split(cases, split, settings))
    step("refit")
    selection = _choose(cases, cases.attributes, pairs, settings)
    final = np.arange(len(cases)) if learn_from is None else learn_from
    rows = cases.attributes.iloc[final]
    model = AttributeModel(selection.recipe, settings.scores.risk_bands)
    model.fit(rows, cases.churned[final])
    best = pd.Series([found.best_column for found in tested]).mode().iloc[0]
    return AttributeTraining(
        model=model,
        tested=tested,
        churn_test=_mean_test(tested, settings),
        by_split=[_mean([each.test.metrics["model"]]) for each in tested],
        selection=selection,
        importance=importance(model, rows),
        profit=_profit(cases, tested, settings),
        notes=[*notes, f"The best single column is '{best}'."],
    )


def try_split(cases: Dataset, split: Split, settings: Settings) -> Tested:
    """Choose and fit on the training part of a split, and judge the test rows."""
    attributes = cases.seen_by(split)
    selection = _choose(cases, attributes, split.pairs, settings)
    train, test = attributes.iloc[split.train], attributes.iloc[split.test]
    y = cases.churned[split.train]
    model = AttributeModel(selection.recipe, settings.scores.risk_bands).fit(train, y)
    best = max(train.columns, key=lambda name: alone(train[name], y) or 0.0)  # type: ignore[arg-type]
    forecasts = {
        "model": model.predict(test),
        "base_rate": np.full(len(test), y.mean()),
        "logistic": _by_logistic(train, y, test),
        "best_column": _by_logistic(train[[best]], y, test[[best]]),
    }
    found = evaluate_churn_forecasts(
        cases.churned[split.test],
        forecasts,
        cutoff=split.cutoff or NO_DAY,
        random_state=settings.seed,
    )
    return Tested(split, model, _dated(found, split.cutoff), selection, str(best))


def _choose(
    cases: Dataset,
    attributes: pd.DataFrame,
    pairs: Sequence[tuple[Rows, Rows]],
    settings: Settings,
) -> Selection:
    return choose_recipe(
        attributes,
        cases.churned,
        pairs,
        classifiers=settings.churn.classifiers,
        trials=settings.churn.tuning_trials,
        calibration=settings.churn.calibration,
        objective=offer_objective(settings),
        value=cases.value if settings.churn.objective == "profit" else None,
        random_state=settings.seed,
        study=study_file(settings),
    )


def _by_logistic(train: pd.DataFrame, y: Floats, test: pd.DataFrame) -> Floats:
    encoder = TabularEncoder().fit(train)
    encoded = encoder.transform(train)
    if not encoded.shape[1]:  # nothing but rare categories
        return np.full(len(test), y.mean())
    fitted = LogisticChurn(C=1.0).fit(encoded.to_numpy(), y)
    found: Floats = fitted.predict_proba(encoder.transform(test).to_numpy())[:, 1]
    return found


def _dated(found: ChurnTest, cutoff: date | None) -> ChurnTest:
    day = cutoff.isoformat() if cutoff else None
    metrics = {name: {**row, "cutoff": day} for name, row in found.metrics.items()}
    return replace(found, metrics=metrics)


def _mean_test(tested: Sequence[Tested], settings: Settings) -> ChurnTest:
    parts = [each.test for each in tested]
    if len(parts) == 1:
        return parts[0]
    together = evaluate_churn_forecasts(
        np.concatenate([part.churned for part in parts]),
        {
            name: np.concatenate([part.forecasts[name] for part in parts])
            for name in parts[0].forecasts
        },
        cutoff=NO_DAY,
        random_state=settings.seed,
    )
    metrics = {
        name: _mean([part.metrics[name] for part in parts]) for name in together.metrics
    }
    intervals = {
        name: _mean_bounds([part.intervals[name] for part in parts])
        for name in together.intervals
    }
    return replace(together, metrics=metrics, intervals=intervals)


def _mean(figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"cutoff": figures[0]["cutoff"]}
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


def first_tests(tested: Sequence[Tested]) -> tuple[Rows, Mapping[str, Floats]]:
    """Return each test row once: as the first split that tests it has it.

    Splits overlap, and a row that counted twice would make an interval narrower than
    what was seen.
    """
    everything = np.concatenate([each.split.test for each in tested])
    rows, first = np.unique(everything, return_index=True)
    return rows, {
        name: np.concatenate([each.test.forecasts[name] for each in tested])[first]
        for name in tested[0].test.forecasts
    }


def _profit(
    cases: Dataset, tested: Sequence[Tested], settings: Settings
) -> dict[str, Any] | None:
    if cases.value is None:
        return None
    rows, forecasts = first_tests(tested)
    known = np.isfinite(cases.value[rows])
    if not known.any():
        return None
    rows, chance = rows[known], forecasts["model"][known]
    return evaluate_offer(
        cases.churned[rows], chance, cases.value[rows], settings.profit
    )
