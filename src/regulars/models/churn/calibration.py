"""Probability calibration that has to earn its place forward in time.

Base rates move with the season, so a map that fits one window may harm the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit, log_expit, logit
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.utils.validation import check_is_fitted

from regulars.models.churn.pooling import PROBABILITY_FLOOR
from regulars.models.paired import mean_gain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from regulars.models.paired import Keys

    Floats = NDArray[np.float64]

Method = Literal["none", "level", "sigmoid", "isotonic"]
METHODS: tuple[Method, ...] = ("none", "level", "sigmoid", "isotonic")
GROUPS = 20
# share of the past windows' error of level that the next one is expected to repeat
LEVEL_SHARE = 0.5


class Calibrator(BaseEstimator):  # type: ignore[misc]
    """A monotone map from log-odds to probability.

    ``none`` is the logistic function itself. ``level`` goes half of the way to the
    observed share of churners, for levels move from window to window. ``sigmoid``
    (Platt) adds a slope and an offset. ``isotonic`` corrects the log-odds of each
    twentieth of the customers by what happened to them, never turning the order round;
    it needs some thousand rows.

    Parameters
    ----------
    method : {'none', 'level', 'sigmoid', 'isotonic'}, default='none'
        The family.

    Attributes
    ----------
    x_, y_ : arrays of shape (n_knots,)
        Log-odds, and corrections to be added to them, of the isotonic map; empty for
        the others.
    slope_, offset_ : float
        Of the sigmoid map, the offset of the level too; 1 and 0 for the others.

    Notes
    -----
    A plain isotonic map ends in steps of a handful of rows whose observed rate is 0
    or 1, and a later window, whose log-odds reach further out, lands on them. Groups
    of equal size, rates shrunk by half a customer on either side, and a correction
    that stays what it is beyond the outermost group avoid that.

    References
    ----------
    .. [1] Platt, J. (1999). Probabilistic outputs for support vector machines.
    .. [2] Zadrozny, B. and Elkan, C. (2002). Transforming classifier scores into
       accurate multiclass probability estimates.

    Examples
    --------
    >>> import numpy as np
    >>> log_odds = np.array([-2.0, -1.0, 1.0, 2.0] * 50)
    >>> happened = np.array([0, 0, 0, 1] * 50)
    >>> Calibrator("none").fit(log_odds, happened).predict([0.0]).tolist()
    [0.5]
    >>> Calibrator("isotonic").fit(log_odds, happened).predict([-2.0, 2.0]).round(1)
    array([0., 1.])
    """

    def __init__(self, method: Method = "none") -> None:
        self.method = method

    def fit(self, log_odds: ArrayLike, y: ArrayLike) -> Self:
        """Learn the map.

        Parameters
        ----------
        log_odds : array-like of shape (n_rows,)
            Predictions for rows that the classifier was not fitted on.
        y : array-like of shape (n_rows,)
            1 where the customer churned, else 0.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            The method is unknown.
        """
        if self.method not in METHODS:
            msg = f"calibration '{self.method}' is not one of {', '.join(METHODS)}."
            raise ValueError(msg)
        scores = np.asarray(log_odds, dtype=np.float64)
        target = np.asarray(y, dtype=np.float64)
        self.slope_, self.offset_ = 1.0, 0.0
        self.x_, self.y_ = np.empty(0), np.empty(0)
        if self.method == "level":
            self.offset_ = LEVEL_SHARE * level_offset(scores, target)
        elif self.method == "sigmoid":
            self.slope_, self.offset_ = _fit_sigmoid(scores, target)
        elif self.method == "isotonic":
            self.x_, self.y_ = _fit_isotonic(scores, target)
        return self

    def predict(self, log_odds: ArrayLike) -> Floats:
        """Return calibrated probabilities.

        Parameters
        ----------
        log_odds : array-like of shape (n_rows,)
            Raw log-odds of churn.

        Returns
        -------
        array of shape (n_rows,)
            In [0.0001, 0.9999]: a finite sample proves no certainty.
        """
        check_is_fitted(self)
        scores = np.asarray(log_odds, dtype=np.float64)
        if self.method == "isotonic":
            probability = expit(scores + np.interp(scores, self.x_, self.y_))
        else:
            probability = expit(self.slope_ * scores + self.offset_)
        clipped: Floats = np.clip(probability, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
        return clipped

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted map as JSON-safe data.

        Returns
        -------
        dict
        """
        check_is_fitted(self)
        return {
            "method": self.method,
            "slope": self.slope_,
            "offset": self.offset_,
            "x": self.x_.tolist(),
            "y": self.y_.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the map that `to_dict` described.

        Parameters
        ----------
        data : mapping
            As `to_dict` gives it.

        Returns
        -------
        Calibrator
        """
        model = cls(data["method"])
        model.slope_, model.offset_ = float(data["slope"]), float(data["offset"])
        model.x_, model.y_ = np.array(data["x"]), np.array(data["y"])
        return model


def choose(
    windows: Sequence[tuple[Floats, Floats]],
    known: Sequence[Sequence[int]] | None = None,
    customers: Sequence[Keys | None] | None = None,
) -> Method:
    """Return the calibration that holds up forward in time.

    Each window's log loss is that of the map fitted to the windows known when it began.
    A method replaces "none", or one before it in `METHODS`, only if its mean gain
    exceeds two standard errors over `customers`; "none" where no window had another
    before it.
    """
    if known is None:
        known = [range(place + 1, len(windows)) for place in range(len(windows))]
    if not any(known):
        return "none"
    who = [None] * len(windows) if customers is None else customers
    judged = [keys for keys, places in zip(who, known, strict=True) if places]
    losses = {method: _forward_losses(method, windows, known) for method in METHODS}
    best: Method = "none"
    for method in METHODS[1:]:
        gains = [a - b for a, b in zip(losses[best], losses[method], strict=True)]
        if mean_gain(gains, judged).is_beyond(2.0):
            best = method
    return best


def _forward_losses(
    method: Method,
    windows: Sequence[tuple[Floats, Floats]],
    known: Sequence[Sequence[int]],
) -> list[Floats]:
    """Return the losses of each window by a map fitted to those known before it."""
    losses = []
    for (scores, y), places in zip(windows, known, strict=True):
        if not places:
            continue
        past_scores, past_y = zip(*(windows[place] for place in places), strict=True)
        fitted = Calibrator(method).fit(
            np.concatenate(past_scores), np.concatenate(past_y)
        )
        losses.append(_losses(fitted.predict(scores), y))
    return losses


def _losses(probability: Floats, y: Floats) -> Floats:
    loss: Floats = -np.where(y == 1, np.log(probability), np.log1p(-probability))
    return loss


def level_offset(scores: Floats, target: Floats) -> float:
    """Return the offset at which the mean probability is the share of churners."""
    # half a customer on either side: no window proves a share of 0 or 1
    share = (target.sum() + 0.5) / (len(target) + 1)
    # a little beyond the furthest that it can lie, which rounding would put outside
    gap = abs(float(logit(share))) + float(np.abs(scores).max()) + 1.0
    return float(brentq(lambda z: expit(scores + z).mean() - share, -gap, gap))


def _fit_sigmoid(scores: Floats, target: Floats) -> tuple[float, float]:
    def loss(theta: Floats) -> tuple[float, Floats]:
        z = theta[0] * scores + theta[1]
        value = -np.mean(target * log_expit(z) + (1 - target) * log_expit(-z))
        residual = expit(z) - target
        return value, np.array([np.mean(residual * scores), np.mean(residual)])

    # a slope below zero would turn the ranking round
    fitted = minimize(
        loss, [1.0, 0.0], jac=True, method="L-BFGS-B", bounds=[(0.05, 20), (-20, 20)]
    )
    return float(fitted.x[0]), float(fitted.x[1])


def _fit_isotonic(scores: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Return knots and the corrections of their log-odds."""
    groups = np.array_split(np.argsort(scores, kind="stable"), GROUPS)
    groups = [group for group in groups if len(group)]
    centre = np.array([scores[group].mean() for group in groups])
    size = np.array([len(group) for group in groups], dtype=np.float64)
    rate = (np.array([target[group].sum() for group in groups]) + 0.5) / (size + 1)
    rising = IsotonicRegression().fit(centre, rate, sample_weight=size)
    knots, first = np.unique(centre, return_index=True)
    return knots, logit(rising.predict(centre))[first] - knots
