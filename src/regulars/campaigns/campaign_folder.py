"""The folder of a campaign, read and checked against the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from regulars.errors import ConfigError, DataError
from regulars.results import read_result
from regulars.results.campaign_manifest import (
    CAMPAIGN_COLUMNS,
    CAMPAIGN_FILE,
    ROLES,
    CampaignManifest,
)
from regulars.scoring.manifest import checksum_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from regulars.config import Settings


@dataclass(frozen=True, eq=False)
class Campaign:
    """A campaign as it was launched."""

    manifest: CampaignManifest
    # columns of `CAMPAIGN_COLUMNS`; ``customer_id`` as text, numbers as float64
    rows: pd.DataFrame

    def has_role(self, role: str) -> NDArray[np.bool_]:
        """Return which customers have a role."""
        return np.asarray(self.rows["role"] == role)


class _Fault(NamedTuple):
    is_there: bool
    what: str


def read_campaign(folder: Path, settings: Settings) -> Campaign:
    """Read a campaign's folder, and refuse one that is not of this configuration."""
    path, table = folder / CampaignManifest.file, folder / CAMPAIGN_FILE
    for file in (path, table):
        if not file.is_file():
            msg = (
                f"There is no '{file.name}' in '{folder}', so that it is no campaign's "
                "folder. Pass the one that 'regulars target CONFIG --out DIR' wrote."
            )
            raise ConfigError(msg)
    manifest = read_result(CampaignManifest, path)
    if manifest.name != settings.name:
        msg = (
            f"The campaign '{manifest.campaign}' in '{folder}' was made for the "
            f"configuration '{manifest.name}', and this one is '{settings.name}'. Read "
            "it out with the configuration that it was made with."
        )
        raise ConfigError(msg)
    if checksum_of(table) != manifest.sha256:
        msg = (
            f"'{table}' has been changed since the campaign '{manifest.campaign}' was "
            f"launched on {manifest.cutoff}: its SHA-256 is not the manifest's. Who "
            "drew which group cannot be told any more. Put the file of the launch back."
        )
        raise DataError(msg)
    rows = _checked(pd.read_parquet(table), table)
    if rows.empty:
        msg = (
            f"The campaign '{manifest.campaign}' in '{folder}' chose nobody, so that "
            "there is nothing to measure. Read out one that was sent to somebody."
        )
        raise DataError(msg)
    return Campaign(manifest, rows)


def _checked(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    lacking = [name for name in CAMPAIGN_COLUMNS if name not in rows]
    roles = sorted(set(rows.get("role", pd.Series(dtype=object))) - {*ROLES}, key=str)
    ids = rows.get("customer_id", pd.Series(dtype=object)).astype(str)
    faults = (
        _Fault(bool(lacking), f"lacks the columns {', '.join(lacking)}"),
        _Fault(bool(roles), f"has unknown roles: {', '.join(map(str, roles[:3]))}"),
        _Fault(bool(ids.duplicated().any()), "has customers who stand in it twice"),
    )
    for fault in faults:
        if fault.is_there:
            msg = (
                f"'{table}' {fault.what}. Expected the file that 'regulars target' "
                "writes, of the same version. Put the file of the launch back."
            )
            raise DataError(msg)
    numbers = [name for name, kind in CAMPAIGN_COLUMNS.items() if kind == "number"]
    return rows.assign(
        customer_id=ids, **{name: rows[name].astype(np.float64) for name in numbers}
    ).reset_index(drop=True)
