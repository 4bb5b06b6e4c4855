"""Find amounts that are all zero, mostly zero or all equal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from regulars.data.queries import first_row
from regulars.findings.finding import Finding, Setting, counted, share_words

if TYPE_CHECKING:
    from regulars.findings.observed import ObservedLog

MOSTLY = 0.5
FEWEST_ROWS = 20
_SAMPLE = 1_000
_NAMES_MONEY = re.compile(
    r"amount|price|paid|total|revenue|value|sales|spend|spent|cost|gross|net|betrag|"
    r"umsatz|preis|montant|importe|money|dollar|euro|usd|eur",
    re.IGNORECASE,
)


def odd_amounts(log: ObservedLog) -> Finding | None:
    """Warn of amounts that are all zero; ask about mostly zero or all equal ones."""
    bought = log.rows.filter(~log.rows.is_return)
    if log.settings.amount_of == "order":
        # the total stands on one line of each order, and 0 on the others by design
        bought = bought.group_by("order_id").aggregate(amount=bought.amount.sum())
    row = first_row(
        bought.aggregate(
            n=bought.count(),
            n_zero=(bought.amount == 0).sum(),
            low=bought.amount.min(),
            high=bought.amount.max(),
        )
    )
    n, n_zero = row["n"], row["n_zero"] or 0
    if not n:
        return None
    share = n_zero / n
    if n_zero == n:
        return _finding(
            log,
            "amounts_all_zero",
            f"All {n:,} purchases have an amount of 0.",
            "No value can be learnt from that",
            {"n_rows": n, "share_zero": 1.0},
        )
    if n < FEWEST_ROWS:
        return None
    if row["low"] == row["high"]:
        return _finding(
            log,
            "amounts_all_equal",
            f"All {n:,} purchases have the same amount, {row['low']:,g}.",
            "If prices differ, it is the wrong column",
            {"n_rows": n, "amount": row["low"]},
        )
    if share >= MOSTLY:
        return _finding(
            log,
            "amounts_mostly_zero",
            f"{counted(n_zero, 'purchase')} of {n:,} ({share_words(share)}) have an "
            "amount of 0.",
            "If they were paid for, it is the wrong column",
            {"n_rows": n, "n_zero": n_zero, "share_zero": share},
        )
    return None


def _finding(
    log: ObservedLog, key: str, seen: str, start: str, figures: dict[str, float]
) -> Finding:
    mapped = log.columns.get("amount", "amount")
    other = _other_amount(log)
    setting = Setting("source.transactions.columns.amount", other) if other else None
    end = (
        f": '{mapped}' is mapped. If '{other}' holds what was paid, write "
        f"{setting.words}."
        if setting
        else f": '{mapped}' is mapped. Name the column that holds what was paid under "
        "`source.transactions.columns`."
    )
    return Finding(
        key=key,
        severity="warning" if key == "amounts_all_zero" else "ask",
        seen=seen,
        advice=start + end,
        figures=figures,
        setting=setting,
    )


def _other_amount(log: ObservedLog) -> str | None:
    """Return a column of the source whose name and sample look like amounts."""
    used = set(log.columns.values())
    names = [
        name
        for name in log.raw.columns
        if _NAMES_MONEY.search(name) and name not in used
    ]
    if not names:
        return None
    sample = log.raw.table.select(*names).limit(_SAMPLE)
    values = {name: sample[name].try_cast("float64") for name in names}
    counts = first_row(
        sample.aggregate(
            **{f"n_{k}": value.nunique() for k, value in enumerate(values.values())},
            **{f"k_{k}": value.count() for k, value in enumerate(values.values())},
            n=sample.count(),
        )
    )
    for place, name in enumerate(names):
        is_number = counts[f"k_{place}"] >= 0.9 * counts["n"]
        if is_number and counts[f"n_{place}"] > 1:
            return name
    return None
