"""Who is kept without an offer: drawn by a hash, so that nobody ever moves.

A customer's draw hangs on the campaign and the customer alone: it is the same on every
machine, in any order, and when others join. Within a stratum those of the lowest draws
are the control group. The bound between them and the rest is kept, and who comes later
goes by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import duckdb
import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

# hexadecimal digits of the hash: 52 bits, which a float holds exactly
DIGITS = 13
# between a key and an id: in neither
BETWEEN = "\x1f"


def draw(ids: Sequence[object] | NDArray[np.object_], key: str) -> Floats:
    """Draw a number for each customer: uniform, and independent from key to key.

    Parameters
    ----------
    ids : sequence of shape (n_customers,)
        Customers; an id is read as text.
    key : str
        What is drawn for, such as a campaign's name.

    Returns
    -------
    array of shape (n_customers,)
        From 0 up to, and without, 1: the first 52 bits of SHA-256.

    Examples
    --------
    >>> draw(["c1", "c2"], "spring").round(4).tolist()
    [0.9472, 0.065]
    """
    customers = pa.table({"id": pa.array([*map(str, ids)], pa.string())})
    query = f"('0x' || left(sha256(? || id), {DIGITS}))::UBIGINT AS bits"
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("customers", customers)
        # one thread, so that rows come in their order
        found = connection.execute(f"SELECT {query} FROM customers", [key + BETWEEN])
        bits = np.asarray(found.fetchnumpy()["bits"], np.float64)
    return bits / 16.0**DIGITS


def in_holdout(ids: Sequence[object], share: float, *, name: str, period: str) -> Flags:
    """Return who is contacted by no campaign of a period.

    Parameters
    ----------
    ids : sequence of shape (n_customers,)
        Customers.
    share : float
        Share of customers, 0 up to 1.
    name, period : str
        The configuration and the period; another period draws anew.

    Examples
    --------
    >>> in_holdout(["c1", "c2"], 0.5, name="shop", period="2027").tolist()
    [False, True]
    """
    return draw(ids, f"holdout{BETWEEN}{name}{BETWEEN}{period}") < share


@dataclass(frozen=True)
class ControlGroup:
    """The draw of a campaign's control group.

    Attributes
    ----------
    key : str
        What is drawn for.
    share : float
        Share of the customers of a stratum, above 0 and below 1.
    thresholds : mapping of str to float
        By stratum: customers of a lower draw are control.
    """

    key: str
    share: float
    thresholds: Mapping[str, float]

    @classmethod
    def at_launch(
        cls, ids: Sequence[object], strata: Sequence[str], share: float, key: str
    ) -> Self:
        """Draw the group: exact in each stratum, up to one customer.

        Whether a share that is no whole number is rounded up or down is drawn too, so
        that every customer's probability is the share, in small strata as well.

        Examples
        --------
        >>> ids, strata = [f"c{i}" for i in range(10)], ["new"] * 10
        >>> group = ControlGroup.at_launch(ids, strata, 0.3, "spring")
        >>> int(group.is_control(ids, strata).sum())
        3
        """
        drawn = draw(ids, key)
        names, stratum, size = np.unique(
            np.asarray(strata, str), return_inverse=True, return_counts=True
        )
        order = np.lexsort((drawn, stratum))
        ends = np.cumsum(size)
        starts = ends - size
        wanted = share * size
        rounding = draw(names.tolist(), f"{key}{BETWEEN}rounding")
        n_control = np.floor(wanted + rounding).astype(np.int64)
        ranked = np.append(drawn[order], np.nan)
        below = np.where(n_control > 0, ranked[starts + n_control - 1], -1.0)
        above = np.where(n_control < size, ranked[starts + n_control], 1.0)
        # of all bounds between the two that which is right for those who come later
        bound = np.clip(share, np.nextafter(below, 1.0), above)
        return cls(key, share, dict(zip(names.tolist(), bound.tolist(), strict=True)))

    def is_control(self, ids: Sequence[object], strata: Sequence[str]) -> Flags:
        """Return who is control; a stratum that is new goes by the share."""
        names, stratum = np.unique(np.asarray(strata, str), return_inverse=True)
        bounds = [self.thresholds.get(name, self.share) for name in names.tolist()]
        return draw(ids, self.key) < np.array(bounds, np.float64)[stratum]


def value_bands(value: Floats, n_bands: int = 5) -> NDArray[np.int64]:
    """Return bands of equal size by value, 0 the lowest; equal values share a band."""
    edges = np.nanquantile(value, np.arange(1, n_bands) / n_bands)
    return np.searchsorted(edges, value, side="left").astype(np.int64)
