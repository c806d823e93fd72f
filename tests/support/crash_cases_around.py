"""The cases of what stands around the main thread: callbacks, webhooks, people, erasing."""

from collections.abc import Callable

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.people.members import Identity, Person
from nodback_core.domain.people.sessions import SignIn
from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.webhooks.webhook import Reach, Webhook
from nodback_core.usecases.audit.erase import erase_content
from nodback_core.usecases.deployments.register import settings_of
from nodback_core.usecases.figures.metrics import count_events
from nodback_core.usecases.people.members import add_member, change_member, remove_member
from nodback_core.usecases.people.sessions import live_sessions, sign_out
from nodback_core.usecases.people.sign_in import (
    Applicant,
    SignInMail,
    ask_to_sign_in,
    mail_sign_in,
    sign_in_by_code,
    sign_in_by_link,
)
from nodback_core.usecases.replies.add_sender import add_sender
from nodback_core.usecases.reviews.respond_by_person import respond_by_person
from nodback_core.usecases.webhooks.answer_callback import answer_callback
from nodback_core.usecases.webhooks.configure import Wish, change_webhook, create_webhook, remove_webhook
from nodback_core.usecases.webhooks.secrets import abort_rotation, complete_rotation, start_rotation
from support.crash_cases import FULL, MANAGE, Case, asked, case, deployment_row, ports
from support.hooks import a_webhook
from support.world import INSTALL, OPTIONS, REVIEWER, World

CODE = "123456"


@case("webhooks.answer_callback.answer_callback")
def callback(world: World) -> Case:
    request_id = asked(world)
    webhook = a_webhook(world, deployment_row(world)).webhook
    said = {"feedback": "fine", "outcome": OPTIONS[0], "source": "a tool"}
    return Case(
        lambda: answer_callback(request_id, 1, webhook.webhook_id, "t1", **said, **ports(world, *FULL)),
        lambda: world.request(request_id).decision is not None,
    )


@case("reviews.respond_by_person.respond_by_person")
def person(world: World) -> Case:
    request_id = asked(world)
    said = {"feedback": "fine", "outcome": OPTIONS[0], "form_id": "f1"}
    return Case(
        lambda: respond_by_person(request_id, identity=Identity(REVIEWER, "s1"), **said, **ports(world, *FULL)),
        lambda: world.request(request_id).decision is not None,
    )


@case("replies.add_sender.add_sender")
def added_sender(world: World) -> Case:
    request_id = asked(world)
    other = "dana.other@example.com"
    world.reply("approved", to=world.reply_address(), sender=other)
    return Case(
        lambda: add_sender(request_id, other, identity=Identity(REVIEWER, "s1"), **ports(world, *FULL)),
        lambda: other in settings_of(deployment_row(world)).senders_for(REVIEWER),
    )


@case("audit.erase.erase_content")
def erase(world: World) -> Case:
    request_id = asked(world)
    world.pause(deployment_row(world), output="a long text " * 4000)  # supersedes it
    world.deliver()
    key = ContentKey.at(request_id)
    return Case(
        lambda: erase_content(request_id, caller=MANAGE, **ports(world, "store", "objects")),
        lambda: (row := world.store.fetch(key)[key]) is not None and row.erased_at is not None,
    )


def _grants(world: World) -> int:
    person = world.store.fetch(Person.at("ana@example.com"))[Person.at("ana@example.com")]
    return len(person.grants) if person else 0


def _add_member(world: World) -> Callable[[], object]:
    wanted = ["respond_to_human_feedback"]
    return lambda: add_member(1, "ana@example.com", wanted, caller=INSTALL, **ports(world, "store"))


@case("people.members.add_member")
def member(world: World) -> Case:
    world.deployment()
    return Case(_add_member(world), lambda: _grants(world) == 1)


@case("people.members.change_member")
def other_permissions(world: World) -> Case:
    world.deployment()
    _add_member(world)()
    wanted = ["manage_human_feedback", "respond_to_human_feedback"]

    def may_both() -> bool:
        person = world.store.fetch(Person.at("ana@example.com"))[Person.at("ana@example.com")]
        return person is not None and len(person.grants[0].permissions) == 2

    return Case(lambda: change_member(1, "ana@example.com", wanted, caller=INSTALL, **ports(world, "store")), may_both)


@case("people.members.remove_member")
def no_member(world: World) -> Case:
    world.deployment()
    _add_member(world)()
    return Case(
        lambda: remove_member(1, "ana@example.com", caller=INSTALL, **ports(world, "store")),
        lambda: _grants(world) == 0,
        told_done=True,
    )


# Webhooks.


def _webhook(world: World) -> tuple[Deployment, Webhook]:
    deployment = world.deployment()
    return deployment, a_webhook(world, deployment).webhook


def _now(world: World, webhook: Webhook) -> Webhook | None:
    return world.store.fetch(webhook.key)[webhook.key]


