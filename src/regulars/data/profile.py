"""What the columns of an unknown file hold, and which of ours each may be.

A `RawTable` comes in; one `ColumnProfile` a column goes out, and from name and contents
a score for each canonical column. The engine looks at the first rows only: this is for
guessing, and intake checks everything afterwards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.data.column_names import name_score
from regulars.data.contract import ColumnContract, TableContract
from regulars.data.formats import AmbiguousTimeError, find_time_format
from regulars.data.parsing import is_missing, read_columns
from regulars.errors import DataError

if TYPE_CHECKING:
    from regulars.data.reading import RawTable

_SAMPLE = 100_000
# Two groups of digits, a month's name between them, or eight digits and more.
_TIME_LIKE = re.compile(r"\d[-/.: ,]+(\d|[A-Za-z]{3})|[A-Za-z]{3}[-/. ,]*\d|^\d{8,14}$")

@dataclass(frozen=True)
class ColumnProfile:
    """What one column holds, by its first 100,000 rows.

    Parameters
    ----------
    name : str
    n_rows, n_filled, n_distinct : int
    numeric_share, time_share : float
        Share of the filled values that are numbers, or times, 0-1.
    negative_share, fraction_share : float
        Share of the numbers below zero, and of those with decimals.
    time_format : str or None
        strptime format, None where ISO 8601 or yyyymmdd.
    time_choices : tuple of str
        Formats between which the values do not decide.
    examples : tuple of str
        A few distinct values.
    is_text : bool

    Examples
    --------
    See `profile_columns`.
    """

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

    def name_score(self, column: str) -> float:
        """Return how well the name fits a canonical column.

        Parameters
        ----------
        column : str
            Canonical name, or ``unit_price``.

        Returns
        -------
        float
            1 for the likeliest name, falling to 0.5 for the last listed, 0 for others.
        """
        return name_score(self.name, column)


def profile_columns(raw: RawTable) -> list[ColumnProfile]:
    r"""Look at each column of a source.

    Parameters
    ----------
    raw : RawTable

    Returns
    -------
    list of ColumnProfile
        In the order of the source.

    Examples
    --------
    >>> from regulars.config import TableSettings
    >>> from regulars.data.engine import connect
    >>> from regulars.data.reading import read_raw
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("cust,day\na,2024-01-01\n")
    >>> settings = TableSettings(path=str(folder / "a.csv"))
    >>> raw = read_raw("transactions", settings, connect(), folder)
    >>> [profile.time_share for profile in profile_columns(raw)]
    [0.0, 1.0]
    """
    return [_profile(raw.table.limit(_SAMPLE)[name], name) for name in raw.columns]


def _profile(column: Any, name: str) -> ColumnProfile:
    kind = column.type()
    table = column.as_table().select(value=column)
    number = read_columns(table, {"n": "value"}, _one("n", "number"))
    value, work = number.columns["n"], number.table
    text = work["value"].cast("string")
    filled = ~is_missing(text)
    row = work.aggregate(
        n_rows=work.count(),
        n_filled=filled.sum(),
        n_distinct=text.nunique(where=filled),
        numbers=value.count(),
        negative=(value < 0).sum(),
        fractions=(value != value.floor()).sum(),
    )
    counts = {key: int(n or 0) for key, n in row.to_pyarrow().to_pylist()[0].items()}
    examples = work.filter(filled).select(text=text).distinct()
    texts = sorted(examples.limit(200).text.to_pyarrow().to_pylist())
    form, choices, time_share = _time_of(table, counts["n_filled"], texts)
    share = 1 / max(counts["n_filled"], 1)
    return ColumnProfile(
        name=name,
        n_rows=counts["n_rows"],
        n_filled=counts["n_filled"],
        n_distinct=counts["n_distinct"],
        numeric_share=counts["numbers"] * share,
        time_share=time_share,
        negative_share=counts["negative"] / max(counts["numbers"], 1),
        fraction_share=counts["fractions"] / max(counts["numbers"], 1),
        time_format=form,
        time_choices=choices,
        examples=tuple(texts),
        is_text=kind.is_string(),
    )


def _one(name: str, kind: Any) -> TableContract:
    column = ColumnContract(name, kind, "to be profiled")
    return TableContract("profile", "one row", (column,))


def _time_of(
    table: Any, n_filled: int, texts: list[str]
) -> tuple[str | None, tuple[str, ...], float]:
    """Return the format of times, the formats that compete, and the share it reads."""
    kind = table["value"].type()
    form: str | None = None
    choices: tuple[str, ...] = ()
    like_time = [text for text in texts if _TIME_LIKE.search(text)]
    if (kind.is_string() or kind.is_numeric()) and len(like_time) < len(texts) / 2:
        return None, (), 0.0
    if kind.is_string():
        try:
            form = find_time_format(table["value"], "the column", "time_format").format
        except AmbiguousTimeError as error:
            choices, form = error.formats, error.formats[0]
        except DataError:
            # Several ways of writing at once: intake will say so, if it is the time.
            return None, (), 0.0
    reading = read_columns(
        table, {"t": "value"}, _one("t", "time"), formats={"t": form}
    )
    read = reading.columns["t"].count()
    n_read = int(reading.table.aggregate(n=read).to_pyarrow()[0][0].as_py())
    return form, choices, n_read / max(n_filled, 1)
