"""The caller of the request at hand: authenticated before any route runs."""

from typing import cast

from aws_lambda_powertools.event_handler.api_gateway import Router

from signoff_core.domain.callers import Caller

CALLER = "caller"


def caller_of(router: Router) -> Caller:
    return cast("Caller", router.context[CALLER])
