"""The MLflow side: one run a training, the model in the registry, the champion."""

from regulars.config.addresses import host_of
from regulars.tracking.environment import scratch_folder
from regulars.tracking.records import Registered, RunRecord
from regulars.tracking.store import CHAMPION, PROVENANCE, Store

__all__ = [
    "CHAMPION",
    "PROVENANCE",
    "Registered",
    "RunRecord",
    "Store",
    "host_of",
    "scratch_folder",
]