@case("webhooks.configure.create_webhook")
def new_webhook(world: World) -> Case:
    world.deployment()

    def act() -> object:
        ids = {"webhook_id": f"wh{next(world.counter)}", "random": world.random.randbytes(33)}
        wish = Wish("CRM", "https://hooks.example.com/hitl")
        return create_webhook(1, wish, reach=Reach(), caller=MANAGE, **ids, **ports(world, "store", "vault"))

    return Case(act, lambda: deployment_row(world).last_seq >= 3)


@case("webhooks.configure.change_webhook")
def other_webhook(world: World) -> Case:
    _, webhook = _webhook(world)
    wish = Wish(name="Another name")
    return Case(
        lambda: change_webhook(1, webhook.webhook_id, wish, reach=Reach(), caller=MANAGE, **ports(world, "store")),
        lambda: (row := _now(world, webhook)) is not None and row.name == "Another name",
    )


@case("webhooks.configure.remove_webhook")
def no_webhook(world: World) -> Case:
    _, webhook = _webhook(world)
    return Case(
        lambda: remove_webhook(1, webhook.webhook_id, caller=MANAGE, **ports(world, "store")),
        lambda: _now(world, webhook) is None or deployment_row(world).last_seq == 4,
        told_done=True,
    )


def _start(world: World, webhook: Webhook) -> Callable[[], object]:
    return lambda: start_rotation(
        1, webhook.webhook_id, random=world.random.randbytes(33), caller=MANAGE, **ports(world, "store", "vault")
    )


@case("webhooks.secrets.start_rotation")
def rotate(world: World) -> Case:
    _, webhook = _webhook(world)
    return Case(_start(world, webhook), lambda: deployment_row(world).last_seq == 4)


@case("webhooks.secrets.complete_rotation")
def rotated(world: World) -> Case:
    _, webhook = _webhook(world)
    _start(world, webhook)()
    return Case(
        lambda: complete_rotation(1, webhook.webhook_id, caller=MANAGE, **ports(world, "store")),
        lambda: deployment_row(world).last_seq == 5,
    )


@case("webhooks.secrets.abort_rotation")
def not_rotated(world: World) -> Case:
    _, webhook = _webhook(world)
    _start(world, webhook)()
    return Case(
        lambda: abort_rotation(1, webhook.webhook_id, caller=MANAGE, **ports(world, "store")),
        lambda: deployment_row(world).last_seq == 5,
    )


# People.


def _ask(world: World) -> SignIn:
    wanted = Applicant(world.uuid(), REVIEWER, "this browser", "203.0.113.7")
    return ask_to_sign_in(wanted, **ports(world, "store", "bus"))


def _mail(world: World, sign_in: SignIn) -> str:
    link = "https://nodback.test/enter"
    mail = SignInMail(world.mailer, "Nodback", "nodback@nodback.test", lambda _: link, lambda _: CODE)
    return mail_sign_in(sign_in.sign_in_id, mail=mail, admins={REVIEWER}, **ports(world, "store"))


@case("people.sign_in.ask_to_sign_in")
def ask(world: World) -> Case:
    return Case(lambda: _ask(world), lambda: True)


@case("people.sign_in.mail_sign_in")
def mail_link(world: World) -> Case:
    sign_in = _ask(world)

    def mailed() -> bool:
        row = world.store.fetch(sign_in.key)[sign_in.key]
        return row is not None and row.mailed_at is not None

    # At most once: whoever gets none asks again, and nobody can make it mail a stranger twice.
    return Case(
        lambda: _mail(world, sign_in),
        mailed,
        same_mails=False,
    )


def _entering(world: World) -> dict[str, object]:
    common = {"browser_secret": "this browser", "browser": "Firefox", "session_id": "s1", "organization_id": 1}
    return common | ports(world, "store")


def _sessions(world: World) -> int:
    return len(live_sessions(Identity(REVIEWER, "s1"), **ports(world, "store")))


@case("people.sign_in.sign_in_by_link")
def enter_by_link(world: World) -> Case:
    sign_in = _ask(world)
    return Case(lambda: sign_in_by_link(sign_in.sign_in_id, **_entering(world)), lambda: _sessions(world) == 1)


@case("people.sign_in.sign_in_by_code")
def enter_by_code(world: World) -> Case:
    sign_in = _ask(world)
    _mail(world, sign_in)
    return Case(
        lambda: sign_in_by_code(sign_in.sign_in_id, CODE, code=CODE, **_entering(world)),
        lambda: _sessions(world) == 1,
    )


@case("people.sessions.sign_out")
def leave(world: World) -> Case:
    sign_in_by_link(_ask(world).sign_in_id, **_entering(world))
    identity = Identity(REVIEWER, "s1")
    return Case(lambda: sign_out(identity, **ports(world, "store")), lambda: _sessions(world) == 0)


@case("figures.metrics.count_events")
def count(world: World) -> Case:
    request_id = asked(world)
    return Case(lambda: count_events([(request_id, "request.opened")], store=world.store, now=world.now), lambda: True)
