"""The mailer: hands one finished message to the mail service."""

from collections.abc import Mapping
from typing import Protocol


class MailRefused(Exception):
    """The mail service will never take this message; the text says why."""


class Mailer(Protocol):
    def send(self, message: bytes, *, sender: str, to: str, tags: Mapping[str, str]) -> str:
        """Send it; returns the Message-ID that the service gave it, without angle brackets."""
