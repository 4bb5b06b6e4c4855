"""What can be wrong with a row, in names for programs and words for people.

Counts and examples of rows that were set aside come in; labels, summaries and the
sentences that stop a run go out. Which rows are at fault is decided in `staging`; here
it is only said.
"""

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
    """Return a reason in words.

    Parameters
    ----------
    reason : str
        Such as ``missing_customer_id`` or ``amount_not_a_number``.

    Returns
    -------
    str

    Examples
    --------
    >>> label("missing_customer_id"), label("amount_not_a_number")
    ('no customer_id', 'amount that is not a number')
    """
    if reason in _LABELS:
        return _LABELS[reason]
    if reason.startswith("missing_"):
        return f"no {reason.removeprefix('missing_')}"
    for ending, words in _ENDINGS.items():
        if reason.endswith(ending):
            return words.format(reason.removesuffix(ending))
    return reason.replace("_", " ")


def is_fault(reason: str, id_column: str) -> bool:
    """Say whether a reason counts towards ``max_bad_share``.

    Parameters
    ----------
    reason : str
    id_column : str
        Column that says who: rows without it are anonymous, not faulty.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_fault("missing_customer_id", "customer_id"), is_fault("duplicate", "x")
    (False, False)
    >>> is_fault("amount_not_a_number", "customer_id")
    True
    """
    harmless = {AFTER_CUTOFF, DUPLICATE, GUEST, LEFT_OUT, NO_PARTNER}
    return reason not in {*harmless, f"missing_{id_column}"}


@dataclass(frozen=True)
class ReasonCount:
    """How many rows were set aside for one reason.

    Parameters
    ----------
    reason : str
        For programs.
    label : str
        For people.
    rows : int
    share : float
        Of all rows read, 0-1.
    is_fault : bool
        Whether it counts towards ``max_bad_share``.
    examples : tuple of str
        Up to five: customers, or rows where a customer has several or none.

    Examples
    --------
    >>> ReasonCount("duplicate", "exact copy", 2, 0.1, False, ("c1",)).rows
    2
    """

    reason: str
    label: str
    rows: int
    share: float
    is_fault: bool
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableCounts:
    """What became of the rows of one table.

    Parameters
    ----------
    rows_in, rows_kept, rows_set_aside : int
        ``rows_in == rows_kept + rows_set_aside``.
    reasons : tuple of ReasonCount
        Most rows first.
    columns : dict of str to str
        Canonical column -> the source's column or expression.
    notices : tuple of str
        Rules that were applied, with counts.
    facts : dict
        First and last time, customers, revenue and the like, ready for JSON.

    Examples
    --------
    >>> TableCounts(3, 2, 1, (), {}).summary()["rows_kept"]
    2
    """

    rows_in: int
    rows_kept: int
    rows_set_aside: int
    reasons: tuple[ReasonCount, ...]
    columns: dict[str, str]
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
        """Return everything as plain values, ready for JSON.

        Returns
        -------
        dict
        """
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
    """Return the sentence that stops a run with too many faulty rows.

    Parameters
    ----------
    source : str
        What messages call the source.
    setting : str
        Such as ``source.transactions``.
    counts : TableCounts
    limit : float
        ``max_bad_share``.
    hint : str
        What to do, when it is known better than in general.

    Returns
    -------
    str

    Examples
    --------
    >>> reasons = (ReasonCount("missing_amount", "no amount", 2, 0.5, True, ("c1",)),)
    >>> counts = TableCounts(4, 2, 2, reasons, {})
    >>> print(too_many_faults("'a.csv'", "source.transactions", counts, 0.05))
    'a.csv': 2 of 4 rows (50.0%) are faulty, more than source.transactions.max_bad_share
    allows (5.0%): 2 with no amount (c1). Mend the source, or raise max_bad_share to set
    them aside.
    """
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
