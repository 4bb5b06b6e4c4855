"""What a feature group hands over: aggregates over the past, and features of them.

A `Past` comes in, a `Group` goes out. Splitting a group in these two steps lets the
matrix compute the aggregates of all groups in one scan of the days, which is several
times as fast as a query a group.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    """

    aggregates: Mapping[str, ibis.Value]
    features: Callable[[ibis.Table], Mapping[str, ibis.Value]]
    tables: tuple[ibis.Table, ...] = ()


def basics(past: Past) -> dict[str, ibis.Value]:
    """Return the aggregates that every group may count on.

    Parameters
    ----------
    past : Past
        What is known at the cutoff.

    Returns
    -------
    dict of str to ibis.Value
        ``n_days`` (purchase days), ``first_age`` and ``last_age`` (days from the first
        and the last purchase to the cutoff), ``n_orders``, ``n_lines`` (purchases),
        ``spend`` (net, in millionths).
    """
    days = past.days
    return {
        "n_days": days.is_purchase.cast("int32").sum(),
        "first_age": days.age_days.max(where=days.is_purchase),
        "last_age": days.age_days.min(where=days.is_purchase),
        "n_orders": days.n_orders.sum(),
        "n_lines": days.n_lines.sum(),
        "spend": days.spend_micros.sum(),
    }


_LATEST = 1 << 46
"""Half the range of a value that `latest` carries beside its age."""


def latest(value: ibis.Value, past: Past) -> ibis.Value:
    """Return an aggregate that holds a value of the last purchase day.

    The age and the value share one integer, whose minimum is an ordinary aggregate.
    Ordered aggregates and "value at the minimum" are several times slower, run on one
    thread, and are not found on every engine. Read it with `latest_value`.

    Parameters
    ----------
    value : ibis.Value
        Integer column of ``past.days``; clipped to less than 2^46 (7e13) either way.
    past : Past
        What is known at the cutoff.

    Returns
    -------
    ibis.Value
    """
    days = past.days
    bounded = value.cast("int64").clip(1 - _LATEST, _LATEST - 1)
    packed = days.age_days.cast("int64") * (2 * _LATEST) + bounded + _LATEST
    return packed.min(where=days.is_purchase)


def latest_value(packed: ibis.Value) -> ibis.Value:
    """Return the value that `latest` packed.

    Parameters
    ----------
    packed : ibis.Value
        The aggregate of `latest`.

    Returns
    -------
    ibis.Value
    """
    return packed % (2 * _LATEST) - _LATEST


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
