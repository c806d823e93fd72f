"""The mailer: hands one finished message to the mail service."""

from collections.abc import Mapping
from typing import Protocol


class MailRefused(Exception):
    """The mail service will never take this message; the text says why, in one line that people may read."""


class MailNotTaken(Exception):
    """The mail service has surely not taken it, for a reason that is not the message's: it can be sent again.

    The text is what was said, in one line that people may read; `code` is its class, such as ``AccessDenied``.
    """

    def __init__(self, said: str, *, code: str = "not_taken"):
        super().__init__(said)
        self.code = code


class Mailer(Protocol):
    def send(self, message: bytes, *, sender: str, to: str, tags: Mapping[str, str]) -> str:
        """Send it; returns the Message-ID that the service gave it, without angle brackets.

        Raises MailRefused or MailNotTaken; after any other error the service may have taken it or not.
        """
