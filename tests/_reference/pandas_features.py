"""The features again, in straightforward pandas: slow, plain, and the tests' oracle.

Written from the meanings of the features, not from the engine's expressions: every
group is a groupby, every window a filter, and nothing is shared between cutoffs. The
benchmark measures the engine against it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

WINDOWS = (7, 14, 28, 56, 91, 182, 365)


def matrix(
    log: pd.DataFrame,
    cutoffs: Sequence[date],
    *,
    lookback_days: int | None = None,
    first_day: date | None = None,
) -> pd.DataFrame:
    """Return the default feature groups of every customer at every cutoff."""
    log = log.assign(order_date=pd.to_datetime(log["order_date"]))
    start = log["order_date"].min() if first_day is None else pd.Timestamp(first_day)
    frames = []
    for day in sorted(set(cutoffs)):
        cutoff = pd.Timestamp(day)
        past = log[log["order_date"] < cutoff]
        seen_from = start
        if lookback_days is not None:
            opens = cutoff - pd.Timedelta(days=lookback_days)
            past = past[past["order_date"] >= opens]
            seen_from = max(opens, start)
        frames.append(_one_cutoff(past, cutoff, max((cutoff - seen_from).days, 0)))
    return pd.concat(frames, ignore_index=True)


def _one_cutoff(log: pd.DataFrame, cutoff: pd.Timestamp, seen: int) -> pd.DataFrame:
    lines = _lines(log)
    days = _days(lines)
    days["age"] = (cutoff - days["day"]).dt.days
    bought = days[days["is_purchase"]].sort_values(["customer_id", "day"])
    bought["gap"] = bought.groupby("customer_id")["day"].diff().dt.days
    days = days[days["customer_id"].isin(bought["customer_id"])]
    lines = lines[lines["customer_id"].isin(bought["customer_id"])]
    out = _rfm(days, bought)
    out = out.join(_rhythm(out, bought, seen))
    out = out.join(_windows(out, days, bought, seen, set(log.columns)))
    out = out.join(_basket(out, days, lines, cutoff))
    out = out.join(_calendar(out, bought))
    out = out.join(_value(days, bought))
    out = out.astype("float64").sort_index()
    out.insert(0, "cutoff", cutoff)
    return out.reset_index()


def _lines(log: pd.DataFrame) -> pd.DataFrame:
    is_return = log["is_return"] | (log["amount"] < 0)
    lines = pd.DataFrame({"customer_id": log["customer_id"], "day": log["order_date"]})
    lines["is_return"] = is_return
    for name in ("amount", "quantity", "discount_amount"):
        if name in log:
            value = log[name].astype("float64")
            lines[name] = value.where(~is_return, -value.abs())
    own = pd.Series(np.nan, index=log.index)
    if "margin_rate" in log:
        own = log["amount"].abs() * log["margin_rate"]
    if "cost_amount" in log:
        own = (log["amount"].abs() - log["cost_amount"].abs()).fillna(own)
    if {"margin_rate", "cost_amount"} & set(log):
        sign = np.where(is_return, -1.0, 1.0)
        lines["margin"] = sign * own.fillna(0.0)
        lines["margin_amount"] = sign * log["amount"].abs() * own.notna()
    for name in ("product_id", "category"):
        if name in log:
            lines[name] = log[name]
    lines["order"] = log["order_id"] if "order_id" in log else log["order_time"]
    return lines


def _days(lines: pd.DataFrame) -> pd.DataFrame:
    keys = ["customer_id", "day"]
    measures = ("amount", "quantity", "discount_amount", "margin", "margin_amount")
    sums = [n for n in measures if n in lines]
    days = lines.groupby(keys)[sums].sum()
    sold = lines[~lines["is_return"]].groupby(keys)
    days["n_lines"] = sold.size()
    days["n_orders"] = sold["order"].nunique().clip(lower=1)
    days["returned"] = -lines[lines["is_return"]].groupby(keys)["amount"].sum()
    zero = ["n_lines", "n_orders", "returned"]
    days[zero] = days[zero].fillna(0)
    days["is_purchase"] = days["n_lines"] > 0
    return days.reset_index().rename(columns={"amount": "spend"})


def _rfm(days: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    by_customer = bought.groupby("customer_id")
    totals = days.groupby("customer_id")
    out = pd.DataFrame(
        {
            "frequency": by_customer.size() - 1,
            "recency_days": by_customer["age"].max() - by_customer["age"].min(),
            "T_days": by_customer["age"].max(),
        }
    )
    repeats = bought[bought["gap"].notna()].groupby("customer_id")
    out["monetary_value"] = repeats["spend"].mean()
    out["monetary_value"] = out["monetary_value"].fillna(0.0)
    out["n_orders"] = totals["n_orders"].sum()
    out["days_since_last_order"] = by_customer["age"].min()
    out["revenue"] = totals["spend"].sum()
    out["aov"] = out["revenue"] / out["n_orders"]
    out["largest_day_spend"] = by_customer["spend"].max()
    out["last_day_spend"] = by_customer["spend"].last()
    mean = by_customer["spend"].mean()
    out["last_day_spend_ratio"] = _ratio(out["last_day_spend"], mean)
    out["purchase_days_per_week"] = by_customer.size() / (out["T_days"] / 7)
    out["recency_share"] = out["recency_days"] / out["T_days"]
    return out


def _rhythm(out: pd.DataFrame, bought: pd.DataFrame, seen: int) -> pd.DataFrame:
    gaps = bought[bought["gap"].notna()]
    by_customer = gaps.groupby("customer_id")["gap"]
    silence = out["days_since_last_order"]
    r = pd.DataFrame(index=out.index)
    r["gap_mean_days"] = by_customer.mean()
    r["gap_std_days"] = by_customer.std()
    r["gap_median_days"] = by_customer.median()
    r["gap_max_days"] = by_customer.max()
    r["gap_cv"] = r["gap_std_days"] / r["gap_mean_days"]
    r["last_gap_days"] = by_customer.last()
    last = gaps.groupby("customer_id").tail(3).groupby("customer_id")["gap"]
    r["recent_gap_mean_days"] = last.mean().where(last.size() == 3)
    r["silence_over_mean_gap"] = silence / r["gap_mean_days"]
    r["silence_over_median_gap"] = silence / r["gap_median_days"]
    r["silence_over_max_gap"] = silence / r["gap_max_days"]
    r["silence_over_recent_gap"] = silence / r["recent_gap_mean_days"]
    beyond = silence - r["gap_mean_days"]
    r["silence_deviations"] = _ratio(beyond, r["gap_std_days"])
    r["recent_gap_ratio"] = r["recent_gap_mean_days"] / r["gap_mean_days"]
    r["clumpiness"] = _clumpiness(gaps, out)
    for weeks in (4, 8, 12, 26):
        recent = bought[bought["age"] <= 7 * weeks]
        week = (recent["age"] - 1) // 7
        active = week.groupby(recent["customer_id"]).nunique()
        share = active.reindex(out.index, fill_value=0) / weeks
        r[f"active_weeks_share_{weeks}w"] = share if 7 * weeks <= seen else np.nan
    return r


def _clumpiness(gaps: pd.DataFrame, out: pd.DataFrame) -> pd.Series:
    share = gaps["gap"] / out["T_days"].reindex(gaps["customer_id"]).to_numpy()
    entropy = (share * np.log(share)).groupby(gaps["customer_id"]).sum()
    last = out["days_since_last_order"] / out["T_days"]
    entropy = entropy + last * np.log(last)
    return (1 + entropy / np.log(out["frequency"] + 1)).where(out["frequency"] > 0)


def _windows(
    out: pd.DataFrame,
    days: pd.DataFrame,
    bought: pd.DataFrame,
    seen: int,
    columns: set[str],
) -> pd.DataFrame:
    w = pd.DataFrame(index=out.index)
    items = "quantity" if "quantity" in columns else "n_lines"
    has_discount = "discount_amount" in columns
    for length in WINDOWS:
        inside = days[days["age"] <= length].groupby("customer_id")
        measures = {"orders": "n_orders"}
        if length >= 28:
            measures["spend"] = "spend"
        if length in (28, 91, 365):
            measures["items"] = items
        if length in (91, 365) and has_discount:
            measures["discount"] = "discount_amount"
        for name, column in measures.items():
            sums = inside[column].sum().reindex(out.index, fill_value=0)
            w[f"{name}_{length}d"] = sums if length <= seen else np.nan
    for half_life in (14, 30, 60):
        weight = 0.5 ** (bought["age"] / half_life)
        faded = weight.groupby(bought["customer_id"]).sum()
        w[f"orders_faded_{half_life}d"] = faded
    for length, both in ((28, 56), (91, 182)):
        before = w[f"orders_{both}d"] - w[f"orders_{length}d"]
        change = w[f"orders_{length}d"] - before
        w[f"orders_trend_{length}d"] = _ratio(change, w[f"orders_{both}d"])
        spend = _ratio(w[f"spend_{length}d"], w[f"spend_{both}d"])
        w[f"spend_trend_{length}d"] = spend
    if has_discount:
        discount = days.groupby("customer_id")["discount_amount"].sum()
        w["discount_share"] = _ratio(discount, out["revenue"] + discount)
        for length in (91, 365):
            discount = w.pop(f"discount_{length}d")
            gross = w[f"spend_{length}d"] + discount
            w[f"discount_share_{length}d"] = _ratio(discount, gross)
    return w


def _basket(
    out: pd.DataFrame, days: pd.DataFrame, lines: pd.DataFrame, cutoff: pd.Timestamp
) -> pd.DataFrame:
    b = pd.DataFrame(index=out.index)
    n_lines = days.groupby("customer_id")["n_lines"].sum()
    returned = days.groupby("customer_id")["returned"].sum()
    b["lines_per_order"] = n_lines / out["n_orders"]
    b["returns_share"] = _ratio(returned, out["revenue"] + returned)
    sold = lines[~lines["is_return"]]
    if "product_id" in lines:
        known = sold[sold["product_id"].notna()]
        first = known.groupby(["customer_id", "product_id"])["day"].min().reset_index()
        by_customer = first.groupby("customer_id")
        b["n_products"] = by_customer.size().reindex(out.index, fill_value=0)
        b["new_product_share"] = b["n_products"] / n_lines
        since = cutoff - pd.Timedelta(days=91)
        new = first[first["day"] >= since].groupby("customer_id").size()
        recent = sold[sold["day"] >= since].groupby("customer_id").size()
        new = new.reindex(out.index, fill_value=0)
        b["new_product_share_91d"] = _ratio(new, recent)
    if "category" in lines:
        known = sold[sold["category"].notna()]
        counts = known.groupby(["customer_id", "category"]).size().reset_index(name="n")
        by_customer = counts.groupby("customer_id")["n"]
        share = counts["n"] / by_customer.transform("sum")
        b["n_categories"] = by_customer.size().reindex(out.index, fill_value=0)
        squares = (share**2).groupby(counts["customer_id"]).sum()
        b["category_concentration"] = squares
        b["favourite_category_share"] = share.groupby(counts["customer_id"]).max()
    return b


def _calendar(out: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    c = pd.DataFrame(index=out.index)
    by_customer = bought["customer_id"]
    weekday = bought["day"].dt.day_of_week
    c["weekend_share"] = (weekday >= 5).groupby(by_customer).mean()
    c["month_start_share"] = (bought["day"].dt.day <= 10).groupby(by_customer).mean()
    before = weekday.groupby(by_customer).shift()
    is_same = (weekday == before)[before.notna()]
    c["same_weekday_share"] = is_same.groupby(by_customer).mean()
    return c


def _value(days: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    gross = bought["spend"] + bought["returned"]
    repeats = gross[bought["gap"].notna()].groupby(bought["customer_id"])
    totals = days.groupby("customer_id")
    v = pd.DataFrame({"gross_amount": gross.groupby(bought["customer_id"]).sum()})
    v["gross_order_value"] = repeats.mean()
    v["gross_order_value"] = v["gross_order_value"].fillna(0.0)
    v["returned_amount"] = totals["returned"].sum()
    if "margin" not in days:
        return v
    v["own_margin"] = totals["margin"].sum()
    v["own_margin_amount"] = totals["margin_amount"].sum()
    known = bought[bought["margin_amount"] > 1e-9]
    shares = (known["margin"] / known["margin_amount"]).clip(-1.0, 1.0)
    by_customer = shares.groupby(known["customer_id"])
    v["own_margin_days"] = by_customer.size()
    v["own_margin_spread"] = by_customer.var(ddof=0) * by_customer.size()
    none = ["own_margin_days", "own_margin_spread"]
    v[none] = v[none].fillna(0.0)
    return v


def _ratio(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    """Divide; nothing where the denominator is zero (to within rounding of sums)."""
    return numerator / denominator.where(denominator.abs() > 1e-9)
