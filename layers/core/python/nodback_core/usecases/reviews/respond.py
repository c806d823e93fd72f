"""Recording an answer that a program or a page hands over: the one arbiter's front for API, dashboard and callbacks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.entries import text_digest
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Key, Record, Rows
from nodback_core.ports import Storage
from nodback_core.usecases.shared.change import change
from nodback_core.usecases.shared.contents import open_key

MESSAGE_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answer is the decision; `replayed` when it was already."""

    request: Request
    replayed: bool


IdOf = Callable[[str, str], str]
"""From the one who says it and the message as text to its decision id: the same message again has the same one."""


def respond(
    request_id: str,
    decide: Callable[[Rows, IdOf], Outcome | None],
    *further: Key[Record],
    on: Storage,
    now: datetime,
) -> Recorded:
    """Make an answer the decision of its request; the very same one again is a replay and changes nothing.

    `decide` checks who may answer and makes the answer (see `domain/reviews/answering.py`), over the request, its key
    and `further` rows. When they have changed by the time of writing, it decides again, because
    whoever was allowed to answer a moment ago may not be now. Raises what `decide` raises.
    """
    row, key = Request.at(request_id), ContentKey.at(request_id)
    is_replay = False

    def once(rows: Rows) -> Outcome | None:
        nonlocal is_replay

        def id_of(who: str, message: str) -> str:
            # Salted like every digest of words: the decision id is an entry's, and outlives the words.
            salt = on.vault.salt(open_key(rows[key], vault=on.vault))
            return f"{who}:{text_digest(salt, message)[:MESSAGE_DIGITS]}"

        outcome = decide(rows, id_of)
        is_replay = outcome is None
        return outcome

    return Recorded(change(once, row, key, *further, on=on, now=now).of(Request), is_replay)
