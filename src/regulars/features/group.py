"""A feature group: a function from what is known at a cutoff to columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from regulars.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.features.past import Past

KEYS = ("customer_id", "cutoff")

Columns = dict[str, "NDArray[Any]"]
"""Name -> an array with one number a customer."""

Group = Callable[["Past"], Columns]
"""A function from what is known at a cutoff to some features."""


def refuse_repeated(owner: str, names: set[str]) -> None:
    """Refuse names that two groups use."""
    if names:
        msg = (
            f"The feature function '{owner}' uses the feature name '{min(names)}', "
            "which is taken. Give each a name of its own."
        )
        raise ConfigError(msg)
