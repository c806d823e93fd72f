"""What routes share: the caller of the request at hand, authenticated before any of them runs, and cursors."""

from typing import Annotated, TypeAlias, cast

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from nodback_core.domain.people.callers import Caller

CALLER = "caller"
Cursor: TypeAlias = Annotated[str | None, Query(description="`next_cursor` of the page before, unchanged.")]
"""Not limited here: whatever is no cursor of the list is refused with one code, `invalid_cursor`."""


def caller_of(router: Router) -> Caller:
    return cast("Caller", router.context[CALLER])
