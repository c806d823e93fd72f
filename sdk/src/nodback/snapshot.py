"""The snapshot of a paused flow: what another process needs to go on exactly where this one stopped."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nodback.encoding import decode, encode
from nodback.errors import FlowRefused, ResumeError, SnapshotTooLarge
from nodback.reviews import Json
from nodback.version import __version__

FORMAT = 1
# The service's own limit, checked here so that nothing travels in vain.
MAX_SNAPSHOT_BYTES = 4 * 1024 * 1024
# What AWS Lambda accepts as one event, less room for the rest of the event; the body is JSON inside of JSON there.
MAX_BODY_BYTES = 6 * 1024 * 1024 - 64 * 1024


@dataclass(frozen=True)
class Snapshot:
    """A paused flow.

    Attributes:
        state: the flow's state as a dict of Python values.
        context: crewAI's own record of the pause (`PendingFeedbackContext.to_dict()`), with our keys taken out.
        output: what was shown to the reviewer, as a Python value.
        history: the methods that ran before the pause, in order, the reviewed one last.
        heard_by: for each event that an answer may cause, the methods that listened to it; None when a version wrote
            it that did not tell.
    """

    state: Mapping[str, Any] = field(repr=False)
    context: Mapping[str, Json] = field(repr=False)
    output: Any = field(repr=False)
    history: tuple[str, ...]
    heard_by: Mapping[str, tuple[str, ...]] | None = None

    def as_json(self) -> dict[str, Json]:
        """The snapshot as it is sent.

        Raises:
            FlowRefused: the state cannot be written as JSON at all.
        """
        try:
            return {
                "format": FORMAT,
                "nodback": __version__,
                "state": encode(dict(self.state)),
                "context": {key: value for key, value in self.context.items() if key != "method_output"},
                "output": encode(self.output),
                "history": list(self.history),
                "heard_by": None if self.heard_by is None else {e: list(names) for e, names in self.heard_by.items()},
            }
        except ValueError as error:
            raise FlowRefused(f"The flow's state cannot be stored: {error}") from error

    @staticmethod
    def from_json(body: Json) -> "Snapshot":
        """The snapshot that `as_json` wrote.

        Raises:
            ResumeError: it was written by a version that this one cannot read.
        """
        if not isinstance(body, dict) or body.get("format") != FORMAT:
            written = body.get("format") if isinstance(body, dict) else type(body).__name__
            raise ResumeError(
                f"The snapshot has format {written!r}, and nodback {__version__} reads format {FORMAT}: update nodback."
            )
        try:
            heard_by = body.get("heard_by")
            return Snapshot(
                state=decode(body["state"]),
                context=body["context"],
                output=decode(body["output"]),
                history=tuple(body["history"]),
                heard_by=None if heard_by is None else {event: tuple(names) for event, names in heard_by.items()},
            )
        except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
            raise ResumeError(f"The snapshot cannot be read: {type(error).__name__}: {error}") from error


def check_size(snapshot: Json, body: Mapping[str, Json]) -> None:
    """Refuse what the service could not take, before it is sent.

    Raises:
        SnapshotTooLarge: the message names the size, the limit and what to do.
    """
    size = len(json.dumps(snapshot, separators=(",", ":")).encode())
    if size > MAX_SNAPSHOT_BYTES:
        raise SnapshotTooLarge(
            f"The flow's snapshot is {size:,} bytes ({size / 2**20:.1f} MiB) and the limit is {MAX_SNAPSHOT_BYTES:,} "
            "bytes (4 MiB). Keep large things elsewhere and put only a reference to them into the state or the output."
        )
    whole = len(json.dumps(json.dumps(body, separators=(",", ":"))).encode())
    if whole > MAX_BODY_BYTES:
        raise SnapshotTooLarge(
            f"The request with state, output and snapshot is {whole:,} bytes as AWS counts them, and the limit is "
            f"{MAX_BODY_BYTES:,} bytes. Keep large things elsewhere and put only a reference to them into the state."
        )
