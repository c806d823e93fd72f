"""On the stack's own tables, a reassignment is committed between the check of an answer and its write."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import pytest
from support.meanwhile import Overtaken

from flows.broken import Bench, until
from flows.reviews import last_number, next_review, request_of
from functions.inbound_mail.handler import handler
from infra.local.aws import REGION, client
from infra.local.house import CREATOR, House
from infra.local.mailroom.inbound import AwsInboundDelivery, inbound_from_stack
from infra.local.mailroom.mailbox import StoredMail
from nodback_core.adapters.kms import KmsMasterKey
from nodback_core.adapters.s3 import S3Objects
from nodback_core.adapters.vault import AesVault
from nodback_core.domain.people.members import Identity
from nodback_core.domain.reviews.requests import Status
from nodback_core.domain.shared.errors import Forbidden
from nodback_core.runtime.environment import read_environment
from nodback_core.runtime.service import Service, use_service
from nodback_core.usecases.reviews.respond_by_person import respond_by_person

NEXT = "next@example.com"


class Nearby(Service):
    """The service of the function for inbound mail in this process: its environment, the stack's tables and keys."""

    def __init__(self, house: House) -> None:
        self.endpoint = house.stack.addresses.endpoint_url
        name = house.stack.addresses.inbound_function
        deployed = client("lambda", self.endpoint).get_function_configuration(FunctionName=name)
        super().__init__(read_environment({"AWS_REGION": REGION, **deployed["Environment"]["Variables"]}))
        self.store = Bench.at(house).store
        self.vault = AesVault(
            KmsMasterKey(client("kms", self.endpoint), self.environment.kms_key_id), self.random_bytes
        )
        self.objects = S3Objects(client("s3", self.endpoint), self.environment.bucket)

    def secret(self, arn: str, *, older_than_seconds: float = 0) -> str:
        return str(client("secretsmanager", self.endpoint).get_secret_value(SecretId=arn)["SecretString"])


@dataclass(frozen=True)
class ByHand(AwsInboundDelivery):
    """SES inbound, with the function called in this process."""

    def invoke(self, event: dict[str, Any]) -> None:
        handler(event, None)

    @classmethod
    def of(cls, made: AwsInboundDelivery) -> "ByHand":
        return cls(**{field.name: getattr(made, field.name) for field in fields(made)})


@dataclass
class Case:
    """A request that its assignee was mailed about, and who is reassigned at the wrong moment."""

    house: House
    bench: Bench
    request_id: str
    mail: StoredMail

    @classmethod
    def at(cls, house: House) -> "Case":
        bench, before = Bench.at(house), last_number(house)
        request_id = bench.open()
        mail = next_review(house, after=before)
        assert request_of(house, mail) == request_id
        return cls(house, bench, request_id, mail)

    def nearby(self) -> Nearby:
        """The service here, overtaken by a reassignment that somebody makes through the API."""
        path, key = f"/v1/requests/{self.request_id}/reassign", self.bench.key("manage")

        def reassign() -> None:
            assert self.house.api("POST", path, {"to_email": NEXT}, key=key).is_success

        service = Nearby(self.house)
        service.store = Overtaken(service.store, reassign)
        return service

    def told(self, letter: str) -> list[str]:
        """To whom a letter was sent so far."""
        entries = self.bench.store.chain(f"request/{self.request_id}").items
        sent = [e.data for e in entries if e.action.value == "notification.sent"]
        return [str(data["to"]) for data in sent if data["letter"] == letter]

    def is_undecided(self) -> bool:
        request = self.bench.request(self.request_id)
        return (request.status, request.assignment.address) == (Status.PENDING, NEXT)


@pytest.fixture
def case(house: House) -> Iterator[Case]:
    yield Case.at(house)
    use_service(None)


def test_the_old_assignees_reply_decides_nothing_and_the_new_ones_does(
    case: Case, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_service(case.nearby())
    with monkeypatch.context() as patch:
        patch.setattr(house.mailroom._postman, "_inbound", ByHand.of(inbound_from_stack(asdict(house.stack.addresses))))
        house.mailroom.reply(case.mail, "approved")
        until(lambda: case.told("reassigned_to_another") == [CREATOR], "the old assignee is told")
    assert case.is_undecided()

    asked = next_review(house, after=case.mail.number, to=NEXT)
    house.mailroom.reply(asked, "rejected")

    until(lambda: not case.is_undecided(), "the new assignee's answer")
    decision = case.bench.request(case.request_id).decision
    assert decision is not None
    assert (decision.outcome, decision.responder) == ("rejected", NEXT)


def test_the_old_assignees_click_is_refused(case: Case) -> None:
    service = case.nearby()

    with pytest.raises(Forbidden, match="assigned to somebody else now") as refused:
        respond_by_person(
            case.request_id,
            feedback="",
            outcome="approved",
            form_id="f",
            identity=Identity(CREATOR, "s1"),
            storage=service.storage,
            now=service.now(),
        )

    assert refused.value.code == "not_yours"
    assert case.is_undecided()
