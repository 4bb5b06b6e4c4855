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
from regulars.kpis.programme_trials import Trials, outcomes, trials

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

    Floats = NDArray[np.float64]

LEAST_MEMBERS = 30
OUTCOMES = {
    "bought": "share",
    "orders": "number",
    "spend": "money",
    "order_value": "money",
    "nps": "points",
}
# what is over what: the points of answers are a sum, as spend is
RATIOS = {"order_value": ("spend", "orders"), "nps": ("nps", "answers")}
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
    "Who joins later in the days that are followed is compared until then; others who "
    "were as likely to join by then and did not stand for them from there on.",
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
    design, chance = propensities(covariates(data, rows), rows.joined)
    after, kept = outcomes(rows, days, chance), rows.is_followed
    fitted = compare(design[kept], chance[kept], rows.joined[kept], rows.customer[kept])
    n_compared = (fitted.is_used & ~fitted.treated).sum()
    if min(n - fitted.n_unmatched, n_compared) < LEAST_MEMBERS:
        return None, NO_OTHERS
    figures = _figures(fitted, after[kept], rows, outcomes(rows, days))
    known = rows.known[kept]
    first, days_joined = data.first_day, rows.day[kept & rows.joined]
    return {
        "joined_from": (first + timedelta(days=int(days_joined.min()))).isoformat(),
        "joined_to": (first + timedelta(days=int(days_joined.max()))).isoformat(),
        "follow_days": days,
        "n_joined": n,
        "n_compared": len(np.unique(rows.customer[kept & ~rows.joined])),
        "n_without_history": rows.n_without_history,
        "n_unmatched": fitted.n_unmatched,
        "effective_n": shorten(fitted.effective_n()),
        "joined_later_share": _joined_later(rows, fitted, days),
        **figures,
        "balance": [
            {"covariate": name, "before": shorten(before), "after": shorten(after)}
            for name in known
            for before, after in [fitted.imbalance(_tamed(known[name]))]
        ],
        "assumptions": list(ASSUMPTIONS),
    }, None


def _joined_later(rows: Trials, fitted: Comparison, follow_days: int) -> float:
    """Return which share of the comparable controls joined in the days followed."""
    later = (rows.joined_day > rows.day) & (rows.joined_day <= rows.day + follow_days)
    others = fitted.is_used & ~fitted.treated
    share = np.average(later[rows.is_followed][others], weights=fitted.weight[others])
    return shorten(float(share))


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
    columns = [
        *logs.values(),
        *squares.values(),
        *crossed.values(),
        *_months(data, rows),
    ]
    design: Floats = np.column_stack(columns)
    return design


def _tamed(column: pd.Series) -> Floats:
    """Return the logarithm of amounts, which may be below 0."""
    x = column.to_numpy(float)
    return np.asarray(np.sign(x) * np.log1p(np.abs(x)), float)


def _centred(x: Floats) -> Floats:
    return np.asarray(x - x.mean(), float)


def _months(data: KpiData, rows: Trials) -> list[Floats]:
    """Return a column a month: seasons move both joining and buying."""
    day = np.datetime64(data.first_day) + rows.day.astype("timedelta64[D]")
    months = day.astype("datetime64[M]").astype(np.int64)
    return [(months == month).astype(float) for month in np.unique(months)[1:]]


def _figures(
    fitted: Comparison, after: pd.DataFrame, rows: Trials, raw: pd.DataFrame
) -> dict[str, Any]:
    """Return all outcomes; those of a purchase or an answer as ratios."""
    pairs = {str(name): fitted.means(after[name].to_numpy()) for name in after}
    for name, (y, x) in RATIOS.items():
        if y in pairs and _is_enough(pairs, x, fitted):
            pairs[name] = _ratio(pairs[y], pairs[x])
        else:
            pairs.pop(name, None)
    figures = [
        _figure(name, pairs[name], _naive(rows, raw, name))
        for name in OUTCOMES
        if name in pairs
    ]
    return {"outcomes": figures, **_e_values(pairs["bought"])}


def _is_enough(pairs: dict[str, Pair], x: str, fitted: Comparison) -> bool:
    """Return whether enough on both sides did what the ratio is of."""
    n = (fitted.treated & fitted.is_used).sum()
    return bool(n * min(pairs[x].treated, pairs[x].compared) >= LEAST_MEMBERS)


def _ratio(y: Pair, x: Pair) -> Pair:
    """Return the ratio of two means on each side, linearised."""
    mine, others = y.treated / x.treated, y.compared / x.compared
    return Pair(
        mine,
        others,
        (y.treated_parts - mine * x.treated_parts) / x.treated,
        (y.compared_parts - others * x.compared_parts) / x.compared,
    )


def _naive(rows: Trials, raw: pd.DataFrame, name: str) -> tuple[float, float] | None:
    """Return members less all others on drawn days, not made comparable; its error."""
    y, x = RATIOS.get(name, (name, None))
    linear, ratios = np.zeros(len(raw)), []
    mine, others = rows.joined, ~rows.joined & rows.is_drawn
    for side, sign in ((mine, 1.0), (others, -1.0)):
        where = side & rows.is_followed
        over = raw[x].to_numpy()[where] if x else np.ones(where.sum())
        if over.sum() <= 0:
            return None
        values = raw[y].to_numpy()[where]
        ratios.append(float(values.sum() / over.sum()))
        linear[where] = sign * (values - ratios[-1] * over) / over.sum()
    parts = np.bincount(rows.customer, linear).astype(float)
    return ratios[0] - ratios[1], clustered_error(parts)


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
