"""One case or more for every use case: the state that it meets, how it is called, and what it leaves when it is done.

tests/stress/test_crashes.py holds the cases to the package, by what reaches a port, so that a new one cannot be
forgotten: give it a case, or a place in `NOT_INJECTED` with the reason.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from mails.arrived import as_stored

from nodback_core import usecases
from nodback_core.domain.deployments.deployment import Deployment, Scope
from nodback_core.domain.flows.flow import FlowState
from nodback_core.domain.letters.notifications import Feedback, NotificationStatus
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.requests import Request, ResumeStatus, Status
from nodback_core.mail.replies.arrival import ArrivedMail
from nodback_core.ports import MailRefused
from nodback_core.usecases.deployments.register import KeyMaterial, change_deployment, create_key, revoke_key
from nodback_core.usecases.deployments.settings import change_settings, replace_settings
from nodback_core.usecases.flows.resumes import (
    claim_resume,
    fail_lost_resume,
    mark_consumed,
    record_result,
    renew_resume,
    retry_resume,
)
from nodback_core.usecases.flows.states import save_flow_state
from nodback_core.usecases.letters.mail_tests import open_mail_test
from nodback_core.usecases.letters.notify import notify
from nodback_core.usecases.letters.record_feedback import record_feedback
from nodback_core.usecases.replies.receive_mail import receive_mail
from nodback_core.usecases.reviews.cancel_request import cancel_request
from nodback_core.usecases.reviews.reassign_request import reassign_request
from nodback_core.usecases.reviews.respond_by_api import respond_by_api
from nodback_core.usecases.shared.relay import relay
from support.world import FLOW_CLASS, INSTALL, PASS, World

FLOW, RESPOND, MANAGE = (Caller(scope, 1, "k9") for scope in (Scope.FLOW, Scope.RESPOND, Scope.MANAGE))
PORT_ARGUMENTS = {"storage", "store", "vault", "objects", "mailer", "bus", "post"}
LARGE = "a long text " * 4000

NOT_INJECTED = {
    "webhooks.jobs.job_key": "opens a key; a step of deliver_webhook",
    "webhooks.jobs.open_job": "reads only; a step of deliver_webhook",
    "webhooks.jobs.read_answer_text": "reads only",
    "webhooks.jobs.seal_answer": "a step of deliver_webhook",
    "webhooks.jobs.seal_job": "a step of the fan-out",
    "audit.erase.chain_of": "reads only",
    "audit.exports.export_links": "reads only",
    "audit.exports.files": "reads only",
    "audit.exports.list_exports": "reads only",
    "audit.exports.read_export": "reads only",
    "reviews.history.read_history": "reads only",
    "reviews.inbox.list_managed": "reads only",
    "reviews.inbox.managed_deployments": "reads only",
    "reviews.inbox.read_inbox": "reads only",
    "people.members.list_members": "reads only",
    "figures.metrics.count_facts": "a step of count_events and rebuild_metrics",
    "figures.metrics.read_metrics": "reads only",
    "reviews.read_review.read_review": "reads only",
    "audit.receipts.receipt": "reads only",
    "audit.seal.sealed_groups": "reads only",
    "audit.seal.seals_between": "reads only",
    "people.sessions.identify": "reads only",
    "people.sessions.live_sessions": "reads only",
    "people.sign_in.may_sign_in": "reads only; a step of mail_sign_in",
    "webhooks.log.list_deliveries": "reads only",
    "webhooks.log.read_delivery": "reads only",
    "webhooks.secrets.open_secrets": "opens a key; a step of deliver_webhook",
    "webhooks.configure.find_webhook": "reads only",
    "webhooks.configure.list_webhooks": "reads only",
    "webhooks.configure.read_webhook": "reads only",
    "webhooks.configure.sealed_secret": "a step of create_webhook and start_rotation",
    "webhooks.configure.stored_webhooks": "reads only; a step of others",
    "webhooks.configure.webhooks_of": "reads only; a step of others",
    "webhooks.configure.write_change": "a step of the other changes of webhooks",
    "letters.desk.desk_for": "reads only; a step of notify",
    "letters.request_in_full.fetch_in_full": "reads only; a step of notify",
    "letters.messages.message_for": "reads only; a step of notify",
    "people.authenticate.authenticate": "reads only",
    "shared.reading.read_one": "reads only; a step of others",
    "shared.contents.open_key": "a step of every use case that reads or writes texts",
    "shared.contents.read_content": "reads only; a step of others",
    "shared.contents.seal_content": "a step of every use case that writes texts",
    "deployments.register.find_deployment": "reads only; a step of others",
    "deployments.register.list_deployments": "reads only",
    "deployments.register.list_keys": "reads only",
    "deployments.register.read_deployment": "reads only",
    "flows.states.read_flow_state": "reads only",
    "flows.states.remove_left_states": "a step of erase_content, which does it again when asked again",
    "reviews.list_requests.list_requests": "reads only",
    "reviews.list_requests.look_behind": "reads only; a step of read_inbox",
    "reviews.list_requests.look_for": "reads only; a step of read_inbox",
    "letters.mail_tests.read_mail_test": "reads only",
    "letters.notifications.notifications_of": "reads only; a step of record_feedback and read_request",
    "letters.notifications.said_of_troubles": "reads only; a step of read_timeline",
    "reviews.read_requests.read_pending": "reads only",
    "reviews.read_requests.read_request": "reads only",
    "reviews.read_requests.read_timeline": "reads only",
    "reviews.reasons.read_reasons": "reads only",
    "deployments.settings.explain_route": "reads only",
    "deployments.settings.read_settings": "reads only",
}

BROKEN_ELSEWHERE = {
    "webhooks.deliver.deliver_webhook": "tests/unit/webhooks/test_fan_out.py",
    "webhooks.push.push": "tests/unit/webhooks/test_push.py",
    "audit.exports.start_export": "tests/unit/audit/test_exports.py",
    "audit.exports.resume_export": "tests/unit/audit/test_exports.py",
    "figures.rebuild.rebuild_metrics": "tests/unit/figures/test_metrics.py",
    "audit.seal.finish": "tests/unit/audit/test_seals.py",
    "audit.seal.seal": "tests/unit/audit/test_seals.py",
}
"""Jobs of many steps and their own way of going on, and the tests that break them in the middle."""


@dataclass(frozen=True)
class Case:
    """`act` calls the use case, as often as its trigger comes; `done` says whether it has had its effect."""

    act: Callable[[], object]
    done: Callable[[], bool]
    same_mails: bool = True
    """Whether it ends with the very mails of an undisturbed run."""
    told_done: bool = False
    """Whether who tries again is told that there is nothing of the kind (any more)."""


@dataclass(frozen=True)
class Named:
    """A case with the use case that it covers, such as ``notify.notify``, and what is special about it."""

    covers: str
    title: str
    given: Callable[[World], Case]


CASES: list[Named] = []


def case(covers: str, title: str = "") -> Callable[[Callable[[World], Case]], Callable[[World], Case]]:
    def add(given: Callable[[World], Case]) -> Callable[[World], Case]:
        CASES.append(Named(covers, title or covers.rpartition(".")[2].replace("_", " "), given))
        return given

    return add


def reaching_ports() -> set[str]:
    """Every public function of the use cases that takes a port."""
    found = set()
    for module in pkgutil.walk_packages(usecases.__path__, f"{usecases.__name__}."):
        loaded = importlib.import_module(module.name)
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            own = function.__module__ == loaded.__name__ and not name.startswith("_")
            if own and PORT_ARGUMENTS & set(inspect.signature(function).parameters):
                found.add(f"{module.name.removeprefix(usecases.__name__ + '.')}.{name}")
    return found


def ports(world: World, *names: str) -> dict[str, object]:
    return {name: getattr(world, name) for name in names} | {"now": world.now}


FULL = ("storage",)


def asked(world: World, **settings: object) -> str:
    """A request that was opened and mailed."""
    request_id = world.pause(world.deployment(**settings)).request.request_id
    world.deliver()
    return request_id


def answered(world: World, text: str = "approved") -> str:
    """A request that was answered by mail, all of it delivered."""
    request_id = asked(world)
    world.reply(text, to=world.reply_address())
    world.deliver()
    return request_id


def claimed(world: World, *, consumed: bool = False) -> str:
    """A request whose resume a worker holds."""
    request_id = answered(world)
    claim(world)
    if consumed:
        mark_consumed(request_id, "c1", flow_class=FLOW_CLASS, caller=FLOW, **ports(world, "store"))
    return request_id


def claim(world: World) -> object:
    return claim_resume(worker="w1", claim_id="c1", flow_classes=[FLOW_CLASS], caller=FLOW, **ports(world, *FULL))


def mailed(world: World, letter: str) -> bool:
    """Whether a mail of this name was sent."""
    return any(m.tags["notification"].endswith(f"_{letter}") for m in world.mailer.sent)


@case("reviews.open_request.open_request")
def open_first(world: World) -> Case:
    deployment, request_id = world.deployment(), world.uuid()
    return Case(lambda: world.pause(deployment, request_id=request_id), lambda: mailed(world, "review_request"))


@case("reviews.open_request.open_request", "open request, superseding one, with a large text")
def open_second(world: World) -> Case:
    deployment, request_id = world.deployment(), world.uuid()
    first = world.pause(deployment).request.request_id
    world.deliver()
    return Case(
        lambda: world.pause(deployment, request_id=request_id, output=LARGE),
        lambda: world.request(first).superseded_by == request_id and len(world.mailer.sent) == 2,
    )


@case("letters.notify.notify", "notify: the mail that asks")
def notify_review(world: World) -> Case:
    request_id = world.pause(world.deployment()).request.request_id
    world.bus.events.clear()
    return Case(lambda: notify(request_id, 1, post=world.post, now=world.now), lambda: mailed(world, "review_request"))


@case("letters.notify.notify", "notify: a confirmation")
def notify_confirmation(world: World) -> Case:
    request_id = asked(world)
    world.reply("approved", to=world.reply_address())
    world.bus.events.clear()
    seq = world.request(request_id).effects[0].seq
    return Case(lambda: notify(request_id, seq, post=world.post, now=world.now), lambda: mailed(world, "confirmation"))


@case("letters.notify.notify", "notify: a mail that is no longer needed")
def notify_skipped(world: World) -> Case:
    request_id = world.pause(world.deployment()).request.request_id
    world.bus.events.clear()
    respond_by_api_now(world, request_id)
    return Case(
        lambda: notify(request_id, 1, post=world.post, now=world.now),
        lambda: "notification.skipped" in world.actions(request_id),
    )


@case("letters.notify.notify", "notify: a mail that the mail service refuses")
def notify_refused(world: World) -> Case:
    opened = world.pause(world.deployment("boss@example.com", rules=[_rule("gone@example.com")]))
    world.bus.events.clear()
    mailer = world.mailer

    class Refusing:
        def __getattr__(self, name: str) -> object:
            return getattr(mailer, name)

        def send(self, message: bytes, **named: object) -> str:
            if named["to"] == "gone@example.com":
                raise MailRefused("address is on the suppression list")
            return mailer.send(message, **named)

    def act() -> object:
        world.mailer = Refusing()
        try:
            return notify(opened.request.request_id, 1, post=world.post, now=world.now)
        finally:
            world.mailer = mailer

    done = lambda: mailed(world, "bounce_notice") or mailed(world, "review_request")  # noqa: E731
    return Case(act, done, same_mails=False)


@case("letters.record_feedback.record_feedback", "feedback of a hard bounce")
def feedback_bounce(world: World) -> Case:
    rules = [{"name": "r", "match": {"method_name": "*"}, "assign_to_email": "absent@example.com"}]
    request_id = asked(world, rules=rules)
    bounced = Feedback(request_id, "mail:1:review_request", NotificationStatus.BOUNCED, world.now, reason="5.1.1")
    return Case(
        lambda: record_feedback(bounced, **ports(world, "store")),
        lambda: mailed(world, "bounce_notice") and "notification.bounced" in world.actions(request_id),
    )


@case("letters.mail_tests.open_mail_test", "a test of the mail's way")
def ask_for_test(world: World) -> Case:
    deployment, request_id = world.deployment(), world.uuid()

    def act() -> None:
        number = deployment.deployment_id
        # Each call of the API has an id of its own; here the same, so that the row says whether it was written.
        if (Request.at(request_id).partition, "request") not in world.store.rows:
            open_mail_test(
                number,
                request_id=request_id,
                to_email=None,
                caller=INSTALL,
                **ports(world, *FULL),
            )

    return Case(act, lambda: mailed(world, "test_mail"))


def _rule(to: str) -> dict[str, object]:
    return {"name": "all", "match": {"method_name": "*"}, "assign_to_email": to}


def arriving(world: World, text: str, address: str, *, written_to: str = "") -> Callable[[], object]:
    """A reply that lies in the bucket; each call is the mail service's event for it."""
    world.objects.put(
        "inbound/1", as_stored(world.written(text, to=written_to or address, message_id="<late@example.com>"))
    )
    sender = {"ring": world.ring, "domain": world.reply_domain, "sender_name": "Nodback"}
    delivery = ArrivedMail("inbound/1", (address,), PASS)
    return lambda: receive_mail(delivery, **sender, **ports(world, *FULL))


