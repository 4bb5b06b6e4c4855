"""What the columns of an unknown file hold, and which of ours each may be.

The engine looks at the first rows only, and at each distinct value once: this is for
guessing, and intake checks everything afterwards.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from regulars.data.column_names import name_score
from regulars.data.formats import AmbiguousTimeError, find_time_format
from regulars.data.names import quote_name
from regulars.data.parsing import clean_text
from regulars.data.time_shapes import is_standard, looks_like_time
from regulars.errors import DataError
from regulars.init.sample import Sample, column_sql, take_sample

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regulars.data.reading import RawTable

TIME_SHARE = 0.9
"""A column is one of times where so many of its values are."""

_EXAMPLES = 200
_VALUES = "regulars_values"
_FIRST_ROWS = 5_000
_NAMES_A_TIME = re.compile(
    r"date|time|datum|zeit|fecha|hora|when|epoch|stamp|created|placed|ordered|purchased"
    r"|(^|[_\W])(ts|at|on|day)$",
    re.IGNORECASE,
)
# Unit -> the numbers that 1990 to 2049 have in it; days are those of spreadsheets.
_UNITS = {
    "seconds": (631_152_000, 2_524_608_000),
    "milliseconds": (631_152_000_000, 2_524_608_000_000),
    "microseconds": (631_152_000_000_000, 2_524_608_000_000_000),
    "nanoseconds": (631_152_000_000_000_000, 2_524_608_000_000_000_000),
    "days": (32_874, 54_789),
}
_PER_SECOND = {"milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
_MOST_OTHERS = 0.05
# More digits than a float tells apart: an id, not a number.
_LONGEST_NUMBER = 15


@dataclass(frozen=True)
class ColumnProfile:
    """What one column holds, by its first 100,000 rows."""

    name: str
    n_rows: int
    n_filled: int
    n_distinct: int
    numeric_share: float
    time_share: float
    negative_share: float
    fraction_share: float
    time_format: str | None
    time_choices: tuple[str, ...]
    examples: tuple[str, ...]
    is_text: bool
    time_fault: str = ""
    number_unit: str = ""  # in which its numbers are plausible times

    @property
    def time_sql(self) -> str | None:
        """Return the expression that makes times of numbers, if the name says time."""
        if not self.number_unit or self.time_share > 0 or not _names_a_time(self):
            return None
        column = column_sql(self.name)
        if self.number_unit == "days":
            # spreadsheets count from there, because they take 1900 for a leap year
            return f"TIMESTAMP '1899-12-30' + to_seconds(round({column} * 86400))"
        divisor = _PER_SECOND.get(self.number_unit)
        return f"to_timestamp({column}{f' / {divisor}' if divisor else ''})"

    @property
    def unit_note(self) -> str:
        """Return what the numbers of `time_sql` are taken for."""
        if self.number_unit == "days":
            return f"'{self.name}' was taken for the day numbers of a spreadsheet"
        return f"'{self.name}' was taken for {self.number_unit} since 1970, UTC"

    def name_score(self, column: str) -> float:
        """Return how well the name fits a canonical column."""
        return name_score(self.name, column)


def best_named(profiles: Iterable[ColumnProfile], column: str) -> ColumnProfile | None:
    """Return the profile whose name fits a canonical column best, if any does."""
    fitting = [each for each in profiles if each.name_score(column) > 0]
    return max(fitting, key=lambda each: each.name_score(column), default=None)


def profile_columns(raw: RawTable, sample: Sample | None = None) -> list[ColumnProfile]:
    r"""Look at each column of a source."""
    sample = sample or take_sample(raw, raw.table.get_backend())
    kinds = raw.table.schema()
    return [_profile(name, kinds[name], sample) for name in raw.columns]


def _profile(name: str, kind: Any, sample: Sample) -> ColumnProfile:
    counts = sample.one(_counts_sql(name))
    n_filled, n_numbers = counts["n_filled"], counts["numbers"]
    texts = tuple(sorted(set(counts["examples"] or ())))
    form, choices, time_share, fault = _time_of(name, kind, sample, texts)
    return ColumnProfile(
        name=name,
        n_rows=counts["n_rows"],
        n_filled=n_filled,
        n_distinct=counts["n_distinct"],
        numeric_share=n_numbers / max(n_filled, 1),
        time_share=time_share,
        negative_share=counts["negative"] / max(n_numbers, 1),
        fraction_share=counts["fractions"] / max(n_numbers, 1),
        time_format=form,
        time_choices=choices,
        examples=texts,
        is_text=kind.is_string(),
        time_fault=fault,
        number_unit=_unit_of(counts, n_filled),
    )


def _counts_sql(name: str) -> str:
    """Return the query that counts a column's values, each distinct one once."""
    inside = ", ".join(
        f"sum(n) FILTER (float BETWEEN {low} AND {high})::BIGINT AS {unit}"
        for unit, (low, high) in _UNITS.items()
    )
    return f"""
        WITH {_VALUES} AS (
            SELECT {quote_name(name)} AS text, count(*) AS n
            FROM {{plain}} GROUP BY 1
        ), given AS ({_cleaned_sql()}), numbers AS (
            SELECT *, CASE WHEN NOT contains(text, '_')
                THEN TRY_CAST(text AS DOUBLE) END AS float
            FROM given
        ), finite AS (
            SELECT *, CASE WHEN isfinite(float)
                AND NOT regexp_matches(text, '^[-+]?[0-9]{{{_LONGEST_NUMBER + 1},}}$')
                THEN float END AS number
            FROM numbers
        )
        SELECT coalesce(sum(n), 0)::BIGINT AS n_rows,
            coalesce(sum(n) FILTER (text IS NOT NULL), 0)::BIGINT AS n_filled,
            count(DISTINCT text) AS n_distinct,
            coalesce(sum(n) FILTER (number IS NOT NULL), 0)::BIGINT AS numbers,
            coalesce(sum(n) FILTER (number < 0), 0)::BIGINT AS negative,
            coalesce(sum(n) FILTER (number % 1 <> 0), 0)::BIGINT AS fractions,
            {inside},
            arg_min(text, hash(text), {_EXAMPLES}) FILTER (text IS NOT NULL) AS examples
        FROM finite
    """


