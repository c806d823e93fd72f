"""Every few minutes -> a signed digest over the chains that moved."""

from collections.abc import Mapping

from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import get_service
from nodback_core.usecases.audit.seal import seal


def handler(event: Mapping[str, object], context: object) -> dict[str, object]:
    service = get_service()
    sealed = seal(
        store=service.store,
        archive=service.archive,
        organization_id=service.environment.organization_id,
        now=service.now(),
    )
    told: dict[str, object] = {"seal": sealed.number if sealed else None, "hash": sealed.hash if sealed else None}
    logger().info("sealed" if sealed else "nothing to seal", extra=told)
    return told
