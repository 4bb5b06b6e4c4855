"""The files of a saved model: JSON and LightGBM's own text, nothing that could run."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from regulars.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

# 3: five members, ranks, segments by own rhythm; earlier forms are refused
# 4: checksums of all files beside the model
EARLIEST_FORMAT, FORMAT_VERSION = 3, 4
CHECKSUMS = "checksums.json"


def read_model(path: Path) -> dict[str, Any]:
    """Return the content of ``model.json``, if it is of a form that can be read."""
    if not (path / "model.json").is_file():
        msg = f"'{path}' holds no model.json; pass a folder that 'save' wrote."
        raise DataError(msg)
    data: dict[str, Any] = json.loads((path / "model.json").read_text())
    if data.get("format_version", 0) < EARLIEST_FORMAT:
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
    if data["format_version"] > EARLIEST_FORMAT:
        _verify(path)
    return data


def seal(folder: Path) -> None:
    """Write the checksums of the files of a model; files added later are to be sealed.

    They tell a copy that was cut short or edited; they are no signature.
    """
    files = sorted(each for each in folder.iterdir() if each.is_file())
    sums = {each.name: _digest(each) for each in files if each.name != CHECKSUMS}
    (folder / CHECKSUMS).write_text(json.dumps(sums, indent=1))


def _verify(folder: Path) -> None:
    known: dict[str, str] = json.loads(read_text(folder / CHECKSUMS))
    changed = [
        name
        for name, digest in known.items()
        if (folder / name).is_file() and _digest(folder / name) != digest
    ]
    if changed:
        msg = (
            f"The model in '{folder}' is not as it was saved: "
            f"{', '.join(changed)} changed. Copy its folder again, or train again."
        )
        raise DataError(msg)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


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
