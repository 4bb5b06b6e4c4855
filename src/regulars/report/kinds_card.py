"""What the model card says of contracts and of labelled tables.

``training.json`` comes in as a dictionary, the sentences and facts that differ from
those of a purchase log go out.
"""

from __future__ import annotations

from typing import Any

from regulars.report.formats import listing, number, percent, plural

SHARED = (
    "A high probability of leaving is no reason to contact on its own: whether an "
    "offer changes anything, only a campaign with a control group shows.",
    "It holds for the population of its table; for other customers train it again.",
)
LIMITS = {
    "labelled": (
        "What churn means, and whether the attributes were known before it, is the "
        "table's own word: the check can only say which columns look too good.",
        *SHARED,
        "Figures are those of models that had not seen the test rows; the model that "
        "scores was refitted with them too.",
    ),
    "contractual": (
        "A contract that has been given notice for a day to come counts as running "
        "until that day.",
        "What a customer is worth follows from the price a month and from how long "
        "customers of the same tenure have stayed, not from the customer's own risk: "
        "it is the worth of one who has been kept.",
        *SHARED,
        "Figures are those of the model that had not seen the test window; the model "
        "that scores was refitted with that window too.",
    ),
}


def purpose(card: dict[str, Any]) -> str:
    """Return what the model says, in a sentence."""
    if card["kind"] == "labelled":
        return (
            "Says for each row of the table how probable it is that "
            f"{card.get('question')}."
        )
    gap = card.get("gap_days")
    after = f", after a gap of {gap} days" if gap else ""
    return (
        "Says for each customer with a running contract how probable it is that the "
        f"last contract ends within {card.get('horizon_days')} days{after}, without "
        "another that follows on it."
    )


def data_facts(card: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return what the model was made of."""
    if card["kind"] == "labelled":
        return _table_facts(card)
    found, time = card.get("survival") or {}, card.get("timeline") or {}
    spells = found.get("n_spells")
    return [
        (
            "Contracts",
            f"{plural(spells, 'spell')}, {number(found['n_ended'])} of them over"
            if spells
            else None,
        ),
        ("Cutoff of the scores", time.get("cutoff")),
        ("Test cutoff", time.get("test_cutoff")),
        ("Learnt for the test from", _cutoffs(time.get("training_cutoffs"))),
        ("Learnt for the scores from", _cutoffs(time.get("refit_cutoffs"))),
        ("Fingerprint of the data", card.get("fingerprint")),
    ]


def _table_facts(card: dict[str, Any]) -> list[tuple[str, Any]]:
    rows = card.get("rows") or {}
    splits = len(card.get("test_splits") or [])
    kept = rows.get("rows_kept")
    suspects = card.get("leak_suspects") or []
    return [
        (
            "Rows",
            f"{number(kept)}, {number(rows['n_labelled'])} of them with a label; "
            f"{percent(rows['churn_rate'])} churned"
            if kept
            else None,
        ),
        ("Attributes", len(card.get("columns") or []) or None),
        (
            "Tests",
            f"{splits} stratified splits, each with a model of its own"
            if splits > 1
            else f"rows from {(card.get('test') or {}).get('cutoff')} on",
        ),
        ("Columns that know too much", listing(suspects) if suspects else None),
        ("Fingerprint of the data", card.get("fingerprint")),
    ]


def _cutoffs(days: Any) -> str | None:
    return f"cutoffs {listing([str(day) for day in days])}" if days else None
