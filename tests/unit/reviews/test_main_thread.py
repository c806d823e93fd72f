"""The product's main job, in memory: a flow pauses, a reviewer answers by mail, the flow may go on."""

import pytest
from support.world import FLOW_CLASS, OPTIONS, PASS, REVIEWER, World

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.requests import ResumeStatus, Source, Status
from nodback_core.domain.shared.errors import InvalidInput, Refused
from nodback_core.mail.replies.sender import Verdicts
from nodback_core.usecases.flows.resumes import claim_resume, mark_consumed, record_result, renew_resume, retry_resume

FLOW = Caller(Scope.FLOW, 1, "k1")


def asked(world: World, **settings: object) -> str:
    """A request that was opened and mailed."""
    opened = world.pause(world.deployment(**settings))
    world.deliver()
    return opened.request.request_id


def claim(world: World, claim_id: str = "c1", worker: str = "w1"):
    return claim_resume(
        worker=worker,
        claim_id=claim_id,
        flow_classes=[FLOW_CLASS],
        caller=FLOW,
        storage=world.storage,
        now=world.now,
    )


def test_a_pause_is_mailed_to_the_creator_with_a_signed_reply_address() -> None:
    world = World()
    request_id = asked(world)
    (mail,) = world.mails_to(REVIEWER)
    local = world.reply_address().split("@")[0]
    assert local.startswith("r-")
    assert len(local) == 58
    assert mail["Auto-Submitted"] == "auto-generated"
    html = mail.get_body(("html",)).get_content()
    assert html.count(f"mailto:{local}") >= len(OPTIONS)
    assert world.actions(request_id) == ["request.opened", "request.assigned", "notification.sent"]


def test_an_option_in_the_first_line_decides_and_is_confirmed() -> None:
    world = World()
    request_id = asked(world)
    world.pass_time(minutes=5)
    assert world.reply("Approved.\n\nNice work!", to=world.reply_address()) is Result.RECORDED
    world.deliver()
    request = world.request(request_id)
    assert request.status is Status.RESPONDED
    assert request.decision is not None
    assert (request.decision.outcome, request.decision.source, request.decision.seconds) == (
        "approved",
        Source.EMAIL,
        300,
    )
    assert request.resume.status is ResumeStatus.READY
    confirmation = world.mails_to(REVIEWER)[-1]
    assert confirmation["Auto-Submitted"] == "auto-replied"
    assert "Approved" in confirmation.get_body(("plain",)).get_content()
    world.check_chains()


@pytest.mark.parametrize(
    ("text", "headers", "sender", "verdicts", "result", "mails"),
    [
        ("approved", "", "mallory@example.net", PASS, Result.OTHER_SENDER, 1),
        ("approved", "", REVIEWER, Verdicts(dmarc="FAIL"), Result.NOT_AUTHENTICATED, 1),
        ("", "", REVIEWER, PASS, Result.BLANK, 1),
        ("I am away", "Auto-Submitted: auto-replied\r\n", REVIEWER, PASS, Result.AUTOMATIC, 0),
    ],
)
def test_what_is_no_answer_changes_nothing_and_is_written_down(
    text: str, headers: str, sender: str, verdicts: Verdicts, result: Result, mails: int
) -> None:
    world = World()
    request_id = asked(world)
    before = len(world.mailer.sent)
    assert world.reply(text, to=world.reply_address(), sender=sender, verdicts=verdicts, headers=headers) is result
    world.deliver()
    assert world.request(request_id).status is Status.PENDING
    assert world.actions(request_id)[3] == "reply.rejected"
    assert len(world.mailer.sent) - before == mails
    assert all(m.to == REVIEWER for m in world.mailer.sent), "a stranger is told nothing"


def test_a_tampered_token_is_refused_in_silence() -> None:
    world = World()
    request_id = asked(world)
    address = world.reply_address()
    local, domain = address.split("@")
    forged = local[:-1] + ("a" if local[-1] != "a" else "b") + "@" + domain
    assert world.reply("approved", to=forged) is Result.FORGED_TOKEN
    world.deliver()
    assert world.request(request_id).status is Status.PENDING
    assert len(world.mailer.sent) == 1


