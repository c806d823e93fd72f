"""A flow's code that changed while it waited: the answer fails visibly, and goes on once the code fits again."""

import pytest
from pydantic import BaseModel

pytestmark = pytest.mark.filterwarnings("default")

ran = []


def review_flow(
    *,
    emit=("approved", "rejected"),
    hears="approved",
    method="review",
    reviewed=True,
    listener="publish",
    state=None,
):
    """One version of a flow class; all have one qualified name."""
    from crewai.flow.flow import Flow, listen, start
    from crewai.flow.human_feedback import human_feedback

    def asking(self):
        return "A draft"

    def publishing(self):
        ran.append(listener)
        return listener

    asking.__name__ = method
    publishing.__name__ = listener
    asked = human_feedback(message="?", emit=emit and list(emit))(asking) if reviewed else asking
    body = {method: start()(asked), listener: listen(hears)(publishing)}
    base = Flow if state is None else Flow[state]
    return type(base)("ReviewFlow", (base,), {**body, "__module__": __name__, "__qualname__": "ReviewFlow"})


@pytest.fixture
def paused(crewai, service, enabled):
    """Pauses a version of the flow and answers it."""
    ran.clear()

    def pause(flow_class, outcome="approved", feedback="Fine"):
        flow_class().kickoff()
        row = list(service.rows.values())[-1]
        service.answer(row.body["request_id"], outcome=outcome, feedback=feedback)
        return row

    return pause


def resume(enabled, flow_class):
    from nodback.worker import Worker

    return Worker(enabled, [flow_class], name="test:1").once()


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (
            {"emit": ("accepted", "rejected"), "hears": "accepted"},
            "'approved' is no option of ReviewFlow.review any more",
        ),
        ({"emit": None, "hears": "review"}, "'approved' is no option of ReviewFlow.review any more"),
        ({"hears": "accepted"}, "Nothing in ReviewFlow listens to 'approved' any more; when it paused, publish did"),
        ({"method": "check"}, "ReviewFlow has no @human_feedback method 'review' any more"),
        ({"reviewed": False}, "ReviewFlow has no @human_feedback method 'review' any more"),
    ],
)
def test_code_that_no_longer_fits_the_answer_fails_and_can_be_retried(service, enabled, manager, paused, now, told):
    row = paused(review_flow())

    resumed = resume(enabled, review_flow(**now))

    assert resumed.ending == "failed"
    assert told in row.error
    assert "then retry" in row.error
    assert row.history == ["ready", "claimed", "failed"], "nothing was consumed"
    assert ran == []

    manager.retry_resume(row.body["request_id"])
    assert resume(enabled, review_flow()).value == "publish"
    assert ran == ["publish"]


@pytest.mark.parametrize(
    "now",
    [
        {"listener": "publish_it"},
        {"emit": ("approved", "rejected", "needs_revision")},
        {"emit": ("approved", "refused")},
    ],
    ids=str,
)
def test_changes_that_the_answer_does_not_touch_are_no_obstacle(enabled, paused, now):
    row = paused(review_flow())
    assert resume(enabled, review_flow(**now)).ending == "succeeded"
    assert (row.resume, len(ran)) == ("succeeded", 1)


def test_an_outcome_that_nobody_ever_listened_to_ends_the_flow_as_before(enabled, paused):
    row = paused(review_flow(), outcome="rejected")
    assert resume(enabled, review_flow()).ending == "succeeded"
    assert (row.resume, ran) == ("succeeded", [])


def test_a_review_without_options_is_compared_by_its_method(service, enabled, manager, paused):
    plain = {"emit": None, "hears": "review"}
    row = paused(review_flow(**plain), outcome=None)
    assert resume(enabled, review_flow(emit=None, hears="check")).ending == "failed"
    assert "Nothing in ReviewFlow listens to 'review' any more" in row.error
    manager.retry_resume(row.body["request_id"])
    assert resume(enabled, review_flow()).ending == "failed"
    assert "asked without options" in row.error
    manager.retry_resume(row.body["request_id"])
    assert resume(enabled, review_flow(**plain)).value == "publish"


class Order(BaseModel):
    id: str = ""
    total: int = 7


class Renamed(BaseModel):
    id: str = ""
    sum: int = 0


class Grown(BaseModel):
    id: str = ""
    total: int = 0
    note: str = "new"


class Narrowed(BaseModel):
    id: str = ""
    total: bool = False


def test_a_field_of_the_state_that_is_gone_is_not_dropped_in_silence(service, enabled, manager, paused):
    row = paused(review_flow(state=Order))
    for now in (Renamed, Narrowed):
        assert resume(enabled, review_flow(state=now)).ending == "failed"
        assert "total" in row.error
        assert row.history[-1] == "failed"
        assert "consumed" not in row.history
        manager.retry_resume(row.body["request_id"])
    assert resume(enabled, review_flow(state=Grown)).ending == "succeeded"


def test_a_snapshot_of_an_earlier_version_goes_on_without_its_listeners(service, enabled, paused):
    row = paused(review_flow())
    del row.body["snapshot"]["heard_by"]
    assert resume(enabled, review_flow(hears="accepted")).ending == "succeeded"
    assert ran == []
