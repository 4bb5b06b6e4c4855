"""What a feature group hands over: aggregates over the past, and features of them.

A `Past` comes in, a `Group` goes out. Splitting a group in these two steps lets the
matrix compute the aggregates of all groups in one scan of the days, and those of short
windows over the last days alone, which is several times as fast as a query a group.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import ibis

    from regulars.features.past import Past


@dataclass(frozen=True)
class Group:
    """The features of one group, in two steps.

    Parameters
    ----------
    aggregates : mapping of str to ibis.Value
        Aggregates over ``past.days``, each under a name of its own.
    features : callable
        Takes the table of aggregates, one row a customer, those of `basics` among
        them, and returns a mapping of feature name to expression.
    tables : tuple of ibis.Table, default=()
        What cannot be aggregated from ``past.days``: tables of ``customer_id`` (one row
        a customer) and columns that are joined to the aggregates.
    recent : mapping of int to mapping of str to ibis.Value, default={}
        Aggregates over ``past.days`` to which only days of at most so many days of age
        contribute. They hold that condition themselves; stating the age here lets the
        matrix leave older days out of the scan. A customer without such days has 0.
    """

    aggregates: Mapping[str, ibis.Value]
    features: Callable[[ibis.Table], Mapping[str, ibis.Value]]
    tables: tuple[ibis.Table, ...] = ()
    recent: Mapping[int, Mapping[str, ibis.Value]] = field(default_factory=dict)


def basics(past: Past) -> dict[str, ibis.Value]:
    """Return the aggregates that every group may count on.

    Parameters
    ----------
    past : Past
        What is known at the cutoff.

    Returns
    -------
    dict of str to ibis.Value
        ``first_age`` (days from the first purchase to the cutoff), ``n_orders``,
        ``n_lines`` (purchases), ``spend`` (net, in millionths). Beside them stand the
        columns of ``past.latest``.
    """
    days = past.days
    return {
        "first_age": days.age_days.max(where=days.is_purchase),
        "n_orders": days.n_orders.sum(),
        "n_lines": days.n_lines.sum(),
        "spend": days.spend_micros.sum(),
    }


def ratio(numerator: ibis.Value, denominator: ibis.Value) -> ibis.Value:
    """Return the quotient as float64; null where the denominator is zero.

    Parameters
    ----------
    numerator, denominator : ibis.Value
        Numbers.

    Returns
    -------
    ibis.Value
    """
    return numerator.cast("float64") / denominator.cast("float64").nullif(0.0)
