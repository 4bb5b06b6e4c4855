"""Count the rows set aside by reason, and name the reasons for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

AFTER_CUTOFF = "after_cutoff"
DUPLICATE = "duplicate"
GUEST = "guest_id"
IN_THE_FUTURE = "in_the_future"
LEFT_OUT = "left_out"
MALFORMED = "malformed_line"
NO_PARTNER = "no_partner"

_LABELS = {
    AFTER_CUTOFF: "a time on or after the cutoff",
    DUPLICATE: "exact copy of an earlier row",
    GUEST: "an id that stands for many people (guests)",
    IN_THE_FUTURE: "dated after today",
    LEFT_OUT: "left out by 'where'",
    MALFORMED: "line with a wrong number of fields or a broken quote",
    NO_PARTNER: "no partner in a joined file",
}
_ENDINGS = {
    "_unreadable": "{} that cannot be read as a time",
    "_impossible": "{} before 1900 or after 2099",
    "_not_a_number": "{} that is not a number",
    "_not_finite": "{} that is NaN or infinite",
    "_implausible": "{} outside its plausible range",
    "_not_a_flag": "{} that is neither true nor false",
    "_not_whole": "{} that is not a whole number",
}


def label(reason: str) -> str:
    """Return a reason in words."""
    if reason in _LABELS:
        return _LABELS[reason]
    if reason.startswith("missing_"):
        return f"no {reason.removeprefix('missing_')}"
    for ending, words in _ENDINGS.items():
        if reason.endswith(ending):
            return words.format(reason.removesuffix(ending))
    return reason.replace("_", " ")


def is_fault(reason: str, id_column: str) -> bool:
    """Say whether a reason counts towards ``max_bad_share``."""
    harmless = {AFTER_CUTOFF, DUPLICATE, GUEST, LEFT_OUT, NO_PARTNER}
    return reason not in {*harmless, f"missing_{id_column}"}


@dataclass(frozen=True)
class ReasonCount:
    """How many rows were set aside for one reason."""

    reason: str
    label: str
    rows: int
    share: float
    is_fault: bool
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableCounts:
    """What became of the rows of one table."""

    rows_in: int
    rows_kept: int
    rows_set_aside: int
    reasons: tuple[ReasonCount, ...]
    columns: dict[str, str]  # canonical name -> the user's column or expression
    notices: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def n_faults(self) -> int:
        """Rows that count towards ``max_bad_share``."""
        return sum(reason.rows for reason in self.reasons if reason.is_fault)

    @property
    def n_meant(self) -> int:
        """Rows that were meant to be read: all but those left out on purpose."""
        left_out = {LEFT_OUT, NO_PARTNER}
        return self.rows_in - sum(
            reason.rows for reason in self.reasons if reason.reason in left_out
        )

    def summary(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        return {
            "rows_in": self.rows_in,
            "rows_kept": self.rows_kept,
            "rows_set_aside": self.rows_set_aside,
            "reasons": [
                {**asdict(reason), "examples": list(reason.examples)}
                for reason in self.reasons
            ],
            "columns": dict(self.columns),
            "notices": list(self.notices),
            **self.facts,
        }


def too_many_faults(
    source: str, setting: str, counts: TableCounts, limit: float, hint: str = ""
) -> str:
    """Return the sentence that stops a run with too many faulty rows."""
    listed = "; ".join(
        f"{reason.rows:,} with {reason.label} ({', '.join(reason.examples)})"
        for reason in counts.reasons
        if reason.is_fault
    )
    return (
        f"{source}: {counts.n_faults:,} of {counts.n_meant:,} rows "
        f"({counts.n_faults / counts.n_meant:.1%}) are faulty, more than "
        f"{setting}.max_bad_share allows ({limit:.1%}): {listed}."
        + (hint and f" {hint}")
        + " Mend the source, or raise max_bad_share to set them aside."
    )