@case("replies.receive_mail.receive_mail", "receive mail: an answer")
def receive_answer(world: World) -> Case:
    request_id = asked(world)
    address = world.reply_address()
    return Case(
        arriving(world, "approved", address),
        lambda: world.request(request_id).decision is not None and mailed(world, "confirmation"),
    )


@case("replies.receive_mail.receive_mail", "receive mail: too late")
def receive_late(world: World) -> Case:
    request_id = answered(world)
    address = world.reply_address()
    return Case(
        arriving(world, "rejected", address),
        lambda: "reply.rejected" in world.actions(request_id) and mailed(world, "closed_request"),
    )


@case("replies.receive_mail.receive_mail", "receive mail: a copy, asked to confirm")
def receive_copy(world: World) -> Case:
    asked(world)
    address = world.reply_address()
    return Case(
        arriving(world, "approved", address, written_to="friend@example.org"),
        lambda: mailed(world, "confirm_reply"),
    )


@case("replies.receive_mail.receive_mail", "receive mail: unclear, asked back")
def receive_unclear(world: World) -> Case:
    asked(world, free_text="ask")
    address = world.reply_address()
    return Case(
        arriving(world, "well, yes", address),
        lambda: mailed(world, "unclear_reply"),
    )


def respond_by_api_now(world: World, request_id: str) -> object:
    said = {"feedback": None, "outcome": "approved", "responder": "a script", "idempotency_key": "one"}
    return respond_by_api(request_id, caller=RESPOND, **said, **ports(world, *FULL))