def test_an_expired_token_to_a_pending_request_is_answered_with_a_fresh_mail_that_works() -> None:
    world = World()
    request_id = asked(world)
    old = world.reply_address()
    world.pass_time(days=8)
    assert world.reply("approved", to=old) is Result.EXPIRED_TOKEN
    world.deliver()
    assert world.request(request_id).status is Status.PENDING
    fresh = world.reply_address()
    assert fresh != old
    assert world.reply("approved", to=fresh) is Result.RECORDED


def test_a_late_reply_is_told_what_was_recorded() -> None:
    world = World()
    asked(world)
    address = world.reply_address()
    world.reply("rejected", to=address)
    assert world.reply("approved", to=address) is Result.CLOSED
    world.deliver()
    assert "Rejected" in world.mails_to(REVIEWER)[-1].get_body(("plain",)).get_content()


def test_the_same_mail_twice_is_processed_once() -> None:
    world = World()
    asked(world)
    address = world.reply_address()
    assert world.reply("approved", to=address, message_id="<one@example.com>") is Result.RECORDED
    assert world.reply("approved", to=address, message_id="<one@example.com>") is Result.DUPLICATE
    world.deliver()
    assert len(world.mailer.sent) == 2


def test_a_mail_that_its_server_sends_again_with_lines_of_its_own_is_still_the_same() -> None:
    world = World()
    asked(world)
    address = world.reply_address()
    world.reply("approved", to=address, message_id="<one@example.com>")
    again = world.reply("approved", to=address, message_id="<one@example.com>", headers="Received: from b by c\r\n")
    assert again is Result.DUPLICATE


def test_a_forged_mail_cannot_use_up_the_message_id_of_the_true_one() -> None:
    world = World()
    asked(world)
    address = world.reply_address()
    forged = world.reply("rejected", to=address, message_id="<one@example.com>", verdicts=Verdicts(dmarc="FAIL"))
    assert forged is Result.NOT_AUTHENTICATED
    assert world.reply("approved", to=address, message_id="<one@example.com>") is Result.RECORDED


def test_free_text_passes_as_feedback_or_is_asked_back() -> None:
    passing = World()
    request_id = asked(passing)
    assert passing.reply("Looks fine to me\nreally", to=passing.reply_address()) is Result.RECORDED
    decision = passing.request(request_id).decision
    assert decision is not None
    assert decision.outcome is None
    strict = World()
    request_id = asked(strict, free_text="ask")
    assert strict.reply("fine, but not before Monday", to=strict.reply_address()) is Result.UNCLEAR
    strict.deliver()
    assert strict.request(request_id).status is Status.PENDING
    text = strict.mails_to(REVIEWER)[-1].get_body(("plain",)).get_content()
    assert "fine, but not before Monday" in text
    assert "Needs revision" in text


def test_a_second_pause_of_the_flow_supersedes_the_first() -> None:
    world = World()
    deployment = world.deployment()
    first = world.pause(deployment).request
    world.deliver()
    old = world.reply_address()
    second = world.pause(deployment)
    world.deliver()
    assert second.superseded == first.request_id
    assert second.request.number == 2
    assert world.request(first.request_id).status is Status.SUPERSEDED
    assert world.reply("approved", to=old) is Result.CLOSED
    assert world.request(second.request.request_id).status is Status.PENDING
    references = {str(m["References"]) for m in world.mails_to(REVIEWER)[:2]}
    assert len(references) == 1, "both mails stand in one thread"


def test_the_same_pause_again_is_a_replay_and_another_body_is_refused() -> None:
    world = World()
    deployment = world.deployment()
    opened = world.pause(deployment)
    again = world.pause(deployment, request_id=opened.request.request_id)
    assert again.replayed
    with pytest.raises(Refused, match="another body"):
        world.pause(world.deployment(), request_id=opened.request.request_id)


