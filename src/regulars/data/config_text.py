"""Write pieces of a commented YAML configuration: names, texts, expressions, notes."""

from __future__ import annotations

import json
import re
from pathlib import Path


def name_of(path: str) -> str:
    """Return a name made of a file's."""
    stem = Path(re.sub(r"[*?\[\]]", "", path)).name.partition(".")[0]
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_").lower()
    return slug or "customers"


def text_of(text: str) -> str:
    """Return a text as YAML reads it back."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_./-]*", text)
    reserved = text.lower() in {
        "yes",
        "no",
        "on",
        "off",
        "true",
        "false",
        "null",
        "y",
        "n",
    }
    return text if plain and not reserved else json.dumps(text, ensure_ascii=False)


def sql_of(sql: str) -> str:
    r"""Return an expression as YAML, in the quotes that leave it as it is.

    >>> sql_of("status = 'paid'"), sql_of('"Unit price" * 2')
    ('"status = \'paid\'"', '\'"Unit price" * 2\'')
    """
    if not set('"\\') & set(sql):
        return f'"{sql}"' if set("'(): ,#*") & set(sql) else text_of(sql)
    return f"'{sql}'" if "'" not in sql else json.dumps(sql, ensure_ascii=False)


def beside(notes: dict[str, str], setting: str) -> str:
    """Return the note of a setting as a comment, or nothing."""
    return f"  # {notes[setting]}" if setting in notes else ""


def time_lines(choices: tuple[str, ...], time_format: str | None) -> list[str]:
    """Return the lines of the format of times; none where ISO 8601."""
    if choices:
        listed = " or ".join(text_of(form) for form in choices)
        return [
            f"    # every date fits {listed}: say which, then remove the '#'",
            f"    # time_format: {text_of(choices[0])}",
        ]
    if time_format is None:
        return []
    return [f"    time_format: {text_of(time_format)}"]
