"""The page's first screen: are we keeping them, are they loyal, where is money lost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from regulars.kpis.catalogue import CATALOGUE
from regulars.report.formats import (
    MINUS,
    MISSING,
    date,
    in_sentence,
    money,
    number,
    percent,
    plural,
)
from regulars.report.programme_section import programme_section, what_if_section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.results import KpiResult
    from regulars.results.kpis import ExperienceGap, KpiFigure

# the figures that answer each question, the first ones that there are
QUESTIONS = (
    (
        "Are we keeping them?",
        (
            "retention_rate",
            "contract_retention_rate",
            "net_revenue_retention",
            "net_contract_revenue_retention",
            "repeat_purchase_rate",
            "second_purchase_rate",
            "reactivation_rate",
            "purchase_frequency",
        ),
    ),
    (
        "Are they loyal?",
        (
            "nps",
            "referral_rate",
            "full_price_share",
            "participation_rate",
            "repurchase_after_bad_experience",
            "price_rise_difference",
            "breadth",
            "tenure_days",
        ),
    ),
    (
        "Where do we lose money?",
        (
            "value_at_risk",
            "gross_revenue_retention",
            "gross_contract_revenue_retention",
            "aov",
            "top_10_share",
            "predicted_clv",
            "historical_clv",
        ),
    ),
)
MOST_OF_A_QUESTION, MOST_CHANGES, MOST_PARTS, MOST_SEGMENTS = 5, 6, 6, 40
OF_SEGMENTS = (
    "customers",
    "retention_rate",
    "repeat_purchase_rate",
    "purchase_frequency",
    "aov",
    "revenue",
    "nps",
)
CELL_WORDS = {
    "loyal_staying": ("Loyal and staying", "keep it that way"),
    "staying": ("Staying, but not loyal", "a better offer takes them"),
    "loyal_slipping": ("Loyal, but slipping", "ask what keeps them away"),
    "leaving": ("Leaving", "win back only who is worth it"),
}
EXPERIENCE_WORDS = {
    "sla_breach": "A ticket answered later than promised",
    "reopened": "A ticket opened again",
    "bad_csat": "A ticket rated badly",
    "detractor": "An answer of 0 to 6 to 'would you recommend us?'",
}


def kpi_section(kpis: KpiResult | None) -> dict[str, Any] | None:
    """Return what the section lays out; None where no period was worked out."""
    if kpis is None or kpis.period is None:
        return None
    everybody = {each.kpi: each for each in kpis.figures if not each.segment}
    return {
        "period": _period(kpis),
        "notes": kpis.period.notes,
        "questions": _questions(kpis, everybody),
        "changes": _changes(everybody.values(), kpis.currency),
        "index": _index(kpis),
        "map": _map(kpis),
        "moves": _moves(kpis),
        "experiences": _experiences(kpis),
        "parts": _parts(kpis),
        "after_days": kpis.support.after_days if kpis.support else None,
        "rows": [_row(each, kpis.currency) for each in everybody.values()],
        "segments": _segments(kpis),
        "absent": _absent(kpis),
        "no_index": kpis.no_loyalty_index,
        "programme": programme_section(kpis),
        "what_if": what_if_section(kpis),
    }


def _period(kpis: KpiResult) -> str:
    period = kpis.period
    assert period is not None
    words = f"{date(period.start)} to {date(period.end - timedelta(days=1))}"
    if period.before_start is None:
        return words
    last = date(period.start - timedelta(days=1))
    return f"{words}, beside {date(period.before_start)} to {last}"


def _questions(
    kpis: KpiResult, everybody: dict[str, KpiFigure]
) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "rows": [
                _row(everybody[name], kpis.currency)
                for name in names
                if name in everybody
            ][:MOST_OF_A_QUESTION],
        }
        for title, names in QUESTIONS
    ]


def _row(figure: KpiFigure, currency: str) -> dict[str, str]:
    ends = [figure.low, figure.high]
    interval = ""
    if None not in ends:
        interval = " to ".join(_of_unit(end, figure.unit, currency) for end in ends)
    return {
        "label": CATALOGUE[figure.kpi].label,
        "value": _of_unit(figure.value, figure.unit, currency),
        "interval": interval,
        "change": _change(figure, currency),
        "mood": _mood(figure),
        "n": number(figure.n),
    }


def _of_unit(value: float | None, unit: str, currency: str) -> str:
    if value is None:
        return MISSING
    if unit == "share":
        return percent(value)
    if unit == "money":
        return money(value, currency, short=True)
    return number(value, {"points": 1, "number": 2}.get(unit, 0))


def _change(figure: KpiFigure, currency: str) -> str:
    """Write a change with its sign; of a share in points of a hundred."""
    if figure.change is None:
        return ""
    size = abs(figure.change)
    if figure.unit == "share":
        text = f"{number(100 * size, 1)} points"
    else:
        text = _of_unit(size, figure.unit, currency)
    return f"{'+' if figure.change >= 0 else MINUS}{text}"


def _mood(figure: KpiFigure) -> str:
    """Say whether a change is good or bad; nothing where chance could explain it."""
    better = CATALOGUE[figure.kpi].more_is_better
    if better is None or not _is_beyond_chance(figure):
        return ""
    assert figure.change is not None
    return "better" if (figure.change > 0) == better else "worse"


def _is_beyond_chance(figure: KpiFigure) -> bool:
    if not figure.change or figure.low is None or figure.high is None:
        return False
    # two independent figures of this width differ by chance by 1.4 of half of it
    return abs(figure.change) > 1.4 * (figure.high - figure.low) / 2


def _changes(figures: Any, currency: str) -> list[tuple[str, str]]:
    """Return what changed beyond chance, the largest relative changes first."""
    moved = [each for each in figures if _mood(each) and each.before]
    moved.sort(key=lambda each: -abs(each.change / each.before))
    return [
        (
            _mood(each),
            f"{CATALOGUE[each.kpi].label}: {_change(each, currency)}, from "
            f"{_of_unit(each.before, each.unit, currency)} to "
            f"{_of_unit(each.value, each.unit, currency)}",
        )
        for each in moved[:MOST_CHANGES]
    ]


def _index(kpis: KpiResult) -> str:
    index = kpis.loyalty_index
    if index is None:
        return ""
    parts = ", ".join(
        f"{name.replace('_', ' ')} ({percent(share)} have it)"
        for name, share in index.coverage.items()
    )
    text = (
        f"The loyalty index of {plural(index.n_customers, 'customer')} as of "
        f"{date(index.day)} is {number(index.mean)} of 100 on average, made of "
        f"{parts}; from {number(index.loyal_from)} on a customer counts as loyal. "
    )
    if index.churn_correlation is not None:
        text += (
            "Its rank correlation with the churn probability is "
            f"{number(index.churn_correlation, 2)}: "
            "at -1 it would say nothing that the scores do not. ".replace("-", MINUS)
        )
    return text + f"Each customer's is in {index.file}."


def _map(kpis: KpiResult) -> dict[str, Any] | None:
    drawn = kpis.loyalty_map
    if drawn is None:
        return None
    cells = {
        cell.cell: {
            "title": CELL_WORDS[cell.cell][0],
            "advice": CELL_WORDS[cell.cell][1],
            "n_customers": number(cell.n_customers),
            "share": percent(cell.share),
            "revenue": money(cell.revenue, kpis.currency, short=True),
            "clv": ""
            if cell.clv is None
            else money(cell.clv, kpis.currency, short=True),
        }
        for cell in drawn.cells
    }
    return {"cells": cells, "staying": drawn.staying, "day": date(drawn.day)}


def _moves(kpis: KpiResult) -> dict[str, Any] | None:
    drawn = kpis.loyalty_map
    if drawn is None or drawn.moves_from is None:
        return None
    names = [name for name in CELL_WORDS if any(m.now == name for m in drawn.moves)]
    others = sorted({m.now for m in drawn.moves} - {*CELL_WORDS})
    came = sorted({m.before for m in drawn.moves} - {*CELL_WORDS})
    counts = {(m.before, m.now): m.n_customers for m in drawn.moves}
    columns = [*names, *others]
    before = [name for name in CELL_WORDS if any(m.before == name for m in drawn.moves)]
    return {
        "from": date(drawn.moves_from),
        "to": date(drawn.moves_to),
        "columns": [_cell_name(name) for name in columns],
        "rows": [
            (_cell_name(name), [number(counts.get((name, now), 0)) for now in columns])
            for name in [*before, *came]
        ],
    }


def _cell_name(name: str) -> str:
    return CELL_WORDS[name][0] if name in CELL_WORDS else name.capitalize()


def _experiences(kpis: KpiResult) -> list[dict[str, str]]:
    if kpis.support is None:
        return []
    return [
        {"label": EXPERIENCE_WORDS[gap.experience], **_gap(gap, kpis.currency)}
        for gap in kpis.support.experiences
    ]


def _parts(kpis: KpiResult) -> list[dict[str, str]]:
    if kpis.support is None:
        return []
    return [
        {"label": gap.part.replace("=", ": "), **_gap(gap, kpis.currency)}
        for gap in kpis.support.parts[:MOST_PARTS]
    ]


def _gap(gap: ExperienceGap, currency: str) -> dict[str, str]:
    interval = MISSING
    if gap.low is not None and gap.high is not None:
        interval = f"{_points(gap.low)} to {_points(gap.high)}"
    return {
        "n": number(gap.n_customers),
        "rate": percent(gap.rate),
        "compared": percent(gap.rate_compared),
        "gap": _points(gap.gap),
        "interval": interval,
        "value": money(gap.value_lost, currency, short=True),
    }


def _points(value: float) -> str:
    sign = "+" if value > 0 else MINUS if value < 0 else ""
    return f"{sign}{number(100 * abs(value), 1)}"


def _segments(kpis: KpiResult) -> list[dict[str, Any]]:
    """Return a table a segmentation, a row a segment."""
    tables: dict[str, dict[str, dict[str, KpiFigure]]] = {}
    for figure in kpis.figures:
        by, _, value = figure.segment.partition("=")
        if by:
            tables.setdefault(by, {}).setdefault(value, {})[figure.kpi] = figure
    return [
        {"by": by, **_segment_table(rows, kpis.currency)} for by, rows in tables.items()
    ]


def _segment_table(
    rows: dict[str, dict[str, KpiFigure]], currency: str
) -> dict[str, Any]:
    shown = [name for name in OF_SEGMENTS if any(name in row for row in rows.values())]
    return {
        "columns": [CATALOGUE[name].label for name in shown],
        "rows": [
            (
                value,
                [
                    _of_unit(row[name].value, row[name].unit, currency)
                    if name in row
                    else MISSING
                    for name in shown
                ],
            )
            for value, row in [*rows.items()][:MOST_SEGMENTS]
        ],
    }


def _absent(kpis: KpiResult) -> list[tuple[str, str]]:
    """Return why figures are missing, those of one reason together."""
    reasons: dict[str, list[str]] = {}
    for each in kpis.absent:
        reasons.setdefault(each.why, []).append(CATALOGUE[each.kpi].label)
    return [(why, _listed(labels)) for why, labels in reasons.items()]


def _listed(labels: Sequence[str]) -> str:
    first, *rest = labels
    return ", ".join([first, *map(in_sentence, rest)])
