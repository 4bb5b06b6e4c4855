"""Figures, intervals and verdicts of a cell: who is ahead, and by more than chance.

Outcomes and forecasts come in, JSON-safe figures go out: each forecaster's own with 95%
bootstrap intervals over customers, the paired difference of the model to the best rival
of each figure, and what each way to choose whom to contact would have earned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.evaluation.offer import campaign_costs, leaver_value
from regulars.metrics.bootstrap import paired_bootstrap, resampled_intervals
from regulars.metrics.calibration import log_loss
from regulars.metrics.campaign import expected_profit
from regulars.metrics.intervals import (
    evaluate_churn,
    evaluate_churn_intervals,
    evaluate_value,
    evaluate_value_intervals,
)
from regulars.metrics.ranking import roc_auc
from regulars.metrics.value import mae

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from regulars.config import ProfitSettings

    Floats = NDArray[np.float64]

MODEL = "model"
# figure: how it is computed, and the sign of what is better
CHURN = {"roc_auc": (roc_auc, 1.0), "log_loss": (log_loss, -1.0)}
SPEND = {"mae": (mae, -1.0)}
AHEAD, LEVEL, BEHIND = "ahead", "level", "behind"
OWN = ("expected profit above 0",)
SIMPLE = ("everyone above 0.5", "riskiest tenth")
N_RESAMPLES = 1000


def churn_figures(
    churned: Floats, forecasts: Mapping[str, Floats]
) -> dict[str, dict[str, Any]]:
    """Return each forecaster's figures of churn, with 95% intervals.

    Parameters
    ----------
    churned : array of shape (n_customers,)
        1 where the customer did not buy.
    forecasts : mapping of str to array of shape (n_customers,)
        Probabilities.

    Returns
    -------
    dict of str to dict
        ``roc_auc``, ``log_loss``, ``ece``, and ``intervals`` of each.
    """
    found = {}
    for name, probability in forecasts.items():
        figures = evaluate_churn(churned, probability)
        bounds = evaluate_churn_intervals(churned, probability, n_resamples=N_RESAMPLES)
        keys = (*CHURN, "ece")
        found[name] = {
            **{key: figures[key] for key in keys},
            "intervals": {key: bounds[key] for key in keys},
        }
    return found


def spend_figures(
    spend: Floats, forecasts: Mapping[str, Floats], nearest: Mapping[str, Floats]
) -> dict[str, dict[str, Any]]:
    """Return each forecaster's figures of spend, with 95% intervals.

    Parameters
    ----------
    spend : array of shape (n_customers,)
        Net spend in the window.
    forecasts : mapping of str to array of shape (n_customers,)
        Expected spend, which the total is of.
    nearest : mapping of str to array of shape (n_customers,)
        Typical spend, which the mean absolute error is of.

    Returns
    -------
    dict of str to dict
        ``mae``, ``total_ratio``, and ``intervals`` of each.
    """
    found = {}
    for name in forecasts:
        figures, bounds = {}, {}
        for key, said in (("mae", nearest[name]), ("total_ratio", forecasts[name])):
            figures[key] = evaluate_value(spend, said)[key]
            ends = evaluate_value_intervals(spend, said, n_resamples=N_RESAMPLES)
            bounds[key] = ends[key]
        found[name] = {**figures, "intervals": bounds}
    return found


def verdict(
    figure: str, outcome: Floats, forecasts: Mapping[str, Floats]
) -> dict[str, Any]:
    """Compare the model with the rival that is best at a figure on this very window.

    Choosing the rival by the test window favours the rivals, never the model.

    Parameters
    ----------
    figure : str
        Key of `CHURN` or `SPEND`.
    outcome : array of shape (n_customers,)
        What happened.
    forecasts : mapping of str to array of shape (n_customers,)
        ``model`` and the rivals.

    Returns
    -------
    dict
        ``rival``, ``rival_figure``, ``difference`` (model less rival), ``interval``
        (95%, paired) and ``verdict``.
    """
    metric, sign = (CHURN | SPEND)[figure]
    rivals = {name: f for name, f in forecasts.items() if name != MODEL}
    figures = {name: metric(outcome, forecast) for name, forecast in rivals.items()}
    best = max(figures, key=lambda name: sign * figures[name])
    paired = paired_bootstrap(
        metric, outcome, forecasts[MODEL], rivals[best], n_resamples=N_RESAMPLES
    )
    return {
        "rival": best,
        "rival_figure": figures[best],
        "difference": paired.difference,
        "interval": [paired.low, paired.high],
        "verdict": word(sign * paired.low, sign * paired.high),
    }


def word(one_end: float, other_end: float) -> str:
    """Return what an interval says, where above 0 is better.

    Parameters
    ----------
    one_end, other_end : float
        Ends of the interval, in any order.

    Returns
    -------
    {'ahead', 'level', 'behind'}

    Examples
    --------
    >>> word(0.2, 0.1), word(-0.1, 0.1), word(-0.2, -0.1)
    ('ahead', 'level', 'behind')
    """
    if min(one_end, other_end) > 0:
        return AHEAD
    return BEHIND if max(one_end, other_end) < 0 else LEVEL


def profits(
    churned: Floats,
    probability: Floats,
    clv: Floats,
    costs: ProfitSettings,
    validated_threshold: float | None = None,
) -> dict[str, Any]:
    """Return what each way to choose whom to contact would have earned.

    Every leaver who stays counts with one value: values that chose the customers and
    then paid for them would win by construction.

    Parameters
    ----------
    churned : array of shape (n_customers,)
        1 where the customer churned.
    probability : array of shape (n_customers,)
        By a model that had not seen it.
    clv : array of shape (n_customers,)
        What each customer is worth if kept; counts by its mean over the leavers.
    costs : ProfitSettings
        Of the offer.
    validated_threshold : float, optional
        What earned most on an earlier window.

    Returns
    -------
    dict
        ``leaver_value``, ``rules`` (by name: ``profit``, ``n_contacted``) and
        ``against`` (by own rule and simple rule: ``difference``, 95% ``interval``,
        ``verdict``).
    """
    offer = campaign_costs(costs)
    value = leaver_value(probability, np.maximum(clv, 0.0))
    # what contacting each customer earned, once it is known who churned
    earned = expected_profit(churned, clv=value, costs=offer)
    riskiest = np.argsort(-probability, kind="stable")[: round(len(churned) / 10)]
    chosen = {
        OWN[0]: expected_profit(probability, clv=value, costs=offer) > 0,
        SIMPLE[0]: probability >= 0.5,
        SIMPLE[1]: np.isin(np.arange(len(churned)), riskiest),
        "everyone": np.ones(len(churned), dtype=bool),
        "nobody": np.zeros(len(churned), dtype=bool),
    }
    if validated_threshold is not None:
        chosen["threshold from validation"] = probability >= validated_threshold
    return {
        "leaver_value": value,
        "rules": {
            name: {
                "profit": float(earned[taken].sum()),
                "n_contacted": int(taken.sum()),
            }
            for name, taken in chosen.items()
        },
        "against": {
            own: {
                simple: _gain(earned * chosen[own] - earned * chosen[simple])
                for simple in SIMPLE
            }
            for own in OWN
        },
    }


def _gain(by_customer: Floats) -> dict[str, Any]:
    ends = resampled_intervals(
        lambda counts: (counts @ by_customer)[:, np.newaxis],
        len(by_customer),
        N_RESAMPLES,
        0.95,
        0,
    )[0]
    return {
        "difference": float(by_customer.sum()),
        "interval": list(ends),
        "verdict": word(*ends),
    }
