"""Gains of one forecast over another, with an error that knows who is who.

A customer has a row in every window, and what is odd about them is odd in all of them:
rows of one customer are added up before anything is called chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    # of each row: whom it is about
    Keys = NDArray[Any]


class Gain(NamedTuple):
    """A mean over windows, each window alike, and its standard error."""

    mean: float
    error: float

    def is_beyond(self, n_errors: float) -> bool:
        """Return whether the gain is above so many standard errors."""
        return self.mean > n_errors * self.error


def mean_gain(gains: Sequence[Floats], customers: Sequence[Keys | None]) -> Gain:
    """Return the mean gain a row; rows without keys are customers of their own."""
    n_windows = len(gains)
    mean = float(np.mean([gain.mean() for gain in gains]))
    shares = [(gain - gain.mean()) / len(gain) / n_windows for gain in gains]
    if any(keys is None for keys in customers):
        return Gain(mean, float(np.sqrt(sum((share**2).sum() for share in shares))))
    keys = np.concatenate([np.asarray(each) for each in customers])
    by_customer = pd.Series(np.concatenate(shares)).groupby(keys).sum()
    return Gain(mean, float(np.sqrt((by_customer**2).sum())))
