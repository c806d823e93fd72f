"""What the mailroom does with mail to the service when the mail itself does not say."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from infra.local.mailroom.handling import Handling, Verdicts

DEFAULTS_NAME: Final = "defaults.json"


@dataclass(frozen=True)
class Defaults:
    """`sender` answers in place of a mail's recipient; empty means the recipient answers."""

    sender: str = ""
    handling: Handling = field(default_factory=Handling)


class DefaultsFile:
    """The defaults, kept beside the mails so that a restart changes nothing."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / DEFAULTS_NAME
        self._lock = threading.Lock()
        self._current = self._load()

    @property
    def current(self) -> Defaults:
        return self._current

    def replace(self, defaults: Defaults) -> None:
        with self._lock:
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps(asdict(defaults), indent=2) + "\n", encoding="utf-8")
            fresh.replace(self._path)
            self._current = defaults

    def _load(self) -> Defaults:
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            handling = stored["handling"]
            verdicts = Verdicts(**handling.pop("verdicts"))
            return Defaults(str(stored["sender"]), Handling(verdicts=verdicts, **handling))
        except (OSError, ValueError, KeyError, TypeError):
            return Defaults()
