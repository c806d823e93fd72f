"""Every day, or by hand -> a fresh signing key when the current one has signed for `after_days`."""

from collections.abc import Mapping

from nodback_core.domain.shared.times import stamp
from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import get_service


def handler(event: Mapping[str, object], context: object) -> dict[str, object]:
    found = get_service().rotate_ring(float(str(event["after_days"])))
    said = {"rotated": found.rotated, "current": found.current, "keys": found.keys, "since": stamp(found.since)}
    logger().info("key ring", extra=said)
    return dict(said)
