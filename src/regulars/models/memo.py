"""What a validation window taught once is not worked out twice.

The test as of a day and the model that scores share most of their windows. Results are
kept by content: rows, outcomes and what was asked of them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

T = TypeVar("T")


class Memo:
    """Results by what they were made of; for the length of one training."""

    def __init__(self) -> None:
        self._results: dict[object, object] = {}

    @property
    def size(self) -> int:
        """How many results are kept."""
        return len(self._results)

    def of(self, key: object, work: Callable[[], T]) -> T:
        """Return what a piece of work gives, done once for a key."""
        if key not in self._results:
            self._results[key] = work()
        found: T = self._results[key]  # type: ignore[assignment]
        return found


def content(*parts: pd.DataFrame | NDArray[np.float64]) -> str:
    """Return a digest of rows and outcomes; columns count by name and order."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(",".join(map(str, getattr(part, "columns", ()))).encode())
        digest.update(np.ascontiguousarray(part, dtype=np.float64).tobytes())
    return digest.hexdigest()
