"""From windows to a tested model: choose, fit, test once, refit.

A recipe is chosen on validation windows, the test is looked at once by a model that had
not seen it, and then the model that scores is fitted. Nothing is written here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.evaluation import (
    evaluate_churn_forecasts,
    evaluate_offer,
    evaluate_spend_forecasts,
)
from regulars.evaluation.holdout import MODEL
from regulars.evaluation.split_means import mean_test
from regulars.models.memo import Memo
from regulars.models.spend import interval_figures, interval_tenths
from regulars.training.pooled_rows import pooled_rows
from regulars.training.select import choose
from regulars.training.window import Choices, Fitted, Training, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regulars.config import Settings
    from regulars.evaluation.holdout import ChurnTest, ValueTest
    from regulars.models.retention import RetentionModel
    from regulars.training.dataset import Dataset
    from regulars.training.window import Problem, Window

    Step = Callable[[str], None]

# rows that the importance of features is averaged over
EXPLAINED_ROWS = 5_000
# between a feature's ranks and its contribution; below it there is no direction
LEAST_CORRELATION = 0.3


def train(problem: Problem, step: Step) -> Training:
    """Choose and test as of each window, then fit the model that scores.

    Parameters
    ----------
    problem : Problem
        What a kind of churn gives to be learnt.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    Training

    Raises
    ------
    NotEnoughHistoryError, ConvergenceError, DataError
        Nothing can be fitted at the cutoff.
    """
    settings = problem.settings
    memo = Memo()
    trials = try_windows(problem.windows, settings, step, memo)
    step("refit")
    fitted = fit_as_of(problem.final, settings, silent, memo)
    tests = [trial.churn_test for trial in trials if trial.churn_test is not None]
    training = Training(
        model=fitted.model,
        choices=fitted.choices,
        final=fitted.window,
        trials=trials,
        churn_test=mean_test(tests) if tests else None,
        value_test=trials[0].value_test,
        importance=feature_importance(fitted.model, fitted.window.current()),
        profit=_profit(trials, settings),
        notes=[],
    )
    return replace(training, notes=problem.notes(training))


def fit_as_of(
    window: Window, settings: Settings, step: Step, memo: Memo | None = None
) -> Fitted:
    """Choose and fit with what was known on the day that a window stands at.

    The model that scores is this function standing at the cutoff; the figures of a test
    are those of this function standing where the test begins.

    Parameters
    ----------
    window : Window
        What was known on that day.
    settings : Settings
        Classifiers, trials, calibration, costs of the offer, seed.
    step : callable
        Called with the name of each step as it begins.
    memo : Memo, optional
        What windows taught on other days of the same training.

    Returns
    -------
    Fitted
    """
    step("selection")
    choices = choose(window, settings, step, memo or Memo())
    settled = window.settled(choices)
    return Fitted(settled, choices, settled.fit(choices))


def try_windows(
    windows: Sequence[Window], settings: Settings, step: Step, memo: Memo
) -> list[Trial]:
    """Choose, fit and test as of each window."""
    if len(windows) == 1:
        return [try_window(windows[0], settings, step, memo)]
    step("selection")
    trials = []
    for number, window in enumerate(windows, start=1):
        step(f"test {number}/{len(windows)}")
        trials.append(try_window(window, settings, silent, memo))
    return trials


def try_window(
    window: Window, settings: Settings, step: Step, memo: Memo | None = None
) -> Trial:
    """Choose on validation windows, fit, and test once.

    Parameters
    ----------
    window : Window
        What was known as of a day.
    settings : Settings
        Classifiers, trials, calibration, costs of the offer, seed.
    step : callable
        Called with the name of each step as it begins.
    memo : Memo, optional
        As `fit_as_of` takes it.

    Returns
    -------
    Trial
        Without figures where the window has nothing to test.
    """
    if window.test is None:
        notes = window.notes(Choices(), None, None)
        return Trial(window=window, choices=Choices(), notes=notes)
    fitted = fit_as_of(window, settings, step, memo)
    step("test")
    window = fitted.window
    assert window.test is not None
    # the one look at the test: nothing of this window is chosen after it
    scores = predict(fitted.model, window.test, window)
    churn, spend = _evaluated(window, window.test, scores, settings)
    return Trial(
        window=window,
        choices=fitted.choices,
        tested_model=fitted.model,
        churn_test=churn,
        value_test=spend,
        scores=scores,
        notes=window.notes(fitted.choices, churn, spend),
    )


def silent(step: str) -> None:
    """Say nothing: of several windows, the windows are the steps."""


def predict(model: RetentionModel, rows: Dataset, window: Window) -> pd.DataFrame:
    """Return what a model says of the rows of a window's test."""
    return model.predict(
        rows.features,
        customer_id=rows.customer_id,
        cutoff=window.cutoff,
        value=rows.value,
    )


