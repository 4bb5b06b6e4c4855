"""The backtest of a model of attributes: each window learnt and tested anew.

Dataset and splits come in, the latest window first where there is time; what the
windows show together goes out as JSON-safe data, for ``backtest.json``, MLflow and the
report, in the same form as for a purchase log.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from regulars.errors import DataError
from regulars.evaluation.backtest import (
    best_baseline,
    evaluate_staleness,
    evaluate_window,
    overall,
)
from regulars.evaluation.slices import evaluate_slices
from regulars.training.tabular_register import figures_of
from regulars.training.tabular_train import LABELS, first_tests, try_split

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.training.dataset import Dataset, Split
    from regulars.training.tabular_train import Tested

    Floats = NDArray[np.float64]
    Step = Callable[[str], None]

OLDEST_AGE = 3
MODEL = "model"


def backtest_splits(
    cases: Dataset,
    splits: Sequence[Split],
    settings: Settings,
    step: Step,
    *,
    notes: Sequence[str] = (),
) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    """Learn and test each split, and sum them up."""
    tested = []
    for number, split in enumerate(splits, start=1):
        step(f"window {number}/{len(splits)}")
        tested.append(try_split(cases, split, settings))
    step("compare")
    is_dated = splits[0].cutoff is not None
    windows = [_window(each, settings.seed) for each in tested]
    result = {
        "name": settings.name,
        "kind": settings.churn.kind,
        "is_dated": is_dated,
        "baseline_labels": LABELS,
        "windows": windows,
        "overall": overall(windows),
        "slices": _slices(cases, tested, settings.seed),
        "staleness": _staleness(cases, tested, settings.seed) if is_dated else [],
        "notes": list(notes),
    }
    figures = {each.split.name: figures_of(each.test.metrics) for each in tested}
    return result, figures


def _window(each: Tested, random_state: int) -> dict[str, Any]:
    own = each.test.metrics[MODEL]
    return {
        "cutoff": each.split.name,
        "n_customers": own["n_customers"],
        "churn_rate": own["churn_rate"],
        "n_training_rows": len(each.split.train),
        "process_only": False,
        "weights": dict(each.model.recipe.weights),
        "value_metrics": {},
        **evaluate_window(each.test, random_state=random_state),
    }


def _slices(
    cases: Dataset, tested: Sequence[Tested], random_state: int
) -> dict[str, Any] | None:
    """Judge the parts of the base over all windows together."""
    rival = best_baseline([each.test for each in tested])
    if rival is None or cases.parts is None or cases.parts.empty:
        return None
    rows, forecasts = first_tests(tested)
    return {
        "rival": rival,
        "rows": evaluate_slices(
            cases.churned[rows],
            forecasts[MODEL],
            forecasts[rival],
            cases.parts.iloc[rows],
            customers=None if cases.customer is None else cases.customer[rows],
            random_state=random_state,
        ),
    }


def _staleness(
    cases: Dataset, tested: Sequence[Tested], random_state: int
) -> list[dict[str, Any]]:
    """Score each window with the models of earlier windows as well."""
    found: dict[int, list[tuple[Floats, Floats, Floats]]] = defaultdict(list)
    whose: dict[int, list[NDArray[np.object_]]] = defaultdict(list)
    for place, now in enumerate(tested):
        fresh = now.test.forecasts[MODEL]
        rows = cases.attributes.iloc[now.split.test]
        for age, then in enumerate(tested[place : place + OLDEST_AGE + 1]):
            try:
                stale = then.model.predict(rows) if age else fresh
            except DataError:
                continue
            found[age].append((now.test.churned, stale, fresh))
            if cases.customer is not None:
                whose[age].append(cases.customer[now.split.test])
    customers = whose if cases.customer is not None else None
    return evaluate_staleness(found, customers=customers, random_state=random_state)
