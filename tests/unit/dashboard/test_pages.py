"""Every page, in memory: what it shows, what its forms do, and what it refuses."""

from dataclasses import fields, replace

import pytest
from support.browse import ADMIN, Browser
from support.world import INSTALL, REVIEWER, World

from nodback_core.domain.deployments.document import as_document
from nodback_core.domain.deployments.parsing import parse_settings
from nodback_core.domain.deployments.settings import DEFAULTS, Settings
from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.requests import Source, Status
from nodback_core.ports import MailNotTaken
from nodback_core.usecases.deployments.settings import read_settings
from nodback_core.usecases.people.members import add_member

MANAGE, RESPOND = "manage_human_feedback", "respond_to_human_feedback"


def a_manager(world: World, deployment_id: int, address: str = "ana@example.com") -> Browser:
    add_member(deployment_id, address, [MANAGE, RESPOND], caller=INSTALL, store=world.store, now=world.now)
    return Browser(world).sign_in(address)


@pytest.fixture
def world() -> World:
    return World()


def test_who_is_not_signed_in_is_asked_for_an_address_and_comes_back(world: World) -> None:
    browser = Browser(world)
    request = world.pause(world.deployment()).request

    asked = browser.get(f"/review/{request.request_id}")
    assert asked.location == f"/sign-in?next=%2Freview%2F{request.request_id}"

    browser.post("/sign-in", {"email": REVIEWER, "next": f"/review/{request.request_id}"})
    assert "Check your mail" in browser.get("/sign-in/check").text


def test_an_empty_inbox_explains_itself(world: World) -> None:
    page = Browser(world).sign_in(ADMIN).get("/")

    assert page.status == 200
    assert "Nothing waits for you" in page.text


def test_the_inbox_shows_mine_first_and_what_others_have(world: World) -> None:
    seven = world.deployment(creator_email="ana@example.com")
    other = world.deployment(creator_email="ben@example.com", sla_minutes=30)
    world.pause(seven)
    world.pause(other, flow_id="flow-2", method_name="approve_payment")
    add_member(seven.deployment_id, "ana@example.com", [MANAGE], caller=INSTALL, store=world.store, now=world.now)
    ana = a_manager(world, other.deployment_id)
    world.pass_time(minutes=45)

    text = ana.get("/").text

    assert text.index("For you") < text.index("Review content") < text.index("For others")
    assert "Approve payment Content Review Flow · ContentApprovalFlow · review 1 · ben@example.com" in text
    assert "Overdue by 15 min" in text
    assert "Review content" not in ana.get("/?overdue=yes").text
    assert "Nothing fits" in ana.get("/?method=nothing_*").text


def test_an_unchanged_inbox_is_not_sent_again(world: World) -> None:
    world.pause(world.deployment())
    browser = Browser(world).sign_in(REVIEWER)
    seen = browser.get("/").body.split('data-seen="')[1].split('"')[0]

    assert browser.get("/", x_nodback_seen=seen).status == 204
    world.pause(world.deployment(), flow_id="flow-2")
    assert browser.get("/", x_nodback_seen=seen).status == 200


def test_one_click_answers_and_the_page_says_what_was_recorded(world: World) -> None:
    request = world.pause(world.deployment(), state={"campaign": {"name": "Spring", "budget": 12}}).request
    browser = Browser(world).sign_in(REVIEWER)
    page = browser.get(f"/review/{request.request_id}")
    assert "Please review this content" in page.text
    assert "campaign" in page.text
    form = {"outcome": "approved", "feedback": "Lovely.", "form_id": "f1"}

    answered = browser.post(f"/review/{request.request_id}/answer", form)
    again = browser.post(f"/review/{request.request_id}/answer", form)

    assert answered.status == again.status == 303
    recorded = world.request(request.request_id).decision
    assert recorded is not None
    assert (recorded.outcome, recorded.source, recorded.responder) == ("approved", Source.DASHBOARD, REVIEWER)
    shown = browser.get(answered.location)
    assert "Recorded. Thank you." in shown.text
    assert "Lovely." in shown.text
    assert "Answered “Approved” on the dashboard (signed in by mail)" in shown.text
    world.check_chains()


