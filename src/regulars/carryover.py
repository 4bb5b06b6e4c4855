"""From the horizon that a short history could teach to the one that was asked for.

Forecasts for a short horizon, and what the purchase process expects of both horizons,
come in; forecasts for the long one go out. The process knows how each customer's
silence and spend grow with time (the living go on buying, the lost stay lost); the
learnt forecast knows the customer better. So the process sets the ratio, customer by
customer, and the learnt forecast the level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

EDGE = 1e-6


def carry_silence(
    learnt: Floats, process_learnt: Floats, process_asked: Floats
) -> Floats:
    r"""Return the probability of no purchase over the horizon asked for.

    Parameters
    ----------
    learnt : array of shape (n_customers,)
        Probability of no purchase over the short horizon.
    process_learnt, process_asked : array of shape (n_customers,)
        The same by the purchase process, over the short and the long horizon.

    Returns
    -------
    array of shape (n_customers,)
        In [0, 1].

    Notes
    -----
    With :math:`q` the process's probabilities, :math:`p_h = p_{h'}^{\log q_h / \log
    q_{h'}}`: the integrated hazards of a purchase have the process's ratio, attrition
    included. It was chosen before the test window, see ADR 0031.

    Examples
    --------
    >>> short, long = np.array([0.9]), np.array([0.81])
    >>> carry_silence(np.array([0.5]), short, long).round(3)
    array([0.25])
    >>> still = carry_silence(np.array([0.5]), short, np.array([0.85]))
    >>> bool(still > 0.25)
    True
    """
    p, short, long = (
        np.clip(x, EDGE, 1 - EDGE) for x in (learnt, process_learnt, process_asked)
    )
    carried: Floats = p ** (np.log(long) / np.log(short))
    return carried


def carry_spend(
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
    >>> carry_spend(np.array([12.0]), np.array([10.0]), np.array([25.0]))
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


def carry_bounds(bounds: Floats, learnt: Floats, carried: Floats) -> Floats:
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
    >>> carry_bounds(short, np.array([10.0]), np.array([25.0]))
    array([[10., 75.]])
    """
    ratio = np.divide(
        carried, learnt, out=np.zeros_like(carried, np.float64), where=learnt > 0
    )
    found: Floats = bounds * ratio[:, None]
    return found
