"""What was scored, from which data and by which model: a file beside the scores."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from regulars.results.writing import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

FILE = "scores.manifest.json"


@dataclass(frozen=True)
class Origin:
    """What scores depend on beside the model: data, settings, versions."""

    # of the data
    fingerprint: str
    # of the settings, without what only says where results go
    config_digest: str
    versions: Mapping[str, str]
    last_record: date | None = None


@dataclass(frozen=True)
class ScoresManifest:
    """The account of a scoring."""

    file: str
    sha256: str
    n_customers: int
    model_version: str
    run_id: str
    cutoff: str | None
    cutoff_before: str | None
    last_record: str | None
    scored_at: str
    fingerprint: str
    config_digest: str
    versions: Mapping[str, str]

    def write(self, outputs: Path) -> Path:
        """Write the account beside the scores."""
        return write_json(asdict(self), outputs / FILE)


def checksum_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
