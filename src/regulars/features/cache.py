"""Feature rows by cutoff, computed once for training, gate, scores and backtest.

Rows are kept under a digest of all they depend on, the code of the features included,
so anything different is computed anew.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
from contextlib import suppress
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import ibis
import pandas as pd
import pyarrow as pa

from regulars import features
from regulars.features.matrix import DEFAULT_GROUPS, build_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from regulars.config import Settings
    from regulars.data.ledger import Ledger

FOLDER = "cache"
# two remainders of one hash of 64 bits, small enough that billions of them add up
PRIMES = (2_147_483_647, 2_147_483_629)
# another release of these may work a feature out otherwise
PACKAGES = ("regulars", "numpy", "pyarrow")
# stands for a value that is not there: an empty one is another thing to a feature
NOTHING = "\x1e"


class FeatureCache:
    """The features of one ledger."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger = ledger
        self._settings = settings

    @cached_property
    def content(self) -> str:
        """Digest of every line of the log, whatever their order; 16 hex digits.

        The fingerprint of a data set does not tell who bought which product; features
        depend on that too. The engine hashes, so that millions of lines take a second.
        """
        log = self._ledger.transactions
        words = [
            log[name].cast("string").fill_null(NOTHING) for name in sorted(log.columns)
        ]
        line = ibis.literal("\x1f").join(words).hash()
        totals = log.aggregate(
            n_lines=log.count(),
            low=(line % PRIMES[0]).cast("int64").sum(),
            high=((line // PRIMES[0]) % PRIMES[1]).cast("int64").sum(),
        )
        content = [sorted(log.columns), totals.to_pyarrow().to_pylist()]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    @property
    def own_code(self) -> list[str]:
        """Digests of the modules of a user's own functions."""
        return [_code(path) for path in self._settings.features.extra]

    def by_cutoff(self, cutoffs: Sequence[date]) -> dict[date, pd.DataFrame]:
        """Return the feature rows of each cutoff."""
        days = sorted(set(cutoffs))
        if not self._settings.features.cache:
            return self._build(days)
        kept = {day: self._read(day) for day in days}
        missing = [day for day, rows in kept.items() if rows is None]
        built = self._build(missing) if missing else {}
        for day, rows in built.items():
            self._write(day, rows)
        whole = {day: built.get(day, kept[day]) for day in days}
        return {day: rows for day, rows in whole.items() if rows is not None}

    def _build(self, cutoffs: Sequence[date]) -> dict[date, pd.DataFrame]:
        asked = self._settings.features
        matrix = build_matrix(
            self._ledger,
            cutoffs,
            lookback_days=self._settings.time.lookback_days,
            groups=asked.groups,
            extra=asked.extra,
        )
        days = pd.to_datetime(matrix["cutoff"]).dt.date
        return {day: rows.reset_index(drop=True) for day, rows in matrix.groupby(days)}

    @property
    def _folder(self) -> Path:
        return self._settings.outputs_folder / FOLDER / self.content

    def _file(self, cutoff: date) -> Path:
        asked = self._settings.features
        content = {
            "cutoff": cutoff.isoformat(),
            "lookback_days": self._settings.time.lookback_days,
            "groups": asked.groups or DEFAULT_GROUPS,
            "extra": [(path, _code(path)) for path in asked.extra],
            "version": [*map(metadata.version, PACKAGES), _code_of_features()],
            "log": self.content,
        }
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        return self._folder / f"{cutoff}-{digest[:16]}.parquet"

    def _read(self, cutoff: date) -> pd.DataFrame | None:
        file = self._file(cutoff)
        if not file.is_file():
            return None
        try:
            return pd.read_parquet(file)
        except (OSError, pa.ArrowInvalid):
            # cut short by a full disk or a hand: as good as not there
            return None

    def _write(self, cutoff: date, rows: pd.DataFrame) -> None:
        folder = self._folder
        unfinished = folder / f"{uuid4().hex}.part"
        # a full disk, or another command that clears up: the rows are not kept, and
        # nothing else is lost
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            # never the rows of more than one log
            for other in folder.parent.iterdir():
                if other.is_dir() and other != folder:
                    shutil.rmtree(other, ignore_errors=True)
            # a reader sees all of a file or none of it
            rows.to_parquet(unfinished, index=False)
            unfinished.replace(self._file(cutoff))
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _code(path: str) -> str:
    """Return a digest of the module of a user's own function; empty: none is there."""
    try:
        spec = importlib.util.find_spec(path.partition(":")[0])
    except (ImportError, ValueError):
        return ""
    file = Path(spec.origin) if spec and spec.origin else None
    if file is None or not file.is_file():
        return ""
    return hashlib.sha256(file.read_bytes()).hexdigest()


@cache
def _code_of_features() -> str:
    digest = hashlib.sha256()
    rooms = Path(features.__file__).parent.glob("*.py")
    for file in sorted(rooms):
        digest.update(file.read_bytes())
    return digest.hexdigest()
