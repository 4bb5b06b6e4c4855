"""Read numbers written for people in a pandas frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pandas as pd

from regulars.data.number_formats import read_text
from regulars.data.numbers import find_number_format, format_of
from regulars.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Collection


def frame_of_numbers(
    frame: pd.DataFrame, skipped: Collection[str], label: str, cure: str
) -> tuple[pd.DataFrame, list[str]]:
    """Read the columns of a frame that hold numbers written for people.

    Their texts become a computer's; a text that is no number stays what it was.
    """
    read, notices = {}, []
    for name in frame.columns:
        if name in skipped or not pd.api.types.is_string_dtype(frame[name]):
            continue
        texts = frame[name].dropna().astype(str).str.strip()
        first = texts.head(1_000).unique()
        if not len(first) or format_of(first) is None:
            continue
        column = ibis.memtable({"value": texts.tolist()}).value
        try:
            form = find_number_format(column, f"{label}: column '{name}'")
        except DataError as error:
            fault = str(error).partition(" Write the right")[0].partition(" Mend")[0]
            msg = f"{fault} {cure}"
            raise DataError(msg) from error
        if form is not None:
            plain = {text: read_text(text, form) for text in texts.unique()}
            read[name] = frame[name].map(
                lambda text, plain=plain: _as_plain(text, plain), na_action="ignore"
            )
            notices.append(f"'{name}' was read as numbers: {form.reading}.")
    return frame.assign(**read), notices


def _as_plain(text: str, numbers: dict[str, float | None]) -> str:
    number = numbers[str(text).strip()]
    return text if number is None else repr(number)
