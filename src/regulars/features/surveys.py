"""Survey answers: how many, the last score and the mean one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.features.counting import counts

if TYPE_CHECKING:
    import pandas as pd

    from regulars.features.counting import Columns


def surveys(rows: pd.DataFrame, day: pd.Timestamp, customers: pd.Index) -> Columns:
    """Return counts and scores of a customer's answers."""
    # of several answers on one day the highest counts as the last, so that the order
    # of the rows does not matter
    ordered = rows.sort_values(["day", "score"], kind="stable")
    scores = ordered.groupby("customer_id")["score"]
    return {
        **counts("surveys", rows, day, customers),
        "last_survey_score": scores.last().reindex(customers),
        "mean_survey_score": scores.mean().reindex(customers),
    }
