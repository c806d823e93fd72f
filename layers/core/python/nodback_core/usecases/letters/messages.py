"""From an effect that is owed to the finished message: the letter, rendered, in its envelope."""

from dataclasses import dataclass

from nodback_core.domain.letters.kinds import rules_of
from nodback_core.domain.reviews.requests import Effect, Request
from nodback_core.domain.shared.addresses import InvalidAddress
from nodback_core.domain.shared.key_ring import KeyRing
from nodback_core.mail.letters.compose import Envelope, Rendered, UnsendableAddressError, compose, thread_root
from nodback_core.mail.letters.kinds import Letter
from nodback_core.mail.letters.render import render
from nodback_core.ports import Mailer, Objects, Store, Vault
from nodback_core.usecases.letters.asked import AskedRequest
from nodback_core.usecases.letters.review_links import linked, review_url
from nodback_core.usecases.letters.writing import Desk, UnknownLetter, write_letter

BUGS = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a letter that cannot be written raises; an outage of a service shows as none of these."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose mails these are: display name, address, the domain that replies go to, and the install's public URL."""

    name: str
    address: str
    reply_domain: str
    public_url: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """What sending needs, in one hand."""

    store: Store
    vault: Vault
    objects: Objects
    mailer: Mailer
    ring: KeyRing
    sender: Sender


class Unwritable(Exception):
    """The letter cannot be written; `code` is that of the entry that says so in the end."""

    def __init__(self, code: str, reason: str, *, for_ever: bool = False):
        super().__init__(reason)
        self.code = code
        self.for_ever = for_ever
        """Whether no newer version of the service could write it either."""


def written(effect: Effect, asked: AskedRequest, post: Post) -> tuple[Rendered, bytes]:
    """The letter, and the message made of it; raises Unwritable."""
    try:
        letter = _letter(effect, asked, post)
    except UnknownLetter as error:
        raise Unwritable("unknown_letter", str(error)) from error
    except InvalidAddress as error:
        raise Unwritable("unsendable_address", str(error), for_ever=True) from error
    except BUGS as error:
        raise _unwritable(error) from error
    try:
        rendered = render(letter)
        return rendered, compose(_envelope(letter, effect, asked.request, post.sender), rendered)
    except UnsendableAddressError as error:
        raise Unwritable("unsendable_address", str(error), for_ever=True) from error
    except Exception as error:
        # No service is asked here: whatever it is, it is the letter.
        raise _unwritable(error) from error


def _unwritable(error: Exception) -> Unwritable:
    return Unwritable("unwritable_letter", f"the letter could not be written ({type(error).__name__})")


def reply_address_of(letter: Letter) -> str | None:
    """The signed address that a letter asks to be answered at, if it asks."""
    holder = getattr(letter, "request", letter)
    asking = getattr(holder, "asking", None)
    return None if asking is None else asking.reply_address


def _letter(effect: Effect, asked: AskedRequest, post: Post) -> Letter:
    desk = Desk(
        asked=asked,
        effect=effect,
        shown=asked.read_shown(vault=post.vault, objects=post.objects),
        store=post.store,
        vault=post.vault,
        objects=post.objects,
        ring=post.ring,
        domain=post.sender.reply_domain,
        sender_name=post.sender.name,
    )
    sender, request_id = post.sender, asked.request.request_id
    url = review_url(sender.public_url, request_id) if sender.public_url else None
    return linked(write_letter(desk), url)


def _envelope(letter: Letter, effect: Effect, request: Request, sender: Sender) -> Envelope:
    root = thread_root(deployment_id=request.deployment_id, flow_id=request.flow_id, domain=sender.reply_domain)
    answered = effect.about or None
    return Envelope(
        sender_name=letter.branding.sender_name,
        sender_address=sender.address,
        to=effect.to,
        reply_to=reply_address_of(letter),
        auto_submitted="auto-replied" if rules_of(effect.name).answers_a_mail else "auto-generated",
        in_reply_to=answered or root,
        references=(root, answered) if answered else (root,),
    )