@case("reviews.respond_by_api.respond_by_api")
def respond_api(world: World) -> Case:
    request_id = asked(world)
    return Case(lambda: respond_by_api_now(world, request_id), lambda: world.request(request_id).decision is not None)


@case("reviews.cancel_request.cancel_request")
def cancel(world: World) -> Case:
    request_id = asked(world)
    return Case(
        lambda: cancel_request(request_id, reason=LARGE[:1900], caller=MANAGE, **ports(world, *FULL)),
        lambda: world.request(request_id).status is Status.CANCELLED and mailed(world, "cancelled"),
    )


@case("reviews.reassign_request.reassign_request")
def reassign(world: World) -> Case:
    request_id = asked(world)
    return Case(
        lambda: reassign_request(
            request_id, "other@example.com", reason="on leave", caller=MANAGE, **ports(world, *FULL)
        ),
        lambda: len(world.mails_to("other@example.com")) == 1 and mailed(world, "reassigned"),
    )


@case("reviews.meet_deadlines.meet_deadlines", "meet deadlines: a breach, then a reminder")
def remind(world: World) -> Case:
    request_id = asked(world, reminder_minutes=[30], sla_minutes=20)
    world.pass_time(minutes=30)
    return Case(
        lambda: world.wake(request_id),
        lambda: mailed(world, "reminder") and world.actions(request_id).count("sla.breached") == 1,
    )


