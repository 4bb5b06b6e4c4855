"""Whether customers with a bad experience buy again less often than comparable ones.

Comparable means: of the same stratum of recency, frequency and tenure as known on the
day of the experience (for those without one, the middle of a month of the same
quarter). What is left is an association: nobody was given a bad experience by lot.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from regulars.kpis.contract_history import with_contract_before, with_contracts
from regulars.kpis.estimates import Z, shorten
from regulars.kpis.experiences import (
    BAD_CSAT,
    BREACH,
    DETRACTOR,
    REOPENED,
    WITH_TICKET,
    experiences,
)
from regulars.kpis.periods import MICROS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

RECENCY_DAYS = (7, 14, 30, 60, 120, 240)
FREQUENCY = (1, 2, 4, 8, 16)
TENURE_DAYS = (90, 365, 730)
YEAR = 365
# cells of a part smaller than this say nothing
LEAST_PART = 10
TAG_SEPARATORS = r"\s*[,;|]\s*"
STRATUM = ["quarter", "recency", "frequency", "tenure"]


def support_kpis(data: KpiData, span: Span) -> dict[str, Any] | None:
    """Return what follows experiences whose days of coming back end in the period."""
    known = experiences(data, data.cutoff)
    if known is None:
        return None
    after = data.after_days
    first, last = (day - timedelta(days=after + 1) for day in (span.start, span.end))
    recent = known.filter((known.day > last) & (known.day < span.end))
    known = known.filter((known.day > first) & (known.day <= last))
    cases = known.to_pyarrow().to_pandas()
    cases = cases.sort_values(["day", "customer_id", "experience"], kind="stable")
    rows = _with_history(data, _exposed(cases), after)
    controls = _with_history(data, _unexposed(data, first, last), after)
    return {
        "after_days": after,
        "experiences": _by_experience(cases, rows, controls),
        "parts": _by_part(cases, rows, controls),
        "n_open": int(recent.count().to_pyarrow().as_py()),
    }


def _exposed(cases: pd.DataFrame) -> pd.DataFrame:
    """Return each customer and day once, whatever happened on it."""
    return cases[["customer_id", "day"]].drop_duplicates(ignore_index=True)


def _unexposed(data: KpiData, first: date, last: date) -> pd.DataFrame:
    """Return each customer on one day: the middle of a month, chosen by their id."""
    months = pd.date_range(first, last, freq="MS") + pd.Timedelta(days=14)
    middles: list[date] = [day.date() for day in months if day.date() <= last]
    middles = middles or [first + timedelta(days=(last - first).days // 2 + 1)]
    if data.has_purchases:
        bought = data.days.filter(data.days.is_purchase & (data.days.day < last))
        ids = bought.select("customer_id").distinct()
    else:
        ids = with_contract_before(data, last)
    frame: pd.DataFrame = ids.order_by("customer_id").to_pyarrow().to_pandas()
    # a hash of the id: more customers move nobody to another day
    place = pd.util.hash_array(frame["customer_id"].to_numpy(dtype=object).astype(str))
    days = np.array(middles, dtype=object)[place % len(middles)]
    return frame.assign(day=days)


def _with_history(data: KpiData, rows: pd.DataFrame, after: int) -> pd.DataFrame:
    """Add what was known of customers on their day, and whether they came back."""
    names = ["customer_id", "day", *STRATUM, "stopped", "value"]
    if rows.empty:
        return pd.DataFrame(columns=names)
    kind = data.ledger.days.customer_id.type()
    asked = ibis.memtable(rows, schema={"customer_id": kind, "day": "date"})
    if not data.has_purchases:
        return _of_contracts(with_contracts(data, asked, after))
    days = data.days.select(
        "customer_id", "is_purchase", "spend_micros", at=data.days.day
    )
    both = asked.inner_join(days, "customer_id")
    before = both.at < both.day
    recent = before & (both.at >= both.day - ibis.interval(days=YEAR))
    follows = (both.at > both.day) & (both.at <= both.day + ibis.interval(days=after))
    bought = both.is_purchase
    found = both.group_by("customer_id", "day").aggregate(
        first=both.at.min(where=bought & before),
        last=both.at.max(where=bought & before),
        n=bought.cast("int64").sum(where=recent),
        micros=both.spend_micros.sum(where=recent),
        n_after=bought.cast("int64").sum(where=follows),
    )
    # whoever had not bought yet has nothing to stop
    known = found.filter(found["first"] < found.day)
    frame = known.order_by("customer_id", "day").to_pyarrow().to_pandas()
    day, first, last = (
        pd.to_datetime(frame[name]) for name in ("day", "first", "last")
    )
    return pd.DataFrame(
        {
            "customer_id": frame["customer_id"],
            "day": frame["day"],
            "quarter": day.dt.year * 4 + day.dt.quarter,
            "recency": np.searchsorted(RECENCY_DAYS, (day - last).dt.days),
            "frequency": np.searchsorted(FREQUENCY, frame["n"].fillna(0)),
            "tenure": np.searchsorted(TENURE_DAYS, (day - first).dt.days),
            "stopped": (frame["n_after"].fillna(0) == 0).astype(float),
            "value": frame["micros"].fillna(0).astype(float) / MICROS,
        }
    )


def _of_contracts(found: Any) -> pd.DataFrame:
    """Lay out who stayed as who came back; without purchases, strata are of tenure."""
    frame = found.order_by("customer_id", "day").to_pyarrow().to_pandas()
    day, first = (pd.to_datetime(frame[name]) for name in ("day", "first"))
    return pd.DataFrame(
        {
            "customer_id": frame["customer_id"],
            "day": frame["day"],
            "quarter": day.dt.year * 4 + day.dt.quarter,
            "recency": 0,
            "frequency": 0,
            "tenure": np.searchsorted(TENURE_DAYS, (day - first).dt.days),
            "stopped": (frame["n_after"] == 0).astype(float),
            "value": frame["yearly"].astype(float),
        }
    )


def _gap_of(
    cases: pd.DataFrame, rows: pd.DataFrame, others: pd.DataFrame, name: str, part: str
) -> dict[str, Any] | None:
    """Set the first such experience of each customer beside the strata's others."""
    if cases.empty or rows.empty:
        return None
    firsts = cases.drop_duplicates("customer_id")[["customer_id", "day"]]
    exposed = firsts.merge(rows, on=["customer_id", "day"])
    strata = others.groupby(STRATUM)["stopped"].agg(["size", "mean"])
    matched = exposed.join(strata, on=STRATUM)
    is_matched = matched["size"].notna()
    found = matched[is_matched]
    if found.empty:
        return None
    difference = found["stopped"] - found["mean"]
    gap = float(difference.mean())
    low, high = _interval(found, gap)
    return {
        "experience": name,
        "part": part,
        "n_customers": len(found),
        "n_unmatched": int((~is_matched).sum()),
        "n_compared": int(found.drop_duplicates(STRATUM)["size"].sum()),
        "rate": shorten(float(found["stopped"].mean())),
        "rate_compared": shorten(float(found["mean"].mean())),
        "gap": shorten(gap),
        "low": low,
        "high": high,
        "value_lost": shorten(float(gap * found["value"].sum())),
    }


