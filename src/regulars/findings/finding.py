"""The result of a question about a table, and the setting that answers it.

A finding says what was seen and what to do; it changes no row.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sqlglot.dialects.duckdb import DuckDB

from regulars.data.names import quote_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Severity = Literal["ask", "warning"]

MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Setting:
    """One value of the configuration, to be written where a person agrees."""

    key: str
    value: str | list[str] | dict[str, str]

    @property
    def override(self) -> str:
        """What ``--set`` takes."""
        return f"{self.key}={self._yaml()}"

    @property
    def under(self) -> str:
        """The section of the configuration in which the line belongs."""
        return self.key.rpartition(".")[0]

    @property
    def line(self) -> str:
        """The line of the configuration."""
        return f"{self.key.rpartition('.')[2]}: {self._yaml()}"

    @property
    def words(self) -> str:
        """The line and where it belongs, for a sentence."""
        return f"`{self.line}` under `{self.under}`"

    def summary(self) -> dict[str, str]:
        """Return everything as plain values, ready for JSON."""
        return {"under": self.under, "line": self.line, "override": self.override}

    def _yaml(self) -> str:
        if isinstance(self.value, dict):
            pairs = (f"{name}: {_quoted(text)}" for name, text in self.value.items())
            return f"{{{', '.join(pairs)}}}"
        if isinstance(self.value, list):
            return f"[{', '.join(map(_quoted, self.value))}]"
        return _quoted(self.value)


def _quoted(text: str) -> str:
    """Write a text for YAML in the quotes that need the fewest escapes."""
    if "'" in text:
        # JSON's texts are YAML's too
        return json.dumps(text, ensure_ascii=False)
    return f"'{text}'"


@dataclass(frozen=True)
class Finding:
    """One thing to ask about a table.

    `severity` is ``warning`` where figures are wrong unless something is done, else
    ``ask``. `figures` are counts and shares, ready for JSON.
    """

    key: str
    severity: Severity
    seen: str
    advice: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    examples: Sequence[str] = ()
    setting: Setting | None = None
    table: str = "transactions"

    def summary(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        return {
            "key": self.key,
            "severity": self.severity,
            "table": self.table,
            "seen": self.seen,
            "advice": self.advice,
            "setting": None if self.setting is None else self.setting.summary(),
            "figures": dict(self.figures),
            "examples": list(self.examples)[:MOST_EXAMPLES],
        }


def counted(count: float, noun: str, plural: str = "") -> str:
    """Write a count and its noun, with thousands separated."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def share_words(share: float) -> str:
    """Write a share without rounding it to nothing."""
    return "under 0.1%" if 0 < share < 0.0005 else f"{share:.1%}"


def listed(examples: Sequence[str]) -> str:
    """Write up to five examples, quoted so that blanks can be seen."""
    return ", ".join(f"'{each}'" for each in examples[:MOST_EXAMPLES])


def column_sql(name: str) -> str:
    """Write a file's column as an SQL expression names it, in quotes where it must."""
    is_plain = name.isascii() and name.isidentifier()
    return name if is_plain and name.upper() not in _KEYWORDS else quote_name(name)


_KEYWORDS = frozenset(DuckDB.Tokenizer.KEYWORDS)
