"""How much of the revenue comes from few customers, with intervals over customers.

The intervals come from influence functions: what one customer more adds to a figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.kpis.estimates import Estimate, Z, rounded
from regulars.kpis.measures import ALL, Measured
from regulars.kpis.periods import MICROS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

    Floats = NDArray[np.float64]
    Found = tuple[dict[tuple[str, str], Measured], dict[str, str]]

CONCENTRATION = ("top_10_share", "top_20_share", "gini")
OF_SCORES = ("predicted_clv", "value_at_risk", "value_at_risk_share")
NO_SCORES = "There are no scores as of {cutoff}: 'regulars score' writes them."


def value_kpis(data: KpiData, customers: Any, span: Span) -> Found:
    """Return margin so far, concentration, and what the scores say of value."""
    rows = customers.filter(customers.bought == 1)
    spent = rows.select("micros").to_pyarrow()["micros"].to_numpy() / MICROS
    # sorted, so that sums do not depend on the order of rows
    spent = np.sort(np.maximum(spent, 0.0))
    found: dict[tuple[str, str], Measured] = {}
    absent: dict[str, str] = {}
    if spent.sum() > 0:
        for name, estimate in zip(
            CONCENTRATION,
            (top_share(spent, 0.1), top_share(spent, 0.2), gini(spent)),
            strict=True,
        ):
            found[ALL, name] = Measured(estimate, len(spent))
    else:
        why = f"Nobody spent anything from {span.start} to {span.end}."
        absent = dict.fromkeys(CONCENTRATION, why)
    of_scores, why_not = score_kpis(data)
    return found | of_scores, absent | why_not


def top_share(spent: Floats, share: float) -> Estimate:
    """Return the share of the money of the customers who spend most.

    `spent` is sorted. The last of them counts in part where the share of customers is
    no whole number.
    """
    n, wanted = len(spent), share * len(spent)
    whole = int(wanted)
    top = spent[n - whole :].sum() if whole else 0.0
    edge = spent[n - whole - 1] if whole < n else 0.0
    value = (top + (wanted - whole) * edge) / spent.sum()
    above = np.arange(n) >= n - whole
    pull = np.where(above, spent - edge, 0.0) + edge * share - value * spent
    return _with_interval(value, pull / spent.mean(), low=share)


def gini(spent: Floats) -> Estimate:
    """Return Gini's coefficient of sorted, non-negative amounts.

    sum((2 i - n - 1) y_i) / (n sum(y)), i = 1 being the least.
    """
    n, mean = len(spent), spent.mean()
    place = np.arange(1, n + 1)
    value = float(((2 * place - n - 1) * spent).sum() / (n * spent.sum()))
    ranked = spent * (place - 0.5) / n
    above = (spent.sum() - np.cumsum(spent) + spent / 2) / n
    theta = ranked.mean()
    pull = ranked + above - 2 * theta - theta / mean * (spent - mean)
    return _with_interval(value, 2 * pull / mean)


def _with_interval(value: float, pull: Floats, low: float = 0.0) -> Estimate:
    n = len(pull)
    if n < 2:
        return rounded(value, None, None)
    reach = Z * float(np.sqrt(((pull - pull.mean()) ** 2).sum() / (n - 1) / n))
    return rounded(value, max(value - reach, low), min(value + reach, 1.0))


def score_kpis(data: KpiData) -> Found:
    """Return what the scores say of value, or why they say nothing."""
    scores = data.scores
    if scores is None:
        why = NO_SCORES.format(cutoff=data.cutoff)
        return {}, dict.fromkeys(OF_SCORES, why)
    clv = np.sort(scores["clv"].dropna().to_numpy(np.float64))
    at_risk = np.sort(scores["value_at_risk"].dropna().to_numpy(np.float64))
    if not len(clv) or not clv.sum() > 0:
        why = "The scores give no customer a value."
        return {}, dict.fromkeys(OF_SCORES, why)
    mean = _with_interval_of_mean(clv)
    total, n = rounded(float(at_risk.sum()), None, None), len(at_risk)
    share = rounded(float(at_risk.sum() / clv.sum()), None, None)
    return {
        (ALL, OF_SCORES[0]): Measured(mean, len(clv)),
        (ALL, OF_SCORES[1]): Measured(total, n),
        (ALL, OF_SCORES[2]): Measured(share, n),
    }, {}


def _with_interval_of_mean(values: Floats) -> Estimate:
    mean, n = float(values.mean()), len(values)
    if n < 2:
        return rounded(mean, None, None)
    reach = Z * float(values.std(ddof=1) / np.sqrt(n))
    return rounded(mean, mean - reach, mean + reach)
