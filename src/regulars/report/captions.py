"""What to read off each chart, in a sentence made of the chart's own numbers.

A caption names the figure that a reader would look for, also where the model loses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.report import churn_charts
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
from regulars.report.history_charts import complete_months
from regulars.report.model_charts import baseline_label, top_features
from regulars.report.monitoring_section import watch_captions
from regulars.report.offer_charts import profit_caption

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regulars.report.results import Results
    from regulars.results import KpiResult, TrainingResult

CONTACTED = 0.2


def captions(results: Results) -> dict[str, str]:
    """Write the caption of every chart."""
    written: dict[str, str] = {}
    if results.kpis:
        for name, write in (FROM_KPIS | churn_charts.CAPTIONS).items():
            written[name] = write(results.kpis)
    if results.training:
        for name, describe in FROM_TRAINING.items():
            written[name] = describe(results.training)
        written["spend"] = _spend(results.training, results.currency)
        if results.training.profit:
            offer = results.training.profit
            written["profit"] = profit_caption(offer, results.currency)
    if results.backtest:
        written |= backtest_captions(results.backtest)
    if results.monitoring:
        written |= watch_captions(results.monitoring)
    if results.scores is not None:
        written["risk"] = _risk(results)
        written["value"] = _value(results)
    return {name: text for name, text in written.items() if text}


def _retention(kpis: KpiResult) -> str:
    rows = [row for row in complete_months(kpis) if row.retention_rate is not None]
    if not rows:
        return ""
    kept, lost = percent(rows[-1].retention_rate), percent(rows[-1].churn_rate)
    text = (
        f"In {month(rows[-1].month)}, the last month that is over, {kept} of the "
        f"customers of the month before bought again and {lost} did not."
    )
    return text + _unfinished(kpis, "Hollow marks are")


def _unfinished(kpis: KpiResult, start: str) -> str:
    is_cut = any(not row.is_complete for row in kpis.monthly)
    return f" {start} months that the data do not cover in full." if is_cut else ""


def _activity(kpis: KpiResult) -> str:
    rows = complete_months(kpis)
    if not rows:
        return ""
    buyers = rows[-1].n_new + rows[-1].n_returning
    share = rows[-1].n_returning / buyers if buyers else None
    return (
        f"{plural(buyers, 'customer')} bought in {month(rows[-1].month)}; "
        f"{percent(share)} of them had bought before."
    )


def _revenue(kpis: KpiResult) -> str:
    rows = complete_months(kpis)
    if not rows:
        return ""
    best, last = max(rows, key=lambda row: row.revenue), rows[-1]
    text = (
        f"{month(best.month)} brought in most, "
        f"{money(best.revenue, kpis.currency, short=True)}; {month(last.month)} "
        f"brought in {money(last.revenue, kpis.currency, short=True)}."
    )
    return text + _unfinished(kpis, "Hatched bars are")


def _cohorts(kpis: KpiResult) -> str:
    table = kpis.cohorts
    first = (
        [
            (row[1], name)
            for row, name in zip(table.retention, table.cohorts, strict=True)
            if len(row) > 1 and row[1] is not None
        ]
        if table
        else []
    )
    if table is None or not first:
        return ""
    period, low, high = table.period, min(first), max(first)
    if kpis.survival is not None:
        return (
            f"At the end of the {period} after that of the first start, between "
            f"{percent(low[0])} (cohort {low[1]}) and {percent(high[0])} (cohort "
            f"{high[1]}) had a contract."
        )
    if len(first) == 1:
        return f"Of the {low[1]} cohort {percent(low[0])} bought in the next {period}."
    return (
        f"One {period} after the first purchase between {percent(low[0])} (cohort "
        f"{low[1]}) and {percent(high[0])} (cohort {high[1]}) bought again. Read a row "
        f"to see a cohort fade, a column to see whether newer cohorts are better."
    )


LOST_WORDS = {
    False: "of the period before did not buy",
    True: "had no contract at the end",
}


def _waterfall(kpis: KpiResult) -> str:
    steps = {step.step: step for step in kpis.waterfall}
    if not steps:
        return ""
    before, now = steps["before"], steps["now"]
    is_contracts = kpis.survival is not None
    who = "customer" if is_contracts else "buyer"
    text = (
        f"{money(before.revenue, kpis.currency, short=True)} of "
        f"{plural(before.n_customers, who)} became "
        f"{money(now.revenue, kpis.currency, short=True)} of {number(now.n_customers)}."
    )
    if "lost" in steps:
        lost = steps["lost"]
        amount = money(abs(lost.revenue), kpis.currency, short=True)
        text += (
            f" {plural(lost.n_customers, who)} {LOST_WORDS[is_contracts]}, which took "
            f"{amount} away."
        )
    return f"{text} In brackets how many customers."


def _roc(training: TrainingResult) -> str:
    """Say how the model stands beside the best baseline."""
    own = training.test.roc_auc if training.test else None
    if own is None:
        return ""
    words = f"area under the curve {significant(own)}"
    rivals = [
        (row.roc_auc, name)
        for name, row in training.baselines.items()
        if row.roc_auc is not None
    ]
    if not rivals:
        return (
            f"The model's area under the curve is {significant(own)}; there is no "
            "baseline beside it."
        )
    best, name = max(rivals)
    if own > best:
        start = "The model is ahead of every baseline"
    elif own == best:
        start = "The model does no better than the best baseline"
    else:
        start = "The model does worse than the best baseline"
    return f"{start}: {words}, {baseline_label(training, name)} {significant(best)}."


def _at(across: Sequence[float], up: Sequence[float], wanted: float) -> float:
    """Read a curve at one point, on the straight line between its neighbours."""
    for right in range(1, len(across)):
        if across[right] >= wanted:
            left = right - 1
            width = across[right] - across[left]
            part = (wanted - across[left]) / width if width else 1.0
            return float(up[left] + part * (up[right] - up[left]))
    return float(up[-1])


def _gains(training: TrainingResult) -> str:
    reached = {
        name: _at(curves.gains.share_contacted, curves.gains.share_reached, CONTACTED)
        for name, curves in training.curves.items()
        if curves.gains
    }
    if "model" not in reached:
        return ""
    shares = [reached.pop("model")]
    labels = [""]
    if reached:
        best = max(sorted(reached), key=lambda name: reached[name])
        shares.append(reached[best])
        labels.append(f"; the best baseline there, {baseline_label(training, best)}, ")
    if training.test and training.test.churn_rate:
        shares.append(min(1.0, CONTACTED / training.test.churn_rate))
        labels.append("; a perfect list would reach ")
    # a decimal where whole percentages would hide who is ahead
    digits = None if len(set(map(percent, shares))) == len(shares) else 1
    words = [percent(share, digits) for share in shares]
    rest = "".join(f"{a}{b}" for a, b in zip(labels[1:], words[1:], strict=True))
    return (
        f"Contacting the riskiest {percent(CONTACTED)} reaches {words[0]} of those who "
        f"will stop{rest}."
    )


def _lift(training: TrainingResult) -> str:
    if training.test is None or training.test.top_decile_lift is None:
        return ""
    lift, rate = training.test.top_decile_lift, training.test.churn_rate
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


def _reliability(training: TrainingResult) -> str:
    curves = training.curves.get("model")
    if curves is None or not curves.reliability:
        return ""
    points = curves.reliability
    worst = max(points, key=lambda p: abs(p.mean_predicted - p.observed_rate))
    group = plural(worst.n_customers, "customer")
    text = (
        "On the diagonal a probability means what it says. The model is furthest from "
        f"it where it says {percent(worst.mean_predicted)}: "
        f"{percent(worst.observed_rate)} of these {group} stopped."
    )
    if training.test and training.test.ece is not None:
        error = 100 * training.test.ece
        text += f" On average it is {number(error, 1)} points off."
    return text


def _importance(training: TrainingResult) -> str:
    rows = top_features(training, 3)
    if not rows:
        return ""
    words = [in_sentence(row.meaning) for row in rows]
    return (
        f"What moves the scores most: {'; '.join(words)}. A bar's length is how far a "
        "feature moves a customer's score on average, up or down."
    )


def _tracking(training: TrainingResult) -> str:
    tracking = training.diagnostics.tracking
    if tracking is None or not tracking.week:
        return ""
    actual, expected = tracking.actual_cumulative[-1], tracking.expected_cumulative[-1]
    gap = expected / actual - 1 if actual else None
    way = "more" if expected >= actual else "fewer"
    size = percent(None if gap is None else abs(gap))
    return (
        f"By week {number(tracking.week[-1])} the process model expects "
        f"{number(expected)} repeat purchases, {size} {way} than the "
        f"{number(actual)} that came."
    )


def _by_frequency(training: TrainingResult) -> str:
    fit = training.diagnostics.by_frequency
    if fit is None or not fit.frequency:
        return ""
    return (
        f"Customers with {fit.frequency[-1]} repeat purchases made "
        f"{number(fit.actual[-1], 2)} more each; the process model expected "
        f"{number(fit.expected[-1], 2)}."
    )


def _alive(training: TrainingResult) -> str:
    matrix = training.diagnostics.alive_matrix
    if matrix is None or not matrix.p:
        return ""
    known = [p for p in matrix.p[-1] if not is_missing(p)]
    if not known:
        return ""
    return (
        f"With {plural(matrix.frequency[-1], 'repeat purchase')} the probability of "
        f"being a customer still runs from {percent(known[0])}, where the last one is "
        f"long ago (left), to {percent(known[-1])}, where it is recent (right)."
    )


def _spend(training: TrainingResult, currency: str) -> str:
    density = training.diagnostics.spend_density
    if density is None or not density.value:
        return ""
    actual, expected = (
        money(density.value[heights.index(max(heights))], currency)
        for heights in (density.actual, density.expected)
    )
    return (
        f"Repeat buyers most often spend about {actual} a time; the spend model has "
        f"its peak at {expected}. The closer the lines, the better it fits."
    )


def _timeline(training: TrainingResult) -> str:
    timeline = training.timeline
    if timeline is None:
        return ""
    text = f"The model was trained as of {date(timeline.cutoff)}"
    if timeline.test_cutoff:
        text += (
            "; the figures of the test window are those of the same procedure as of "
            f"{date(timeline.test_cutoff)}, which knew nothing later"
        )
    refits = timeline.refit_cutoffs
    if refits:
        text += (
            ". It learnt from "
            f"{plural(len(refits), 'window')}, the latest starting {date(max(refits))}"
        )
    if not training.is_champion:
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
    text = (
        f"{number(expected)} of {plural(len(scores), 'customer')} "
        f"({percent(expected / len(scores))}) are expected to "
    )
    if not results.is_of_purchases:
        return f"{text}leave."
    text += f"buy nothing {results.within_horizon()}"
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


FROM_KPIS: dict[str, Callable[[KpiResult], str]] = {
    "retention": _retention,
    "activity": _activity,
    "revenue": _revenue,
    "cohorts": _cohorts,
    "waterfall": _waterfall,
}
FROM_TRAINING: dict[str, Callable[[TrainingResult], str]] = {
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
