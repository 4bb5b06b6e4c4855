"""The protocol of a kind of churn: all that other modules know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    import ibis
    import numpy as np
    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.models.retention import RetentionModel
    from regulars.scoring.batch import Customers
    from regulars.scoring.history_rows import ServingContext
    from regulars.scoring.population import Population
    from regulars.scoring.reference import Past
    from regulars.training.backtest import BacktestPlan
    from regulars.training.window import Problem

    Step = Callable[[str], None]


class CheckedData(Protocol):
    """Checked data, of which business figures can be worked out."""

    @property
    def settings(self) -> Settings:
        """The configuration."""


class Workspace(CheckedData, Protocol):
    """Checked data with its cutoffs: what a training starts from."""

    @property
    def cutoff(self) -> date | None:
        """As-of day of the scores; None where rows have no days."""

    @property
    def last_record(self) -> date | None:
        """Last day with a record; None where rows have no days."""

    def fingerprint(self) -> str:
        """Return a digest of the data."""


class Known(NamedTuple):
    """Customers with what became of them; spend where there are purchases."""

    customers: Customers
    churned: NDArray[np.float64]
    spend: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Watched:
    """What the watch over a model sees of a workspace."""

    past: Past
    # of a cutoff, known today; of rows with labels, those later than the training
    outcome: Callable[[date, date | None], Known | None] | None = None
    # of a cutoff: margin of each customer over so many days, known today
    margin: Callable[[date, int], NDArray[np.float64]] | None = None
    # days after which the outcome of a cutoff is known; None: rows bring their labels
    window_days: int | None = None
    # clean purchases, where there are any, and the day on which they begin
    lines: ibis.Table | None = None
    first_day: date | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of churn; `Any` is its own workspace."""

    name: str
    # read and check; write check.json and the quarantine files
    check: Callable[[Settings, Step], dict[str, Any]]
    open: Callable[[Settings, Step], Workspace]
    # what figures need, where they can be had of data that teach no model; and a
    # workspace of that. None: figures need a workspace
    open_for_kpis: Callable[[Settings, Step], CheckedData] | None
    lay_out: Callable[[Any], Workspace] | None
    # what is learnt, what a backtest looks at, whom the champion scores
    problem: Callable[[Any, Step], Problem]
    backtest: Callable[[Any], BacktestPlan]
    customers: Callable[[Any, RetentionModel, ServingContext | None], Population]
    # work out the business's own figures; write kpis.json
    kpis: Callable[..., dict[str, Any]]
    # what a champion is watched by
    watched: Callable[[Any, RetentionModel], Watched] | None = None
    # score where the data lie; None: a cluster reads no such data
    score_on_cluster: Callable[..., dict[str, Any]] | None = None
    has_charts: bool = False
    # whether `kpis` takes a question: a period, and segments
    has_periods: bool = False
