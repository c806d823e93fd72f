"""Every day, or by hand -> a fresh signing key when the current one has signed for `after_days`."""

from collections.abc import Mapping

from signoff_core.domain.times import stamp
from signoff_core.runtime.logs import logger
from signoff_core.runtime.service import service


def handler(event: Mapping[str, object], context: object) -> dict[str, object]:
    found = service().rotate_ring(float(str(event["after_days"])))
    said = {"rotated": found.rotated, "current": found.current, "keys": found.keys, "since": stamp(found.since)}
    logger().info("key ring", extra=said)
    return dict(said)