def _evaluated(
    window: Window, test: Dataset, scores: pd.DataFrame, settings: Settings
) -> tuple[ChurnTest, ValueTest | None]:
    baselines = window.baselines()
    churn = evaluate_churn_forecasts(
        test.churned,
        {MODEL: scores["churn_probability"].to_numpy(), **baselines.churn},
        cutoff=window.cutoff,
        random_state=settings.seed,
    )
    if test.spend is None:
        return churn, None
    spend = evaluate_spend_forecasts(
        test.spend,
        {MODEL: scores["expected_spend"].to_numpy(), **baselines.spend},
        typical=scores["typical_spend"].to_numpy(),
    )
    bounds = scores[["expected_spend_low", "expected_spend_high"]].to_numpy()
    own = spend.metrics[MODEL] | interval_figures(test.spend, bounds)
    tenths = interval_tenths(test.spend, scores["expected_spend"], bounds)
    return churn, replace(
        spend,
        metrics={**spend.metrics, MODEL: own},
        tenths=tenths,
    )


def _profit(trials: Sequence[Trial], settings: Settings) -> dict[str, Any] | None:
    """Return what the offer would have earned, each row of the tests counted once."""
    rows = pooled_rows(trials)
    if rows is None or rows.value is None:
        return None
    # a customer without a known value is left out of the money
    known = np.isfinite(rows.value)
    if not known.any():
        return None
    return evaluate_offer(
        rows.test.churned[known],
        rows.forecasts[MODEL][known],
        rows.value[known],
        settings.profit,
    )


def feature_importance(
    model: RetentionModel, features: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return the features by their mean absolute contribution to the log-odds.

    Parameters
    ----------
    model : RetentionModel
        Fitted model.
    features : DataFrame of shape (n_customers, n_features)
        Rows to explain; a sample of them is, where there are very many.

    Returns
    -------
    list of dict
        ``feature``, ``importance`` and ``direction`` (whether a larger value
        ``raises`` or ``lowers`` the probability of churn, or ``mixed``), largest
        first.
    """
    sample = features.sample(min(len(features), EXPLAINED_ROWS), random_state=0)
    contributions = model.contributions(sample)
    rows = model.with_process(sample)
    strength = contributions.abs().mean().sort_values(ascending=False, kind="stable")
    return [
        {
            "feature": name,
            "importance": float(value),
            "direction": _direction(rows[name], contributions[name]),
        }
        for name, value in strength.items()
        if value > 0
    ]


def _direction(values: pd.Series, contribution: pd.Series) -> str:
    if not pd.api.types.is_numeric_dtype(values):
        return "mixed"
    # ranks: a skewed feature has one direction all the same
    known = values.notna()
    ranks = values[known].rank()
    if known.sum() < 3 or ranks.std() == 0 or contribution[known].std() == 0:
        return "mixed"
    correlation = float(np.corrcoef(ranks, contribution[known])[0, 1])
    if abs(correlation) < LEAST_CORRELATION:
        return "mixed"
    return "raises" if correlation > 0 else "lowers"
