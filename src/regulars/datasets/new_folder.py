"""A folder that appears whole or not at all."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from regulars.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def new_folder(target: Path, marker: str) -> Iterator[Path]:
    """Write a folder under another name, and rename it where all went well.

    A folder that holds the file `marker` was written by us and is replaced; any other
    is left alone.
    """
    _refuse_foreign(target, marker)
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        msg = (
            f"Cannot write '{target}': {error.strerror}. Name a folder that can be "
            "written to (--out)."
        )
        raise ConfigError(msg) from error
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if target.exists():
        shutil.rmtree(target)
    partial.rename(target)


def _refuse_foreign(target: Path, marker: str) -> None:
    if not target.exists() or (target / marker).is_file():
        return
    if target.is_dir() and not any(target.iterdir()):
        return
    msg = (
        f"'{target}' exists and holds something that is not a simulation (no "
        f"{marker}). Name another folder, or remove it first."
    )
    raise ConfigError(msg)
