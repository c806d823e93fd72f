"""The whole service in memory, with a clock that a test moves: for stories, properties and simulations.

The bus delivers by itself when `deliver()` is called; until then events wait in `world.bus.events`, so that a test can
drop, repeat or reorder them.
"""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from uuid import UUID

from mails.arrived import as_stored, signature

from nodback_core.adapters.jwt_tokens import issue_callback
from nodback_core.adapters.memory import (
    MemoryBus,
    MemoryMailer,
    MemoryMasterKey,
    MemoryObjects,
    MemoryQueue,
    MemorySigner,
    MemoryStore,
    SentMessage,
)
from nodback_core.adapters.vault import AesVault
from nodback_core.domain.audit.seals import Seal
from nodback_core.domain.deployments.deployment import Deployment, Scope
from nodback_core.domain.deployments.parsing import parse_settings
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.contents import JsonValue, Shown
from nodback_core.domain.reviews.deadlines import OVERDUE_EVENT
from nodback_core.domain.reviews.opening import Pause
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared import labels
from nodback_core.domain.shared.entries import Actor, Entry, check_chain
from nodback_core.domain.shared.key_ring import KeyRing
from nodback_core.mail.replies.arrival import ArrivedMail
from nodback_core.mail.replies.sender import Verdicts
from nodback_core.ports import Event, Storage
from nodback_core.usecases.audit.seal import Archive, seal
from nodback_core.usecases.deployments.register import KeyMaterial, create_deployment
from nodback_core.usecases.letters.notify import notify
from nodback_core.usecases.letters.post import Post, Sender
from nodback_core.usecases.replies.receive_mail import receive_mail
from nodback_core.usecases.reviews.meet_deadlines import meet_deadlines
from nodback_core.usecases.reviews.open_request import OpenedPause, open_request
from nodback_core.usecases.shared.relay import relay
from nodback_core.usecases.shared.sweep import Swept, sweep
from nodback_core.usecases.webhooks.fan_out import Dispatcher, fan_out
from nodback_core.usecases.webhooks.push import push

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
INSTALL = Caller(Scope.INSTALL, None, "install")
FLOW_CLASS = "examples.content.ContentApprovalFlow"
OPTIONS = ("approved", "rejected", "needs_revision")
REPLY_DOMAIN = "reply.nodback.test"
PUBLIC_URL = "https://nodback.test"
REVIEWER = "reviewer@example.com"
PASS = Verdicts(dmarc="PASS", spf="PASS", dkim="PASS", spam="PASS", virus="PASS")


def mime(message: SentMessage) -> EmailMessage:
    """A sent message as its reader's program sees it."""
    parsed = message_from_bytes(message.message, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].rstrip(">")


