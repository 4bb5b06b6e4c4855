"""Scores of earlier cutoffs against what happened, and against what was promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.evaluation.holdout import MODEL
from regulars.metrics import (
    ece,
    evaluate_churn,
    evaluate_churn_intervals,
    evaluate_value,
    evaluate_value_intervals,
)
from regulars.monitoring.checks import Watch, tail
from regulars.results.monitoring import Outcome, Promise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from regulars.config import MonitoringSettings
    from regulars.results import BacktestResult, TrainingResult
    from regulars.results.measures import Bounds

    Floats = NDArray[np.float64]

RESAMPLES, CHANCE_DRAWS = 400, 200
NORMAL_95 = 1.959964
# of leavers, and of those who stay, below which figures say nothing
FEWEST_OF_A_KIND = 20
CLIP = 1e-6
# a model of faulty data would be worse than an old one
RETRAIN = "Mend the data first if another alarm is about them; else train again"
STEPS = 25


@dataclass(frozen=True)
class Scored:
    """Scores of one cutoff with what followed."""

    cutoff: date
    model_version: str
    churn_probability: Floats
    churned: Floats
    expected_spend: Floats | None = None
    spend: Floats | None = None


def evaluate_outcome(scored: Scored, *, random_state: int = 0) -> Outcome | None:
    """Return the figures of one cutoff; None where hardly anyone left or stayed."""
    y, chance = scored.churned, scored.churn_probability
    if min(y.sum(), (1 - y).sum()) < FEWEST_OF_A_KIND:
        return None
    figures = evaluate_churn(y, chance)
    ends = evaluate_churn_intervals(
        y, chance, n_resamples=RESAMPLES, random_state=random_state
    )
    slope, error = calibration_slope(y, chance)
    spend = _spend_figures(scored, random_state)
    return Outcome(
        cutoff=scored.cutoff,
        model_version=scored.model_version,
        n_customers=len(y),
        churn_rate=float(y.mean()),
        mean_churn_probability=float(chance.mean()),
        roc_auc=_known(figures["roc_auc"]),
        roc_auc_bounds=_bounds(ends["roc_auc"]),
        log_loss=figures["log_loss"],
        log_loss_bounds=_bounds(ends["log_loss"]),
        ece=_known(figures["ece"]),
        ece_by_chance=_chance_of_ece(chance, random_state)[0],
        calibration_slope=_known(slope),
        calibration_slope_bounds=_bounds(
            (slope - NORMAL_95 * error, slope + NORMAL_95 * error)
        ),
        **spend,
    )


def _spend_figures(scored: Scored, random_state: int) -> dict[str, float | Bounds]:
    spend, expected = scored.spend, scored.expected_spend
    if spend is None or expected is None or spend.sum() <= 0:
        return {}
    ends = evaluate_value_intervals(
        spend, expected, n_resamples=RESAMPLES, random_state=random_state
    )
    return {
        "spend": float(spend.sum()),
        "expected_spend": float(expected.sum()),
        "total_ratio": evaluate_value(spend, expected)["total_ratio"],
        "total_ratio_bounds": _bounds(ends["total_ratio"]),
    }


def calibration_slope(y: Floats, probability: Floats) -> tuple[float, float]:
    """Return the slope of the outcome on the log-odds of the forecast, and its error.

    1 where the log-odds mean what they say; below 1 they are too bold, above too timid.
    A logistic regression by Newton's method; NaN where it does not settle.
    """
    p = np.clip(probability, CLIP, 1 - CLIP)
    X = np.column_stack([np.ones_like(p), np.log(p / (1 - p))])
    beta = np.array([0.0, 1.0])
    for _ in range(STEPS):
        mean = 1 / (1 + np.exp(-np.clip(X @ beta, -30, 30)))
        information = X.T @ (X * (mean * (1 - mean))[:, None])
        if np.linalg.cond(information) > 1e10:
            return np.nan, np.nan
        step = np.linalg.solve(information, X.T @ (y - mean))
        beta = beta + step
        if np.abs(step).max() < 1e-8:
            error = np.sqrt(np.linalg.inv(information)[1, 1])
            return float(beta[1]), float(error)
    return np.nan, np.nan


def _chance_of_ece(probability: Floats, random_state: int) -> tuple[float, float]:
    """Return mean and deviation of the ECE of probabilities that are true."""
    generator = np.random.default_rng(random_state)
    drawn = [
        ece((generator.random(probability.size) < probability) * 1.0, probability)
        for _ in range(CHANCE_DRAWS)
    ]
    return float(np.mean(drawn)), float(np.std(drawn, ddof=1))


def promise_of(
    card: TrainingResult | None, backtest: BacktestResult | None
) -> Promise | None:
    """Return what the test of a training let expect, widened by its backtest."""
    if card is None or card.test is None:
        return None
    low, high = (card.test_intervals or {}).get("roc_auc", (None, None))
    source = f"test as of {card.test.cutoff}" if card.test.cutoff else "test"
    windows = backtest.windows if backtest else ()
    found = [row.metrics[MODEL].roc_auc for row in windows]
    aucs = [auc for auc in found if auc is not None]
    if len(aucs) > 1 and low is not None and high is not None:
        low, high = min(low, *aucs), max(high, *aucs)
        source += f" and {len(aucs)} windows of the backtest"
    value = card.value_test
    return Promise(
        source=source,
        roc_auc=card.test.roc_auc,
        roc_auc_bounds=(low, high),
        log_loss=card.test.log_loss,
        ece=card.test.ece,
        total_ratio=value.total_ratio if value else None,
    )


def watch_outcomes(
    outcomes: Sequence[Outcome],
    latest: Scored | None,
    promise: Promise | None,
    settings: MonitoringSettings,
    *,
    random_state: int = 0,
) -> list[Watch]:
    """Watch the latest outcome, `latest` its rows; earlier ones say since when."""
    if not outcomes or latest is None:
        return []
    return [
        *_ranking(outcomes, promise, settings),
        *_calibration(outcomes, latest, settings, random_state),
        *_slope(outcomes, settings),
        *_totals(outcomes, settings),
    ]


def _ranking(
    outcomes: Sequence[Outcome], promise: Promise | None, settings: MonitoringSettings
) -> list[Watch]:
    own = outcomes[-1]
    if promise is None or promise.roc_auc is None or own.roc_auc is None:
        return []
    promised = promise.roc_auc
    error = np.hypot(_error(own.roc_auc_bounds), _error(promise.roc_auc_bounds))
    drop = promised - own.roc_auc
    since = _since(
        outcomes,
        [(promised - (o.roc_auc or 0)) > settings.auc_drop for o in outcomes],
    )
    return [
        Watch(
            room="outcome",
            name="ROC AUC",
            value=own.roc_auc,
            expected=promised,
            threshold=settings.auc_drop,
            p_value=tail(drop - settings.auc_drop, float(error)),
            since=since,
            sentence=(
                f"ROC AUC of the scores as of {own.cutoff} is {own.roc_auc:.3f}"
                f"{_range(own.roc_auc_bounds)}, {drop:.3f} below the {promised:.3f} "
                f"that the {promise.source} promised (a drop of {settings.auc_drop:g} "
                f"is tolerated), since {since}. {RETRAIN}; until then trust the "
                "order of the customers less."
            ),
        )
    ]


def _calibration(
    outcomes: Sequence[Outcome],
    latest: Scored,
    settings: MonitoringSettings,
    random_state: int,
) -> list[Watch]:
    own, limit = outcomes[-1], settings.calibration
    chance = latest.churn_probability
    gap = own.mean_churn_probability - own.churn_rate
    error = float(np.sqrt((chance * (1 - chance)).sum()) / len(chance))
    mean, deviation = _chance_of_ece(chance, random_state)
    since = _since(
        outcomes,
        [abs(o.mean_churn_probability - o.churn_rate) > limit for o in outcomes],
    )
    watches = [
        Watch(
            room="outcome",
            name="mean probability",
            value=own.mean_churn_probability,
            expected=own.churn_rate,
            threshold=limit,
            p_value=min(2 * tail(abs(gap) - limit, error), 1.0),
            since=since,
            sentence=(
                f"Of the customers scored as of {own.cutoff} {own.churn_rate:.1%} "
                f"churned, where {own.mean_churn_probability:.1%} were expected to "
                f"({abs(gap):.1%} apart, {limit:.0%} is tolerated), since {since}. "
                f"{RETRAIN}, or take probabilities as an order only."
            ),
        )
    ]
    if own.ece is not None:
        excess = own.ece - mean - limit
        since = _since(
            outcomes,
            [(o.ece or 0) - (o.ece_by_chance or 0) > limit for o in outcomes],
        )
        watches.append(
            Watch(
                room="outcome",
                name="ECE",
                value=own.ece,
                expected=mean,
                threshold=limit,
                p_value=tail(excess, deviation),
                since=since,
                sentence=(
                    f"The calibration error (ECE) of the scores as of {own.cutoff} is "
                    f"{own.ece:.3f}, where true probabilities would show {mean:.3f} "
                    f"({limit:g} more is tolerated), since {since}. {RETRAIN}, or "
                    "take probabilities as an order only."
                ),
            )
        )
    return watches


def _slope(outcomes: Sequence[Outcome], settings: MonitoringSettings) -> list[Watch]:
    own, limit = outcomes[-1], settings.calibration_slope
    slope = own.calibration_slope
    if slope is None:
        return []
    off = [abs((o.calibration_slope or 1) - 1) > limit for o in outcomes]
    since = _since(outcomes, off)
    words = "too bold" if slope < 1 else "too timid"
    error = _error(own.calibration_slope_bounds)
    return [
        Watch(
            room="outcome",
            name="calibration slope",
            value=slope,
            expected=1.0,
            threshold=limit,
            p_value=min(2 * tail(abs(slope - 1) - limit, error), 1.0),
            since=since,
            sentence=(
                f"The calibration slope of the scores as of {own.cutoff} is "
                f"{slope:.2f}{_range(own.calibration_slope_bounds)}: probabilities are "
                f"{words} ({limit:g} from 1 is tolerated), since {since}. {RETRAIN}, "
                "or take probabilities as an order only."
            ),
        )
    ]


def _totals(outcomes: Sequence[Outcome], settings: MonitoringSettings) -> list[Watch]:
    own, limit = outcomes[-1], float(np.log(settings.totals_ratio))
    low, high = own.total_ratio_bounds
    if own.total_ratio is None or not low or not high:
        return []
    logs = [abs(np.log(o.total_ratio)) if o.total_ratio else 0.0 for o in outcomes]
    error = float(np.log(high / low)) / (2 * NORMAL_95)
    since = _since(outcomes, [each > limit for each in logs])
    return [
        Watch(
            room="outcome",
            name="total spend",
            value=own.total_ratio,
            expected=1.0,
            threshold=settings.totals_ratio,
            p_value=min(2 * tail(logs[-1] - limit, error), 1.0),
            since=since,
            sentence=(
                f"Customers scored as of {own.cutoff} were expected to spend "
                f"{own.expected_spend:,.0f} and spent {own.spend:,.0f}: "
                f"{own.total_ratio:.2f} times{_range(own.total_ratio_bounds)} "
                f"({settings.totals_ratio:g} times either way is tolerated), since "
                f"{since}. {RETRAIN}; until then scale budgets by what came."
            ),
        )
    ]


def _since(outcomes: Sequence[Outcome], off: Sequence[bool]) -> date | None:
    """Return the first cutoff of those in a row up to the latest that are off."""
    since = None
    for outcome, is_off in zip(reversed(outcomes), reversed(off), strict=True):
        if not is_off:
            break
        since = outcome.cutoff
    return since


def _error(bounds: Bounds) -> float:
    low, high = bounds
    if low is None or high is None:
        return np.nan
    return (high - low) / (2 * NORMAL_95)


def _range(bounds: Bounds) -> str:
    low, high = bounds
    return "" if low is None or high is None else f" (95%: {low:.3g} to {high:.3g})"


def _bounds(ends: Sequence[float]) -> Bounds:
    low, high = ends
    return _known(low), _known(high)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
