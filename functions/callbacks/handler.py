"""An answer at a callback URL -> the decision, or why not."""

from collections.abc import Mapping

from nodback_core.api.webhooks.callbacks import answer


def handler(event: Mapping[str, object], context: object) -> dict[str, object]:
    return answer(event)
