"""Categories that came or went, values that are missing, rows that were set aside."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from scipy.stats import binom

from regulars.monitoring.arrival import MONTH, RHYTHMS, Lines
from regulars.monitoring.checks import Watch, tail
from regulars.monitoring.forecast import Rhythm, p_value_of_none, surprise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.config import MonitoringSettings
    from regulars.results.monitoring import IntakeCount

    Floats = NDArray[np.float64]

CATEGORIES = ("channel", "store_id", "category")
# a column with more values is a name, not a category
MOST_VALUES = 60
FEWEST_EXPECTED = 5
# always there, or worked out
COMPLETE = {"customer_id", "order_time", "order_date", "is_return"}


def watch_categories(lines: Lines, settings: MonitoringSettings) -> list[Watch]:
    """Watch the customers of each category, channel and store."""
    watches = []
    for column in CATEGORIES:
        if column not in lines.table.columns:
            continue
        for rhythm in RHYTHMS:
            watches += _column(lines, column, rhythm, settings)
    return watches


def _column(
    lines: Lines, column: str, rhythm: Rhythm, settings: MonitoringSettings
) -> list[Watch]:
    n_days = rhythm.days
    t = lines.aged(n_days)
    counted = t.group_by("age", value=t[column].cast("string")).aggregate(
        n=t.customer_id.nunique(), last=t.order_date.max()
    )
    frame = counted.to_pandas().dropna(subset="value")
    totals = t.group_by("age").aggregate(n=t.customer_id.nunique()).to_pandas()
    ages = range(lines.n_periods(n_days))
    total = totals.set_index("age")["n"].reindex(ages, fill_value=0).to_numpy(float)
    if frame["value"].nunique() > MOST_VALUES or len(total) < 2 or not total[0]:
        return []
    table = frame.pivot_table(index="age", columns="value", values="n", aggfunc="sum")
    table = table.reindex(ages).fillna(0.0)
    # one may count for several values
    whole = table.sum(axis=1).to_numpy(np.float64)
    last = frame.groupby("value")["last"].max()
    watches = []
    for value in table.columns:
        counts = table[value].to_numpy(np.float64)
        day = pd.Timestamp(last[value]).date()
        if counts[1:].any():
            watches += _change(
                (lines, column, str(value), rhythm), counts, whole, day, settings
            )
        else:
            watches += _news(
                (lines, column, str(value), rhythm), counts, total, settings
            )
    return watches


def _change(
    place: tuple[Lines, str, str, Rhythm],
    counts: Floats,
    total: Floats,
    last: date,
    settings: MonitoringSettings,
) -> list[Watch]:
    """Watch a value that was there before, beside the customers of the others."""
    lines, column, value, rhythm = place
    n_days = rhythm.days
    # a month with fewer customers of the others has fewer of each kind; and where one
    # kind is gone, the others have not grown
    others = np.maximum(total - counts, 1.0)
    both = [
        surprise(
            counts * scale,
            counts * scale**2,
            tolerated=settings.category_change,
            rhythm=rhythm,
        )
        for scale in (others[0] / others, np.ones_like(others))
    ]
    found = [each for each in both if each is not None]
    if not found or min(each.expected for each in found) < FEWEST_EXPECTED:
        return []
    is_gone = not counts[0]
    p_value = max(each.p_value for each in found)
    if is_gone:
        fewest = min(each.expected for each in found)
        # of its own counts: a ratio to the others' scatters more than they do
        p_value = p_value_of_none(fewest, found[-1].dispersion)
    expected = found[0].expected
    since = last + timedelta(days=1) if is_gone else lines.start(n_days)
    happened = (
        f"has vanished: none since {since}"
        if is_gone
        else f"has {counts[0]:,.0f} since {since}"
    )
    return [
        Watch(
            room="quality",
            name=f"{column} '{value}' of {n_days} days",
            value=float(counts[0]),
            expected=expected,
            threshold=settings.category_change,
            p_value=p_value,
            since=since,
            sentence=(
                f"Of the customers of the last {n_days} days, {column} '{value}' "
                f"{happened}, where {expected:,.0f} were expected "
                f"({settings.category_change:.0%} less is tolerated). Ask whether its "
                "lines are missing or it was renamed; if it was closed, train again."
            ),
        )
    ]


def _news(
    place: tuple[Lines, str, str, Rhythm],
    counts: Floats,
    total: Floats,
    settings: MonitoringSettings,
) -> list[Watch]:
    """Watch a value that no earlier period holds."""
    lines, column, value, rhythm = place
    n_days = rhythm.days
    share = counts[0] / total[0]
    return [
        Watch(
            room="quality",
            name=f"new {column} '{value}' of {n_days} days",
            value=float(share),
            expected=0.0,
            threshold=settings.new_category,
            # all of its customers in the last period, had it been there all the time
            p_value=float((total[0] / total.sum()) ** counts[0]),
            is_beyond=bool(share >= settings.new_category),
            since=lines.start(n_days),
            sentence=(
                f"{column} '{value}' is new: {counts[0]:,.0f} customers "
                f"({share:.1%}) in the {n_days} days since {lines.start(n_days)}, none "
                "before. If it is another name for an old one, map it in the source; "
                "else train again once it has a horizon of history."
            ),
        )
    ]


def watch_missing(lines: Lines, settings: MonitoringSettings) -> list[Watch]:
    """Watch the share of lines without a value, by column."""
    t = lines.aged(MONTH)
    columns = [name for name in lines.table.columns if name not in COMPLETE]
    if not columns or lines.n_periods(MONTH) < 2:
        return []
    counted = t.mutate(is_new=t.age == 0).group_by("is_new")
    frame = counted.aggregate(
        n=ibis._.count(),
        n_customers=ibis._.customer_id.nunique(),
        **{name: ibis._.count() - ibis._[name].count() for name in columns},
    ).to_pandas()
    rows = frame.set_index("is_new")
    if len(rows) < 2:
        return []
    new, old = rows.loc[True], rows.loc[False]
    watches = []
    for name in columns:
        share, before = new[name] / new["n"], old[name] / old["n"]
        limit = min(before + settings.missing_share, 1.0)
        # lines of one customer resemble each other: customers are what is counted
        n = int(new["n_customers"])
        watches.append(
            Watch(
                room="quality",
                name=f"missing {name}",
                value=float(share),
                expected=float(before),
                threshold=settings.missing_share,
                p_value=float(binom.sf(np.floor(share * n) - 1, n, limit)),
                is_beyond=bool(share > limit),
                since=lines.start(MONTH),
                sentence=(
                    f"'{name}' is missing in {share:.1%} of the lines since "
                    f"{lines.start(MONTH)}, in {before:.1%} of those before (a rise of "
                    f"{settings.missing_share:.0%} is tolerated). Look for a change of "
                    "the source's export or of the column's name."
                ),
            )
        )
    return watches


def watch_set_aside(
    counts: Mapping[str, tuple[int, int]],
    earlier: Sequence[IntakeCount],
    settings: MonitoringSettings,
) -> list[Watch]:
    """Watch the share of new rows that the checks set aside, by table.

    `counts` are rows read and set aside now; `earlier` those of runs before.
    """
    watches = []
    for table, (rows_in, aside) in counts.items():
        before = [each for each in earlier if each.table == table]
        if not before or rows_in <= before[-1].rows_in:
            continue
        last = before[-1]
        n_new, n_bad = rows_in - last.rows_in, max(aside - last.rows_set_aside, 0)
        usual = last.rows_set_aside / max(last.rows_in, 1)
        limit = min(usual + settings.set_aside, 1.0)
        share = n_bad / n_new
        error = np.sqrt(max(limit * (1 - limit), 1e-6) / n_new)
        watches.append(
            Watch(
                room="quality",
                name=f"rows set aside of {table}",
                value=share,
                expected=usual,
                threshold=settings.set_aside,
                p_value=tail(share - limit, error),
                since=last.cutoff,
                sentence=(
                    f"The checks set aside {n_bad:,} of {n_new:,} new rows of {table} "
                    f"({share:.1%}) since the run of {last.cutoff}, {usual:.1%} before "
                    f"(a rise of {settings.set_aside:.0%} is tolerated). The "
                    "quarantine file names each row and its fault: mend the source."
                ),
            )
        )
    return watches
