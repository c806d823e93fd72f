"""Audit stream -> bus: each new entry becomes one event."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from nodback_core.adapters.dynamodb.items import entry_of
from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import get_service
from nodback_core.usecases.shared.relay import relay

if TYPE_CHECKING:
    from nodback_core.adapters.dynamodb.items import Item


def handler(event: Mapping[str, object], context: object) -> None:
    records = cast("Sequence[Mapping[str, Mapping[str, Item]]]", event["Records"])
    entries = [entry_of(r["dynamodb"]["NewImage"]) for r in records if "NewImage" in r["dynamodb"]]
    relay(entries, bus=get_service().bus)
    logger().info("relayed", extra={"entries": [f"{e.subject}#{e.seq} {e.action}" for e in entries]})
