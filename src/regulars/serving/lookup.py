"""The scores that the batch kept of a customer: what a call-centre screen shows."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from regulars.errors import RegularsError
from regulars.serving.faults import ServingError
from regulars.serving.logs import log

if TYPE_CHECKING:
    from regulars.scoring.history import History

Row = dict[str, Any]
# of the history; the latest row holds every column
HISTORY = (
    "cutoff",
    "churn_probability",
    "risk_band",
    "expected_spend",
    "clv",
    "value_at_risk",
    "segment",
    "model_version",
    "scored_at",
)


def customer_page(kept: History, customer: str) -> dict[str, Any]:
    """Return the latest scores of a customer and their history, the newest first."""
    by_cutoff = {str(row.get("cutoff")): row for row in _rows(kept, customer)}
    rows = [by_cutoff[cutoff] for cutoff in sorted(by_cutoff, reverse=True)]
    if not rows:
        msg = (
            "No batch has scored this customer. Check the id, or ask /invocations with "
            "the customer's history."
        )
        raise ServingError(404, "unknown_customer", msg, customer, "customer_id")
    history = [{name: row.get(name) for name in HISTORY} for row in rows]
    return {
        "customer_id": rows[0]["customer_id"],
        "latest": rows[0],
        "history": history,
    }


def _rows(kept: History, customer: str) -> list[Row]:
    try:
        found = kept.rows_of(customer).to_pylist()
    except RegularsError as error:
        # where scores are kept is not for those who ask
        log("scores_not_read", level=logging.ERROR, reason=str(error))
        msg = "The kept scores cannot be read at the moment. Ask again in a minute."
        raise ServingError(503, "scores_not_read", msg, retry_after=60) from error
    # NaN is no JSON
    return [{n: None if v != v else v for n, v in row.items()} for row in found]
