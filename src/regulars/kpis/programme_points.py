"""Points of the loyalty programme: what is outstanding, and how much will be redeemed.

Points are used first in, first out. A life table of points by age says which share is
redeemed in the end; the rest is breakage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import ibis
import numpy as np
import pandas as pd

from regulars.kpis.kpi_data import flag

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from regulars.kpis.kpi_data import KpiData

    Floats = NDArray[np.float64]

AGE_DAYS = 30
REDEEMED, LOST, LEFT = 0, 1, 2
LEAST_POINTS = 1e-9


class Points(NamedTuple):
    """What is known of points at a day."""

    outstanding: float
    redeemed_last_year: float
    redeemed_share: float  # of points earned, in the end
    expected: float  # of the points outstanding, to be redeemed yet


def points_at(data: KpiData, end: date) -> Points | None:
    """Return the points before a day; None where none were earned."""
    if not data.has("loyalty", "points"):
        return None
    days = _postings(data, end)
    if days.empty or not days["credit"].sum() > 0:
        return None
    pieces = spent_in_order(days, (end - data.first_day).days)
    table = _life_table(pieces)
    left = pieces[pieces["fate"] == LEFT]
    band = left["band"].to_numpy()
    to_come = (table.redeemed[-1] - table.redeemed[band]) / table.alive[band]
    points = left["points"].to_numpy()
    recent = days["day"] >= (end - data.first_day).days - 365
    return Points(
        float(points.sum()),
        float(days.loc[recent, "redeemed"].sum()),
        float(table.redeemed[-1]),
        float(points @ to_come),
    )


def _postings(data: KpiData, end: date) -> pd.DataFrame:
    """Return points that came and went by customer and day, sorted.

    Redeemed and expired points lower the balance however their sign is written; all
    others count as they are signed.
    """
    rows = data.known_by("loyalty", end)
    rows = rows.mutate(points=rows.points.fill_null(0.0))
    kind = rows.kind.lower()
    is_redeemed = flag(kind == "redeem")
    goes = (is_redeemed == 1) | (kind == "expire")
    signed = goes.ifelse(-rows.points.abs(), rows.points.cast("float64"))
    zero = ibis.literal(0.0)
    rows = rows.mutate(
        credit=ibis.greatest(signed, zero),
        redeemed=is_redeemed * ibis.greatest(-signed, zero),
        lost=(1 - is_redeemed) * ibis.greatest(-signed, zero),
    )
    sums = {name: rows[name].sum() for name in ("credit", "redeemed", "lost")}
    days = rows.group_by("customer_id", "posted_date").aggregate(**sums)
    frame: pd.DataFrame = (
        days.order_by("customer_id", "posted_date").to_pyarrow().to_pandas()
    )
    first = pd.Timestamp(data.first_day)
    frame["day"] = (pd.to_datetime(frame["posted_date"]) - first).dt.days
    frame["customer"] = pd.factorize(frame["customer_id"])[0]
    return frame


def spent_in_order(days: pd.DataFrame, end: int) -> pd.DataFrame:
    """Cut earned points into pieces of one fate: redeemed, lost or left, at which age.

    All points ever earned lie on one line, a customer after the other, oldest first.
    What a customer uses lies on it from their start on: overlaps are the pieces.
    """
    earned = days[days["credit"] > 0]
    ends = earned["credit"].cumsum().to_numpy()
    totals = earned.groupby("customer")["credit"].sum()
    stops = totals.cumsum()
    begins = stops - totals
    uses = days.melt(
        ["customer", "day"], ["redeemed", "lost"], var_name="fate", value_name="points"
    )
    uses = uses[(uses["points"] > 0) & uses["customer"].isin(totals.index)]
    uses = uses.sort_values(["customer", "day", "fate"], kind="stable")
    used = uses.groupby("customer")["points"].cumsum()
    # nobody uses more than they have earned: the rest came before the log
    place = np.minimum(
        used.to_numpy() + begins[uses["customer"]].to_numpy(),
        stops[uses["customer"]].to_numpy(),
    )
    marks = np.unique(np.concatenate([ends, place]))
    points = np.diff(marks, prepend=0.0)
    is_piece = points > LEAST_POINTS
    middle = (marks - points / 2)[is_piece]
    lot, use = np.searchsorted(ends, middle), np.searchsorted(place, middle)
    owner = earned["customer"].to_numpy()[lot]
    by = np.append(uses["customer"].to_numpy(), -1)[use]
    is_used = by == owner
    when = np.append(uses["day"].to_numpy(), end)[use]
    fate = np.append((uses["fate"] == "lost").to_numpy(int), LEFT)[use]
    age = np.where(is_used, when, end) - earned["day"].to_numpy()[lot]
    return pd.DataFrame(
        {
            "customer": owner,
            "points": points[is_piece],
            "fate": np.where(is_used, fate, LEFT),
            "band": np.maximum(age, 0) // AGE_DAYS,
        }
    )


class LifeTable(NamedTuple):
    """Shares of points when each band of age begins, and at the end of the last."""

    alive: Floats
    redeemed: Floats


def _life_table(pieces: pd.DataFrame) -> LifeTable:
    """Return which share of points is left, and which redeemed, by age.

    Of points that reach an age (Aalen and Johansen 1978): those that are younger today
    count until today.
    """
    n_bands = int(pieces["band"].max()) + 1

    def by_band(fate: int) -> Floats:
        inside = pieces[pieces["fate"] == fate]
        sums = np.bincount(inside["band"], inside["points"], minlength=n_bands)
        return sums.astype(float)

    redeemed, lost, left = map(by_band, (REDEEMED, LOST, LEFT))
    reaching = np.cumsum((redeemed + lost + left)[::-1])[::-1]
    stays = np.concatenate([[1.0], np.cumprod(1 - (redeemed + lost) / reaching)])
    shares = np.concatenate([[0.0], np.cumsum(stays[:-1] * redeemed / reaching)])
    return LifeTable(stays, shares)
