"""Where the files of a registered model can be read.

A local store's are looked for beside it, and MLflow's download is left out: it writes
a note into the folder that it reads, which a read-only project does not allow.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from regulars.tracking.locations import MODEL, RUN

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from regulars.tracking.locations import LocalStore


def model_folder(
    client: MlflowClient, local: LocalStore | None, name: str, version: str
) -> Path:
    """Return the folder of a registered model, fetched where it is on another host."""
    if local is not None:
        location = client.get_model_version_download_uri(name, version)
        place = local.place(location, MODEL)
        if place is not None:
            return place
    from mlflow.artifacts import download_artifacts

    return Path(download_artifacts(artifact_uri=f"models:/{name}/{version}"))


def run_folder(
    client: MlflowClient, local: LocalStore | None, run_id: str, folder: str
) -> Path:
    """Return a folder that was kept with a run, fetched where it is on another host."""
    if local is not None:
        location = client.get_run(run_id).info.artifact_uri
        place = local.place(location, RUN)
        if place is not None:
            return place / folder
    return Path(client.download_artifacts(run_id, folder))
