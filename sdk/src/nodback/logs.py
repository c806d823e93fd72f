"""The log of a worker: lines for people, or one JSON object per line for machines, with date and zone."""

import json
import logging
import sys
from datetime import datetime
from typing import Any

FIELDS = "nodback"
"""The name under which a record carries its fields: `logger.info("…", extra=fields(request_id="…"))`."""


def fields(**values: Any) -> dict[str, Any]:
    """What a line of JSON says besides its message.

    Example:
        >>> fields(request_id="r1", number=None)
        {'nodback': {'request_id': 'r1'}}
    """
    return {FIELDS: {name: value for name, value in values.items() if value is not None}}


class Readable(logging.Formatter):
    """`2026-11-24T21:00:00.123+00:00 INFO    message`, with what was raised below it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002
        return _time_of(record)


class Json(logging.Formatter):
    """One object per line: `time`, `level`, `logger`, `message`, the record's fields, and `error` with its trace."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time_of(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


FORMATS = {"text": Readable, "json": Json}


def log_to_stderr(kind: str) -> None:
    """Write what Nodback logs to standard error, in one of `FORMATS`; called again, it replaces what it set up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMATS[kind]())
    ours = logging.getLogger("nodback")
    ours.handlers = [handler]
    ours.setLevel(logging.INFO)
    ours.propagate = False


def _time_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
