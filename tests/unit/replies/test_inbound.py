"""Raw mails become text: parts, encodings, charsets, HTML, and everything hostile within bounds."""

import hashlib
from email.message import EmailMessage

import pytest
from support.hostile_replies import HOSTILE_MAILS
from support.steps import steps_of

from nodback_core.mail.replies.html_text import text_of_html
from nodback_core.mail.replies.inbound import MAX_MAIL_BYTES, UnreadableMail, parse_headers, parse_mail

MAX_STEPS = 1_000_000
"""Far less than one for each pair of bytes or lines would be."""


def plain(body: bytes, content_type: str = "text/plain; charset=utf-8", *head: str) -> str:
    lines = ["From: ana@example.com", "MIME-Version: 1.0", f"Content-Type: {content_type}", *head]
    return parse_mail("\r\n".join(lines).encode() + b"\r\n\r\n" + body).text


def parts(kind: str, *sections: str) -> str:
    body = "".join(f"--edge\r\n{section}\r\n" for section in sections) + "--edge--\r\n"
    return plain(body.encode(), f'multipart/{kind}; boundary="edge"')


def test_what_identifies_a_mail_is_read() -> None:
    raw = (
        b"Message-ID: <one@mail.example.com>\r\nIn-Reply-To: <zero@x>\r\nReferences: <a@x>\r\n <zero@x> junk\r\n"
        b"From: ana@example.com\r\nSubject: =?utf-8?q?Re=3A_Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?b?IPCfkY0=?=\r\n\r\nhi\r\n"
    )
    mail = parse_mail(raw)

    assert mail.message_id == "<one@mail.example.com>"
    assert mail.in_reply_to == "<zero@x>"
    assert mail.references == ("<a@x>", "<zero@x>")
    assert mail.subject == "Re: Grüße 👍"
    assert mail.digest == hashlib.sha256(raw).hexdigest()
    assert mail.text == "hi\r\n"


def test_a_subject_is_one_line_whatever_it_holds() -> None:
    assert parse_mail(b"Subject: =?utf-8?q?a=0D=0ABcc=3A_x=40y=2Ez?=\r\n\r\n").subject == "a Bcc: x@y.z"
    assert len(parse_mail(b"Subject: " + b"x" * 10_000 + b"\r\n\r\n").subject) == 500


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "text"),
    [
        ("Grüße".encode(), "text/plain; charset=utf-8", "8bit", "Grüße"),
        ("Grüße".encode("latin-1"), "text/plain; charset=iso-8859-1", "8bit", "Grüße"),
        ("Grüße – “ja”".encode("cp1252"), "text/plain; charset=iso-8859-1", "8bit", "Grüße – “ja”"),
        ("Grüße".encode("latin-1"), "text/plain; charset=utf-8", "8bit", "Grüße"),
        ("Grüße".encode(), "text/plain; charset=us-ascii", "8bit", "Grüße"),
        ("Grüße".encode(), "text/plain", "8bit", "Grüße"),
        ("Grüße".encode(), "text/plain; charset=x-no-such-thing", "8bit", "Grüße"),
        ("Grüße".encode(), "text/plain; charset=unicode_escape", "8bit", "Grüße"),
        ("承認".encode("iso-2022-jp"), "text/plain; charset=ISO-2022-JP", "7bit", "承認"),
        ("承認①".encode("cp932"), "text/plain; charset=Shift_JIS", "8bit", "承認①"),
        ("批准".encode("gb18030"), "text/plain; charset=gb2312", "8bit", "批准"),
        ("核准".encode("big5"), "text/plain; charset=big5", "8bit", "核准"),
        ("승인".encode("cp949"), "text/plain; charset=ks_c_5601-1987", "8bit", "승인"),
        ("одобрено".encode("koi8-r"), "text/plain; charset=koi8-r", "8bit", "одобрено"),
        ("одобрено".encode("cp1251"), 'text/plain; charset="windows-1251"', "8bit", "одобрено"),
        ("אושר".encode("iso8859-8"), "text/plain; charset=iso-8859-8-i", "8bit", "אושר"),
        ("onaylandı".encode("cp1254"), "text/plain; charset=iso-8859-9", "8bit", "onaylandı"),
        ("อนุมัติ".encode("cp874"), "text/plain; charset=windows-874", "8bit", "อนุมัติ"),
        ("approved".encode("utf-16"), "text/plain; charset=utf-16", "8bit", "approved"),
        (b"\xef\xbb\xbfapproved", "text/plain; charset=utf-8", "8bit", "approved"),
        (b"appro=\r\nved =E2=80=93 ok", "text/plain; charset=utf-8", "Quoted-Printable", "approved – ok"),
        (b"YXBwcm92\r\nZWQ=\r\n", "text/plain; charset=utf-8", "base64", "approved"),
        (b"YXBwcm92ZWQ", "text/plain; charset=utf-8", "BASE64", "approved"),
        (b"approved", "text/plain; charset=utf-8", "no-such-encoding", "approved"),
    ],
)
def test_encodings_and_charsets_are_read(body: bytes, content_type: str, encoding: str, text: str) -> None:
    assert plain(body, content_type, f"Content-Transfer-Encoding: {encoding}") == text


