"""Links that open a reply with its first line written (RFC 6068): a real mail, immune to link scanners."""

from __future__ import annotations

from urllib.parse import quote

from nodback_core.mail.letters.wording import clean, one_line

LINK_MAX_CHARS = 1_900  # Outlook drops links that pass about 2,000
SUBJECT_MAX_CHARS = 120


def reply_link(*, address: str, subject: str, body: str) -> str:
    """A `mailto:` URI to `address` that fills in subject and body.

    Spaces are `%20` (a `+` would be shown as such) and line ends `%0D%0A`, as RFC 6068 asks.
    A link that would grow too long goes without its subject: the body is the answer, and the address finds its request.
    """
    text = clean(body).replace("\n", "\r\n")
    start = f"mailto:{quote(one_line(address, 320), safe='@')}?"
    fields = f"body={quote(text, safe='')}"
    link = f"{start}subject={quote(one_line(subject, SUBJECT_MAX_CHARS), safe='')}&{fields}"
    return link if len(link) <= LINK_MAX_CHARS else start + fields
