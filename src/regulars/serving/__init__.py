"""Scores over HTTP: MLflow's scoring protocol behind keys, limits and figures."""

from regulars.serving.keys import KeyFile
from regulars.serving.server import serve

__all__ = ["KeyFile", "serve"]