def test_no_outcome_is_coloured_as_if_it_were_good_or_bad(world: World) -> None:
    for number, outcome in enumerate(("approved", "rejected")):
        request = world.pause(world.deployment(), flow_id=f"flow-{number}").request
        browser = Browser(world).sign_in(REVIEWER)
        browser.post(f"/review/{request.request_id}/answer", {"outcome": outcome, "form_id": "f"})

    page = browser.get("/history").body

    for word in ("Approved", "Rejected"):
        assert f'<span class="chip strong">{word}</span>' in page


def test_who_comes_second_is_told_who_was_faster_and_keeps_their_words(world: World) -> None:
    request = world.pause(world.deployment()).request
    world.deliver()
    browser = Browser(world).sign_in(REVIEWER)
    browser.get(f"/review/{request.request_id}")
    world.reply("rejected", to=world.reply_address())

    late = browser.post(
        f"/review/{request.request_id}/answer", {"outcome": "approved", "feedback": "A long thought.", "form_id": "f"}
    )

    assert late.status == 409
    assert "Not recorded: “Approved” came too late." in late.text
    assert "This request was answered with 'rejected'" in late.text
    assert "A long thought." in late.text


def test_free_text_goes_along_where_the_deployment_passes_it(world: World) -> None:
    passing = world.pause(world.deployment()).request
    asking = world.pause(world.deployment(free_text="ask"), flow_id="flow-2").request
    browser = Browser(world).sign_in(REVIEWER)
    form = {"outcome": "", "feedback": "Only the second paragraph.", "form_id": "f"}

    assert browser.post(f"/review/{passing.request_id}/answer", form).status == 303
    refused = browser.post(f"/review/{asking.request_id}/answer", form)

    assert refused.status == 422
    assert "choose one of the options" in refused.text
    assert "Only the second paragraph." in refused.text
    assert world.request(asking.request_id).status is Status.PENDING


def test_a_manager_takes_over_cancels_and_gives_away(world: World) -> None:
    seven = world.deployment(creator_email="ben@example.com")
    first, second, third = (world.pause(seven, flow_id=f"flow-{n}").request.request_id for n in range(3))
    ana = a_manager(world, seven.deployment_id)

    assert "Take it over" in ana.get(f"/review/{first}").text
    assert ana.post(f"/review/{first}/answer", {"outcome": "approved", "form_id": "f"}).status == 403
    assert ana.post(f"/review/{first}/reassign", {"to_email": "ana@example.com"}).status == 303
    assert ana.post(f"/review/{first}/answer", {"outcome": "approved", "form_id": "f"}).status == 303
    assert ana.post(f"/review/{second}/cancel", {"reason": "Moved to autumn."}).status == 303
    assert ana.post(f"/review/{third}/reassign", {"to_email": "nobody"}).status == 422
    assert ana.post(f"/review/{third}/reassign", {"to_email": "carla@example.com", "reason": "Holiday"}).status == 303

    assert "Moved to autumn." in ana.get(f"/review/{second}").text
    assert "Given to somebody else to carla@example.com" in ana.get(f"/review/{third}").text
    world.check_chains()


