"""Every error and warning that regulars raises on purpose.

The command line turns each error into one sentence and exit status 2; anything else
that escapes is a fault of the program.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AssumptionWarning",
    "BoundaryWarning",
    "ConfigError",
    "ConvergenceError",
    "DataError",
    "HistoryWarning",
    "LeakageError",
    "MissingExtraError",
    "NotEnoughHistoryError",
    "RegularsError",
    "RegularsWarning",
    "RequestError",
]


class RegularsError(Exception):
    """Root of all errors raised on purpose."""


class ConfigError(RegularsError, ValueError):
    """A setting is missing, unknown or out of its range."""


class DataError(RegularsError, ValueError):
    """The data cannot be used as it is."""


class RequestError(DataError):
    """A request to the endpoint cannot be answered as it was sent.

    Parameters
    ----------
    message : str
        What is wrong, where, and what to do.
    code : str, default='invalid'
        The kind of fault, for programs.
    customer : str or int, optional
        Customer that it is about, as sent.
    field : str, optional
        Where it lies in what was sent of the customer, such as
        ``transactions[3].amount``.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "invalid",
        customer: str | int | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.customer = customer
        self.field = field


class LeakageError(RegularsError, ValueError):
    """A record from after the cutoff was about to be used before it."""


class NotEnoughHistoryError(RegularsError, ValueError):
    """The log is too short for what was asked of it."""


class MissingExtraError(RegularsError, ImportError):
    """An optional dependency is not installed."""


class ConvergenceError(RegularsError, RuntimeError):
    """A likelihood could not be maximised.

    Parameters
    ----------
    message : str
        What happened and what to do.
    iterations : int, optional
        Iterations the optimiser made.
    gradient : sequence of float, optional
        Gradient of the log-likelihood where it stopped.
    """

    def __init__(
        self,
        message: str,
        *,
        iterations: int | None = None,
        gradient: Iterable[float] | None = None,
    ) -> None:
        super().__init__(message)
        self.iterations = iterations
        self.gradient = None if gradient is None else tuple(map(float, gradient))


class RegularsWarning(UserWarning):
    """Root of all warnings."""


class AssumptionWarning(RegularsWarning):
    """The data do not look like what a model assumes."""


class HistoryWarning(RegularsWarning):
    """Less history than asked for: the run goes on with what there is."""


class BoundaryWarning(RegularsWarning):
    """A parameter ran to the edge of its range: the data do not identify it."""


def suggestion(name: str, options: Iterable[str]) -> str:
    """Return a half-sentence that names the nearest option, or an empty string."""
    by_lower = {option.lower(): option for option in options}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f" Did you mean '{by_lower[near[0]]}'?" if near else ""
