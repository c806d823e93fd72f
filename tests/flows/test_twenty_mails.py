"""The twenty mails of the facts about email, sent over SMTP to the embedded stack, and what comes back."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from uuid import uuid4

import pytest
from mails.twenty import Answered, mails

from flows.reviews import actions, entries, read, until
from infra.local.house import House
from infra.local.mailroom import Handling
from infra.local.mailroom.mailbox import StoredMail
from nodback_core.domain.shared.entries import check_chain

OPTIONS = ["approved", "rejected", "needs_revision"]
WAIT_SECONDS = 60.0
QUIET_SECONDS = 1.5
"""How long silence is listened to: a mail takes a fraction of it once everything is warm."""
LARGE_BYTES = 22 * 1024 * 1024
EXPECTED = {name: expected for name, _, expected in mails(Answered())}
LETTERS = {
    "blank": "had no text",
    "other_sender": "Somebody else answered",
    "unreadable": "could not be read",
    "request_closed": "already",
}


@dataclass
class Reviewer:
    """Somebody with a request of their own, and the mail that asks them."""

    house: House
    address: str
    request_id: str
    asked: StoredMail

    @property
    def answered(self) -> Answered:
        return Answered(
            sent=self.house.mailroom.text_of(self.asked),
            subject=self.asked.subject,
            reply_to=self.asked.answer_address,
            who=self.asked.sender,
            reader=self.address,
            message_id=f"<{uuid4()}@mail.example.com>",
            date=format_datetime(datetime.now(UTC)),
        )

    def write(self, name: str) -> bytes:
        return next(raw for known, raw, _ in mails(self.answered) if known == name)

    def send(self, raw: bytes, *, envelope_from: str | None = None, handling: Handling | None = None) -> None:
        sender = self.address if envelope_from is None else envelope_from
        self.house.mailroom.send(raw, sender, [self.asked.answer_address], handling)

    def next_mail(self, *, after: int = 0) -> EmailMessage:
        """The next mail to this reviewer, as their program shows it."""
        found = self.house.mailroom.wait_for(to=self.address, after=after or self.asked.number, timeout=WAIT_SECONDS)
        parsed = message_from_bytes(self.house.mailroom.mailbox.raw(found.number), policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def mails(self) -> list[StoredMail]:
        return [m for m in self.house.mailroom.mailbox.all() if self.address in m.recipients]

    def checks(self) -> list[str]:
        found = entries(self.house, self.request_id)
        return [str(e["data"]["check"]) for e in found if e["action"] == "reply.rejected"]  # type: ignore[index]

    def until_checked(self, check: str) -> dict[str, object]:
        return until(self.house, self.request_id, lambda _: check in self.checks())


@pytest.fixture(scope="module")
def flow_key(house: House) -> str:
    """A deployment that passes free text on and asks whom the flow's state names."""
    rule = {"name": "state", "match": {"method_name": "*"}, "assign_from_input": "reviewer"}
    body = {
        "name": "Twenty Mails",
        "creator_email": "creator@example.com",
        "settings": {"rules": [rule], "sender_name": "Harbour Books", "subject_prefix": "[HB]", "footer": "Rua 12"},
    }
    made = house.api("POST", "/v1/deployments", body, key=house.stack.addresses.install_key)
    return str(made.json()["flow_key"])


@pytest.fixture
def ask(house: House, flow_key: str) -> Iterator[Callable[..., Reviewer]]:
    """Opens a request for a reviewer of its own; every chain is checked at the end."""
    asked: list[Reviewer] = []
    old_key, house.flow_key = house.flow_key, flow_key

    def open_request(local: str = "ana", *, flow_id: str = "", message: str = "Please review this text:") -> Reviewer:
        request_id = str(uuid4())
        address = f"{local}-{request_id[:8]}@example.com"
        body = {
            "request_id": request_id,
            "flow_id": flow_id or request_id,
            "flow_name": "TwentyMails",
            "flow_class": "m.TwentyMails",
            "method_name": "review",
            "message": message,
            "output": "## Field Notebook\n\nWaterproof, bound in linen.\n\n- 160 pages\n- lies flat",
            "state": {"reviewer": address},
            "emit": OPTIONS,
            "snapshot": {},
        }
        opened = house.api("POST", "/v1/requests", body)
        assert opened.status_code == 201, opened.text
        mail = house.mailroom.wait_for(to=address, timeout=WAIT_SECONDS)
        asked.append(Reviewer(house, address, request_id, mail))
        return asked[-1]

    yield open_request
    try:
        for one in asked:
            assert check_chain(1, f"request/{one.request_id}", entries(house, one.request_id)) is None
    finally:
        house.flow_key = old_key


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def written(name: str) -> bool:
    return "feedback" in EXPECTED[name] and EXPECTED[name]["feedback"] != "" and "unclear" not in EXPECTED[name]