def test_flowed_lines_are_joined_within_their_quotes() -> None:
    body = b"This answer is \r\nlong.\r\n-- \r\nAna\r\n> quoted \r\n> text\r\n>> deeper \r\n> end\r\n from stuffed"

    assert plain(body, "text/plain; charset=utf-8; format=flowed").split("\n") == [
        "This answer is long.",
        "-- ",
        "Ana",
        "> quoted text",
        ">> deeper ",
        "> end",
        "from stuffed",
    ]
    assert plain("承 \r\n認".encode(), "text/plain; charset=utf-8; format=flowed; delsp=yes") == "承認"


def test_of_alternatives_the_plain_text_is_read() -> None:
    assert (
        parts("alternative", "Content-Type: text/plain\r\n\r\nplain", "Content-Type: text/html\r\n\r\n<p>html")
        == "plain"
    )
    assert (
        parts("alternative", "Content-Type: text/html\r\n\r\n<p>html", "Content-Type: text/plain\r\n\r\nplain")
        == "plain"
    )


def test_an_empty_plain_part_does_not_hide_the_html() -> None:
    assert (
        parts("alternative", "Content-Type: text/plain\r\n\r\n\u00a0\r\n", "Content-Type: text/html\r\n\r\n<p>yes")
        == "yes"
    )


def test_text_around_a_picture_is_one_message_and_attachments_are_not_text() -> None:
    text = parts(
        "mixed",
        "Content-Type: text/plain\r\n\r\napproved",
        "Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA",
        "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=rejected.txt\r\n\r\nrejected",
        "Content-Type: text/plain; name=notes.txt\r\n\r\nrejected",
        "Content-Type: message/rfc822\r\n\r\nFrom: x@y.z\r\n\r\nrejected",
        "Content-Type: text/calendar\r\n\r\nrejected",
        "Content-Type: text/plain\r\n\r\nthanks",
    )
    assert text.split() == ["approved", "thanks"]


def test_parts_in_parts_are_read() -> None:
    inner = (
        'Content-Type: multipart/alternative; boundary="edge-2"\r\n\r\n--edge-2\r\nContent-Type: text/plain\r\n\r\n'
        "approved\r\n--edge-2\r\nContent-Type: text/html\r\n\r\n<p>approved\r\n--edge-2--\r\n"
    )
    assert parts("mixed", inner, "Content-Type: text/plain\r\n\r\n-- \r\nlist footer").split()[0] == "approved"
    assert parts("signed", inner, "Content-Type: application/pgp-signature\r\n\r\nxyz").strip() == "approved"
    assert parts("related", inner).strip() == "approved"


def test_a_message_without_its_last_boundary_is_still_read() -> None:
    assert plain(b"--edge\r\nContent-Type: text/plain\r\n\r\napproved", "multipart/mixed; boundary=edge") == "approved"
    assert plain(b"approved", "multipart/mixed") == ""
    assert plain(b"--a b\r\n\r\napproved\r\n--a b--", 'multipart/mixed; boundary*0="a "; boundary*1=b') == "approved"


