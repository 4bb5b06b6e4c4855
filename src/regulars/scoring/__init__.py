"""Scores for every customer: batch, files, the model endpoint, reasons in words."""

from regulars.scoring.batch import Customers, Provenance, score_customers
from regulars.scoring.reasons import explain
from regulars.scoring.sinks import write_scores

__all__ = [
    "Customers",
    "Provenance",
    "explain",
    "score_customers",
    "write_scores",
]
