"""Structured logs and metrics of a function; whatever is logged goes through `redact` before it is written."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from nodback_core.version import PRODUCT

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics

    from nodback_core.ports import Unreadable

_KEY = re.compile(r"\bnodback_(flow|respond|manage|install)_[^\s\"']+")
_WEBHOOK_SECRET = re.compile(r"\bwhsec_[\w+/=-]+")
_JWT = re.compile(r"\beyJ[\w-]+\.[\w-]+(\.[\w-]+)?")
_REPLY_TOKEN = re.compile(r"\b[a-z2-7]{56}\b", re.IGNORECASE)
# The kind of a subject stays to be read: person/<address>.
_ADDRESS = re.compile(r"(\bperson/|\br-(?=[a-z2-7]{9}))?[^\s@<>(),;:\[\]]{1,256}@[\w.-]*\w", re.IGNORECASE)
NAMESPACE = PRODUCT


@cache
def logger() -> "Logger":
    from aws_lambda_powertools import Logger

    return Logger(use_rfc3339=True, utc=True, json_serializer=_line)


@cache
def metrics() -> "Metrics":
    from aws_lambda_powertools import Metrics

    return Metrics(namespace=NAMESPACE)


def report_unreadable(row: "Unreadable") -> None:
    """Say that a list skipped a row: a log line with its kind and key, and a count."""
    from aws_lambda_powertools.metrics import MetricUnit

    where = {"kind": row.kind, "partition": row.partition, "sort": row.sort, "reason": row.reason}
    logger().error("a row cannot be read and was skipped", extra=where)
    measured = metrics()
    measured.add_metric(name="UnreadableRows", unit=MetricUnit.Count, value=1)
    measured.flush_metrics()


def redact(text: str) -> str:
    """The text without what would let its reader act or know people: keys, tokens, secrets and mail addresses."""
    if "@" in text:
        text = _ADDRESS.sub(lambda found: f"{found[1] or ''}***@***", text)
    text = _KEY.sub(r"nodback_\1_***", text)
    text = _WEBHOOK_SECRET.sub("whsec_***", text)
    return _REPLY_TOKEN.sub("***", _JWT.sub("eyJ***", text))


def _line(log: Mapping[str, object]) -> str:
    return json.dumps(_redacted(log))


def _redacted(value: object) -> object:
    """A value that JSON can hold, tracebacks and what stands deep in it included."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {redact(str(name)): _redacted(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(inner) for inner in value]
    return redact(str(value))