@pytest.mark.parametrize("name", [n for n in EXPECTED if written(n)])
def test_an_answer_is_recorded_as_it_was_meant_and_confirmed(ask: Callable[..., Reviewer], name: str) -> None:
    reviewer, expected = ask(), EXPECTED[name]
    reviewer.send(reviewer.write(name))
    closed = until(reviewer.house, reviewer.request_id, lambda seen: seen["status"] != "pending")
    assert (closed["feedback"], closed["outcome"]) == (expected["feedback"], expected["outcome"])
    assert (closed["responder"], closed["source"]) == (reviewer.address, "email")
    confirmation = reviewer.next_mail()
    assert confirmation["Auto-Submitted"] == "auto-replied"
    assert confirmation["From"].addresses[0].display_name == "Harbour Books"
    assert confirmation["Subject"].startswith("Re: [HB] ")
    assert "Rua 12" in text_of(confirmation)
    said = str(expected["outcome"] or expected["feedback"]).replace("_", " ")
    assert said.casefold() in text_of(confirmation).casefold()


@pytest.mark.parametrize("name", [n for n in EXPECTED if EXPECTED[n].get("feedback") == ""])
def test_a_blank_reply_is_answered_and_the_review_still_waits(ask: Callable[..., Reviewer], name: str) -> None:
    reviewer = ask()
    reviewer.send(reviewer.write(name))
    assert reviewer.until_checked("blank")["status"] == "pending"
    back = reviewer.next_mail()
    assert back["Reply-To"].addresses[0].addr_spec.startswith("r-")
    assert "Needs revision" in text_of(back)


@pytest.mark.parametrize("name", [n for n in EXPECTED if "unclear" in EXPECTED[n]])
def test_an_answer_that_contradicts_itself_is_asked_back(ask: Callable[..., Reviewer], name: str) -> None:
    reviewer = ask()
    reviewer.send(reviewer.write(name))
    assert reviewer.until_checked("unclear")["status"] == "pending"
    back = reviewer.next_mail()
    assert back["Reply-To"].addresses[0].addr_spec.startswith("r-")
    assert str(EXPECTED[name]["feedback"]) in text_of(back)


@pytest.mark.parametrize("name", [n for n in EXPECTED if "automatic" in EXPECTED[n]])
def test_what_a_machine_wrote_is_written_down_and_never_answered(ask: Callable[..., Reviewer], name: str) -> None:
    reviewer = ask()
    reviewer.send(reviewer.write(name), envelope_from="" if "delivery-failure" in name else None)
    assert reviewer.until_checked("automatic")["status"] == "pending"
    time.sleep(QUIET_SECONDS)
    assert len(reviewer.mails()) == 1, "only the mail that asked"


@pytest.mark.parametrize("name", [n for n in EXPECTED if "code" in EXPECTED[n]])
def test_another_sender_is_told_nothing_and_the_assignee_is(ask: Callable[..., Reviewer], name: str) -> None:
    reviewer = ask()
    reviewer.send(reviewer.write(name))
    assert reviewer.until_checked("other_sender")["status"] == "pending"
    notice = reviewer.next_mail()
    assert notice["To"].addresses[0].addr_spec == reviewer.address
    assert notice["Reply-To"] is None
    others = {r for m in reviewer.house.mailroom.mailbox.all() if m.direction == "to_person" for r in m.recipients}
    assert not others & {"evil@x.example", reviewer.answered.at("bo"), reviewer.answered.at("a.lima")}


