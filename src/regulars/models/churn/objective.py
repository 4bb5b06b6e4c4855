"""Objectives of the search: log loss, ranking, or money; less is better.

Log loss asks for good probabilities, average precision for the right order, profit for
the order that earns most with an offer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import log_expit

from regulars.metrics import CampaignCosts, average_precision
from regulars.metrics.profit import expected_maximum_profit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regulars.models.folds import ValidationFold

    Floats = NDArray[np.float64]

ObjectiveName = Literal["log_loss", "average_precision", "profit"]


@dataclass(frozen=True)
class Objective:
    """What trials minimise.

    Parameters
    ----------
    name : {'log_loss', 'average_precision', 'profit'}, default='log_loss'
        ``profit`` is the expected maximum profit of an offer (EMPC) with each
        customer's own value where the fold knows it.
    costs : CampaignCosts
        Costs of the offer. Of ``profit`` only.

    Notes
    -----
    Trials are compared before their probabilities are calibrated, so that a threshold
    on them would measure the calibration that is still to come. EMPC needs their order
    alone: it is what the best threshold earns, averaged over acceptance rates.

    References
    ----------
    .. [1] Verbraken, T., Verbeke, W. and Baesens, B. (2013), and Oskarsdottir, M.,
       Baesens, B. and Vanthienen, J. (2018), as for `regulars.metrics.empc`.

    Examples
    --------
    >>> import pandas as pd
    >>> from regulars.models.folds import ValidationFold
    >>> rows, y = pd.DataFrame({"x": [0.0, 1.0]}), np.array([0.0, 1.0])
    >>> fold = ValidationFold(rows, y, rows, y)
    >>> Objective("average_precision").loss(np.array([-1.0, 2.0]), fold)
    -1.0
    """

    name: ObjectiveName = "log_loss"
    costs: CampaignCosts = field(default_factory=CampaignCosts)

    def loss(self, log_odds: Floats, fold: ValidationFold) -> float:
        """Return how bad the forecast of a validation window is.

        Parameters
        ----------
        log_odds : array of shape (n_valid_rows,)
            Of churn, by a candidate that had not seen the window.
        fold : ValidationFold
            What happened, and the value of each customer.

        Returns
        -------
        float
            Log loss, or average precision or profit a customer with the sign turned.
        """
        if self.name == "log_loss":
            return log_loss_of(log_odds, fold.y_valid)
        if self.name == "average_precision":
            return -average_precision(fold.y_valid, log_odds)
        value = 200.0 if fold.value is None else fold.value
        best = expected_maximum_profit(fold.y_valid, log_odds, value, self.costs)
        return -best.profit

    def mean_loss(
        self, log_odds: Sequence[Floats], folds: Sequence[ValidationFold]
    ) -> float:
        """Return the mean over the windows, each window alike.

        Parameters
        ----------
        log_odds : sequence of array of shape (n_valid_rows,)
            A window each.
        folds : sequence of ValidationFold
            The windows in the same order.

        Returns
        -------
        float
        """
        pairs = zip(log_odds, folds, strict=True)
        return float(np.mean([self.loss(scores, fold) for scores, fold in pairs]))


def row_losses(log_odds: Floats, y: Floats) -> Floats:
    """Return the log loss of each row, straight from the log-odds."""
    losses: Floats = -(y * log_expit(log_odds) + (1 - y) * log_expit(-log_odds))
    return losses


def log_loss_of(log_odds: Floats, y: Floats) -> float:
    """Return the mean log loss, straight from the log-odds."""
    return float(row_losses(log_odds, y).mean())
