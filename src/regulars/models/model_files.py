"""The files of a saved model: JSON and LightGBM's own text, nothing that could run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from regulars.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

# 3: five members, ranks, segments by own rhythm; earlier forms are refused
FORMAT_VERSION = 3


def read_model(path: Path) -> dict[str, Any]:
    """Return the content of ``model.json``, if it is of a form that can be read."""
    if not (path / "model.json").is_file():
        msg = f"'{path}' holds no model.json; pass a folder that 'save' wrote."
        raise DataError(msg)
    data: dict[str, Any] = json.loads((path / "model.json").read_text())
    if data.get("format_version", 0) < FORMAT_VERSION:
        msg = (
            f"The model in '{path}' was written by an earlier version, in a form that "
            "is no longer read. Train again: regulars train CONFIG."
        )
        raise DataError(msg)
    if data["format_version"] > FORMAT_VERSION:
        msg = (
            f"The model in '{path}' has format {data['format_version']}, this "
            f"version reads up to {FORMAT_VERSION}. Upgrade regulars."
        )
        raise DataError(msg)
    return data


def read_text(file: Path) -> str:
    """Return a text that belongs to a model; refuse a model that lacks it."""
    try:
        return file.read_text()
    except FileNotFoundError as error:
        msg = (
            f"The model lacks '{file}', which 'save' wrote beside it. Copy its folder "
            "whole, or train again."
        )
        raise DataError(msg) from error


def churn_trees(member: str, number: int) -> str:
    """Return the name of the file with the trees of a member's bag."""
    return f"churn_{member}{f'-{number}' if number else ''}.lightgbm.txt"