@pytest.mark.parametrize(
    ("emit", "default", "field"),
    [(("a", " "), None, "emit.1"), (("a", "a"), None, "emit.1"), (("a",), "b", "default_outcome")],
)
def test_options_that_make_no_sense_are_refused_by_field(
    emit: tuple[str, ...], default: str | None, field: str
) -> None:
    world = World()
    deployment = world.deployment()
    with pytest.raises(InvalidInput) as refused:
        world.pause(deployment, emit=emit, default_outcome=default)
    assert refused.value.errors[0].field == field


def test_a_worker_claims_consumes_and_reports() -> None:
    world = World()
    request_id = asked(world)
    assert claim(world) is None
    world.reply("approved\n\nthanks", to=world.reply_address())
    claimed = claim(world)
    assert claimed is not None
    assert (claimed.outcome, claimed.words.feedback) == ("approved", "approved")
    assert claim(world, "c2") is None, "one lease at a time"
    mark_consumed(request_id, "c1", flow_class=FLOW_CLASS, caller=FLOW, store=world.store, now=world.now)
    record_result(request_id, "c1", succeeded=True, error=None, caller=FLOW, store=world.store, now=world.now)
    assert world.request(request_id).resume.status is ResumeStatus.SUCCEEDED
    assert world.actions(request_id)[-3:] == ["resume.claimed", "resume.consumed", "resume.succeeded"]


def test_a_lost_lease_is_taken_over_and_the_first_worker_is_told() -> None:
    world = World()
    request_id = asked(world)
    world.reply("approved", to=world.reply_address())
    assert claim(world, "c1", "w1") is not None
    world.pass_time(seconds=61)
    taken = claim(world, "c2", "w2")
    assert taken is not None
    assert taken.request.resume.attempt == 2
    with pytest.raises(Refused, match="no longer holds"):
        mark_consumed(request_id, "c1", flow_class=FLOW_CLASS, caller=FLOW, store=world.store, now=world.now)
    with pytest.raises(Refused):
        renew_resume(request_id, "c1", caller=FLOW, store=world.store, now=world.now)


def test_a_consumed_resume_whose_worker_died_fails_visibly_and_a_person_retries_it() -> None:
    world = World()
    request_id = asked(world)
    world.reply("approved", to=world.reply_address())
    claim(world)
    mark_consumed(request_id, "c1", flow_class=FLOW_CLASS, caller=FLOW, store=world.store, now=world.now)
    world.pass_time(seconds=61)
    assert claim(world, "c2") is None, "its listeners may have run"
    assert world.sweep().resumes == 0, "it may still be renewed"
    world.pass_time(seconds=30)
    assert world.sweep().resumes == 1
    assert world.request(request_id).resume.status is ResumeStatus.FAILED
    retry_resume(request_id, outcome=None, caller=FLOW, store=world.store, now=world.now)
    again = claim(world, "c3")
    assert again is not None
    assert again.outcome == "approved"
    world.check_chains()


def test_with_mail_off_nothing_is_sent_and_the_request_waits() -> None:
    world = World()
    opened = world.pause(world.deployment(email_notifications=False))
    world.deliver()
    assert world.mailer.sent == []
    assert not opened.request.email_notifications
    assert world.request(opened.request.request_id).status is Status.PENDING


def test_an_entry_that_was_never_relayed_is_found_by_the_sweeper() -> None:
    world = World()
    world.store.on_entries = None
    opened = world.pause(world.deployment())
    world.pass_time(minutes=2)
    assert world.sweep().effects == 1
    world.deliver()
    assert len(world.mailer.sent) == 1
    assert world.request(opened.request.request_id).attention_at is None


@pytest.mark.parametrize(("dmarc", "says"), [("PASS", "authenticated by DMARC"), ("GRAY", "proves nothing")])
def test_the_trail_claims_no_more_of_a_sender_than_was_found(dmarc: str, says: str) -> None:
    world = World()
    request_id = asked(world, sender_check="address")
    assert world.reply("approved", to=world.reply_address(), verdicts=Verdicts(dmarc=dmarc)) is Result.RECORDED
    decision = world.request(request_id).decision
    assert decision is not None
    assert says in decision.identity