class TestAReplyFromAnotherAddress:
    ALIAS = "r.viewer@example.com"

    def refused(self, world: World) -> str:
        request_id = world.pause(world.deployment()).request.request_id
        world.deliver()
        assert world.reply("approved", to=world.reply_address(), sender=self.ALIAS) is Result.OTHER_SENDER
        return request_id

    def test_that_the_assignee_calls_their_own_counts_from_then_on(self, world: World) -> None:
        request_id = self.refused(world)
        ana = Browser(world).sign_in(REVIEWER)
        page = ana.get(f"/review/{request_id}")
        assert "That was me: add this address" in page.text
        added = ana.post(f"/review/{request_id}/sender", {"sender": self.ALIAS})
        assert added.status == 303
        after = ana.get(added.location)
        assert f"Replies from {self.ALIAS} count as yours from now on" in after.text
        assert "That was me" not in after.text
        entry = world.store.chain("deployment/1").items[-1]
        assert (entry.action.value, entry.actor.id) == ("settings.changed", REVIEWER)
        assert self.ALIAS in str(entry.data["changes"])
        assert world.reply("approved", to=world.reply_address(), sender=self.ALIAS) is Result.RECORDED
        assert f"{self.ALIAS} for {REVIEWER}" in ana.get(f"/review/{request_id}").text
        world.check_chains()

    def test_is_not_added_by_anybody_else(self, world: World) -> None:
        request_id = self.refused(world)
        manager = a_manager(world, 1)
        assert "That was me" not in manager.get(f"/review/{request_id}").text
        assert manager.post(f"/review/{request_id}/sender", {"sender": self.ALIAS}).status == 403
        assert world.reply("approved", to=world.reply_address(), sender=self.ALIAS) is Result.OTHER_SENDER

    @pytest.mark.parametrize("sender", ["", "never@example.com", "R.Viewer@example.com", REVIEWER])
    def test_only_an_address_that_wrote_can_be_added(self, world: World, sender: str) -> None:
        request_id = self.refused(world)
        ana = Browser(world).sign_in(REVIEWER)
        assert ana.post(f"/review/{request_id}/sender", {"sender": sender}).status == 422
        assert "count as yours" not in ana.get(f"/review/{request_id}?added={sender}x").text

    def test_is_refused_where_there_are_enough_already(self, world: World) -> None:
        request_id = self.refused(world)
        a_manager(world, 1).post(
            "/deployments/1/settings",
            {"other_senders": f"{REVIEWER}: {', '.join(f'a{n}@example.com' for n in range(10))}"},
        )
        ana = Browser(world).sign_in(REVIEWER)
        refused = ana.post(f"/review/{request_id}/sender", {"sender": self.ALIAS})
        assert refused.status == 422
        assert "1 to 10 mail addresses" in refused.text


def test_a_second_round_shows_what_changed_since_the_first(world: World) -> None:
    seven = world.deployment()
    first = world.pause(seven, output="One\nTwo\nThree").request
    browser = Browser(world).sign_in(REVIEWER)
    browser.post(
        f"/review/{first.request_id}/answer", {"outcome": "needs_revision", "feedback": "Shorter!", "form_id": "f"}
    )
    second = world.pause(seven, output="One\nTwo and a half\nThree").request

    page = browser.get(f"/review/{second.request_id}")

    assert "What changed since round 1" in page.text
    assert "Shorter!" in page.text
    assert "removed: Two" in page.text
    assert "added: Two and a half" in page.text
    assert "Earlier rounds Review 1 Needs revision" in page.text


def test_a_review_without_texts_still_tells_what_happened(world: World) -> None:
    request = world.pause(world.deployment(), output=None, emit=()).request
    browser = Browser(world).sign_in(REVIEWER)

    page = browser.get(f"/review/{request.request_id}")

    assert "What should the flow do?" in page.text
    assert browser.post(f"/review/{request.request_id}/answer", {"feedback": "  ", "form_id": "f"}).status == 422
    assert browser.post(f"/review/{request.request_id}/answer", {"feedback": "Go on.", "form_id": "f"}).status == 303


def test_large_content_is_shown_in_part_and_given_whole(world: World) -> None:
    request = world.pause(world.deployment(), output="A line of words.\n\n" * 8000).request
    browser = Browser(world).sign_in(REVIEWER)

    page = browser.get(f"/review/{request.request_id}")
    whole = browser.get(f"/review/{request.request_id}/output")

    assert "This is the beginning of" in page.text
    assert page.size < 100_000
    assert len(whole.body) == len("A line of words.\n\n") * 8000
    assert whole.headers["content-disposition"] == 'attachment; filename="review-1.md"'


def test_history_filters_by_everything(world: World) -> None:
    seven = world.deployment()
    for number, outcome in enumerate(("approved", "rejected", "approved")):
        request = world.pause(seven, flow_id=f"flow-{number}", method_name=f"review_{number}").request
        browser = Browser(world).sign_in(REVIEWER)
        browser.post(f"/review/{request.request_id}/answer", {"outcome": outcome, "form_id": "f"})
    ana = a_manager(world, seven.deployment_id)

    def rows(query: str) -> int:
        return ana.get(f"/history?{query}").body.count('class="row"')

    assert rows("") == 3
    assert rows("outcome=approved") == 2
    assert rows("method=review_1") == 1
    assert rows("flow=flow-2") == 1
    assert rows("source=email") == 0
    assert rows("source=dashboard&reviewer=reviewer@example.com") == 3
    assert rows(f"from={world.now.date()}&to={world.now.date()}") == 3
    assert rows("to=2020-01-01&from=2020-01-01") == 0
    assert ana.get("/history?from=yesterday").status == 422
    assert Browser(world).sign_in(REVIEWER).get("/history").body.count('class="row"') == 3


