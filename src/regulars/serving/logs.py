"""One line of JSON a request on standard error: no customer, no key, no body."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

LOGGER = logging.getLogger("regulars.serving")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= _cause(record.exc_info[1])
        return json.dumps(line, default=str)


def _cause(error: BaseException) -> dict[str, object]:
    """Return the kind and the places of an error, not its text: it may name people."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "at": [f"{each.filename}:{each.lineno} {each.name}" for each in frames],
    }


def write_json_lines() -> None:
    """Have this process's log written as lines of JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    for name in ("regulars.serving", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.INFO)


def log(event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Write a line."""
    LOGGER.log(level, event, extra={"fields": fields})


def log_failure(event: str, error: BaseException, **fields: object) -> None:
    """Write a line about an error that nobody foresaw."""
    trace = (type(error), error, error.__traceback__)
    LOGGER.error(event, exc_info=trace, extra={"fields": fields})