@case("reviews.meet_deadlines.meet_deadlines", "meet deadlines: an escalation")
def escalate(world: World) -> Case:
    request_id = asked(world, escalation={"after_minutes": 30, "to_email": "boss@example.com"})
    world.pass_time(minutes=30)
    return Case(
        lambda: world.wake(request_id),
        lambda: mailed(world, "escalated") and mailed(world, "reassigned"),
    )


@case("reviews.meet_deadlines.meet_deadlines", "meet deadlines: the automatic answer")
def answer_by_itself(world: World) -> Case:
    request_id = asked(world, auto_response={"enabled": True, "timeout_minutes": 30, "default_outcome": "rejected"})
    world.pass_time(minutes=30)
    return Case(
        lambda: world.wake(request_id),
        lambda: world.request(request_id).decision is not None and mailed(world, "auto_responded"),
    )


@case("shared.relay.relay")
def relay_entries(world: World) -> Case:
    request_id = world.pause(world.deployment()).request.request_id
    world.bus.events.clear()
    entries = world.store.chain(f"request/{request_id}").items
    return Case(lambda: relay(entries, bus=world.bus), lambda: mailed(world, "review_request"))


@case("shared.sweep.sweep", "sweep: mails that were never sent")
def sweep_mails(world: World) -> Case:
    deployment = world.deployment()
    for number in range(3):
        world.pause(deployment, flow_id=f"flow-{number}")
    world.bus.events.clear()
    world.pass_time(seconds=61)
    return Case(world.sweep, lambda: len(world.mailer.sent) == 3)


@case("shared.sweep.sweep", "sweep: a wait that died, and a worker that died")
def sweep_others(world: World) -> Case:
    claimed(world, consumed=True)
    waiting = world.pause(world.deployment(reminder_minutes=[0.5]), flow_id="flow-2").request
    world.deliver()
    world.pass_time(seconds=91)
    return Case(world.sweep, lambda: mailed(world, "reminder") and waiting.status is Status.PENDING)