@pytest.mark.parametrize("name", [n for n in EXPECTED if "unreadable" in EXPECTED[n]])
def test_a_bomb_is_answered_and_changes_nothing(ask: Callable[..., Reviewer], name: str) -> None:
    reviewer = ask()
    reviewer.send(reviewer.write(name))
    assert reviewer.until_checked("unreadable")["status"] == "pending"
    assert reviewer.next_mail()["Reply-To"].addresses[0].addr_spec.startswith("r-")


@pytest.mark.parametrize("same_event", [True, False])
def test_15_the_same_mail_delivered_three_times_is_one_answer_and_one_confirmation(
    ask: Callable[..., Reviewer], same_event: bool
) -> None:
    reviewer = ask()
    reviewer.send(reviewer.write("15-delivered-twice"), handling=Handling(duplicates=2, same_event=same_event))
    until(reviewer.house, reviewer.request_id, lambda seen: seen["status"] != "pending")
    assert reviewer.next_mail()["Auto-Submitted"] == "auto-replied"
    time.sleep(QUIET_SECONDS)
    assert len(reviewer.mails()) == 2
    assert actions(reviewer.house, reviewer.request_id).count("request.responded") == 1


def test_16_a_late_reply_is_told_what_was_recorded(ask: Callable[..., Reviewer]) -> None:
    reviewer = ask()
    reviewer.send(reviewer.write("08b-approved-full-stop"))
    until(reviewer.house, reviewer.request_id, lambda seen: seen["status"] != "pending")
    confirmed = reviewer.house.mailroom.wait_for(to=reviewer.address, after=reviewer.asked.number, timeout=WAIT_SECONDS)
    reviewer.send(reviewer.write("16-late"))
    assert reviewer.until_checked("request_closed")["outcome"] == "approved"
    late = text_of(reviewer.next_mail(after=confirmed.number))
    assert "Approved" in late


def test_16_a_reply_to_a_superseded_round_names_the_newer_one_and_leaves_it_pending(
    ask: Callable[..., Reviewer],
) -> None:
    older = ask(flow_id=(flow := str(uuid4())))
    newer = ask(flow_id=flow)
    older.send(older.write("16-late"))
    assert older.until_checked("request_closed")["status"] == "superseded"
    assert "newer" in text_of(older.next_mail()).casefold()
    assert read(older.house, newer.request_id)["status"] == "pending"


def test_20_a_mail_with_an_attachment_of_thirty_megabytes_is_read_for_its_text(ask: Callable[..., Reviewer]) -> None:
    reviewer = ask()
    attachment = ("QUJD" * 18 + "\r\n") * (LARGE_BYTES // 54)
    parts = (
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\napproved\r\n"
        "--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="all.pdf"\r\n\r\n{attachment}--b--\r\n'
    )
    raw = reviewer.answered.mail(parts, content="multipart/mixed; boundary=b", encoding="7bit")
    assert len(raw) > 30_000_000
    reviewer.send(raw)
    back = reviewer.next_mail()
    seen = read(reviewer.house, reviewer.request_id)
    assert seen["outcome"] == "approved"
    assert back["Auto-Submitted"] == "auto-replied"


def test_20_nothing_in_a_mail_or_a_message_adds_a_header_to_ours(ask: Callable[..., Reviewer]) -> None:
    reviewer = ask(message="Approve\r\nBcc: evil@x.example\r\n\r\nthis")
    injected = reviewer.answered.mail(
        "approved\n",
        "In-Reply-To: <a@b>\r\n <x>\r\n\tBcc: evil@x.example",
        subject="=?utf-8?q?Re=0D=0ABcc=3A_evil=40x=2Ey?=",
    ).replace(b"Message-ID: <", b"Message-ID: <evil>\r\n Bcc: evil@x.example <", 1)
    reviewer.send(injected)
    back = reviewer.next_mail()
    asking = message_from_bytes(reviewer.house.mailroom.mailbox.raw(reviewer.asked.number), policy=policy.default)
    for mail in (back, asking):
        assert mail["Bcc"] is None
        assert mail["Cc"] is None
        assert [a.addr_spec for a in mail["To"].addresses] == [reviewer.address]
    assert not [m for m in reviewer.house.mailroom.mailbox.all() if "evil@x.example" in m.recipients]