def test_a_mail_made_by_the_standard_library_is_read() -> None:
    message = EmailMessage()
    message["From"] = "Ana Lima <ana@example.com>"
    message["Subject"] = "Re: Überprüfung"
    message.set_content("Genehmigt – danke 👍\n", cte="base64")
    message.add_alternative("<p>Genehmigt</p>", subtype="html")
    message.add_attachment(b"\x00" * 1000, maintype="application", subtype="pdf", filename="a.pdf")
    mail = parse_mail(message.as_bytes())

    assert mail.text.strip() == "Genehmigt – danke 👍"
    assert mail.subject == "Re: Überprüfung"
    assert (mail.sender, mail.sender_name) == ("ana@example.com", "Ana Lima")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<div>approved</div><div>thanks</div>", "approved\nthanks"),
        ("approved<br>thanks", "approved\nthanks"),
        ("<p>approved</p><p>thanks</p>", "approved\n\nthanks"),
        ("<span>appr</span><b>oved</b>", "approved"),
        ("<div>needs&nbsp;revision</div>", "needs\u00a0revision"),
        ("<head><title>x</title><style>p{}</style></head><script>y</script><!-- z -->approved", "approved"),
        ("<div style='display: none'>hidden</div>approved", "approved"),
        ("<s>approved</s> rejected", "rejected"),
        ("<span style='text-decoration:line-through'>approved</span>", ""),
        ("ok<blockquote type=cite><div>approved</div><br>x</blockquote>no", "ok\n\n> approved\n>\n> x\n\nno"),
        ("<blockquote style='margin:0 0 0 40px;border:none'>indented</blockquote>", "indented"),
        ('<div class="gmail_attr">On Sunday</div>', "> On Sunday"),
        ("a<hr>b", "a\n________________________________\nb"),
        ("<table><tr><td>From:</td><td>Ana</td></tr></table>", "From: Ana"),
        ("<img alt='👍' src=x> <img alt='logo' src=y>", "👍"),
        ("<pre>one\n  two</pre>", "one\n  two"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("a < b and <unknown>c</unknown>", "a < b and c"),
        ("", ""),
    ],
)
def test_html_becomes_lines(html: str, text: str) -> None:
    assert text_of_html(html).strip().replace("> \n", ">\n") == text


def test_too_much_is_unreadable() -> None:
    with pytest.raises(UnreadableMail, match="bytes"):
        parse_mail(b"x" * (MAX_MAIL_BYTES + 1))
    with pytest.raises(UnreadableMail, match="parts"):
        plain(b"--e\r\n\r\nhi\r\n" * 100_000, "multipart/mixed; boundary=e")
    with pytest.raises(UnreadableMail, match="deep"):
        parse_mail(b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1200)))
    with pytest.raises(UnreadableMail, match="boundaries"):
        plain(b"--ex\r\n" * 100_000, "multipart/mixed; boundary=e")


def test_who_sent_an_unreadable_mail_is_still_read() -> None:
    raw = b"From: ana@example.com\nSubject: Re\nContent-Type: multipart/mixed; boundary=e\n\n" + b"--e\n\nhi\n" * 200
    mail = parse_headers(raw)

    assert (mail.sender, mail.subject, mail.text) == ("ana@example.com", "Re", "")
    assert mail.digest == hashlib.sha256(raw).hexdigest()


def test_a_large_attachment_does_not_hide_the_answer() -> None:
    attachment = (
        b"Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"QUJD" * 7_500_000
    )
    body = b"--e\r\n\r\napproved\r\n--e\r\n" + attachment + b"\r\n--e--\r\n"
    assert plain(body, "multipart/mixed; boundary=e") == "approved"
    assert steps_of(lambda: plain(body, "multipart/mixed; boundary=e"), limit=MAX_STEPS) < 1_000


@pytest.mark.parametrize("raw", HOSTILE_MAILS, ids=range(len(HOSTILE_MAILS)))
def test_no_mail_takes_many_steps_to_read(raw: bytes) -> None:
    steps_of(lambda: parse_mail(raw), limit=MAX_STEPS)
