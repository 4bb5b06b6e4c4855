"""How a cluster is used, where ``source.engine`` is ``spark://``.

Each field carries its own description, from which ``docs/configuration.md`` is made.
"""

from __future__ import annotations

from pydantic import Field

from regulars.config.tables import Section


class SparkSettings(Section):
    """A cluster that scores everybody and gives a sample to learn from."""

    sample_customers: int = Field(
        200_000,
        ge=1_000,
        le=100_000_000,
        description="Customers that `check`, `train`, `backtest` and `kpis` read, "
        "about: drawn by a hash of their id, with all of their rows.",
    )
    partition_lines: int = Field(
        250_000,
        ge=1_000,
        le=10_000_000,
        description="Lines that a Python worker of the cluster holds at a time, about.",
    )
    conf: dict[str, str | int | float | bool] = Field(
        default_factory=dict,
        description="Spark's own settings, such as `spark.executor.memory: 4g`.",
    )
