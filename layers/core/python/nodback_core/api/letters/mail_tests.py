"""Routes for trying the way of the mail: a test review out, a reply back, and the verdicts seen."""

from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field, StringConstraints

from nodback_core.api.shared.context import caller_of
from nodback_core.api.shared.models import Incoming, NotificationView, Outgoing
from nodback_core.api.shared.views import notification_view
from nodback_core.domain.shared.times import stamp
from nodback_core.runtime.service import get_service
from nodback_core.usecases.letters.mail_tests import MailTest, answer_until, open_mail_test, read_mail_test

router = Router()
DeploymentId = Annotated[int, Path(ge=1, le=2**31)]
RequestId = Annotated[UUID, Path()]


class MailTestBody(Incoming):
    """`to_email` is the deployment's creator when it is left out."""

    to_email: Annotated[str, StringConstraints(min_length=3, max_length=320)] | None = Field(default=None)


class SeenReplyView(Outgoing):
    """A mail that came back: `recorded`, or the check that it failed (docs/email.md), and what SES said of it."""

    at: str
    result: str
    verdicts: dict[str, str | None]
    told: str | None
    sender: str | None


class MailTestView(Outgoing):
    request_id: str
    deployment_id: int
    to_email: str
    asked_at: str
    answer_until: str
    stage: str
    mail: NotificationView | None
    replies: list[SeenReplyView]
    first_line: str | None
    answered_at: str | None


@router.post("/v1/deployments/<deployment_id>/test-request", tags=["mail"], summary="Send a test review")
def ask(deployment_id: DeploymentId, body: MailTestBody) -> Response[MailTestView]:
    service = get_service()
    asked = open_mail_test(
        deployment_id,
        request_id=service.new_id(),
        to_email=body.to_email,
        caller=caller_of(router),
        storage=service.storage,
        now=service.now(),
    )
    return Response(status_code=201, content_type="application/json", body=_view(asked))


@router.get(
    "/v1/deployments/<deployment_id>/test-requests/<request_id>",
    tags=["mail"],
    summary="Read how far a test review has come",
)
def read(deployment_id: DeploymentId, request_id: RequestId) -> MailTestView:
    service = get_service()
    return _view(
        read_mail_test(
            deployment_id,
            str(request_id),
            caller=caller_of(router),
            storage=service.storage,
        )
    )


def _view(test: MailTest) -> MailTestView:
    request = test.request
    return MailTestView(
        request_id=request.request_id,
        deployment_id=request.deployment_id,
        to_email=request.assignment.address,
        asked_at=stamp(request.opened_at),
        answer_until=stamp(answer_until(request)),
        stage=test.stage,
        mail=None if test.mail is None else notification_view(test.mail),
        replies=[
            SeenReplyView(at=stamp(r.at), result=r.result, verdicts=dict(r.verdicts), told=r.told, sender=r.sender)
            for r in test.replies
        ],
        first_line=test.first_line,
        answered_at=stamp(request.closed_at) if request.decision and request.closed_at else None,
    )
