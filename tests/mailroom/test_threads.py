"""Mails find their conversation."""

from __future__ import annotations

from infra.local.mailroom import Mailroom
from infra.local.mailroom.threads import answers_to, thread_of, threads

from .conftest import REPLY_ADDRESS, notification


def confirmation(answers: str, message_id: str = "<c1@email.amazonses.com>") -> bytes:
    raw = notification(message_id=message_id, subject="Recorded: approved").decode()
    return raw.replace("References: <flow-1@nodback.test>", f"In-Reply-To: {answers}\r\nReferences: {answers}").encode()


def put(mailroom: Mailroom, raw: bytes, to: str = "maria@example.com") -> int:
    return mailroom.send(raw, "nodback@nodback.test", [to]).number


def test_a_mail_its_reply_and_the_confirmation_are_one_conversation(mailroom: Mailroom) -> None:
    asked = put(mailroom, notification())
    answer = mailroom.reply(mailroom.mailbox.get(asked), "approved")
    put(mailroom, confirmation(answer.message_id))
    put(
        mailroom,
        notification(message_id="<other@x>", to="otto@example.com")
        .replace(b"flow-1", b"flow-2")
        .replace(REPLY_ADDRESS.encode(), b"r-other@reply.nodback.test"),
        to="otto@example.com",
    )

    found = threads(mailroom.mailbox.all())

    assert [[mail.number for mail in thread.mails] for thread in found] == [[4], [1, 2, 3]]
    assert found[1].people == ("maria@example.com",)


def test_what_came_back_for_a_reply_is_told_from_what_came_before_it(mailroom: Mailroom) -> None:
    asked = put(mailroom, notification())
    answer = mailroom.reply(mailroom.mailbox.get(asked), "approved")
    back = put(mailroom, confirmation(answer.message_id))

    thread = thread_of(mailroom.mailbox.all(), answer.number)

    assert [mail.number for mail in answers_to(answer, thread)] == [back]


def test_a_second_round_of_the_same_flow_joins_the_conversation(mailroom: Mailroom) -> None:
    put(mailroom, notification())
    put(mailroom, notification(message_id="<n2@email.amazonses.com>").replace(b"a2b3", b"zzzz"))

    assert len(threads(mailroom.mailbox.all())) == 1


def test_a_pressed_button_has_no_references_but_its_address_tells_the_conversation(mailroom: Mailroom) -> None:
    asked = put(mailroom, notification())

    mailroom.reply(mailroom.mailbox.get(asked), "approved", as_new=True)

    assert len(threads(mailroom.mailbox.all())) == 1


def test_references_that_arrive_before_what_they_name_still_join(mailroom: Mailroom) -> None:
    late = notification(message_id="<late@x>").replace(b"a2b3", b"zzzz")
    early = confirmation("<late@x>", "<early@x>").replace(b"a2b3", b"yyyy")
    put(mailroom, early)
    put(mailroom, late)

    assert len(threads(mailroom.mailbox.all())) == 1
