"""Forms of the pages, read into drafts and handlings."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import FormData, QueryParams

from infra.local.mailroom.composing import Draft
from infra.local.mailroom.handling import Handling, handling_from_settings

HANDLING_FIELDS = (
    "verdict-spam",
    "verdict-virus",
    "verdict-spf",
    "verdict-dkim",
    "verdict-dmarc",
    "dmarc-policy",
    "delay",
    "duplicates",
)


def texts(form: FormData | QueryParams) -> dict[str, str]:
    """The text fields of a form; files are ignored."""
    return {name: value for name, value in form.items() if isinstance(value, str)}


def draft_from(fields: Mapping[str, str], suggested: Draft) -> Draft:
    """The draft that a form holds; without a form field, what the mail client suggests."""
    sent = "sent" in fields
    return Draft(
        text=fields.get("body", suggested.text),
        sender=fields.get("from", suggested.sender).strip(),
        to=fields.get("to", suggested.to).strip(),
        subject=fields.get("subject", suggested.subject),
        style=fields.get("style", suggested.style),
        # A browser leaves an empty checkbox out of a form that it sends.
        quote="quote" in fields if sent else suggested.quote,
        as_new="as_new" in fields if sent or "as_new" in fields else suggested.as_new,
    )


def handling_from(fields: Mapping[str, str], default: Handling) -> Handling:
    """The handling that a form holds; raises `UnknownHandling`."""
    settings = {name: fields[name] for name in HANDLING_FIELDS if name in fields}
    if "sent" in fields:
        settings["same-event"] = "yes" if "same-event" in fields else "no"
    return handling_from_settings(settings, default)
