"""Say which value of which customer of a request is wrong, and what to send instead."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from regulars.data.contract import TABLES
from regulars.errors import RequestError

if TYPE_CHECKING:
    import pyarrow as pa

_LONGEST = 40
# what the rules of the intake call a fault, what it means, and the cure
_WORDS = {
    "missing": ("is missing", "send it with every row"),
    "unreadable": ("cannot be read as a time", "send it like 2024-03-31T10:00:00"),
    "impossible": ("is an impossible time", "send a year from 1900 to 2099"),
    "not_a_number": ("is not a number", "send it like 12.50"),
    "not_finite": ("is not a finite number", "send it like 12.50"),
    "implausible": ("is too large or too small", "check its unit"),
    "not_whole": ("is no whole number", "send ids as text"),
    "not_a_flag": ("is neither true nor false", "send true or false"),
}


def first_fault(sent: pa.Table, faults: pa.ChunkedArray, table: str) -> RequestError:
    """Return the error of the first row with a fault, and the counts of all."""
    counts = Counter(faults.drop_null().to_pylist())
    told = "; ".join(f"{n} x {fault}" for fault, n in sorted(counts.items()))
    row = pc.index(pc.is_valid(faults), True).as_py()
    fault = faults[row].as_py()
    column, kind = _taken_apart(fault, table)
    contract = TABLES[table]
    owners = sent[contract.id_column]
    customer = owners[row].as_py()
    place = row - pc.index(owners, customer).as_py()
    field = f"{table}[{place}].{column}"
    what, cure = _WORDS[kind]
    value = sent[column][row].as_py() if column in sent.column_names else None
    shown = "" if value is None else f" ({str(value)[:_LONGEST]!r})"
    msg = (
        f"The histories hold {table} that cannot be used: {told}. The first: "
        f"{field} of customer {customer!r}{shown} {what}; {cure}."
    )
    return RequestError(msg, code=fault, customer=customer, field=field)


def _taken_apart(fault: str, table: str) -> tuple[str, str]:
    """Return the column and the kind of a fault: ``amount_not_a_number``."""
    if fault.startswith("missing_"):
        return fault.removeprefix("missing_"), "missing"
    kind = next(kind for kind in _WORDS if fault.endswith(f"_{kind}"))
    return fault.removesuffix(f"_{kind}"), kind
