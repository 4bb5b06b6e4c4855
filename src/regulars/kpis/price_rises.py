"""Whether buyers of a product buy it again after its price has risen.

The period is cut into windows of ``price_window_days``, counted back from its end. Of a
product that costs more in one window than in the one before, the share of its buyers of
the window before who buy it again is set beside that share one window earlier.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from regulars.kpis.estimates import Estimate, Sums, Z, ratio_of, rounded
from regulars.kpis.measures import ALL, Measured
from regulars.kpis.periods import MICROS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

    Found = tuple[dict[tuple[str, str], Measured], dict[str, str]]

NAMES = (
    "repurchase_after_price_rise",
    "repurchase_before_price_rise",
    "price_rise_difference",
)
LEAST_BUYERS = 10
BLOCK = 60  # windows in one number of 64 bits


def price_rises(data: KpiData, span: Span) -> Found:
    """Return who buys again after a price rise, before it, and the difference."""
    lacking = [name for name in ("product_id", "quantity") if not _has(data, name)]
    if lacking:
        why = f"The transactions have no {' and no '.join(lacking)}."
        return {}, dict.fromkeys(NAMES, why)
    rises = _rises(data, span)
    if not len(rises):
        why = (
            f"No product with {LEAST_BUYERS} buyers in each of two windows of "
            f"{data.settings.price_window_days} days rose by "
            f"{data.settings.price_rise:.0%} or more by {span.end}."
        )
        return {}, dict.fromkeys(NAMES, why)
    n_after, again_after, n_before, again_before = rises.T
    found = {
        (ALL, NAMES[0]): Measured(_pooled(again_after, n_after), int(n_after.sum())),
        (ALL, NAMES[1]): Measured(_pooled(again_before, n_before), int(n_before.sum())),
    }
    gap = _gap(again_after, n_after, again_before, n_before)
    found[ALL, NAMES[2]] = Measured(gap, int(n_after.sum()))
    return found, {}


def _has(data: KpiData, name: str) -> bool:
    return name in data.ledger.columns


def _rises(data: KpiData, span: Span) -> NDArray[np.float64]:
    """Return buyers and repeaters after and before each rise, a row a rise."""
    lines = _lines(data, span)
    rose = _rose(lines, data.settings.price_rise, _n_windows(data, span))
    if not rose:
        return np.empty((0, 4))
    lines = lines.filter(lines.product_id.isin({each for each, _ in rose}))
    at = _buyers(lines, _n_windows(data, span) + 2)
    found = []
    for product, window in rose:
        # window 0 is the last one; prices rose from `window` to the one after it
        (n, again), later, earlier = (
            at.get((product, each), (0, 0)) for each in (window, window - 1, window + 1)
        )
        if min(n, later[0], earlier[0]) >= LEAST_BUYERS:
            found.append((n, again, *earlier))
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def _rose(lines: Any, rise: float, n_windows: int) -> list[tuple[Any, int]]:
    """Return the products whose mean price rose, and from which window on."""
    sums = lines.group_by("product_id", "window").aggregate(
        micros=lines.micros.sum().cast("float64"), units=lines.units.sum()
    )
    rows = sums.order_by("product_id", "window").to_pyarrow().to_pydict()
    keys = zip(rows["product_id"], rows["window"], strict=True)
    costs = zip(rows["micros"], rows["units"], strict=True)
    means = (micros / float(units) for micros, units in costs)
    price = dict(zip(keys, means, strict=True))
    return [
        (product, window)
        for (product, window), before in price.items()
        if 1 <= window <= n_windows
        and price.get((product, window - 1), 0.0) >= before * (1 + rise)
    ]


def _n_windows(data: KpiData, span: Span) -> int:
    return max(span.n_days // data.settings.price_window_days, 1)


def _lines(data: KpiData, span: Span) -> Any:
    """Return the lines bought, with the number of their window and what they cost."""
    length = data.settings.price_window_days
    lines = data.ledger.transactions
    begins = span.end - timedelta(days=length * (_n_windows(data, span) + 2))
    is_bought = ~lines.is_return & (lines.amount > 0) & (lines.quantity > 0)
    lines = lines.filter(
        is_bought & (lines.order_date >= begins) & (lines.order_date < span.end)
    )
    back = ibis.literal(span.end).delta(lines.order_date, unit="day") - 1
    return lines.select(
        "customer_id",
        "product_id",
        window=(back // length).cast("int64"),
        micros=(lines.amount * MICROS).round().cast("int64"),
        units=(lines.quantity * MICROS).round().cast("int64"),
    )


def _buyers(lines: Any, n_windows: int) -> dict[tuple[Any, int], tuple[int, int]]:
    """Return buyers by product and window, and who buys again in the next window.

    The windows of a customer are bits of one number, with that before the first of the
    block in the lowest.
    """
    found = {}
    for first in range(0, n_windows, BLOCK):
        place = lines.window - (first - 1)
        bit = ibis.literal(1, "int64") << place
        inside = lines.filter((place >= 0) & (place <= BLOCK))
        by_customer = inside.group_by("product_id", "customer_id")
        rows = by_customer.aggregate(bits=bit.bit_or())
        block = range(min(BLOCK, n_windows - first))
        bits = [(rows.bits >> each) & 1 for each in range(len(block) + 1)]
        sums = {f"n{each}": bits[each + 1].sum() for each in block}
        sums |= {f"again{each}": (bits[each + 1] & bits[each]).sum() for each in block}
        products = rows.group_by("product_id").aggregate(**sums)
        for row in products.to_pyarrow().to_pylist():
            for each in block:
                pair = (int(row[f"n{each}"]), int(row[f"again{each}"]))
                found[row["product_id"], first + each] = pair
    return found


def _pooled(again: NDArray[np.float64], n: NDArray[np.float64]) -> Estimate:
    """Return a share over rises; products are the units of its interval."""
    sums = (again.sum(), n.sum(), (again**2).sum(), again @ n, (n**2).sum())
    return ratio_of(Sums(len(n), *map(float, sums)))


def _gap(
    after: NDArray[np.float64],
    n_after: NDArray[np.float64],
    before: NDArray[np.float64],
    n_before: NDArray[np.float64],
) -> Estimate:
    rate, rate_before = after.sum() / n_after.sum(), before.sum() / n_before.sum()
    gap, count = rate - rate_before, len(after)
    if count < 2:
        return rounded(gap, None, None)
    pull = (after - rate * n_after) / n_after.sum()
    pull -= (before - rate_before * n_before) / n_before.sum()
    reach = Z * np.sqrt(count / (count - 1) * (pull**2).sum())
    return rounded(gap, gap - reach, gap + reach)
