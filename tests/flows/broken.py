"""Breaking one step of the embedded stack, and letting time pass for what it left behind."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from infra.local.aws import client
from infra.local.house import CREATOR, House
from nodback_core.adapters.dynamodb.store import DynamoDbStore
from nodback_core.domain.letters.notifications import Notification, NotificationStatus
from nodback_core.domain.reviews.requests import Request
from nodback_core.ports import Changed

AGE = timedelta(minutes=10)
PATIENCE_SECONDS = 45.0


@dataclass
class Bench:
    """A deployment of its own, and a hand on the tables and functions of the stack."""

    house: House
    deployment_id: int
    flow_key: str
    store: DynamoDbStore

    @classmethod
    def at(cls, house: House, **settings: object) -> "Bench":
        body = {"name": "Stress", "creator_email": CREATOR, "settings": settings}
        made = house.api("POST", "/v1/deployments", body, key=house.stack.addresses.install_key).json()
        outputs = house.stack.addresses.outputs
        database = client("dynamodb", house.stack.addresses.endpoint_url)
        store = DynamoDbStore(database, outputs["RequestsTableName"], outputs["AuditTableName"])
        return cls(house, made["deployment"]["id"], made["flow_key"], store)

    def key(self, scope: str) -> str:
        path = f"/v1/deployments/{self.deployment_id}/keys"
        made = self.house.api("POST", path, {"name": scope, "scope": scope}, key=self.house.stack.addresses.install_key)
        return str(made.json()["key"])

    def open(self, flow_id: str | None = None) -> str:
        request_id = str(uuid4())
        body = {
            "request_id": request_id,
            "flow_id": flow_id or f"flow-{request_id}",
            "flow_name": "Nobody",
            "flow_class": "m.Nobody",
            "method_name": "approve",
            "message": "May this go out?",
            "emit": ["approved", "rejected"],
            "snapshot": {},
        }
        answer = self.house.api("POST", "/v1/requests", body, key=self.flow_key)
        assert answer.status_code == 201, answer.text
        return request_id

    def request(self, request_id: str) -> Request:
        found = self.store.fetch(Request.at(request_id))[Request.at(request_id)]
        assert found is not None
        return found

    def until(self, request_id: str, holds: Callable[[Request], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds(self.request(request_id)):
            assert time.monotonic() < deadline, self.request(request_id)
            time.sleep(0.2)

    def claim(self) -> dict[str, object]:
        """Take the next answer as a worker does."""
        asked = {"worker": "w", "flow_classes": ["m.Nobody"]}
        return dict(self.house.api("POST", "/v1/resumes/claim", asked, key=self.flow_key).json())

    def let_time_pass(self, request_id: str) -> None:
        """Date everything about a request back, as if ten minutes had gone by since."""
        while True:
            row = self.request(request_id)
            effects = tuple(replace(e, due=e.due - AGE if e.due else None) for e in row.effects)
            lease = row.resume.lease_until
            resume = replace(row.resume, lease_until=lease - AGE if lease else None)
            wake_at = row.wake_at - AGE if row.wake_at else None
            mails = self.store.children(Notification, f"request/{request_id}", "notification/").items
            older = [replace(m, claimed_at=m.claimed_at - AGE) for m in mails if m.status is NotificationStatus.CLAIMED]
            try:
                self.store.commit([replace(row, effects=effects, resume=resume, wake_at=wake_at), *older])
            except Changed:
                continue
            return

    def claim_mail(self, request_id: str) -> None:
        """What a sender leaves that dies before it has sent: a claim."""
        (effect,) = self.request(request_id).effects
        now = datetime.now(UTC).replace(microsecond=0)
        self.store.commit([Notification(request_id, effect.id, effect.to, NotificationStatus.CLAIMED, now)])

    def sweep(self) -> dict[str, int]:
        """What happens each minute."""
        functions = client("lambda", self.house.stack.addresses.endpoint_url)
        answer = functions.invoke(FunctionName="nodback-local-sweeper")
        found = json.load(answer["Payload"])
        assert "FunctionError" not in answer, found
        return dict(found)

    @contextmanager
    def without_the_relay(self) -> Iterator[None]:
        """No entry reaches the bus by way of the stream."""
        functions = client("lambda", self.house.stack.addresses.endpoint_url)
        mappings = functions.list_event_source_mappings(FunctionName="nodback-local-relay")["EventSourceMappings"]
        for mapping in mappings:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            for mapping in mappings:
                functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def until(holds: Callable[[], object], what: str) -> None:
    """Wait for something that the stack does by itself."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.2)
    raise AssertionError(f"not within {PATIENCE_SECONDS:.0f} s: {what}")
