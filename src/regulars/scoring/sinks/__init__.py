"""Where scores go: files, and tables of an engine."""

from regulars.scoring.sinks.files import write_scores

__all__ = ["write_scores"]
