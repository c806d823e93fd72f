"""From an effect that is owed to the finished message: the letter, rendered, in its envelope."""

from nodback_core.domain.reviews.requests import Effect, Request
from nodback_core.domain.shared.addresses import InvalidAddress
from nodback_core.mail.letters.compose import Envelope, Rendered, UnsendableAddressError, compose, thread_root
from nodback_core.mail.letters.kinds import RequestLetter, asking_of, linked
from nodback_core.mail.letters.render import render
from nodback_core.usecases.letters.desk import desk_for
from nodback_core.usecases.letters.post import Post, Sender
from nodback_core.usecases.letters.request_in_full import RequestInFull
from nodback_core.usecases.letters.writing import UnknownLetter, write_letter

BUGS = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a letter that cannot be written raises; an outage of a service shows as none of these."""


class Unwritable(Exception):
    """The letter cannot be written; `code` is that of the entry that says so in the end."""

    def __init__(self, code: str, reason: str, *, for_ever: bool = False):
        super().__init__(reason)
        self.code = code
        self.for_ever = for_ever
        """Whether no newer version of the service could write it either."""


def message_for(effect: Effect, full: RequestInFull, post: Post) -> tuple[Rendered, bytes]:
    """The letter, and the message made of it; raises Unwritable."""
    try:
        letter = _letter(effect, full, post)
    except UnknownLetter as error:
        raise Unwritable("unknown_letter", str(error)) from error
    except InvalidAddress as error:
        raise Unwritable("unsendable_address", str(error), for_ever=True) from error
    except BUGS as error:
        raise _unwritable(error) from error
    try:
        rendered = render(letter)
        return rendered, compose(_envelope(letter, effect, full.request, post.sender), rendered)
    except UnsendableAddressError as error:
        raise Unwritable("unsendable_address", str(error), for_ever=True) from error
    except Exception as error:
        # No service is asked here: whatever it is, it is the letter.
        raise _unwritable(error) from error


def _unwritable(error: Exception) -> Unwritable:
    return Unwritable("unwritable_letter", f"the letter could not be written ({type(error).__name__})")


def _letter(effect: Effect, full: RequestInFull, post: Post) -> RequestLetter:
    letter, url = write_letter(desk_for(effect, full, post)), post.sender.review_url(full.request.request_id)
    return letter if url is None else linked(letter, url)


def _envelope(letter: RequestLetter, effect: Effect, request: Request, sender: Sender) -> Envelope:
    root = thread_root(deployment_id=request.deployment_id, flow_id=request.flow_id, domain=sender.reply_domain)
    answered, asking = effect.about or None, asking_of(letter)
    return Envelope(
        sender_name=letter.branding.sender_name,
        sender_address=sender.address,
        to=effect.to,
        reply_to=None if asking is None else asking.reply_address,
        auto_submitted="auto-replied" if letter.kind.rules.answers_a_mail else "auto-generated",
        in_reply_to=answered or root,
        references=(root, answered) if answered else (root,),
    )
