"""What is written to a run, and where a registered model is to be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# the module whose loader rebuilds a model of any kind
LOADER = "regulars.scoring.pyfunc"


@dataclass(frozen=True)
class Registered:
    """Where a model is to be found.

    Attributes
    ----------
    model_uri : str
        ``models:/name/version``.
    model_version : str
        Version in the registry.
    run_id : str
        MLflow run of the training.
    """

    model_uri: str
    model_version: str
    run_id: str


@dataclass(frozen=True)
class RunRecord:
    """What is written to a run.

    Attributes
    ----------
    params : mapping of str to str
        Settings and choices.
    metrics : mapping of str to float
        Figures.
    tags : mapping of str to str
        Fingerprint, versions, commit.
    artifacts : Path or None
        Folder whose content is kept with the run.
    model : Path or None
        Folder of the model that scores; None for a run that registers nothing.
    tested_model : Path or None
        Folder of the model that had not seen the test window.
    input_example : object
        One row, as the endpoint takes it.
    inputs : sequence of str or None
        Input columns of any type; None for nested purchase histories.
    """

    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    artifacts: Path | None = None
    model: Path | None = None
    tested_model: Path | None = None
    input_example: Any = None
    inputs: Sequence[str] | None = None
