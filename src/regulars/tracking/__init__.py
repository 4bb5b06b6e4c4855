"""The MLflow side: one run a training, the model in the registry, the champion."""

from regulars.tracking.records import Registered, RunRecord
from regulars.tracking.store import CHAMPION, PROVENANCE, Store
from regulars.tracking.surroundings import host_of, scratch_folder

__all__ = [
    "CHAMPION",
    "PROVENANCE",
    "Registered",
    "RunRecord",
    "Store",
    "host_of",
    "scratch_folder",
]
