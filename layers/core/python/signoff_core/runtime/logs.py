"""Structured logs and metrics of a function; addresses and tokens are redacted before they are written."""

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics

_REPLY_ADDRESS = re.compile(r"\br-[a-z2-7]{8}[a-z2-7]+@", re.IGNORECASE)
_KEY = re.compile(r"\bsignoff_(flow|respond|manage|install)_\S+")
NAMESPACE = "Signoff"


@cache
def logger() -> "Logger":
    from aws_lambda_powertools import Logger

    return Logger(use_rfc3339=True, utc=True)


@cache
def metrics() -> "Metrics":
    from aws_lambda_powertools import Metrics

    return Metrics(namespace=NAMESPACE)


def redact(text: str) -> str:
    """The text without what would let its reader act: reply tokens and API keys."""
    return _KEY.sub(r"signoff_\1_***", _REPLY_ADDRESS.sub("r-***@", text))
