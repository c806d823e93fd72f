"""What an entry says: one frozen class for each action, with all that follows from it on the class.

A decision makes a happening, and the runner makes an entry of it. Its fields are the entry's data, in the plain form in
which they are hashed: text, whole numbers, booleans, null, lists and maps. `by` and `calls_for` are no part of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Self, TypeAlias, cast

from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import SERVICE, Action, Actor

if TYPE_CHECKING:
    from nodback_core.domain.reviews.requests import Status
    from nodback_core.domain.webhooks.events import EventType


class Tone(StrEnum):
    """How a line of the timeline is meant to be read."""

    PLAIN = ""
    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"


class UnreadableHappening(ValueError):
    """The data of an entry lacks a fact that its action always has."""


@dataclass(frozen=True, slots=True)
class Digested:
    """Words of which an entry holds the salted digest only; the runner makes it, the words never reach the entry."""

    text: str = field(repr=False)


Digest: TypeAlias = Callable[[str], str]
"""From words to their digest under the salt of their request."""


@dataclass(frozen=True, slots=True)
class EffectDraft:
    """What a happening calls for, before its entry has a number: a mail, or that webhooks or receivers are told.

    Attributes:
        kind: ``mail``, ``webhooks`` or ``push``.
        name: the letter, or the event.
        to: the address of a mail.
        about: what it refers to, such as the Message-ID that a mail answers.
        quote: a sealed text that it quotes, as hex.
    """

    kind: str
    name: str
    to: str = ""
    about: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What happened to a subject. A field whose default is None stays out of the entry while it is None."""

    by: Actor = SERVICE
    """Who did it."""
    calls_for: tuple[EffectDraft, ...] = ()
    """The mails that it calls for."""

    action: ClassVar[Action]
    words: ClassVar[str]
    """What the timeline says of it."""
    tone: ClassVar[Tone] = Tone.PLAIN
    is_event: ClassVar[bool] = True
    """Whether the bus is told. Bookkeeping is not: nothing ever happens because of it."""
    calls_for_mail: ClassVar[bool] = False
    """Whether it may call for mails: the function that sends them hears of these only."""
    webhook: ClassVar["EventType | None"] = None
    """The event that webhooks are told, if any."""
    readies_resume: ClassVar[bool] = False
    """Whether a resume waits to be carried out because of it: webhooks that resume are told."""
    closes_as: ClassVar["Status | None"] = None
    """The status with which it closes a request; figures count by it."""

    def __post_init__(self) -> None:
        if self.calls_for and not self.calls_for_mail:
            raise TypeError(f"{type(self).__name__} calls for a mail that nothing would send: say `calls_for_mail`")

    def facts(self, digest: Digest | None = None) -> dict[str, Json]:
        """The data of its entry; `digest` is needed for a happening with words."""
        return {
            fact.name: _plain(value, digest)
            for fact in _facts_of(type(self))  # type: ignore[arg-type]  # mypy: a class is hashable
            if (value := getattr(self, fact.field)) is not None or not fact.is_optional
        }

    @classmethod
    def read(cls, data: Mapping[str, Json], *, by: Actor = SERVICE) -> Self:
        """The happening of an entry's data; raises UnreadableHappening when a fact is missing."""
        values = {f.field: data[f.name] for f in _facts_of(cls) if f.name in data}  # type: ignore[arg-type]
        try:
            return cls(by=by, **values)  # type: ignore[arg-type]  # the entry was written from the same fields
        except TypeError as error:
            raise UnreadableHappening(f"{cls.action}: {error}") from None

    @property
    def webhook_event(self) -> "EventType | None":
        """The event that webhooks are told of this very happening."""
        return self.webhook


_NO_FACTS = frozenset({"by", "calls_for"})


@dataclass(frozen=True, slots=True)
class _Fact:
    field: str
    name: str
    """Its name in the entry: that of the field, where Python lets a field have it."""
    is_optional: bool
    """Whether it stays out of the entry while it is None."""


@cache
def _facts_of(kind: type[Happening]) -> tuple[_Fact, ...]:
    named = [f for f in fields(kind) if f.name not in _NO_FACTS]
    return tuple(_Fact(f.name, str(f.metadata.get("name", f.name)), f.default is None) for f in named)


def _plain(value: object, digest: Digest | None) -> Json:
    if not isinstance(value, Digested):
        return cast("Json", value)
    if digest is None:
        raise TypeError("words need the digest of their request")
    return digest(value.text)
