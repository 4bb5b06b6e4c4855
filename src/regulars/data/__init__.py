"""Reading, checking and shaping the tables that everything else starts from."""

from regulars.data.closures import shut_days
from regulars.data.intake import Intake, read_tables
from regulars.data.ledger import Ledger, build_ledger

__all__ = [
    "Intake",
    "Ledger",
    "build_ledger",
    "read_tables",
    "shut_days",
]
