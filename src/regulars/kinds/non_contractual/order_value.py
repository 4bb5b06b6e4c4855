"""Whether pace and order value go together: chosen on the validation windows.

Gamma-Gamma takes them as independent, and where large buyers come more often their
value falls short. The purchase models can read order value instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.clv.process import BY_VALUE
from regulars.metrics.value import LEAST_SHARE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.kinds.non_contractual.snapshots import Snapshots

    Floats = NDArray[np.float64]

EDGE = 1e-9
# standard errors by which the money has to gain, and the churn may not lose
NEEDED = 1.0


def with_order_value(snapshots: Snapshots) -> Snapshots:
    """Return the snapshots with order value in the purchase model, if that is better.

    Better is: the spend of the validation windows is foreseen better beyond chance, and
    who buys no worse.
    """
    timeline, kind = snapshots.timeline, f"{snapshots.kind}{BY_VALUE}"
    cutoffs, known_at = [fold.cutoff for fold in timeline.folds], timeline.stands_at
    if not cutoffs or not all(snapshots.has_process(day, kind) for day in cutoffs):
        return snapshots
    plain, linked = (
        pd.concat(
            [
                _losses(snapshots.learnt(day, known_at=known_at, kind=each))
                for day in cutoffs
            ]
        )
        for each in (snapshots.kind, kind)
    )
    # a customer counts once, with all windows: their outcomes are alike
    gains = (plain - linked).groupby(level=0).mean()
    errors = gains.std() / np.sqrt(len(gains))
    money, churn = (gains.mean() / errors.clip(lower=EDGE))[["money", "churn"]]
    if money <= NEEDED or churn <= -NEEDED:
        return snapshots
    used = [known_at, *timeline.training_cutoffs]
    is_fit = all(
        snapshots.has_process(day, kind) for day in used if snapshots.has_process(day)
    )
    return snapshots.with_process(kind) if is_fit else snapshots


def _losses(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what each customer adds to the losses of spend and of churn."""
    spend = np.maximum(rows["spend"].to_numpy(np.float64), 0.0)
    silent = rows["btyd_no_purchase_probability"].to_numpy(np.float64)
    chance = np.where(rows["churned"] > 0, silent, 1.0 - silent)
    return pd.DataFrame(
        {
            "money": _deviance(spend, rows["btyd_expected_spend"].to_numpy(np.float64)),
            "churn": -np.log(np.clip(chance, EDGE, 1.0)),
        },
        index=pd.Index(rows["customer_id"]),
    )


def _deviance(spend: Floats, expected: Floats) -> Floats:
    """Return the Tweedie deviance of power 1.5: money that is nothing for most."""
    # who is expected to bring next to nothing does not decide by coming back
    least = max(LEAST_SHARE * float(spend.mean()), EDGE)
    root = np.sqrt(np.maximum(expected, least))
    deviance: Floats = 4.0 * (np.sqrt(spend) - root) ** 2 / root
    return deviance
