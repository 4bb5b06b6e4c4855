"""Scored blocks on their way into one table, which outlive a run that is stopped."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from regulars.errors import ConfigError
from regulars.results.writing import make_folder, replacing
from regulars.scoring.layout import PARQUET
from regulars.scoring.population import Done

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FOLDER = "scores.unfinished"


def digest_of(content: Mapping[str, Any]) -> str:
    """Return a digest of all that scores are made of."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def alone_in(outputs: Path) -> Iterator[None]:
    """Keep a second run out of an outputs folder; a killed one keeps nobody out."""
    make_folder(outputs)
    try:
        import fcntl
    except ImportError:  # Windows has no such locks: there it is up to the user
        yield
        return
    handle = os.open(outputs, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        msg = (
            f"Another run is writing scores to '{outputs}'. Wait for it to end, or "
            "name another folder (outputs in the configuration)."
        )
        raise ConfigError(msg) from error
    try:
        yield
    finally:
        os.close(handle)


@dataclass(frozen=True)
class Parts:
    """The finished blocks of one scoring, named after all that it depends on."""

    folder: Path

    @classmethod
    def of(cls, outputs: Path, digest: str) -> Parts:
        """Open the parts of a scoring; those of another one are removed."""
        root = outputs / FOLDER
        for other in root.iterdir() if root.is_dir() else ():
            if other.name != digest:
                shutil.rmtree(other, ignore_errors=True)
        make_folder(root / digest)
        return cls(root / digest)

    def finished(self) -> list[Path]:
        """Return the parts that follow each other without a gap; others are removed."""
        whole: list[Path] = []
        kept = sorted(self.folder.glob("[0-9]*.parquet"))
        for number, path in enumerate(kept):
            if path != self._path(number) or not _is_readable(path):
                break
            whole.append(path)
        for path in self.folder.iterdir():
            if path not in whole:
                path.unlink()
        return whole

    def write(self, number: int, block: pa.Table) -> Path:
        """Write a block; it is there whole or not at all."""
        with replacing(self._path(number)) as temporary:
            pq.write_table(block, temporary, **PARQUET)
        return self._path(number)

    def remove(self) -> None:
        """Remove the parts, once the whole is written."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self.folder.parent.rmdir()

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06}.parquet"


def done_in(parts: list[Path]) -> Done | None:
    """Return how far finished parts go."""
    if not parts:
        return None
    n_customers = sum(pq.read_metadata(path).num_rows for path in parts)
    ids = pq.read_table(parts[-1], columns=["customer_id"])["customer_id"]
    return Done(n_customers, ids[-1].as_py())


def _is_readable(path: Path) -> bool:
    try:
        return bool(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowInvalid):
        # cut short by a machine that went down
        return False
