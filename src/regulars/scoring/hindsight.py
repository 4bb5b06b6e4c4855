"""Refuse to score a day that the model has learnt from."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from regulars.errors import LeakageError

if TYPE_CHECKING:
    from regulars.tracking import Store


def refuse_hindsight(store: Store, version: str, cutoff: date) -> None:
    """Refuse a version that has learnt from the day of the scores or later."""
    learnt = store.version_tags(version).get("cutoff")
    if learnt and date.fromisoformat(learnt) > cutoff:
        msg = (
            f"Version {version} of '{store.name}' has learnt from what happened up to "
            f"{learnt}; scores as of {cutoff} would know their own future. Pass a "
            f"cutoff of {learnt} or later, or train as of {cutoff} under another name "
            "(--set name=...)."
        )
        raise LeakageError(msg)