@dataclass
class World:
    """One install: change `now` to let time pass."""

    seed: int = 1
    now: datetime = START
    store: MemoryStore = field(default_factory=MemoryStore)
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    mailer: MemoryMailer = field(default_factory=MemoryMailer)
    bus: MemoryBus = field(default_factory=MemoryBus)
    archive: Archive = field(default_factory=lambda: Archive(MemoryObjects(), MemorySigner(2026)))
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    export_queue: MemoryQueue = field(default_factory=MemoryQueue)
    ring: KeyRing = field(default_factory=lambda: KeyRing(1, {1: b"k" * 32}))
    public_url: str = PUBLIC_URL
    reply_domain: str = REPLY_DOMAIN

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.counter = itertools.count(1)
        self.vault = AesVault(MemoryMasterKey(b"m" * 32, self.random.randbytes), self.random.randbytes)
        self.store.on_entries = self._stream

    def _stream(self, entries: Sequence[Entry]) -> None:
        relay(entries, bus=self.bus)

    @property
    def storage(self) -> Storage:
        return Storage(self.store, self.vault, self.objects)

    @property
    def post(self) -> Post:
        sender = Sender("Nodback", "nodback@nodback.test", self.reply_domain)
        return Post(self.storage, self.mailer, self.ring, sender)

    @property
    def dispatcher(self) -> Dispatcher:
        return Dispatcher(self.storage, self.queue, self.callback_url, self.public_url)

    def callback_url(
        self, request_id: str, webhook: str, token_id: str, now: datetime, deadline: datetime | None
    ) -> str:
        token = issue_callback(
            request_id=request_id,
            webhook_id=webhook,
            token_id=token_id,
            now=now,
            deadline=deadline,
            issuer=labels.issuer("test"),
            ring=self.ring,
        )
        return f"{self.public_url}/v1/callbacks/{token}"

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)

    def uuid(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def deployment(self, creator_email: str = REVIEWER, **settings: object) -> Deployment:
        """A registered deployment; settings as in the documents."""
        made, _ = create_deployment(
            name="Content Review Flow",
            creator_email=creator_email,
            settings=parse_settings(settings),
            organization_id=1,
            caller=INSTALL,
            store=self.store,
            material=KeyMaterial(f"k{next(self.counter)}", "s" * 48),
            now=self.now,
        )
        return made

    def pause(
        self,
        deployment: Deployment,
        *,
        flow_id: str = "flow-1",
        flow_class: str = FLOW_CLASS,
        emit: Sequence[str] = OPTIONS,
        request_id: str | None = None,
        method_name: str = "review_content",
        state: dict[str, JsonValue] | None = None,
        output: JsonValue = "Marketing copy for review...",
        default_outcome: str | None = None,
    ) -> OpenedPause:
        """A flow pauses."""
        rid = request_id or self.uuid()
        return open_request(
            Pause(
                request_id=rid,
                flow_id=flow_id,
                flow_name=flow_class.rpartition(".")[2],
                flow_class=flow_class,
                method_name=method_name,
                shown=Shown("Please review this content:", output, state or {}, {}, ("generate_content",)),
                emit=tuple(emit),
                default_outcome=default_outcome,
                snapshot={"context": {"method_output": output}},
                body_digest=f"digest of {rid}",
            ),
            deployment_id=deployment.deployment_id,
            actor=Actor("key", "k1"),
            storage=self.storage,
            now=self.now,
        )

    def deliver(self, *, rounds: int = 20) -> None:
        """Let the bus deliver until nothing is left; deadlines fire only through `wake`."""
        for _ in range(rounds):
            events, self.bus.events = self.bus.events, []
            if not events:
                return
            for event in events:
                self.handle(event)
        raise AssertionError("events beget events without end")

    def handle(self, event: Event) -> None:
        """What the rules on the bus do with one event."""
        detail = event.detail
        if event.name == OVERDUE_EVENT:
            self.wake(str(detail["request_id"]))
        elif "request_id" in detail:
            notify(str(detail["request_id"]), int(str(detail["seq"])), post=self.post, now=self.now)
        if "webhooks" in detail:
            request_id, seq = str(detail["request_id"]), int(str(detail["seq"]))
            push(request_id, seq, storage=self.storage, queue=self.queue, now=self.now)
            fan_out(
                request_id,
                seq,
                deployment_id=int(str(detail["deployment_id"])),
                dispatcher=self.dispatcher,
                now=self.now,
            )

    def wake(self, request_id: str) -> datetime | None:
        """The wait of a request ends now."""
        return meet_deadlines(request_id, storage=self.storage, now=self.now)

    def seal(self) -> Seal | None:
        """The schedule of the seals comes round."""
        return seal(store=self.store, archive=self.archive, organization_id=1, now=self.now)

    def sweep(self) -> Swept:
        return sweep(store=self.store, bus=self.bus, now=self.now)

    def reply(
        self,
        text: str,
        *,
        to: str,
        sender: str = REVIEWER,
        verdicts: Verdicts = PASS,
        headers: str = "",
        message_id: str | None = None,
    ) -> Result:
        """Somebody answers a mail; returns what became of it."""
        mid = message_id or f"<reply-{next(self.counter)}@example.com>"
        raw = self.written(text, to=to, sender=sender, headers=headers, message_id=mid)
        return self.receive(raw, to=to, verdicts=verdicts, sender=sender)

    def written(self, text: str, *, to: str, sender: str = REVIEWER, headers: str = "", message_id: str = "") -> bytes:
        """A mail of now, as the sender's server signs it and sends it out."""
        mid = message_id or f"<reply-{next(self.counter)}@example.com>"
        head = f"From: {sender}\r\nTo: {to}\r\nSubject: Re: Review\r\nDate: {format_datetime(self.now)}\r\n"
        return f"{signature(domain_of(sender))}{head}Message-ID: {mid}\r\n{headers}\r\n{text}\r\n".encode()

    def receive(
        self,
        raw: bytes,
        *,
        to: str | tuple[str, ...],
        verdicts: Verdicts = PASS,
        sender: str = REVIEWER,
        envelope_from: str = "",
    ) -> Result:
        """A mail that `sender`'s server signed arrives for `to`, sent by `envelope_from` or by that very server."""
        proved = verdicts.dmarc == "PASS"
        domain = domain_of(sender)
        return self.receive_stored(
            as_stored(
                raw,
                header_from=domain,
                envelope_from=envelope_from or sender,
                spf="pass" if verdicts.spf == "PASS" or (proved and not verdicts.spf) else "fail",
                dkim=(("pass" if verdicts.dkim == "PASS" or (proved and not verdicts.dkim) else "fail", domain),),
                dmarc=verdicts.dmarc.lower() or "none",
                received_at=self.now,
            ),
            to=to,
            verdicts=verdicts,
        )

    def receive_stored(self, stored: bytes, *, to: str | tuple[str, ...], verdicts: Verdicts = PASS) -> Result:
        """SES has stored a mail for `to` and says so."""
        key = f"inbound/{next(self.counter)}"
        self.objects.put(key, stored)
        return receive_mail(
            ArrivedMail(key, (to,) if isinstance(to, str) else to, verdicts),
            storage=self.storage,
            ring=self.ring,
            domain=self.reply_domain,
            sender_name="Nodback",
            now=self.now,
        )

    def mails_to(self, address: str) -> list[EmailMessage]:
        return [mime(m) for m in self.mailer.sent if m.to == address]

    def reply_address(self, address: str = REVIEWER) -> str:
        """The reply address of the newest mail to `address` that has one."""
        return [m["Reply-To"].addresses[0].addr_spec for m in self.mails_to(address) if m["Reply-To"]][-1]

    def request(self, request_id: str) -> Request:
        found = self.store.fetch(Request.at(request_id))[Request.at(request_id)]
        assert found is not None
        return found

    def actions(self, request_id: str) -> list[str]:
        return [e.action.value for e in self.store.chain(f"request/{request_id}").items]

    def check_chains(self) -> None:
        """Every chain holds from its first entry to the head in its subject's row."""
        for subject, chain in self.store.chains.items():
            documents = [{**e.document(), "hash": e.hash} for e in chain]
            assert check_chain(1, subject, documents) is None
