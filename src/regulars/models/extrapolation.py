"""From the horizon that a short history could teach to the one that was asked for.

Forecasts for a short horizon, and what the purchase process expects of both horizons,
come in; forecasts for the long one go out. The process knows how each customer's
silence and spend grow with time (the living go on buying, the lost stay lost); the
learnt forecast knows the customer better. So the process sets the ratio, customer by
customer, and the learnt forecast the level. How far to believe the process's ratio is
chosen on rehearsals: shorter stretches inside the history whose outcome is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

EDGE = 1e-6
SHARES = np.linspace(0, 1, 11).round(1)


class ExtrapolationTest(NamedTuple):
    """A stretch of the history, foreseen from its beginning.

    Attributes
    ----------
    learnt : array of shape (n_customers,)
        Learnt probability of no purchase over a short horizon.
    process_learnt, process_asked : array of shape (n_customers,)
        The same by the purchase process, over the short and a longer horizon.
    stretch : float
        The longer horizon in units of the short one.
    churned : array of shape (n_customers,)
        1 where no purchase followed within the longer horizon.
    """

    learnt: Floats
    process_learnt: Floats
    process_asked: Floats
    stretch: float
    churned: Floats


def extrapolate_churn(
    learnt: Floats,
    process_learnt: Floats,
    process_asked: Floats,
    *,
    stretch: float = 1.0,
    extrapolation_weight: float = 0.0,
) -> Floats:
    r"""Return the probability of no purchase over the horizon asked for.

    Parameters
    ----------
    learnt : array of shape (n_customers,)
        Probability of no purchase over the short horizon.
    process_learnt, process_asked : array of shape (n_customers,)
        The same by the purchase process, over the short and the long horizon.
    stretch : float, default=1.0
        The long horizon in units of the short one; 1 or more.
    extrapolation_weight : float, default=0.0
        From 0 (silence grows as the purchase process says) to 1 (silence goes on as it
        has begun, in proportion to the days); see `choose_extrapolation_weight`.

    Returns
    -------
    array of shape (n_customers,)
        In [0, 1].

    Notes
    -----
    With :math:`q` the process's probabilities, :math:`s` the stretch and :math:`w` the
    extrapolation_weight, :math:`p_h = p_{h'}^e` where :math:`e = s^w (\log q_h / \log
    q_{h'})^{1-w}`: the integrated hazards of a purchase have the process's ratio,
    attrition included, or that of the days, or one in between. See ADR 0031.

    Examples
    --------
    >>> short, long = np.array([0.9]), np.array([0.85])
    >>> extrapolate_churn(np.array([0.5]), short, long).round(3)
    array([0.343])
    >>> extrapolate_churn(np.array([0.5]), short, long, stretch=2, extrapolation_weight=1)
    array([0.25])
    """
    p, short, long = (
        np.clip(x, EDGE, 1 - EDGE) for x in (learnt, process_learnt, process_asked)
    )
    ratio = np.log(long) / np.log(short)
    carried: Floats = p ** (
        stretch**extrapolation_weight * ratio ** (1 - extrapolation_weight)
    )
    return carried


def choose_extrapolation_weight(rehearsals: Sequence[ExtrapolationTest]) -> float:
    """Return the extrapolation_weight that foresaw the rehearsals best.

    The purchase process is right unless the rehearsals say otherwise beyond chance:
    a extrapolation_weight above 0 has to gain more than twice its standard error in log loss.

    Parameters
    ----------
    rehearsals : sequence of ExtrapolationTest
        Each counts alike, however many customers it has.

    Returns
    -------
    float
        One of 0, 0.1, ... 1; 0 without rehearsals.

    Examples
    --------
    >>> n = 1000
    >>> short, long = np.full(n, 0.9), np.full(n, 0.88)
    >>> half = np.arange(n) % 2.0
    >>> story = ExtrapolationTest(np.full(n, 0.5**0.5), short, long, 2, half)
    >>> choose_extrapolation_weight([story])  # half of them, as twice the days would have it
    1.0
    """
    if not rehearsals:
        return 0.0
    losses = [np.stack([_losses(r, share) for share in SHARES]) for r in rehearsals]
    best = int(np.mean([loss.mean(axis=1) for loss in losses], axis=0).argmin())
    gains = [loss[0] - loss[best] for loss in losses]
    error = np.sqrt(sum(gain.var() / len(gain) for gain in gains))
    earned = sum(gain.mean() for gain in gains) > 2 * error
    return float(SHARES[best]) if earned else 0.0


def _losses(rehearsal: ExtrapolationTest, extrapolation_weight: float) -> Floats:
    learnt, short, long, stretch, churned = rehearsal
    said = extrapolate_churn(
        learnt, short, long, stretch=stretch, extrapolation_weight=extrapolation_weight
    )
    said = np.clip(said, EDGE, 1 - EDGE)
    losses: Floats = -np.log(np.where(churned > 0, said, 1 - said))
    return losses


def extrapolate_spend(
    learnt: Floats, process_learnt: Floats, process_asked: Floats
) -> Floats:
    """Return expected spend over the horizon asked for.

    Parameters
    ----------
    learnt : array of shape (n_customers,)
        Expected spend over the short horizon.
    process_learnt, process_asked : array of shape (n_customers,)
        The same by the purchase process, over the short and the long horizon.

    Returns
    -------
    array of shape (n_customers,)
        In the currency of `learnt`: the mean of the learnt spend, grown as the
        process's grows, and of what the process itself expects.

    Examples
    --------
    >>> extrapolate_spend(np.array([12.0]), np.array([10.0]), np.array([25.0]))
    array([27.5])
    """
    ratio = np.divide(
        process_asked,
        process_learnt,
        out=np.zeros_like(process_asked, dtype=np.float64),
        where=process_learnt > 0,
    )
    carried: Floats = (learnt * ratio + process_asked) / 2
    return carried


def extrapolate_bounds(bounds: Floats, learnt: Floats, carried: Floats) -> Floats:
    """Return prediction intervals of spend over the horizon asked for.

    Parameters
    ----------
    bounds : array of shape (n_customers, 2)
        Lower and upper bound over the short horizon.
    learnt, carried : array of shape (n_customers,)
        Expected spend over the short horizon, and over the one asked for.

    Returns
    -------
    array of shape (n_customers, 2)
        The bounds in the same proportion to expected spend; 0 where nothing was
        expected of the short horizon.

    Examples
    --------
    >>> short = np.array([[4.0, 30.0]])
    >>> extrapolate_bounds(short, np.array([10.0]), np.array([25.0]))
    array([[10., 75.]])
    """
    ratio = np.divide(
        carried, learnt, out=np.zeros_like(carried, np.float64), where=learnt > 0
    )
    found: Floats = bounds * ratio[:, None]
    return found