def test_settings_are_saved_or_every_mistake_is_named(world: World) -> None:
    seven = world.deployment()
    ana = a_manager(world, seven.deployment_id)
    path = f"/deployments/{seven.deployment_id}/settings"
    good = {
        "email_notifications": "yes", "sla_minutes": "240", "reminders": "60, 120", "escalate_after": "180",
        "escalate_to": "lead@example.com", "auto_enabled": "yes", "auto_timeout": "1440", "auto_outcome": "approved",
        "free_text": "ask", "reply_feedback": "whole", "reply_token_hours": "72",
        "sender_check": "aligned", "other_senders": "ana@example.com: ana.lima@example.com, bo@x.org",
        "sender_name": "Reviews", "subject_prefix": "[r]", "footer": "Bye",
        "aliases": "approved: LGTM, ship it\r\nrejected: nein",
    }  # fmt: skip

    assert ana.post(path, good).status == 303
    page = ana.get(path)
    assert "push" not in page.body
    assert "resume_url" not in page.body
    pushed = ana.post(path, {**good, "resume_mode": "push", "resume_url": "https://flows.example.com/resume"})
    assert pushed.status == 422
    assert "nodback worker package.module" in pushed.text
    assert 'value="60, 120"' in page.body
    assert ">approved: LGTM, ship it\nrejected: nein</textarea>" in page.body
    assert "aliases" in ana.post(path, {**good, "aliases": "approved: OK\nrejected: ok!"}).text
    assert "ana@example.com: ana.lima@example.com, bo@x.org" in page.body
    assert "looks like an approval" in page.text
    wrong = ana.post(path, {**good, "sla_minutes": "soon", "escalate_to": "nobody"})
    assert wrong.status == 422
    assert "sla_minutes must be a number of minutes" in wrong.text
    assert 'value="soon"' in wrong.body
    assert ana.post(path, {**good, "version": "1"}).status == 412
    assert (
        ana.post(f"/deployments/{seven.deployment_id}/name", {"name": "Other", "creator_email": "x@y.zz"}).status == 303
    )
    assert "Other" in ana.get(path).text


def test_every_setting_but_the_rules_is_on_the_page_of_settings(world: World) -> None:
    unusual = parse_settings(
        {
            "email_notifications": False,
            "sla_minutes": 240,
            "auto_response": {"enabled": True, "timeout_minutes": 1440, "default_outcome": "needs_revision"},
            "reminder_minutes": [60],
            "escalation": {"after_minutes": 480, "to_email": "lead@example.com"},
            "free_text": "ask",
            "reply_feedback": "whole",
            "aliases": [{"option": "approved", "words": ["LGTM"]}],
            "reply_token_hours": 24,
            "sender_check": "address",
            "other_senders": [{"address": "lead@example.com", "senders": ["lea@example.com"]}],
            "rules": [{"name": "All", "match": {"method_name": "*"}, "assign_to_email": "finance@example.com"}],
            "sender_name": "Reviews",
            "subject_prefix": "[r]",
            "footer": "Bye",
            "approval_default_acknowledged": True,
        }
    )
    usual = {field.name for field in fields(Settings) if getattr(unusual, field.name) == getattr(DEFAULTS, field.name)}
    assert usual == {"resume"}, "give the setting another value here than its default"
    seven = world.deployment(**as_document(unusual))
    ana = a_manager(world, seven.deployment_id)
    path = f"/deployments/{seven.deployment_id}/settings"
    assert ana.post(path, {"email_notifications": "yes"}).status == 303

    saved = read_settings(seven.deployment_id, caller=INSTALL, store=world.store).settings

    assert saved == replace(DEFAULTS, rules=unusual.rules)


