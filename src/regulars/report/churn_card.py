"""What the model card says where churn is to leave, not to stop buying."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.report.formats import listing, number, percent, plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from regulars.results import TrainingResult

SHARED_LIMITS = (
    "A high probability of leaving is no reason to contact on its own: whether an "
    "offer changes anything, only a campaign with a control group shows.",
    "It holds for the population of its table; for other customers train it again.",
)
TABLE_LIMITS = (
    "What churn means, and whether the attributes were known before it, is the "
    "table's own word: the check can only say which columns look too good.",
    *SHARED_LIMITS,
    "Figures are those of the whole procedure on rows that it had not seen; the model "
    "that scores is the same procedure on all rows, with choices of its own.",
)
CONTRACT_LIMITS = (
    "A contract that has been given notice for a day to come counts as running "
    "until that day.",
    "What a customer is worth follows from the price a month and from how long "
    "customers of the same tenure have stayed, not from the customer's own risk: "
    "it is the worth of one who has been kept.",
    *SHARED_LIMITS,
    "Figures are those of the whole procedure as of the test cutoff: what a user would "
    "have had on that day. The model that scores is the same procedure as of its own "
    "cutoff, with choices of its own.",
)


def purpose(card: TrainingResult) -> str:
    """Return what the model says, in a sentence."""
    if card.timeline is None:
        return (
            f"Says for each row of the table how probable it is that {card.question}."
        )
    return (
        "Says for each customer with a running contract how probable it is that the "
        f"last contract ends within {card.horizon_days} days{after_gap(card)}, without "
        "another that follows on it."
    )


def after_gap(card: TrainingResult) -> str:
    """Return the gap before the predicted window in words; nothing without one."""
    return f", after a gap of {card.gap_days} days" if card.gap_days else ""


def limits(card: TrainingResult) -> Sequence[str]:
    """Return what the model cannot do."""
    return TABLE_LIMITS if card.timeline is None else CONTRACT_LIMITS


def data_facts(card: TrainingResult) -> list[tuple[str, Any]]:
    """Return what the model was made of."""
    timeline, survival = card.timeline, card.survival
    if timeline is None:
        return _table_facts(card)
    contracts = None
    if survival:
        spells, over = plural(survival.n_spells, "spell"), number(survival.n_ended)
        contracts = f"{spells}, {over} of them over"
    return [
        ("Contracts", contracts),
        ("Cutoff of the scores", timeline.cutoff),
        ("Test cutoff", timeline.test_cutoff),
        ("Learnt for the test from", cutoffs(timeline.training_cutoffs)),
        ("Learnt for the scores from", cutoffs(timeline.refit_cutoffs)),
        ("Fingerprint of the data", card.fingerprint),
    ]


def _table_facts(card: TrainingResult) -> list[tuple[str, Any]]:
    rows, n_splits = None, len(card.test_splits)
    if card.rows:
        rows = (
            f"{number(card.rows.rows_kept)}, {number(card.rows.n_labelled)} of them "
            f"with a label; {percent(card.rows.churn_rate)} churned"
        )
    tests = f"{n_splits} stratified splits, each with a model of its own"
    if n_splits <= 1:
        tests = f"rows from {card.test.cutoff if card.test else None} on"
    return [
        ("Rows", rows),
        ("Attributes", len(card.columns) or None),
        ("Tests", tests),
        ("Columns that know too much", listing(list(card.leak_suspects)) or None),
        ("Fingerprint of the data", card.fingerprint),
    ]


def cutoffs(days: Sequence[date]) -> str | None:
    """List cutoffs; None where there are none."""
    return f"cutoffs {listing([str(day) for day in days])}" if days else None
