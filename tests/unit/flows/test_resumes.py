"""Resumes: workers that are late or lost, and who may decide with a retry."""

from collections.abc import Callable
from typing import Any

import pytest
from support.world import FLOW_CLASS, INSTALL, World

from nodback_core.adapters.memory import MemoryStore
from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.contents import Content
from nodback_core.domain.reviews.requests import MAX_LOST_CLAIMS, Request, ResumeStatus, ready_partition
from nodback_core.domain.shared.errors import Forbidden, Refused
from nodback_core.domain.shared.records import Index, Key, Rows
from nodback_core.ports import Page
from nodback_core.usecases.audit.erase import erase_content
from nodback_core.usecases.flows.resumes import (
    Claimed,
    claim_resume,
    mark_consumed,
    record_result,
    renew_resume,
    retry_resume,
)

FLOW, MANAGE = Caller(Scope.FLOW, 1, "k1"), Caller(Scope.MANAGE, 1, "k2")


def answered(text: str = "approved") -> tuple[World, str]:
    world = World()
    request_id = world.pause(world.deployment()).request.request_id
    world.deliver()
    world.reply(text, to=world.reply_address())
    return world, request_id


def claim(world: World, claim_id: str, *flow_classes: str) -> Claimed | None:
    return claim_resume(
        worker="w1",
        claim_id=claim_id,
        flow_classes=flow_classes or [FLOW_CLASS],
        caller=FLOW,
        storage=world.storage,
        now=world.now,
    )


def consume(world: World, request_id: str, claim_id: str = "c1") -> None:
    claim(world, claim_id)
    mark_consumed(request_id, claim_id, flow_class=FLOW_CLASS, caller=FLOW, store=world.store, now=world.now)


def report(world: World, request_id: str, *, succeeded: bool, error: str | None = None) -> None:
    held = {"caller": FLOW, "store": world.store, "now": world.now}
    record_result(request_id, "c1", succeeded=succeeded, error=error, **held)


def retry(world: World, request_id: str, outcome: str | None, caller: Caller) -> None:
    retry_resume(request_id, outcome=outcome, caller=caller, store=world.store, now=world.now)


def lost() -> tuple[World, str]:
    """A resume that its lease has failed while its worker was at it."""
    world, request_id = answered()
    consume(world, request_id)
    world.pass_time(seconds=91)
    assert world.sweep().resumes == 1
    return world, request_id


def test_a_worker_that_renews_within_the_grace_keeps_its_resume() -> None:
    world, request_id = answered()
    consume(world, request_id)
    world.pass_time(seconds=80)
    assert world.sweep().resumes == 0
    renew_resume(request_id, "c1", caller=FLOW, store=world.store, now=world.now)
    world.pass_time(seconds=50)
    assert world.sweep().resumes == 0


@pytest.mark.parametrize(("succeeded", "status"), [(True, ResumeStatus.SUCCEEDED), (False, ResumeStatus.FAILED)])
def test_a_worker_that_was_only_late_says_how_it_really_ended(succeeded: bool, status: ResumeStatus) -> None:
    world, request_id = lost()
    error = None if succeeded else "a listener raised"
    report(world, request_id, succeeded=succeeded, error=error)
    resume = world.request(request_id).resume
    assert (resume.status, resume.error) == (status, error)
    ends = ["resume.failed", f"resume.{status}"]
    assert world.actions(request_id)[-2:] == ends
    report(world, request_id, succeeded=succeeded, error=error)
    assert world.actions(request_id)[-2:] == ends, "the same result again changes nothing"
    world.check_chains()


def test_a_late_result_does_not_count_after_a_retry_nor_against_the_workers_own_word() -> None:
    world, request_id = lost()
    retry(world, request_id, None, FLOW)
    with pytest.raises(Refused, match="no longer holds"):
        report(world, request_id, succeeded=True)
    other, other_id = answered()
    consume(other, other_id)
    report(other, other_id, succeeded=False, error="boom")
    with pytest.raises(Refused, match="no longer holds"):
        report(other, other_id, succeeded=True)


def test_a_resume_that_loses_every_worker_fails_and_a_person_retries_it() -> None:
    world, request_id = answered()
    for number in range(MAX_LOST_CLAIMS):
        assert claim(world, f"c{number}") is not None
        world.pass_time(seconds=61)
    assert claim(world, "more") is None
    resume = world.request(request_id).resume
    assert resume.status is ResumeStatus.FAILED
    assert "10 workers in a row" in str(resume.error)
    retry(world, request_id, None, FLOW)
    assert claim(world, "again") is not None
    world.pass_time(seconds=61)
    assert claim(world, "and again") is not None, "they are counted anew"


class LaggingStore(MemoryStore):
    """A store whose lists name the rows that they named when `lag` was called; the rows are as they are now."""

    named: tuple[Key[Request], ...] | None = None

    def lag(self, partition: str) -> None:
        self.named = tuple(row.key for row in super().list(Request, Index.READY_RESUMES, partition).items)
        assert self.named

    def list(self, kind: Any, index: Index, partition: str, **rest: Any) -> Page[Any]:
        if self.named is None or index is not Index.READY_RESUMES:
            return super().list(kind, index, partition, **rest)
        fetched = self.fetch(*self.named)
        # As DynamoDB's adapter: a row that no longer stands in the list at all is passed over.
        rows = (row for key in self.named if (row := fetched[key]) is not None and index in row.indexes)
        return Page(tuple(rows), None)


