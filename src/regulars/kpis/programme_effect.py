"""Members of the loyalty programme beside comparable customers who had not joined.

Comparable on what was known when they joined: an association that past purchases do not
explain. Only a draw of who may join would show a cause.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.kpis.doubly_robust import (
    Comparison,
    Pair,
    clustered_error,
    compare,
    propensities,
)
from regulars.kpis.estimates import Z, shorten
from regulars.kpis.programme_trials import Totals, Trials, trials

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

    Floats = NDArray[np.float64]

LEAST_MEMBERS = 30
MOST_LOG = 5.0  # nobody stands for more than 150
OUTCOMES = {
    "bought": "share",
    "orders": "number",
    "spend": "money",
    "order_value": "money",
    "nps": "points",
}
NO_TABLE = "There is no table of the loyalty programme (source.loyalty)."
TOO_FEW = (
    "{n:,} customers with a purchase before it joined the programme early enough to be "
    "followed for {days} days by {end}; a comparison needs {least}."
)
NO_OTHERS = (
    "All customers were members as soon as they could be compared: nobody shows what "
    "they would have done without the programme."
)
ASSUMPTIONS = (
    "A customer joins on the day of the first posting in `loyalty`.",
    "What moves customers both to join and to buy shows in their purchases before: "
    "their number, age, rhythm and value, returns, the month, and the purchase of the "
    "day itself. Plans, taste and distance do not show there; the E-value says how "
    "strong such a thing would have to be.",
    "One customer's membership changes nothing for the others.",
    "Who joins later in the days that are followed is not compared; others who were as "
    "likely to join at each of their purchases and did not stand for them too.",
    "It is not called an effect in the sense of a cause: nobody drew who may join.",
)


def programme_effect(
    data: KpiData, span: Span
) -> tuple[dict[str, Any] | None, str | None]:
    """Return what members did more than comparable others, or why nobody can say."""
    if not data.has("loyalty"):
        return None, NO_TABLE
    days = data.horizon_days
    rows = trials(data, span.end, days)
    n = 0 if rows is None else int((rows.joined & rows.is_followed).sum())
    if rows is None or n < LEAST_MEMBERS:
        words = {"n": n, "days": days, "end": span.end, "least": LEAST_MEMBERS}
        return None, TOO_FEW.format(**words)
    if (~rows.joined & rows.is_followed).sum() < LEAST_MEMBERS:
        return None, NO_OTHERS
    rows, fitted = weighed(data, rows, days)
    is_control = fitted.is_used & ~rows.joined & (fitted.weight > 0)
    if min((fitted.is_used & rows.joined).sum(), is_control.sum()) < LEAST_MEMBERS:
        return None, NO_OTHERS
    first = data.first_day
    return {
        "joined_from": (first + timedelta(days=int(rows.day[rows.joined].min()))),
        "joined_to": (first + timedelta(days=int(rows.day[rows.joined].max()))),
        "follow_days": days,
        "n_joined": n,
        "n_compared": len(np.unique(rows.customer[~rows.joined])),
        "n_without_history": rows.n_without_history,
        "n_unmatched": fitted.n_unmatched,
        "effective_n": shorten(fitted.effective_n()),
        "joined_later_share": _joined_later(rows, fitted),
        **_outcomes(rows, fitted),
        "balance": [
            {"covariate": name, "before": shorten(before), "after": shorten(after)}
            for name in rows.known
            for before, after in [fitted.imbalance(_tamed(rows.known[name]))]
        ],
        "assumptions": list(ASSUMPTIONS),
    }, None


def weighed(data: KpiData, rows: Trials, follow_days: int) -> tuple[Trials, Comparison]:
    """Return the rows that are followed, and how they are compared.

    A control who joins later drops out; the others stand for such as well, by 1 over
    the chance not to join on any of their days that are followed (Robins 1993).
    """
    design, chance = propensities(covariates(data, rows), rows.joined)
    stayed = Totals(rows.customer, rows.day, {"log": -np.log1p(-chance)})
    after = rows.day + 1
    log = stayed.between("log", rows.customer, after, after + follow_days)
    stays = np.where(rows.joins_later, 0.0, np.exp(np.minimum(log, MOST_LOG)))
    kept = rows.is_followed
    found = rows.only(kept)
    return found, compare(
        design[kept], chance[kept], found.joined, found.customer, stays[kept]
    )


def _joined_later(rows: Trials, fitted: Comparison) -> float:
    """Return which share of the comparable controls joined in the days followed."""
    others = ~rows.joined & fitted.is_used
    return shorten(float(np.average(rows.joins_later[others], weights=fitted.odds[others])))


def covariates(data: KpiData, rows: Trials) -> Floats:
    """Return logarithms, their squares, and what says together whether one is alive."""
    logs = {name: _tamed(rows.known[name]) for name in rows.known}
    squares = {f"{name}_2": (x - x.mean()) ** 2 for name, x in logs.items()}
    rhythm = ("orders", "orders_last_365_days", "days_since_first_purchase")
    recency = _centred(logs["days_since_last_purchase"])
    crossed = {name: recency * _centred(logs[name]) for name in rhythm}
    age = _centred(logs["days_since_first_purchase"])
    crossed["rate"] = age * _centred(logs["orders"])
    on_day = rows.known["bought_on_the_day"].to_numpy()
    crossed |= {f"{name}_there": on_day * _centred(logs[name]) for name in rhythm}
    crossed["recency_there"] = on_day * recency
    columns = [*logs.values(), *squares.values(), *crossed.values(), *_months(data, rows)]
    return np.column_stack(columns)


def _tamed(column: pd.Series) -> Floats:
    """Return the logarithm of amounts, which may be below 0."""
    x = column.to_numpy(float)
    tamed: Floats = np.sign(x) * np.log1p(np.abs(x))
    return tamed


def _centred(x: Floats) -> Floats:
    return x - x.mean()


def _months(data: KpiData, rows: Trials) -> list[Floats]:
    """Return a column a month: seasons move both joining and buying."""
    day = np.datetime64(data.first_day) + rows.day.astype("timedelta64[D]")
    months = day.astype("datetime64[M]").astype(np.int64)
    return [(months == month).astype(float) for month in np.unique(months)[1:]]


def _outcomes(rows: Trials, fitted: Comparison) -> dict[str, Any]:
    pairs: dict[str, Pair] = {}
    for name in rows.outcomes:
        y = rows.outcomes[name].to_numpy(float)
        has = ~np.isnan(y)
        if (has & rows.joined & fitted.is_used).sum() < LEAST_MEMBERS:
            continue
        pair = fitted.means(np.nan_to_num(y), has)
        if pair is not None:
            pairs[name] = pair
    figures = [
        _figure(name, pair, _naive(rows, rows.outcomes[name]))
        for name, pair in pairs.items()
    ]
    orders, spend = pairs["orders"], pairs["spend"]
    if min(orders.treated, orders.compared) > 0:
        naive = _naive_ratio(rows, rows.outcomes["spend"], rows.outcomes["orders"])
        figures.append(_figure("order_value", _ratio(spend, orders), naive))
    figures.sort(key=lambda each: [*OUTCOMES].index(each["outcome"]))
    return {"outcomes": figures, **_e_values(pairs["bought"])}


def _ratio(y: Pair, x: Pair) -> Pair:
    """Return the ratio of two means on each side, linearised."""
    mine, others = y.treated / x.treated, y.compared / x.compared
    return Pair(
        mine,
        others,
        (y.treated_parts - mine * x.treated_parts) / x.treated,
        (y.compared_parts - others * x.compared_parts) / x.compared,
    )


def _naive(rows: Trials, outcome: pd.Series) -> tuple[float, float] | None:
    """Return what one would say without weighing, and its error.

    Members beside customers on the drawn days.
    """
    y = outcome.to_numpy(float)
    has = ~np.isnan(y)
    mine, others = rows.joined & has, ~rows.joined & rows.is_drawn & has
    if min(mine.sum(), others.sum()) < 2:
        return None
    means = y[mine].mean(), y[others].mean()
    parts = [
        np.bincount(rows.customer[where], (y[where] - mean) / where.sum(), minlength=1)
        for where, mean in zip((mine, others), means, strict=True)
    ]
    size = max(map(len, parts))
    mine_parts, others_parts = (np.pad(each, (0, size - len(each))) for each in parts)
    return float(means[0] - means[1]), clustered_error(mine_parts - others_parts)


def _naive_ratio(rows: Trials, y: pd.Series, x: pd.Series) -> tuple[float, float] | None:
    """Return the naive difference of two ratios, and its error."""
    linear, ratios = np.zeros(len(y)), []
    for where in (rows.joined, ~rows.joined & rows.is_drawn):
        whole = float(x[where].sum())
        if whole <= 0:
            return None
        ratio = float(y[where].sum()) / whole
        linear[where] = (y[where] - ratio * x[where]) / (whole / where.sum())
        ratios.append(ratio)
    found = _naive(rows, y * 0.0 + linear)
    return None if found is None else (ratios[0] - ratios[1], found[1])


def _figure(name: str, pair: Pair, naive: tuple[float, float] | None) -> dict[str, Any]:
    difference, error = pair.treated - pair.compared, pair.error()
    low, high = _interval(difference, error)
    found = {
        "outcome": name,
        "unit": OUTCOMES[name],
        "members": shorten(pair.treated),
        "comparable": shorten(pair.compared),
        "difference": shorten(difference),
        "low": low,
        "high": high,
    }
    ends = (None, None) if naive is None else _interval(*naive)
    return found | {
        "naive": None if naive is None else shorten(naive[0]),
        "naive_low": ends[0],
        "naive_high": ends[1],
    }


def _interval(value: float, error: float) -> tuple[float | None, float | None]:
    if not error > 0:
        return None, None
    return shorten(value - Z * error), shorten(value + Z * error)


def _e_values(pair: Pair) -> dict[str, float | None]:
    """Return how strong something unseen must be to explain that members buy more.

    VanderWeele and Ding (2017): the risk ratio that it has to have both with joining
    and with buying; of the estimate, and of the interval's end that is nearer to none.
    """
    if min(pair.treated, pair.compared) <= 0:
        return {"e_value": None, "e_value_low": None}
    log = math.log(pair.treated / pair.compared)
    reach = Z * pair.error(1 / pair.treated, -1 / pair.compared)
    near = max(abs(log) - reach, 0.0)
    return {"e_value": _e_value(abs(log)), "e_value_low": _e_value(near)}


def _e_value(log_ratio: float) -> float:
    ratio = math.exp(log_ratio)
    return shorten(ratio + math.sqrt(ratio * (ratio - 1)))


def added_spend(effect: dict[str, Any]) -> dict[str, Any]:
    """Return the figure of spend among the outcomes."""
    found: dict[str, Any] = next(
        each for each in effect["outcomes"] if each["outcome"] == "spend"
    )
    return found