@functools.cache
def _cleaned_sql() -> str:
    values = ibis.table({"text": "string", "n": "int64"}, name=_VALUES)
    cleaned = values.select(text=clean_text(values.text), n=values.n)
    return str(ibis.to_sql(cleaned, dialect="duckdb"))


def _unit_of(counts: dict[str, Any], n_filled: int) -> str:
    """Return the unit in which nearly all numbers are plausible times, if one is."""
    enough = (1 - _MOST_OTHERS) * n_filled
    fitting = [unit for unit in _UNITS if n_filled and (counts[unit] or 0) >= enough]
    return fitting[0] if fitting else ""


def _names_a_time(profile: ColumnProfile) -> bool:
    return profile.name_score("order_time") > 0 or bool(
        _NAMES_A_TIME.search(profile.name)
    )


def _time_of(
    name: str, kind: Any, sample: Sample, texts: tuple[str, ...]
) -> tuple[str | None, tuple[str, ...], float, str]:
    """Return the format of times, those that compete, the share read and the fault."""
    if kind.is_timestamp() or kind.is_date():
        return None, (), 1.0 if texts else 0.0, ""
    if not (kind.is_string() or kind.is_numeric()) or kind.is_boolean():
        return None, (), 0.0, ""
    texts = tuple(_whole(text, kind) for text in texts)
    like_time = sum(map(looks_like_time, texts))
    if not texts or like_time < len(texts) / 2:
        return None, (), 0.0, ""
    share = _standard_share(name, kind, sample)
    if not kind.is_string() or share >= 0.5:
        return None, (), share, ""
    column = sample.connection.table(sample.plain)[name]
    try:
        times = find_time_format(column, f"the column '{name}'", "time_format")
    except AmbiguousTimeError as error:
        return error.formats[0], error.formats, like_time / len(texts), ""
    except DataError as error:
        # Several ways of writing at once, or a zone that means several.
        return None, (), 0.0, str(error)
    return times.format, (), times.share, ""


def _whole(text: str, kind: Any) -> str:
    # A column of numbers with gaps is often one of floats.
    return text if kind.is_string() else text.removesuffix(".0")


def _standard_share(name: str, kind: Any, sample: Sample) -> float:
    """Return the share of the first rows that are ISO 8601 or yyyymmdd."""
    rows = sample.ask(
        f"WITH {_VALUES} AS (SELECT text, count(*) AS n FROM "
        f"(SELECT {quote_name(name)} AS text FROM {{plain}} LIMIT {_FIRST_ROWS}) "
        f"GROUP BY text) SELECT * FROM ({_cleaned_sql()}) WHERE text IS NOT NULL"
    )
    counts = {_whole(row["text"], kind): int(row["n"]) for row in rows}
    read = sum(n for text, n in counts.items() if is_standard(text))
    return read / max(sum(counts.values()), 1)
