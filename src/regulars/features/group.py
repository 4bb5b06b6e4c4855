"""A feature group: aggregates over the past, and features of them.

In two steps, so that the matrix can compute the aggregates of all groups in one scan:
several times as fast as a query a group and cutoff.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from regulars.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis

    from regulars.features.known import Known
    from regulars.features.past import Past

KEYS = ("customer_id", "cutoff")

SCALE = 1 << 20
"""Fractions are summed in whole units of 1 / SCALE, so that order does not matter."""


@dataclass(frozen=True)
class Group:
    """The features of one group, in two steps.

    Parameters
    ----------
    aggregates : mapping of str to ibis.Value
        Aggregates over ``past.days``, each under a name of its own, worked out at each
        cutoff.
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
    lasting : mapping of str to ibis.Value, default={}
        Aggregates over ``past.known.days`` that neither the cutoff nor an age enters:
        they change with a customer's next new day only, and are worked out once.
    lasting_tables : tuple of ibis.Table, default=()
        Tables of the same kind from ``past.known``: the columns of ``past.known.by``
        (one row for each of their values) and others.
    """

    aggregates: Mapping[str, ibis.Value]
    features: Callable[[ibis.Table], Mapping[str, ibis.Value]]
    tables: tuple[ibis.Table, ...] = ()
    recent: Mapping[int, Mapping[str, ibis.Value]] = field(default_factory=dict)
    lasting: Mapping[str, ibis.Value] = field(default_factory=dict)
    lasting_tables: tuple[ibis.Table, ...] = ()


BuildGroup = Callable[["Past"], Group]


def basics(known: Known) -> dict[str, ibis.Value]:
    """Return the lasting aggregates that every group may count on."""
    # what the last purchase day has run up to is the customer's
    days, last = known.days, known.days.is_last
    return {
        "n_orders": days.n_orders.sum(),
        "n_lines": days.n_lines.sum(),
        "spend": days.spend_micros.sum(),
        "n_days": days.purchase_number.max(where=last),
        "first_day": days.day.min(where=days.is_purchase),
        "last_day": days.day.max(where=last),
        "last_spend": days.spend_micros.max(where=last),
        "last_gap": days.gap_days.max(where=last),
        "recent_gaps": days.recent_gaps_days.max(where=last),
    }


def ratio(numerator: ibis.Value, denominator: ibis.Value) -> ibis.Value:
    """Return the quotient as float64; null where the denominator is zero."""
    return numerator.cast("float64") / denominator.cast("float64").nullif(0.0)


def refuse_repeated(owner: str, kind: str, names: set[str]) -> None:
    """Refuse names that two groups use."""
    if names:
        msg = (
            f"The feature function '{owner}' uses the {kind} name '{min(names)}', "
            "which is taken. Give each a name of its own."
        )
        raise ConfigError(msg)
