"""Refusing a reply: the request stays as it is, its trail says which check failed, and a letter may say so."""

from collections.abc import Callable
from dataclasses import replace

from nodback_core.domain.letters.kinds import mail
from nodback_core.domain.people.sessions import Tally
from nodback_core.domain.replies.happenings import ReplyRejected
from nodback_core.domain.replies.limits import Writer, allow
from nodback_core.domain.replies.results import LETTERS, STRANGERS, Result
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.outcomes import Outcome, changed
from nodback_core.domain.shared.records import Record


def refuse(
    request: Request,
    check: Result,
    say: Callable[[str | None], ReplyRejected],
    *,
    writer: Writer,
    to: str | None,
    tally: Tally | None,
    about: str,
    quote: str,
    seen: Record,
) -> Outcome | None:
    """The request with its refused reply; None when too many were refused already to record more.

    `say` makes the happening from the letter that tells of it, None for silence. `to` is whom the reply address was
    given out to, and `tally` counts the hour's mails to them; both are None when it was given out to nobody. `about` is
    the Message-ID that the letter answers, `quote` a sealed text that it quotes. `seen` is written too.
    """
    letter = LETTERS.get(check)
    allowed = allow(request, writer=writer, tally=tally if letter is not None else None)
    if allowed is None:
        return None
    if letter is None or to is None or allowed.tally is None:
        return changed(allowed.request, say(None), also=(seen,))
    # Whoever wrote is told nothing; the person whose address was used is.
    told = mail(letter, to, about="" if check in STRANGERS else about, quote=quote)
    return changed(allowed.request, replace(say(letter.value), calls_for=(told,)), also=(seen, allowed.tally))
