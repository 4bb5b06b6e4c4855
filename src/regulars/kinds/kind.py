"""What a kind of churn is to the rest of the house: a function a stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars.config import Settings
    from regulars.training.register import Pages

    Step = Callable[[str], None]


class Figured(Protocol):
    """Checked data, of which business figures can be worked out."""

    @property
    def settings(self) -> Settings:
        """The configuration."""


class Work(Figured, Protocol):
    """Checked data with its cutoffs: what a training starts from."""

    def fingerprint(self) -> str:
        """Return a digest of the data."""


@dataclass(frozen=True)
class Kind:
    """What is done at each stage; the workspaces are the kind's own.

    `lay_out` makes a workspace of what `open_figures` opened, where figures can be had
    of data that teach no model; None where they need the same.
    """

    name: str
    open: Callable[[Settings, Step], Work]
    open_figures: Callable[[Settings, Step], Figured]
    check: Callable[[Settings, Step], dict[str, Any]]
    train: Callable[[Any, Step, Pages], dict[str, Any]]
    backtest: Callable[[Any, Step], tuple[dict[str, Any], dict[str, dict[str, float]]]]
    score: Callable[..., dict[str, Any]]
    kpis: Callable[..., dict[str, Any]]
    lay_out: Callable[[Any], Work] | None = None
    has_charts: bool = False