def answered_with_lag() -> tuple[World, str]:
    world = World(store=LaggingStore())
    request_id = world.pause(world.deployment()).request.request_id
    world.deliver()
    world.reply("approved", to=world.reply_address())
    world.store.lag(ready_partition(1, FLOW_CLASS))
    return world, request_id


def test_a_resume_that_is_held_is_not_taken_by_a_list_that_lags() -> None:
    world, request_id = answered_with_lag()
    assert claim(world, "c1") is not None
    assert claim(world, "c2") is None, "the list still names it as ready, but another worker has its lease"
    resume = world.request(request_id).resume
    assert (resume.claim_id, resume.attempt, resume.lost_claims) == ("c1", 1, 0)
    world.pass_time(seconds=61)
    assert claim(world, "c3") is not None, "the lease was lost"


@pytest.mark.parametrize("succeeded", [True, False])
def test_a_resume_that_has_ended_is_not_taken_by_a_list_that_lags(succeeded: bool) -> None:
    world, request_id = answered_with_lag()
    consume(world, request_id)
    assert claim(world, "c2") is None
    report(world, request_id, succeeded=succeeded, error=None if succeeded else "boom")
    assert claim(world, "c2") is None
    world.pass_time(seconds=3600)
    assert claim(world, "c2") is None


class ErasingStore(MemoryStore):
    """A store in which the texts of a request are erased right after its resume was claimed."""

    erase: Callable[[], object] | None = None

    def fetch(self, *keys: Key[Any]) -> Rows:
        if self.erase is not None and any(key.kind is Content and "response" in key.sort for key in keys):
            erase, self.erase = self.erase, None
            erase()
        return super().fetch(*keys)


def test_a_resume_whose_texts_are_erased_while_it_is_claimed_fails_visibly() -> None:
    store = ErasingStore()
    world = World(store=store)
    request_id = world.pause(world.deployment()).request.request_id
    world.deliver()
    world.reply("approved", to=world.reply_address())
    store.erase = lambda: erase_content(
        request_id, even_unfinished=True, caller=INSTALL, store=store, objects=world.objects, now=world.now
    )
    assert claim(world, "c1") is None
    resume = world.request(request_id).resume
    assert (resume.status, resume.claim_id) == (ResumeStatus.FAILED, "c1")
    assert "was erased" in str(resume.error)
    world.check_chains()


def failed(text: str) -> tuple[World, str]:
    world, request_id = answered(text)
    consume(world, request_id)
    report(world, request_id, succeeded=False, error="unclear")
    return world, request_id


def test_to_retry_with_an_outcome_is_to_decide_and_a_flow_key_may_not() -> None:
    world, request_id = failed("hm, what about the colours?")
    with pytest.raises(Forbidden, match=r"`manage` key of the deployment .*NODBACK_MANAGE_KEY"):
        retry(world, request_id, "rejected", FLOW)
    retry(world, request_id, "rejected", MANAGE)
    claimed = claim(world, "c2")
    assert claimed is not None
    assert claimed.outcome == "rejected"


@pytest.mark.parametrize("caller", [MANAGE, INSTALL])
def test_a_retry_never_changes_what_the_reviewer_decided(caller: Caller) -> None:
    world, request_id = failed("approved")
    with pytest.raises(Refused, match="the answer is 'approved'") as told:
        retry(world, request_id, "rejected", caller)
    assert told.value.code == "already_decided"
    retry(world, request_id, "approved", caller)
    assert world.request(request_id).resume.status is ResumeStatus.READY


def test_a_worker_gets_no_answer_of_a_flow_whose_class_only_has_the_same_name() -> None:
    world, request_id = answered()
    assert claim(world, "c1", "another.module.ContentApprovalFlow", "ContentApprovalFlow") is None
    assert world.request(request_id).resume.status is ResumeStatus.READY
    claimed = claim(world, "c2", "another.module.ContentApprovalFlow", FLOW_CLASS)
    assert claimed is not None
    assert claimed.request.flow_class == FLOW_CLASS


def test_a_worker_that_serves_several_flows_gets_the_oldest_answer_of_all() -> None:
    world = World()
    deployment = world.deployment()
    expected = []
    for number, flow_class in enumerate(("m.B", "m.A", "m.C", "m.B", "m.Other")):
        request_id = world.pause(deployment, flow_id=f"flow-{number}", flow_class=flow_class).request.request_id
        world.deliver()
        world.reply("approved", to=world.reply_address())
        world.pass_time(seconds=1)
        expected += [request_id] if flow_class != "m.Other" else []
    claims = [claim(world, f"c{n}", "m.A", "m.B", "m.C") for n in range(5)]
    assert [c.request.request_id for c in claims if c] == expected


def test_a_worker_that_is_about_to_run_another_class_is_refused_and_the_resume_fails_visibly() -> None:
    world, request_id = answered()
    claim(world, "c1")
    for _ in range(2):
        with pytest.raises(Refused, match=f"nothing ran; start a worker that serves {FLOW_CLASS}, then retry") as told:
            mark_consumed(request_id, "c1", flow_class="m.Other", caller=FLOW, store=world.store, now=world.now)
        assert told.value.code == "wrong_flow"
    resume = world.request(request_id).resume
    assert resume.status is ResumeStatus.FAILED
    assert resume.error is not None
    assert resume.error.startswith(f"the worker was about to run m.Other, but {FLOW_CLASS} is the flow that paused")
    assert world.actions(request_id)[-2:] == ["resume.claimed", "resume.failed"]
    world.check_chains()
    retry(world, request_id, None, FLOW)
    consume(world, request_id, "c2")
    assert world.request(request_id).resume.status is ResumeStatus.CONSUMED
