"""Results on their way into a file and out of it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from regulars.errors import DataError
from regulars.results.base import SCHEMA_VERSION, Part, Result
from regulars.results.writing import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails

P = TypeVar("P", bound=Part)
R = TypeVar("R", bound=Result)

MOST_NAMED, MOST_SHOWN = 3, 60


def write_result(result: Result, path: str | Path) -> Path:
    """Write a result as JSON, whole or not at all.

    Parameters
    ----------
    result : Result
        What to write. Fields that were not given are left out of the file.
    path : str or Path
        The file; its folder is made where there is none.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigError
        The file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from regulars.results import KpiResult
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "kpis.json")
    ...     _ = write_result(KpiResult(name="shop", currency="EUR"), path)
    ...     read_result(KpiResult, path).currency
    'EUR'
    """
    content = result.model_dump(exclude_unset=True)
    content = {"schema_version": result.schema_version, **content}
    return write_json(content, path)


def read_result(form: type[R], path: str | Path) -> R:
    """Read a result that a command has written.

    Parameters
    ----------
    form : type
        Which result: `TrainingResult`, `BacktestResult`, `CheckResult`, `KpiResult`.
    path : str or Path
        The file.

    Returns
    -------
    Result
        Of the type asked for.

    Raises
    ------
    DataError
        The file is no JSON object, is of another form, or lacks something.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from regulars.results import CheckResult
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "check.json")
    ...     _ = path.write_text('{"schema_version": 1, "name": "shop"}')
    ...     read_result(CheckResult, path)
    Traceback (most recent call last):
    regulars.errors.DataError: The result file '...check.json' cannot be read: it
    lacks tables and findings. Expected the file that 'regulars check' writes. Run
    'regulars check CONFIG' again.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise DataError(unreadable(path, str(error), form.command)) from error
    if not isinstance(content, dict):
        why = f"it holds a {type(content).__name__}"
        raise DataError(unreadable(path, why, form.command))
    # types have a default for those who write; a file has to say it
    if "schema_version" not in content:
        why = "it has no schema_version, so that an older version wrote it"
        raise DataError(unreadable(path, why, form.command))
    try:
        return form.model_validate(content)
    except ValidationError as error:
        raise DataError(unreadable(path, _why(error), form.command)) from error


def as_result(form: type[P], content: Mapping[str, Any] | P) -> P:
    """Return content as the result that its JSON file would be read as.

    Parameters
    ----------
    form : type
        Which result or part of one.
    content : mapping or instance of `form`
        JSON-safe data, but for days, which may be dates.

    Returns
    -------
    Part
        Of the type asked for; what is one already is returned as it is.

    Examples
    --------
    >>> from datetime import date
    >>> from regulars.results import CheckResult
    >>> content = {"name": "shop", "tables": {}, "findings": [], "cutoff": date.min}
    >>> as_result(CheckResult, content).cutoff
    datetime.date(1, 1, 1)
    """
    if isinstance(content, form):
        return content
    return form.model_validate(json.loads(json.dumps(content, default=_day)))


def _day(value: object) -> str:
    """Write a day as JSON has it; anything else that JSON cannot hold is a fault."""
    if isinstance(value, date):
        return value.isoformat()
    msg = f"a result holds a {type(value).__name__}, which JSON cannot hold"
    raise TypeError(msg)


def unreadable(path: str | Path, why: str, command: str) -> str:
    """Say of a result file why it cannot be read, and what writes it anew."""
    return (
        f"The result file '{path}' cannot be read: {why}. Expected the file that "
        f"'{command}' writes. Run '{command} CONFIG' again."
    )


def _why(error: ValidationError) -> str:
    """Say what is wrong with a file: its form first, then what it lacks, then more."""
    faults = error.errors(include_url=False)
    by_place = {_place(fault): fault for fault in faults}
    form = by_place.get("schema_version")
    if form is not None:
        other = json.dumps(form["input"])
        return (
            f"its schema_version is {other}, and this version of regulars reads "
            f"{SCHEMA_VERSION}"
        )
    lacking = [place for place, each in by_place.items() if each["type"] == "missing"]
    if lacking:
        return f"it lacks {_named(lacking)}"
    unknown = [p for p, each in by_place.items() if each["type"] == "extra_forbidden"]
    if unknown:
        return f"this version of regulars does not know {_named(unknown)} in it"
    place, fault = next(iter(by_place.items()))
    message = fault["msg"][:1].lower() + fault["msg"][1:]
    given = json.dumps(fault["input"])[:MOST_SHOWN]
    return f"{place} is {given} ({message})"


def _place(fault: ErrorDetails) -> str:
    return ".".join(map(str, fault["loc"]))


def _named(places: Sequence[str]) -> str:
    if len(places) > MOST_NAMED:
        rest = len(places) - MOST_NAMED
        return f"{', '.join(places[:MOST_NAMED])} and {rest} more"
    return " and ".join([", ".join(places[:-1]), places[-1]] if places[1:] else places)
