"""HTTP API -> page."""

from collections.abc import Mapping

from nodback_core.dashboard.app import answer


def handler(event: Mapping[str, object], context: object) -> dict[str, object]:
    return answer(event)
