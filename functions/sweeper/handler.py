"""Every minute -> ask again after what the bus may have lost."""

from collections.abc import Mapping
from dataclasses import asdict

from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import service
from nodback_core.usecases.shared.sweep import sweep


def handler(event: Mapping[str, object], context: object) -> dict[str, int]:
    made = service()
    swept = asdict(sweep(store=made.store, bus=made.bus, now=made.now()))
    logger().info("swept", extra=swept)
    return swept