def _interval(found: pd.DataFrame, gap: float) -> tuple[float | None, float | None]:
    """Return the 95% interval of a stratified difference.

    The variance is that of the exposed around their strata's others, plus the strata's
    own: each is a share of `size` customers, weighed by the exposed in it.
    """
    n = len(found)
    if n < 2:
        return None, None
    spread = (found["stopped"] - found["mean"] - gap) ** 2
    strata = found.groupby(STRATUM).agg(
        n=("stopped", "size"), size=("size", "first"), mean=("mean", "first")
    )
    # add one of each kind, so that a stratum in which all do the same is not certain
    mean = (strata["mean"] * strata["size"] + 1) / (strata["size"] + 2)
    own = (strata["n"] / n) ** 2 * mean * (1 - mean) / strata["size"]
    error = float(np.sqrt(spread.sum() / (n - 1) / n + own.sum()))
    return shorten(gap - Z * error), shorten(gap + Z * error)


def _by_experience(
    cases: pd.DataFrame, rows: pd.DataFrame, controls: pd.DataFrame
) -> list[dict[str, Any]]:
    found = []
    for name in (BREACH, REOPENED, BAD_CSAT, DETRACTOR):
        inside = cases[cases["experience"] == name]
        found.append(_gap_of(inside, rows, _without(controls, inside), name, ""))
    return [gap for gap in found if gap]


def _without(controls: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
    """Return the controls who had none of these experiences in the time looked at."""
    return controls[~controls["customer_id"].isin(cases["customer_id"])]


def _by_part(
    cases: pd.DataFrame, rows: pd.DataFrame, controls: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return departments and tags, those that cost most value first."""
    others = _without(controls, cases[cases["experience"].isin(WITH_TICKET)])
    gaps = [
        gap
        for part, inside in _parts(cases)
        if inside["customer_id"].nunique() >= LEAST_PART
        and (gap := _gap_of(inside, rows, others, "any", part))
    ]
    return sorted(gaps, key=lambda gap: (-gap["value_lost"], gap["part"]))


def _parts(cases: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for name, inside in cases.dropna(subset=["department"]).groupby("department"):
        yield f"department={name}", inside
    tagged = cases.dropna(subset=["tags"])
    each = tagged.assign(tag=tagged["tags"].str.split(TAG_SEPARATORS)).explode("tag")
    for name, inside in each[each["tag"].fillna("") != ""].groupby("tag"):
        yield f"tag={name}", inside