def test_rules_are_added_moved_explained_and_removed(world: World) -> None:
    seven = world.deployment()
    ana = a_manager(world, seven.deployment_id)
    base = f"/deployments/{seven.deployment_id}/rules"
    assert "No rules yet" in ana.get(base).text

    finance = {"name": "Finance", "method": "approve_*", "assign_to_email": "finance@example.com"}
    cfo = {
        "name": "CFO", "method": "approve_*", "assign_to_email": "cfo@example.com", "assign_from_input": "boss",
        "path": ["invoice.amount", "kind", ""], "operator": ["gte", "in", "eq"], "value": ["10000", "a, b", ""],
    }  # fmt: skip
    assert ana.post(base, finance).status == 303
    assert ana.post(base, cfo).status == 303
    assert ana.post(f"{base}/1/move", {"to": "up"}).status == 303
    explained = ana.get(f'{base}/explain?method_name=approve_x&state={{"invoice":{{"amount":20000}},"kind":"a"}}')
    assert "cfo@example.com would be asked: by the rule “CFO”" in explained.text
    assert ana.get(f"{base}/explain?method_name=x&state=[").status == 422
    assert ana.post(base, {**finance, "index": "1", "assign_to_email": "money@example.com"}).status == 303
    assert ana.post(base, {"name": "", "method": "["}).status == 422
    assert ana.post(f"{base}/0/remove").status == 303

    request = world.pause(seven, method_name="approve_payment").request
    assert request.assignment.address == "money@example.com"
    assert request.assignment.rule == "Finance"


def test_a_receiver_is_made_and_its_reviews_say_who_carries_the_answer_out(world: World) -> None:
    seven = world.deployment()
    ana = a_manager(world, seven.deployment_id)
    base = f"/deployments/{seven.deployment_id}/webhooks"

    made = ana.post(base, {"name": "Flows", "url": "https://flows.example.com/nodback", "resumes": "yes"})
    assert made.status == 201
    assert "Receiver" in ana.get(base).text
    one = base + "/" + ana.get(base).body.split(f"{base}/")[1].split('"')[0]
    assert "for 24 hours, until it is claimed" in ana.get(one).text
    assert "Also send it" not in ana.get(one).text
    assert ana.post(f"{one}/change", {"name": "T", "url": "https://flows.example.com/b"}).status == 303
    request_id = world.pause(seven).request.request_id
    world.deliver()
    world.reply("approved", to=world.reply_address())
    assert "a receiver is told of the answer until it takes it" in ana.get(f"/review/{request_id}").text


def test_webhooks_are_made_tested_rotated_paused_and_removed(world: World) -> None:
    seven = world.deployment()
    ana = a_manager(world, seven.deployment_id)
    base = f"/deployments/{seven.deployment_id}/webhooks"

    assert ana.post(base, {"name": "Tickets", "url": "http://169.254.169.254/"}).status == 422
    made = ana.post(base, {"name": "Tickets", "url": "https://hooks.example.com/in", "events": ["request_responded"]})
    assert made.status == 201
    secret = made.body.split('id="secret">')[1].split("<")[0]
    one = base + "/" + ana.get(base).body.split(f"{base}/")[1].split('"')[0]
    assert secret not in ana.get(one).body
    tested = ana.post(f"{one}/test")
    assert tested.status == 303
    assert "A test message is on its way to https://hooks.example.com/in" in ana.get(tested.location).text
    assert "Saved." not in ana.get(tested.location).text
    assert "test Queued" in ana.get(one).text
    rotated = ana.post(f"{one}/rotate", {"step": "start"})
    assert secret not in rotated.body
    assert "A rotation has been under way" in rotated.text
    assert ana.post(f"{one}/rotate", {"step": "start"}).status == 409
    completed = ana.post(f"{one}/rotate", {"step": "complete"})
    assert "Messages are signed with the new secret alone." in ana.get(completed.location).text
    paused = ana.post(f"{one}/change", {"active": "no"})
    assert "Paused: nothing is sent until you resume it." in ana.get(paused.location).text
    assert ana.post(f"{one}/change", {"name": "T", "url": "https://hooks.example.com/b"}).status == 303
    assert ana.post(f"{one}/remove").status == 303
    assert "No webhooks yet" in ana.get(base).text


