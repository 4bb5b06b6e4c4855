"""Whom a batch scores: blocks of customers, in an order that stays the same.

A kind of churn gives its population. What is known of customers is worked out block by
block, in threads, so that memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa

from regulars.scoring.batch import Customers

if TYPE_CHECKING:
    from regulars.models.retention import RetentionModel

Block = Callable[[], Customers]
"""Works the customers of a block out; called in any thread."""

BLOCK = 50_000
"""Customers of a block whose rows are in memory as it is."""


@dataclass(frozen=True)
class Done:
    """What a run that was stopped has scored: the first so many, up to a customer."""

    n_customers: int
    last_id: Any


class Population(Protocol):
    """Everybody at a cutoff."""

    @property
    def id_type(self) -> pa.DataType:
        """Type of the customers' ids."""

    @property
    def content(self) -> str:
        """Digest of all that the rows are made of."""

    def blocks(self, done: Done | None = None) -> Iterator[Block]:
        """Yield the customers, or those who come after what is done."""

    def chosen(self, customers: Collection[Any]) -> Iterator[Block]:
        """Yield some of the customers, in any order."""

    def notices(self, model: RetentionModel) -> list[str]:
        """Return what a reader has to know of the rows."""


@dataclass(frozen=True)
class HeldCustomers:
    """A population whose rows are in memory."""

    customers: Customers
    fingerprint: str

    @property
    def ids(self) -> pd.Series[Any]:
        """Who they are."""
        held = self.customers
        ids = held.features["customer_id"] if held.customer_id is None else None
        return pd.Series(held.customer_id if ids is None else ids).reset_index(
            drop=True
        )

    @property
    def id_type(self) -> pa.DataType:
        """Type of the customers' ids."""
        return pa.array(self.ids, from_pandas=True).type

    @property
    def content(self) -> str:
        """Digest of all that the rows are made of."""
        return self.fingerprint

    def blocks(self, done: Done | None = None) -> Iterator[Block]:
        """Yield the customers, or those who come after what is done."""
        first = done.n_customers if done else 0
        return _as_they_are(self.customers.blocks(BLOCK, first))

    def chosen(self, customers: Collection[Any]) -> Iterator[Block]:
        """Yield some of the customers."""
        rows = np.flatnonzero(self.ids.isin(customers))
        return _as_they_are(self.customers.take(rows).blocks(BLOCK))

    def notices(self, model: RetentionModel) -> list[str]:
        """Return a sentence for each attribute with categories new to the model."""
        if model.encoder is None:
            return []
        return [
            f"'{name}' holds categories that training never saw in {counts.sum():,} "
            f"rows ({', '.join(map(str, counts.index[:5]))}): scored as none of the "
            "known ones."
            for name, counts in model.encoder.unknown(self.customers.features).items()
        ]


def _as_they_are(blocks: Iterator[Customers]) -> Iterator[Block]:
    for block in blocks:
        yield partial(_same, block)


def _same(block: Customers) -> Customers:
    return block
