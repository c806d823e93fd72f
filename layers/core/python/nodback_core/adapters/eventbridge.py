"""The bus on Amazon EventBridge."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodback_core.ports import Event

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "nodback"
BATCH = 10
"""PutEvents takes at most ten entries a call."""


@dataclass(frozen=True)
class EventBridgeBus:
    client: "EventBridgeClient"
    bus_name: str

    def publish(self, events: Sequence[Event]) -> None:
        for start in range(0, len(events), BATCH):
            part = events[start : start + BATCH]
            answer = self.client.put_events(
                Entries=[
                    {
                        "Source": SOURCE,
                        "DetailType": event.name,
                        "Detail": json.dumps(event.detail),
                        "EventBusName": self.bus_name,
                    }
                    for event in part
                ]
            )
            if answer["FailedEntryCount"]:
                codes = {e.get("ErrorCode") for e in answer["Entries"] if e.get("ErrorCode")}
                raise RuntimeError(f"{answer['FailedEntryCount']} events were not taken: {codes}")
