"""The link to the review's page that a mail about it carries."""

from dataclasses import replace

from nodback_core.mail.letters.kinds import (
    AutoResponded,
    BlankReply,
    BounceNotice,
    Confirmation,
    ConfirmReply,
    Escalated,
    ExpiredToken,
    Letter,
    Reminder,
    ReviewRequest,
    UnclearReply,
    UnreadableReply,
)


def review_url(public_url: str, request_id: str) -> str:
    """Where a request is answered in a browser."""
    return f"{public_url}/review/{request_id}"


def linked(letter: Letter, url: str | None) -> Letter:
    """The letter with a link to the page of its request, where its kind has a place for one."""
    if url is None:
        return letter
    if isinstance(letter, Reminder | Escalated | ExpiredToken):
        request = letter.request
        return replace(letter, request=replace(request, asking=replace(request.asking, review_url=url)))
    if isinstance(letter, ReviewRequest | BlankReply | UnclearReply | UnreadableReply | ConfirmReply):
        return replace(letter, asking=replace(letter.asking, review_url=url))
    if isinstance(letter, Confirmation) and letter.is_test:
        return letter  # nobody reviews a test
    if isinstance(letter, Confirmation | AutoResponded | BounceNotice):
        return replace(letter, review_url=url)
    return letter
