"""What letters about a request have in common: a note, a note with a link, and one that can be answered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

from nodback_core.domain.letters.kinds import LetterKind
from nodback_core.mail.letters.parts import About, Asking, Branding
from nodback_core.mail.letters.wording import one_line


@dataclass(frozen=True)
class Note:
    """A letter about a request."""

    kind: ClassVar[LetterKind]

    about: About
    branding: Branding = field(default_factory=Branding, kw_only=True)

    @property
    def subject(self) -> str:
        """All mails about one question of a flow share it, so that mail readers keep them together."""
        about = self.about
        return f"{self.branding.prefix}Review: {about.topic} · {one_line(about.deployment_name, 60)}"


@dataclass(frozen=True)
class LinkedNote(Note):
    """A note that shows the way to the whole review."""

    review_url: str | None = field(default=None, kw_only=True)

    def linked(self, url: str) -> Self:
        """The letter with the link."""
        return replace(self, review_url=url)


@dataclass(frozen=True)
class AskingNote(Note):
    """A note that can be answered."""

    asking: Asking

    def linked(self, url: str) -> Self:
        """The letter with the link beside the ways to answer."""
        return replace(self, asking=replace(self.asking, review_url=url))
