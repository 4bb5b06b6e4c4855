"""What a retention offer costs, and how often it is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regulars.metrics.arrays import per_customer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from regulars.metrics.arrays import FloatArray

# sum of the two shapes of the acceptance rate's distribution in the paper (6 + 14)
ACCEPT_CERTAINTY = 20.0


@dataclass(frozen=True, kw_only=True)
class CampaignCosts:
    """What a retention offer costs, and how often it is taken.

    Parameters
    ----------
    contact_cost : float or array-like of shape (n_customers,), default=1
        What reaching a customer costs, in the currency of the CLV, 0 or more.
    incentive_cost : float or array-like of shape (n_customers,), default=10
        What the offer costs when it is taken, 0 or more. A customer who would have
        stayed takes it too.
    accept_rate : float, default=0.3
        Share of contacted churners who accept and stay, 0 to 1.

    Raises
    ------
    ValueError
        If the rate is not in [0, 1].

    Examples
    --------
    >>> CampaignCosts(accept_rate=0.5)
    CampaignCosts(contact_cost=1.0, incentive_cost=10.0, accept_rate=0.5)
    """

    contact_cost: ArrayLike = 1.0
    incentive_cost: ArrayLike = 10.0
    accept_rate: float = 0.3

    def __post_init__(self) -> None:
        check_accept_rate(self.accept_rate)


def check_accept_rate(accept_rate: float) -> float:
    """Return the share of contacted churners who stay, or refuse what is no share."""
    if not 0.0 <= accept_rate <= 1.0:
        msg = (
            f"'accept_rate' is {accept_rate}; the share of churners who take the offer "
            "and stay, 0 to 1, was expected."
        )
        raise ValueError(msg)
    return float(accept_rate)


def accept_shapes(accept_rate: float) -> dict[str, float]:
    """Return the distribution of the acceptance rate around an assumed mean.

    As sure as the paper's: its shapes add up to 20. For :func:`empc` where all that is
    known is one rate.

    Parameters
    ----------
    accept_rate : float
        Mean share of contacted churners who stay, 0 to 1; the very ends count as a
        millionth away from them, where the distribution still is one.

    Returns
    -------
    dict of str to float
        ``accept_alpha`` and ``accept_beta``.

    Examples
    --------
    >>> accept_shapes(0.3)
    {'accept_alpha': 6.0, 'accept_beta': 14.0}
    """
    rate = min(max(check_accept_rate(accept_rate), 1e-6), 1 - 1e-6)
    return {
        "accept_alpha": ACCEPT_CERTAINTY * rate,
        "accept_beta": ACCEPT_CERTAINTY * (1 - rate),
    }


def offer_amounts(
    n_customers: int, clv: ArrayLike, costs: CampaignCosts
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return CLV, incentive and contact cost of each customer, checked."""
    return (
        _amounts("clv", clv, n_customers),
        _amounts("incentive_cost", costs.incentive_cost, n_customers),
        _amounts("contact_cost", costs.contact_cost, n_customers),
    )


def _amounts(name: str, value: ArrayLike, n_customers: int) -> FloatArray:
    amounts = per_customer(name, value, n_customers)
    if amounts.min() < 0.0:
        msg = (
            f"'{name}' has {int((amounts < 0).sum()):,} negative values (lowest "
            f"{amounts.min():g}); amounts of 0 or more were expected. Set customers "
            "of no value to 0."
        )
        raise ValueError(msg)
    return amounts
