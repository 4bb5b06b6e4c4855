"""What all results have in common: frozen, closed, and of a stated form."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION: Literal[1] = 1
PURCHASES = "non_contractual"  # the kind of a file that names none


class Part(BaseModel):
    """A part of a result; it never changes and has no fields but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Result(Part):
    """What one file of the outputs folder holds.

    One type serves every kind of churn: what a kind does not have is None or empty.
    """

    file: ClassVar[str]
    command: ClassVar[str]

    # raised when a file of the form before can no longer be read
    schema_version: Literal[1] = SCHEMA_VERSION
    name: str
    kind: str = PURCHASES
