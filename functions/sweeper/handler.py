"""Every minute -> ask again after what the bus may have lost."""

from collections.abc import Mapping
from dataclasses import asdict

from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import get_service
from nodback_core.usecases.shared.sweep import sweep


def handler(event: Mapping[str, object], context: object) -> dict[str, int]:
    service = get_service()
    swept = asdict(sweep(store=service.store, bus=service.bus, now=service.now()))
    logger().info("swept", extra=swept)
    return swept
