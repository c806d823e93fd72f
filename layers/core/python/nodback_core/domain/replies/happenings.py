"""What happens to mail that comes in."""

from collections.abc import Mapping
from dataclasses import dataclass

from nodback_core.domain.replies.results import Result
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Action
from nodback_core.domain.shared.happenings import Digest, Happening, Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRejected(Happening):
    """A check of a reply has failed; `told` is the letter that says so, if one does."""

    check: str
    mail_id: str
    raw_digest: str
    object_key: str
    verdicts: Mapping[str, Json]
    told: str | None
    automatic: str | None = None
    expired_at: str | None = None
    sender: str | None = None
    written_at: str | None = None

    action = Action.REPLY_REJECTED
    words = "A reply was refused"
    tone = Tone.BAD
    calls_for_mail = True

    def facts(self, digest: Digest | None = None) -> dict[str, Json]:
        known = Happening.facts(self, digest)
        # A date that nobody can read is a fact of its own.
        return known | {"written_at": self.written_at} if self.check == Result.MISDATED else known