def test_members_and_keys_come_and_go(world: World) -> None:
    seven = world.deployment()
    ana = a_manager(world, seven.deployment_id)
    members, keys = (f"/deployments/{seven.deployment_id}/{name}" for name in ("members", "keys"))

    assert ana.post(members, {"address": "Ben@example.com", "permissions": [RESPOND]}).status == 303
    assert "ben@example.com" in ana.get(members).text
    assert ana.post(members, {"address": "ben", "permissions": [RESPOND]}).status == 422
    assert ana.post(members, {"address": "ben@example.com"}).status == 422
    again = ana.post(members, {"address": "BEN@example.com", "permissions": [MANAGE]})
    assert again.status == 409
    assert "ben@example.com is a member already, with respond_to_human_feedback" in again.text
    assert ana.post(f"{members}/change", {"address": "ben@example.com"}).status == 422
    assert ana.post(f"{members}/change", {"address": "ben@example.com", "permissions": [MANAGE]}).status == 303
    listed = ana.get(members).body.split('value="ben@example.com"')[1]
    assert f'value="{MANAGE}" checked' in listed
    assert f'{members}/change"' in ana.get(members).body
    assert ana.post(f"{members}/change", {"address": "nobody@example.com", "permissions": [MANAGE]}).status == 404
    assert ana.post(f"{members}/remove", {"address": "ben@example.com"}).status == 303

    made = ana.post(keys, {"name": "Worker", "scope": "flow"})
    assert "nodback_flow_" in made.body
    assert ana.post(keys, {"name": "Root", "scope": "install"}).status == 422
    key_id = made.body.split(f"{keys}/")[1].split("/")[0]
    assert ana.post(f"{keys}/{key_id}/revoke").status == 303
    assert "Revoked" in ana.get(keys).text


def test_an_admin_registers_a_deployment_and_sees_its_key_once(world: World) -> None:
    admin = Browser(world).sign_in(ADMIN)
    assert "No deployments" in admin.get("/deployments").text

    made = admin.post("/deployments", {"name": "Reviews", "creator_email": "ana@example.com"})

    assert made.status == 201
    assert "nodback_flow_1_" in made.body
    assert "nodback_flow_1_" not in admin.get("/deployments").body
    assert admin.post("/deployments", {"name": "", "creator_email": "x"}).status == 422


def test_signing_out_everywhere_ends_other_browsers_too(world: World) -> None:
    here, there = Browser(world).sign_in(ADMIN), Browser(world).sign_in(ADMIN)
    assert here.get("/account").body.count("Firefox on Linux") == 2

    assert here.post("/sign-out", {"everywhere": "yes"}).location == "/sign-in"

    assert there.get("/").status == 303
    assert here.get("/").status == 303


def test_a_wrong_code_is_told_and_the_right_one_signs_in(world: World) -> None:
    from support.browse import Admins, mail_out

    browser = Browser(world)
    assert browser.post("/sign-in/code", {"code": "x"}).location == "/sign-in"
    browser.post("/sign-in", {"email": ADMIN, "next": "/deployments"})
    mail_out(world)
    sign_in_id = browser.cookies["__Host-nodback-asked"].partition(".")[0]
    code = Admins(world=world).tokens.code(sign_in_id)

    assert "tries left: 4" in browser.post("/sign-in/code", {"code": "AAAA-AAAA"}).text
    assert browser.post("/sign-in/code", {"code": code}).location == "/deployments"
    assert browser.get("/deployments").status == 200


def test_the_review_tells_why_its_mail_has_not_gone_out(world: World) -> None:
    seven = world.deployment(creator_email="ben@example.com")
    request = world.pause(seven).request
    ana = a_manager(world, seven.deployment_id)
    said = "MessageRejected: Email address is not verified. Failed: <ben@example.com>"

    def refuse(*given: object, **named: object) -> str:
        raise MailNotTaken(said, code="MessageRejected")

    world.mailer.send = refuse  # type: ignore[method-assign]
    with pytest.raises(MailNotTaken):
        world.deliver()

    page = ana.get(f"/review/{request.request_id}")
    assert "Mail not taken by the mail service yet" in page.text
    assert "Review request to ben@example.com: MessageRejected" in page.text
    assert "Failed: &lt;ben@example.com&gt;" in page.body
