"""What each check of a reply means to a person: a clause that follows "A reply was refused because".

By the name that entries hold, apart from the checks themselves, so that a page need not load what reads mails.
A test holds that no `Result` of receive_mail.py is without its words.
"""

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "recorded": "it was recorded as the answer",
    "duplicate": "this very mail had arrived before",
    "no_token": "it was sent to no reply address",
    "malformed_token": "its reply address is damaged",
    "unknown_request": "its reply address belongs to no request",
    "automatic": "a machine wrote it, such as an absence notice, a reaction or a bounce",
    "forged_token": "its reply address was never given out for this request",
    "other_sender": "it came from another address than the one that is asked",
    "not_authenticated": "nothing proves that it came from the address that it names",
    "virus": "the mail service found a virus in it",
    "spam": "the mail service took it for spam",
    "reassigned": "somebody else is asked now",
    "expired_token": "its reply address had expired",
    "request_closed": "the request was closed already",
    "ambiguous_headers": "it has several senders, recipients, dates or ids where one belongs",
    "several_reviews": "it was sent to the reply addresses of several reviews",
    "not_addressed": "it was not written to this reply address",
    "misdated": "its date does not fit the time of this request",
    "reused_message_id": "the same mail had answered another request",
    "not_covered": "the proof of its sender does not cover what it says of itself",
    "unreadable": "it is too large or too deeply nested to be read",
    "blank": "no text of its own was found in it",
    "unclear": "it names none of the options clearly",
    "missing": "the stored mail was not there",
}