def _resume_is(world: World, request_id: str, *statuses: ResumeStatus) -> Callable[[], bool]:
    return lambda: world.request(request_id).resume.status in statuses


@case("flows.resumes.claim_resume")
def claim_case(world: World) -> Case:
    request_id = answered(world)
    return Case(lambda: claim(world), _resume_is(world, request_id, ResumeStatus.CLAIMED))


@case("flows.resumes.renew_resume")
def renew(world: World) -> Case:
    request_id = claimed(world)
    return Case(
        lambda: renew_resume(request_id, "c1", caller=FLOW, **ports(world, "store")),
        lambda: world.request(request_id).resume.claim_id == "c1",
    )


@case("flows.resumes.mark_consumed")
def consume(world: World) -> Case:
    request_id = claimed(world)
    return Case(
        lambda: mark_consumed(request_id, "c1", flow_class=FLOW_CLASS, caller=FLOW, **ports(world, "store")),
        _resume_is(world, request_id, ResumeStatus.CONSUMED, ResumeStatus.FAILED),
    )


@case("flows.resumes.record_result")
def result(world: World) -> Case:
    request_id = claimed(world, consumed=True)
    return Case(
        lambda: record_result(request_id, "c1", succeeded=True, error=None, caller=FLOW, **ports(world, "store")),
        _resume_is(world, request_id, ResumeStatus.SUCCEEDED),
    )


@case("flows.resumes.fail_lost_resume")
def fail_lost(world: World) -> Case:
    request_id = claimed(world, consumed=True)
    world.pass_time(seconds=91)
    return Case(
        lambda: fail_lost_resume(world.request(request_id), **ports(world, "store")),
        _resume_is(world, request_id, ResumeStatus.FAILED),
    )


@case("flows.resumes.retry_resume")
def retry(world: World) -> Case:
    request_id = claimed(world, consumed=True)
    record_result(request_id, "c1", succeeded=False, error="boom", caller=FLOW, **ports(world, "store"))
    return Case(
        lambda: retry_resume(request_id, outcome=None, caller=FLOW, **ports(world, "store")),
        _resume_is(world, request_id, ResumeStatus.READY),
    )


@case("flows.states.save_flow_state", "save flow state, a large one")
def save_state(world: World) -> Case:
    world.deployment()
    return Case(
        lambda: save_flow_state("flow-1", "draft", LARGE, caller=FLOW, **ports(world, *FULL)),
        lambda: world.store.fetch(FlowState.at(1, "flow-1"))[FlowState.at(1, "flow-1")] is not None,
    )


def deployment_row(world: World) -> Deployment:
    found = world.store.fetch(Deployment.at(1))[Deployment.at(1)]
    assert found is not None
    return found


@case("deployments.register.create_deployment")
def create(world: World) -> Case:
    return Case(world.deployment, lambda: bool(world.store.children(Deployment, "deployments", "").items))


@case("deployments.register.change_deployment")
def rename(world: World) -> Case:
    world.deployment()
    return Case(
        lambda: change_deployment(1, name="Another name", caller=MANAGE, **ports(world, "store")),
        lambda: deployment_row(world).name == "Another name",
    )


MATERIAL = KeyMaterial("k7", "s" * 48)


@case("deployments.register.create_key")
def add_key(world: World) -> Case:
    world.deployment()

    def act() -> object:
        material = KeyMaterial(f"k{next(world.counter)}", "s" * 48)
        return create_key(1, name="ci", scope=Scope.FLOW, caller=INSTALL, material=material, **ports(world, "store"))

    return Case(act, lambda: deployment_row(world).last_seq >= 3)


@case("deployments.register.revoke_key")
def revoke(world: World) -> Case:
    world.deployment()
    create_key(1, name="ci", scope=Scope.FLOW, caller=INSTALL, material=MATERIAL, **ports(world, "store"))
    return Case(
        lambda: revoke_key(1, "k7", caller=INSTALL, **ports(world, "store")),
        lambda: deployment_row(world).last_seq == 4,
    )


@case("deployments.settings.change_settings")
def patch_settings(world: World) -> Case:
    world.deployment()
    return Case(
        lambda: change_settings(1, {"sla_minutes": 5}, expected_version=None, caller=MANAGE, **ports(world, "store")),
        lambda: deployment_row(world).settings_version == 2,
    )


@case("deployments.settings.replace_settings")
def put_settings(world: World) -> Case:
    world.deployment()
    return Case(
        lambda: replace_settings(1, {"sla_minutes": 5}, expected_version=1, caller=MANAGE, **ports(world, "store")),
        lambda: deployment_row(world).settings_version == 2,
    )
