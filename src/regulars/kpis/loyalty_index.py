"""A loyalty index a customer, 0 to 100, with what it is made of beside it.

Each component lies between 0 and 1: an answer over ten, a share, or the rank among
these customers (ties share their mean rank). The index is their weighted mean over the
components that a customer has. Nothing of it says how long ago they bought, so that it
is not churn turned around.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from regulars.kpis.estimates import shorten
from regulars.kpis.experiences import WITH_TICKET, came_back, experiences
from regulars.kpis.kpi_data import flag
from regulars.kpis.periods import MICROS
from regulars.kpis.programme import breadth_rows
from regulars.kpis.purchases import YEAR, year_rows
from regulars.kpis.spans import Span
from regulars.kpis.surveys import last_answers

if TYPE_CHECKING:
    from datetime import date

    from regulars.kpis.kpi_data import KpiData

COMPONENTS = (
    "recommendation",
    "referrals",
    "full_price",
    "forgiveness",
    "programme",
    "tenure",
    "breadth",
)
# tenure and breadth alone are habits: without a sign of preference there is no index
OF_HABIT = ("tenure", "breadth")
RANKED = ("tenure", "breadth", "referrals")
FILE = "loyalty.parquet"
NO_SIGN = (
    "There is no loyalty index: of its components the data have {have}, and it takes "
    "one beside tenure and breadth. Surveys, referrals, the loyalty programme, tickets "
    "or a discount_amount of the transactions would give one."
)


def loyalty_rows(data: KpiData, day: date) -> pd.DataFrame | None:
    """Return a row a customer who bought in the two activity windows before a day.

    ``customer_id``, ``day``, ``loyalty_index``, a column a component (missing where a
    customer has none), ``is_active``, ``revenue`` of the last year. None where the data
    have no sign of preference.
    """
    if ("loyalty", day) not in data.memo:
        data.memo["loyalty", day] = (
            _loyalty_rows(data, day) if _has_sign(data) else None
        )
    found: pd.DataFrame | None = data.memo["loyalty", day]
    return found


def _has_sign(data: KpiData) -> bool:
    """Return whether there is anything beside habits, before all of it is counted."""
    tables = ("surveys", "referrals", "loyalty", "tickets")
    return any(map(data.has, tables)) or "discount_amount" in data.ledger.columns


def _loyalty_rows(data: KpiData, day: date) -> pd.DataFrame | None:
    rows = _components(data, day)
    weights = used_weights(data, rows)
    if not {*weights} - {*OF_HABIT}:
        return None
    frame = rows[[*weights]]
    heavy = (frame.notna() * pd.Series(weights)).sum(axis=1)
    index = 100 * (frame.fillna(0.0) * pd.Series(weights)).sum(axis=1) / heavy
    found = pd.DataFrame(
        {
            "customer_id": rows["customer_id"],
            "day": day,
            "loyalty_index": index,
            **{str(name): frame[name] for name in frame},
            "is_active": rows["is_active"],
            "revenue": rows["micros"] / MICROS,
        }
    )
    return found.dropna(subset=["loyalty_index"])


def used_weights(data: KpiData, rows: pd.DataFrame) -> dict[str, float]:
    """Return the weights of the components that anybody has."""
    weights = data.settings.loyalty_weights.model_dump()
    return {
        name: float(weights[name])
        for name in COMPONENTS
        if name in rows and weights[name] > 0 and rows[name].notna().any()
    }


def why_no_index(data: KpiData, day: date) -> str:
    """Say what is missing for an index."""
    have = ", ".join(used_weights(data, _components(data, day))) or "none"
    return NO_SIGN.format(have=have)


def index_summary(data: KpiData, rows: pd.DataFrame, day: date) -> dict[str, Any]:
    """Return the index over all customers, and how it goes with churn."""
    index = rows["loyalty_index"]
    weights = data.settings.loyalty_weights.model_dump()
    present = [name for name in COMPONENTS if name in rows]
    scored = _with_scores(data, rows)
    correlation = None
    if scored is not None and len(scored) > 2:
        value = scored["loyalty_index"].corr(
            scored["churn_probability"], method="spearman"
        )
        correlation = None if np.isnan(value) else shorten(value)
    return {
        "day": day.isoformat(),
        "n_customers": len(rows),
        "mean": shorten(float(index.mean())),
        "quartiles": [shorten(float(index.quantile(q))) for q in (0.25, 0.5, 0.75)],
        "weights": {name: float(weights[name]) for name in present},
        "coverage": {
            name: shorten(float(rows[name].notna().mean())) for name in present
        },
        "churn_correlation": correlation,
        "n_scored": None if scored is None else len(scored),
        "loyal_from": data.settings.loyal_from,
        "file": FILE,
    }


def _with_scores(data: KpiData, rows: pd.DataFrame) -> pd.DataFrame | None:
    if data.scores is None:
        return None
    return rows.merge(data.scores, on="customer_id", how="inner")


def _population(data: KpiData, day: date) -> Any:
    """Return customers of the last two activity windows."""
    active, rows = timedelta(days=data.settings.active_days), year_rows(data, day)
    rows = rows.filter(rows.last_day >= day - 2 * active)
    return rows.select(
        "customer_id",
        "micros",
        is_active=rows.last_day >= day - active,
        tenure=ibis.literal(day).delta(rows.first_day, unit="day").cast("float64"),
        **_full_price(rows),
    )


def _components(data: KpiData, day: date) -> pd.DataFrame:
    """Return the population, sorted by id, with a column a component there can be."""
    since, rows = day - timedelta(days=YEAR), _population(data, day)
    for name, table, empty in (
        ("recommendation", _recommendation(data, since, day), None),
        ("forgiveness", _forgiveness(data, day), None),
        ("programme", _programme(data, since, day), 0.0),
        ("referrals", _referrals(data, since, day), 0.0),
        ("breadth", breadth_rows(data, Span(since, day)), None),
    ):
        if table is not None:
            rows = _with_component(rows, table, name, empty)
    frame: pd.DataFrame = rows.order_by("customer_id").to_pyarrow().to_pandas()
    for name in RANKED:
        if name in frame:
            frame[name] = _ranked(frame[name])
    return frame


def _with_component(rows: Any, table: Any, name: str, empty: float | None) -> Any:
    """Add a table's only other column, under the component's name."""
    (value,) = (each for each in table.columns if each != "customer_id")
    table = table.select("customer_id", **{name: table[value].cast("float64")})
    both = rows.left_join(table, "customer_id", rname="{name}_more")
    if empty is not None:
        both = both.mutate(**{name: both[name].fill_null(empty)})
    return both.drop("customer_id_more")


def _ranked(values: pd.Series) -> pd.Series:
    """Return mid ranks between 0 and 1; equal values are equal, all equal is 1/2."""
    ranks = values.rank(method="average")
    return (ranks - 0.5) / int(ranks.count())


def _recommendation(data: KpiData, since: date, day: date) -> Any:
    if not data.has("surveys"):
        return None
    rows = data.known_by("surveys", day)
    answers = last_answers(rows.filter(rows.answered_date >= since))
    return answers.select("customer_id", value=answers.score / 10)


def _referrals(data: KpiData, since: date, day: date) -> Any:
    if not data.has("referrals"):
        return None
    rows = data.known_by("referrals", day)
    rows = rows.filter(rows.referred_date >= since)
    return rows.group_by(rows.referrer_id.name("customer_id")).aggregate(n=rows.count())


def _full_price(rows: Any) -> dict[str, Any]:
    if "n_full" not in rows.columns:
        return {}
    return {"full_price": rows.n_full / rows.n_orders.nullif(0)}


def _forgiveness(data: KpiData, day: date) -> Any:
    known = experiences(data, day) if data.has("tickets") else None
    if known is None:
        return None
    after = data.after_days
    known = known.filter(known.experience.isin(WITH_TICKET))
    # the days in which they come back, or do not, are over
    known = known.filter(known.day < day - timedelta(days=after))
    bad = known.group_by("customer_id").aggregate(bad_day=known.day.max())
    return came_back(data, bad, after).select("customer_id", "forgave")


def _programme(data: KpiData, since: date, day: date) -> Any:
    """Return 1/2 for a member, 1 for one who redeemed in the last year."""
    if not data.has("loyalty"):
        return None
    rows = data.known_by("loyalty", day)
    redeemed = (rows.kind.lower() == "redeem") & (rows.posted_date >= since)
    return rows.group_by("customer_id").aggregate(value=(1 + flag(redeemed).max()) / 2)
