"""HTTP API -> use case -> answer."""

from collections.abc import Mapping

from nodback_core.api.app import answer


def handler(event: Mapping[str, object], context: object) -> dict[str, object]:
    return answer(event, context)
