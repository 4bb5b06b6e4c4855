"""What to read off each chart, in a sentence made of the chart's own numbers.

The results come in, a sentence goes out. Nothing is said by heart: a caption names the
figure that the reader would look for, and says so plainly when the model loses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.report import kinds_charts
from regulars.report.backtest_charts import backtest_captions
from regulars.report.formats import (
    date,
    in_sentence,
    is_missing,
    money,
    month,
    number,
    percent,
    plural,
    significant,
)
from regulars.report.history_charts import last_complete_month
from regulars.report.model_charts import series_labels, top_features
from regulars.report.offer_charts import profit_caption

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regulars.report.results import Results

CONTACTED = 0.2


def captions(results: Results) -> dict[str, str]:
    """Write the caption of every chart."""
    written: dict[str, str] = {}
    if results.kpis:
        for name, write in (FROM_KPIS | kinds_charts.CAPTIONS).items():
            written[name] = write(results.kpis)
    if results.training:
        for name, write in FROM_TRAINING.items():
            written[name] = write(results.training)
        written["spend"] = _spend(results)
        written["profit"] = profit_caption(results.training, results.currency)
    if results.backtest:
        written |= backtest_captions(results.backtest)
    if results.scores is not None:
        written["risk"] = _risk(results)
        written["value"] = _value(results)
    return {name: text for name, text in written.items() if text}


def _retention(kpis: dict[str, Any]) -> str:
    row = last_complete_month(kpis)
    if row is None:
        return ""
    kept = percent(row["retention_rate"])
    lost = percent(row.get("churn_rate"))
    text = (
        f"In {row['label']}, the last month that is over, {kept} of the customers of "
        f"the month before bought again and {lost} did not."
    )
    return text + _unfinished(kpis, "Hollow marks are")


def _unfinished(kpis: dict[str, Any], start: str) -> str:
    is_cut = any(not row.get("is_complete", True) for row in kpis.get("monthly") or [])
    return f" {start} months that the data do not cover in full." if is_cut else ""


def _activity(kpis: dict[str, Any]) -> str:
    rows = [row for row in kpis.get("monthly") or [] if row.get("is_complete", True)]
    if not rows:
        return ""
    row = rows[-1]
    buyers = (row.get("n_new") or 0) + (row.get("n_returning") or 0)
    share = (row.get("n_returning") or 0) / buyers if buyers else None
    return (
        f"{plural(buyers, 'customer')} bought in {month(row['month'])}; "
        f"{percent(share)} of them had bought before."
    )


def _revenue(kpis: dict[str, Any]) -> str:
    rows = [row for row in kpis.get("monthly") or [] if row.get("is_complete", True)]
    rows = [row for row in rows if row.get("revenue") is not None]
    if not rows:
        return ""
    best = max(rows, key=lambda row: row["revenue"])
    currency = kpis.get("currency", "")
    text = (
        f"{month(best['month'])} brought in most, "
        f"{money(best['revenue'], currency, short=True)}; {month(rows[-1]['month'])} "
        f"brought in {money(rows[-1]['revenue'], currency, short=True)}."
    )
    return text + _unfinished(kpis, "Hatched bars are")


def _cohorts(kpis: dict[str, Any]) -> str:
    table = kpis.get("cohorts") or {}
    shares = table.get("retention") or []
    period = str(table.get("period") or "period")
    first = [
        (row[1], name)
        for row, name in zip(shares, table.get("cohorts") or [], strict=False)
        if len(row) > 1 and row[1] is not None
    ]
    if not first:
        return ""
    low, high = min(first), max(first)
    if len(first) == 1:
        return f"Of the {low[1]} cohort {percent(low[0])} bought in the next {period}."
    return (
        f"One {period} after the first purchase between {percent(low[0])} (cohort "
        f"{low[1]}) and {percent(high[0])} (cohort {high[1]}) bought again. Read a row "
        f"to see a cohort fade, a column to see whether newer cohorts are better."
    )


def _roc(training: dict[str, Any]) -> str:
    return comparison(training, "roc_auc", "area under the curve", significant)


def comparison(
    training: dict[str, Any], metric: str, words: str, form: Callable[[Any], str]
) -> str:
    """Say how the model stands beside the best baseline on one measure."""
    own = (training.get("test") or {}).get(metric)
    if own is None:
        return ""
    rivals = [
        (row[metric], name)
        for name, row in (training.get("baselines") or {}).items()
        if row.get(metric) is not None
    ]
    if not rivals:
        return f"The model's {words} is {form(own)}; there is no baseline beside it."
    best, name = max(rivals)
    label = series_labels(training)[name]
    if own > best:
        start = "The model is ahead of every baseline"
    elif own == best:
        start = "The model does no better than the best baseline"
    else:
        start = "The model does worse than the best baseline"
    return f"{start}: {words} {form(own)}, {label} {form(best)}."


def _at(across: Sequence[float], up: Sequence[float], wanted: float) -> float:
    """Read a curve at one point, on the straight line between its neighbours."""
    for right in range(1, len(across)):
        if across[right] >= wanted:
            left = right - 1
            width = across[right] - across[left]
            part = (wanted - across[left]) / width if width else 1.0
            return float(up[left] + part * (up[right] - up[left]))
    return float(up[-1])


def _gains(training: dict[str, Any]) -> str:
    curves = training.get("curves") or {}
    reached = {
        name: _at(
            curve["gains"]["share_contacted"],
            curve["gains"]["share_reached"],
            CONTACTED,
        )
        for name, curve in curves.items()
        if curve.get("gains")
    }
    if "model" not in reached:
        return ""
    shares = [reached.pop("model")]
    labels = [""]
    if reached:
        best = max(sorted(reached), key=lambda name: reached[name])
        shares.append(reached[best])
        labels.append(f"; the best baseline there, {series_labels(training)[best]}, ")
    rate = (training.get("test") or {}).get("churn_rate")
    if rate:
        shares.append(min(1.0, CONTACTED / rate))
        labels.append("; a perfect list would reach ")
    # a decimal where whole percentages would hide who is ahead
    digits = None if len(set(map(percent, shares))) == len(shares) else 1
    words = [percent(share, digits) for share in shares]
    rest = "".join(f"{a}{b}" for a, b in zip(labels[1:], words[1:], strict=True))
    return (
        f"Contacting the riskiest {percent(CONTACTED)} reaches {words[0]} of those who "
        f"will stop{rest}."
    )


def _lift(training: dict[str, Any]) -> str:
    lift = (training.get("test") or {}).get("top_decile_lift")
    rate = (training.get("test") or {}).get("churn_rate")
    if lift is None:
        return ""
    text = (
        f"Among the riskiest tenth churners are {number(lift, 2)} times as dense as "
        "among all customers"
    )
    if rate:
        text += (
            f" ({percent(lift * rate)} against {percent(rate)}, so no list could do "
            f"better than {number(min(1 / rate, 10), 2)} times)"
        )
    return f"{text}."


def _reliability(training: dict[str, Any]) -> str:
    curve = (training.get("curves") or {}).get("model") or {}
    points = curve.get("reliability") or []
    if not points:
        return ""
    worst = max(points, key=lambda p: abs(p["mean_predicted"] - p["observed_rate"]))
    group = plural(worst["n_customers"], "customer")
    text = (
        "On the diagonal a probability means what it says. The model is furthest from "
        f"it where it says {percent(worst['mean_predicted'])}: "
        f"{percent(worst['observed_rate'])} of these {group} stopped."
    )
    error = (training.get("test") or {}).get("ece")
    if error is not None:
        text += f" On average it is {number(100 * error, 1)} points off."
    return text


def _importance(training: dict[str, Any]) -> str:
    rows = top_features(training, 3)
    if not rows:
        return ""
    words = [in_sentence(row.get("meaning") or row["feature"]) for row in rows]
    return (
        f"What moves the scores most: {'; '.join(words)}. A bar's length is how far a "
        "feature moves a customer's score on average, up or down."
    )


def _tracking(training: dict[str, Any]) -> str:
    found = (training.get("diagnostics") or {}).get("tracking") or {}
    if not found.get("week"):
        return ""
    actual, expected = found["actual_cumulative"][-1], found["expected_cumulative"][-1]
    gap = expected / actual - 1 if actual else None
    way = "more" if expected >= actual else "fewer"
    size = percent(None if gap is None else abs(gap))
    return (
        f"By week {number(found['week'][-1])} the process model expects "
        f"{number(expected)} repeat purchases, {size} {way} than the "
        f"{number(actual)} that came."
    )


def _by_frequency(training: dict[str, Any]) -> str:
    found = (training.get("diagnostics") or {}).get("by_frequency") or {}
    if not found.get("frequency"):
        return ""
    last = -1
    return (
        f"Customers with {found['frequency'][last]} repeat purchases made "
        f"{number(found['actual'][last], 2)} more each; the process model expected "
        f"{number(found['expected'][last], 2)}."
    )


def _alive(training: dict[str, Any]) -> str:
    found = (training.get("diagnostics") or {}).get("alive_matrix") or {}
    rows = found.get("p") or []
    known = [p for p in (rows[-1] if rows else []) if not is_missing(p)]
    if not known:
        return ""
    return (
        f"With {plural(found['frequency'][-1], 'repeat purchase')} the probability of "
        f"being a customer still runs from {percent(known[0])}, where the last one is "
        f"long ago (left), to {percent(known[-1])}, where it is recent (right)."
    )


def _spend(results: Results) -> str:
    found = ((results.training or {}).get("diagnostics") or {}).get(
        "spend_density"
    ) or {}
    if not found.get("value"):
        return ""
    actual, expected = (
        money(found["value"][found[key].index(max(found[key]))], results.currency)
        for key in ("actual", "expected")
    )
    return (
        f"Repeat buyers most often spend about {actual} a time; the spend model has "
        f"its peak at {expected}. The closer the lines, the better it fits."
    )


def _timeline(training: dict[str, Any]) -> str:
    timeline = training.get("timeline") or {}
    if not timeline.get("cutoff"):
        return ""
    text = f"Scores stand at {date(timeline['cutoff'])}"
    if timeline.get("test_cutoff"):
        text += (
            f"; the figures of the test window come from a model that had seen "
            f"nothing after {date(timeline['test_cutoff'])}"
        )
    refits = timeline.get("refit_cutoffs") or []
    if refits:
        text += (
            ". The model that scores was then refitted on "
            f"{plural(len(refits), 'window')}, the latest starting {date(max(refits))}"
        )
    if training.get("is_champion") is False:
        text += (
            ". It did not take the champion's place; the model that made the scores "
            "is named below"
        )
    return f"{text}."


def _risk(results: Results) -> str:
    scores = results.scores
    if scores is None or scores.empty:
        return ""
    expected = scores["churn_probability"].sum()
    if results.kind:
        return (
            f"{number(expected)} of {plural(len(scores), 'customer')} "
            f"({percent(expected / len(scores))}) are expected to leave."
        )
    text = (
        f"{number(expected)} of {plural(len(scores), 'customer')} "
        f"({percent(expected / len(scores))}) are expected to buy nothing "
        f"{results.within_horizon()}"
    )
    if "risk_band" not in scores:
        return f"{text}."
    high = scores[scores["risk_band"] == "high"]
    total = scores["value_at_risk"].sum()
    share = high["value_at_risk"].sum() / total if total > 0 else None
    return (
        f"{text}. {plural(len(high), 'customer')} ({percent(len(high) / len(scores))}) "
        f"are at high risk; they hold {percent(share)} of the value at risk."
    )


def _value(results: Results) -> str:
    scores = results.scores
    if scores is None or scores.get("clv") is None or not scores["clv"].any():
        return ""
    values = scores["clv"].fillna(0).sort_values(ascending=False)
    tenth = max(1, round(len(values) / 10))
    total = values.sum()
    share = values.iloc[:tenth].sum() / total if total > 0 else None
    return (
        f"The {plural(tenth, 'customer')} worth most, a tenth of all, hold "
        f"{percent(share)} of the {money(total, results.currency, short=True)} that "
        "all are worth."
    )


FROM_KPIS: dict[str, Callable[[dict[str, Any]], str]] = {
    "retention": _retention,
    "activity": _activity,
    "revenue": _revenue,
    "cohorts": _cohorts,
}
FROM_TRAINING: dict[str, Callable[[dict[str, Any]], str]] = {
    "roc": _roc,
    "gains": _gains,
    "lift": _lift,
    "reliability": _reliability,
    "importance": _importance,
    "tracking": _tracking,
    "by_frequency": _by_frequency,
    "alive": _alive,
    "timeline": _timeline,
}
