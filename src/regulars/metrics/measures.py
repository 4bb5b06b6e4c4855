"""The measures of a test window, each stated once for figures, bootstrap and report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from regulars.metrics.calibration import (
    brier,
    ece,
    log_loss,
    table_brier,
    table_ece,
    table_log_loss,
)
from regulars.metrics.ranking import (
    average_precision,
    roc_auc,
    table_average_precision,
    table_lift,
    table_roc_auc,
    top_decile_lift,
)
from regulars.metrics.tables import ScoreTable, SortedScores, SortedSpend, SpendTable
from regulars.metrics.value import (
    mae,
    normalized_gini,
    rmse,
    spearman,
    table_mae,
    table_normalized_gini,
    table_rmse,
    table_spearman,
    table_total_ratio,
    table_tweedie_deviance,
    total_ratio,
    tweedie_deviance,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from regulars.metrics.arrays import FloatArray

TableT = TypeVar("TableT")
TableT_co = TypeVar("TableT_co", covariant=True)


class Sample(Protocol[TableT_co]):
    """Checked and sorted customers, ready to be counted many times."""

    @property
    def n_customers(self) -> int:
        """Customers in all."""

    def table(self, counts: FloatArray | None = None) -> TableT_co:
        """Take each customer so often, once by default."""


@dataclass(frozen=True)
class Measure(Generic[TableT]):
    """A measure of a forecast: its function, its formula on counts, how to read it."""

    function: Callable[[ArrayLike, ArrayLike], float]
    on_table: Callable[[TableT], float | FloatArray]
    sample: Callable[[ArrayLike, ArrayLike], Sample[TableT]]
    title: str
    better: Literal["higher", "lower", "one"]  # one: the nearer to 1

    @property
    def name(self) -> str:
        """Name in results and files: that of the function."""
        return self.function.__name__

    def loss(self, value: float) -> float:
        """Return how far a value is from the best there could be, up to a constant."""
        if self.better == "one":
            return abs(value - 1)
        return -value if self.better == "higher" else value


_scores, _probabilities = SortedScores.from_scores, SortedScores.from_probabilities
_spend = SortedSpend.of

CHURN_MEASURES: tuple[Measure[ScoreTable], ...] = (
    Measure(roc_auc, table_roc_auc, _scores, "ROC AUC", "higher"),
    Measure(
        average_precision,
        table_average_precision,
        _scores,
        "Average precision",
        "higher",
    ),
    Measure(top_decile_lift, table_lift, _scores, "Lift in the top tenth", "higher"),
    Measure(brier, table_brier, _probabilities, "Brier score", "lower"),
    Measure(log_loss, table_log_loss, _probabilities, "Log loss", "lower"),
    Measure(ece, table_ece, _probabilities, "Calibration error", "lower"),
)
VALUE_MEASURES: tuple[Measure[SpendTable], ...] = (
    Measure(mae, table_mae, _spend, "Mean absolute error", "lower"),
    Measure(rmse, table_rmse, _spend, "Root of the mean squared error", "lower"),
    Measure(spearman, table_spearman, _spend, "Rank correlation", "higher"),
    Measure(
        tweedie_deviance, table_tweedie_deviance, _spend, "Tweedie deviance", "lower"
    ),
    Measure(total_ratio, table_total_ratio, _spend, "Predicted / actual total", "one"),
    Measure(
        normalized_gini, table_normalized_gini, _spend, "Normalised Gini", "higher"
    ),
)
MEASURES: tuple[Measure[Any], ...] = (*CHURN_MEASURES, *VALUE_MEASURES)
