"""No model scores a day that it has learnt from.

A store, a version and the day of the scores come in; a fault goes out where the version
has learnt from what happened on that day or later.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from regulars.errors import LeakageError

if TYPE_CHECKING:
    from regulars.tracking import Store


def refuse_hindsight(store: Store, version: str, cutoff: date) -> None:
    """Refuse a model that knows the future of the scores."""
    learnt = store.version_tags(version).get("cutoff")
    if learnt and date.fromisoformat(learnt) > cutoff:
        msg = (
            f"Version {version} of '{store.name}' has learnt from what happened up to "
            f"{learnt}; scores as of {cutoff} would know their own future. Pass a "
            f"cutoff of {learnt} or later, or train as of {cutoff} under another name "
            "(--set name=...)."
        )
        raise LeakageError(msg)
