"""The lists that rules have put customers on: the content of ``lists/lists.json``."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from regulars.results.base import Part, Result


class RuleList(Part):
    """What a rule did at a cutoff."""

    rule: str
    when: str
    action: str
    due: date | None  # by when the action is to be done
    file: str | None  # None: the rule does not work yet, or it was a dry run
    n_matching: int  # customers for whom the condition holds
    n_cooling: int  # of them, those who were listed not long ago
    n_beyond: int  # of the rest, those beyond `at_most`
    n_listed: int
    note: str = ""


class ListsResult(Result):
    """The lists of one batch.

    Examples
    --------
    >>> ListsResult.file
    'lists.json'
    """

    file: ClassVar[str] = "lists.json"
    command: ClassVar[str] = "regulars lists"

    cutoff: date
    is_dry_run: bool
    lists: tuple[RuleList, ...]
