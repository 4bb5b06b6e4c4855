"""Write a file whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regulars.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator


def write_text(text: str, path: str | Path) -> Path:
    """Write text; whoever reads the file finds the old text or the new, never half."""
    target = Path(path)
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return target


def write_json(data: Any, path: str | Path) -> Path:
    """Write JSON-safe data as `write_text` does; NaN and infinity are errors."""
    text = json.dumps(data, indent=1, allow_nan=False, default=str)
    return write_text(text + "\n", path)


@contextmanager
def replacing(target: Path, mode: int = 0o644) -> Iterator[Path]:
    """Give a temporary path that takes the target's place if all goes well."""
    make_folder(target.parent)
    with _refused_in_a_sentence(target):
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix
        )
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            # mkstemp makes the file private; results are for others to read
            temporary.chmod(mode)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder for results where there is none."""
    with _refused_in_a_sentence(folder):
        folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def _refused_in_a_sentence(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        msg = (
            f"Cannot write '{target}': {error.strerror or error}. Name a folder that "
            "can be written to (outputs in the configuration)."
        )
        raise ConfigError(msg) from error
