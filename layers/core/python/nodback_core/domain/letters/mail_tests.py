"""A test of the mail: a review that no flow waits for, which one address is asked to answer."""

from collections.abc import Callable
from datetime import UTC, datetime

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.letters.kinds import LetterKind, mail
from nodback_core.domain.people.sessions import Tally
from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.reviews.happenings import TestOpened
from nodback_core.domain.reviews.requests import Assignment, Request
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.errors import Refused
from nodback_core.domain.shared.outcomes import Outcome, Text, changed
from nodback_core.domain.shared.records import Key

TEST_METHOD = "test_request"
TEST_OPTIONS = ("it_works",)
TEST_TOKEN_HOURS = 24
TESTS_PER_HOUR = 20
"""Of one deployment: whoever holds its key must not be able to flood an address."""
TEST_FLOW = "nodback"


def tally_at(deployment_id: int, now: datetime) -> Key[Tally]:
    """Where the tests of this hour are counted."""
    tally = _no_tests(deployment_id, now)
    return Tally.at(tally.name, tally.window)


def open_test(
    deployment: Deployment,
    tests: Tally | None,
    *,
    request_id: str,
    to: str,
    shown: Text,
    seal: Callable[[], ContentKey],
    by: Actor,
    now: datetime,
) -> Outcome:
    """The test review with its letter, one more of this hour; raises Refused `too_many_tests` after `TESTS_PER_HOUR`.

    `seal` makes the key of its texts, once it is known that there will be any.
    """
    tests = tests or _no_tests(deployment.deployment_id, now)
    if tests.count >= TESTS_PER_HOUR:
        raise Refused(f"{TESTS_PER_HOUR} tests were asked for within this hour: wait", code="too_many_tests")
    request = Request(
        request_id=request_id,
        organization_id=deployment.organization_id,
        deployment_id=deployment.deployment_id,
        flow_id=f"test-{request_id}",
        flow_name=TEST_FLOW,
        flow_class=TEST_FLOW,
        method_name=TEST_METHOD,
        number=1,
        opened_at=now,
        body_digest="",
        assignment=Assignment(1, to),
        emit=TEST_OPTIONS,
        reply_token_hours=TEST_TOKEN_HOURS,
        is_test=True,
    )
    opened = TestOpened(
        by=by, calls_for=(mail(LetterKind.TEST_MAIL, to),), test=True, method_name=TEST_METHOD, assigned_to=to
    )
    return changed(request, opened, texts=(shown,), also=(seal(), tests.once_more()))


def _no_tests(deployment_id: int, now: datetime) -> Tally:
    window = int(now.timestamp()) // 3600
    # It may go an hour after its own has ended.
    return Tally(f"mail-tests/{deployment_id}", window, datetime.fromtimestamp((window + 2) * 3600, UTC))
