"""MLflow's effects on the process, undone at the end of a ``with`` block.

MLflow keeps its tracking URI for the whole process and speaks on the terminal.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# a choice that the user made in the environment wins
QUIET_MLFLOW = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep MLflow's own chatter and progress bars off the terminal."""
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    for name, value in QUIET_MLFLOW.items():
        os.environ.setdefault(name, value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a temporary folder for what is about to be logged.

    Yields
    ------
    Path
    """
    with tempfile.TemporaryDirectory(prefix="regulars-") as folder:
        yield Path(folder)


@contextlib.contextmanager
def addressed(uri: str) -> Iterator[None]:
    """Point MLflow's module-level functions at a store, and back."""
    import mlflow

    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before[0])
        mlflow.set_registry_uri(before[1])
