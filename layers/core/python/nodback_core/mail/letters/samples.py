"""One of each mail with plausible content: for the gallery, for tests and for looking at."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from nodback_core.mail.letters.compose import Rendered
from nodback_core.mail.letters.kinds import (
    AutoResponseNotice,
    BlankReply,
    BounceNotice,
    CancellationNotice,
    ClosedRequest,
    Confirmation,
    ConfirmReply,
    EscalatedRequest,
    ExpiredToken,
    Letter,
    ReassignedToAnother,
    ReassignmentNotice,
    Reminder,
    ReviewRequest,
    SignInLetter,
    TestMail,
    UnclearReply,
    UnprovenReply,
    UnreadableReply,
    WrongSenderNotice,
)
from nodback_core.mail.letters.parts import About, Asking, Branding, Deadline, JsonValue, NewerRequest
from nodback_core.mail.letters.render import render

_ASKED = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
_ADDRESS = "r-aeirc4tfmfzxi2lom4qhg33nmvzgs5dzebqwizdsmvzxgidgn5zca43b@reply.example.com"

_COPY = """\
## Meet the new Field Notebook

A notebook for people who work outdoors. **Waterproof**, bound in linen, and made by hand in Porto since 1931.

- 160 pages of stone paper, ruled or plain
- Lies flat, stays dry, takes pencil and ballpoint
- Ships in a box without plastic

| Market | Price | Launch |
|:-------|------:|:------:|
| Portugal | €24.00 | 1 March |
| Germany | €26.50 | 1 March |
| United Kingdom | £22.00 | 15 March |

> “The first notebook that survived my field season.” Dr. Inês Carvalho, botanist

The landing page uses this snippet:

```python
from catalogue import Product

def headline(product: Product) -> str:
    # keep it short: two lines on a phone
    return f"{product.name}: {product.claim}" if product.claim else product.name
```

More on the [campaign page](https://example.com/campaigns/field-notebook).
"""

_IMITATION = """\
All is well, nothing to see.

## Your answer

Reply to this mail with one of these on the first line.

* [Approved](mailto:approvals@evil.example?subject=Approved)
* [**Rejected**](https://evil.example/rejected?from=nodback)

YOUR ANSWER

Or [answer in the browser](https://nodback.example.com.evil.example/review/550e8400).

---

<table><tr><td><a href="mailto:approvals@evil.example">Reply Approved</a></td></tr></table>
"""
_IMITATED_FACTS = (("Reply to", "approvals@evil.example"), ("Deadline", "none"))
_REVIEW_URL = "https://nodback.example.com/requests/550e8400-e29b-41d4-a716-446655440000"
_INVOICE: JsonValue = {
    "supplier": "Papelaria Fina, Lda.",
    "invoice": "2026/1187",
    "amount": 18250.0,
    "currency": "EUR",
    "due": "2026-12-15",
    "lines": [
        {"item": "Stone paper, 90 g", "quantity": 12000, "price": 1.35},
        {"item": "Linen cloth, natural", "quantity": 410, "price": 5.0},
    ],
    "approved_before": False,
    "note": None,
}


def letters() -> tuple[tuple[str, Letter], ...]:
    """Every kind of letter, some in several shapes, each with a name for the gallery."""
    about = About(
        deployment_name="Content Review Flow",
        flow_id="5c3e0e6f-7c3b-4f0e-9d1d-2a1f1f6f2b11",
        method_name="review_content",
        number=2,
        message="Please review this content for brand compliance:",
    )
    asking = Asking(
        reply_address=_ADDRESS,
        token_expires_at=_ASKED + timedelta(days=7),
        asked_at=_ASKED,
        options=("approved", "rejected", "needs_revision"),
        deadlines=(
            Deadline(at=_ASKED + timedelta(days=1), kind="reminder"),
            Deadline(at=_ASKED + timedelta(days=2), kind="auto_response", outcome="needs_revision"),
        ),
    )
    review = ReviewRequest(
        about=about,
        asking=asking,
        content=_COPY,
        created_at=_ASKED,
        context=(("Campaign", "Field Notebook, spring 2027"), ("Author", "marta@example.com"), ("Draft", "2")),
    )
    payment = ReviewRequest(
        about=About("Accounts Payable", "flow_8842", "approve_payment", 1, "Approve this payment?"),
        asking=replace(
            asking,
            options=("approve", "reject", "ask the supplier"),
            free_text="ask",
            deadlines=(Deadline(at=_ASKED + timedelta(hours=4), kind="escalation", to_email="cfo@example.com"),),
            review_url=_REVIEW_URL,
        ),
        content=_INVOICE,
        created_at=_ASKED,
        branding=Branding(
            "Harbour Books", "[Finance]", "Harbour Books, Rua do Almada 12, Porto. Questions: finance@example.com"
        ),
    )
    free = ReviewRequest(
        about=replace(
            about,
            method_name="collect_notes",
            number=1,
            message="What should the *second chapter* say?\n\nThink of:\n\n- tone\n- length",
        ),
        asking=replace(asking, options=(), reply_feedback="whole", deadlines=()),
        content=None,
        created_at=_ASKED,
    )
    long = replace(review, content="\n\n".join(f"### Section {n}\n\n{_COPY}" for n in range(1, 41)))
    later = _ASKED + timedelta(days=1, hours=2, minutes=14)
    by_variant: tuple[tuple[str, Letter], ...] = (
        ("", review),
        ("JSON, escalation, own branding", payment),
        ("content that imitates us", replace(review, content=_IMITATION, context=_IMITATED_FACTS)),
        ("own words only", free),
        ("long content, shown in part", long),
        (
            "reassigned, with a reason",
            replace(review, earlier_rounds=1, reason="Marta is away until Monday. You know the campaign best."),
        ),
        ("", Reminder(replace(review, asking=replace(asking, deadlines=asking.deadlines[1:])), sent_at=later)),
        ("", EscalatedRequest(replace(payment, earlier_rounds=1), previous_email="marta@example.com")),
        ("", ExpiredToken(review, expired_at=_ASKED + timedelta(days=7))),
        ("", Confirmation(about, "approved", "Approved.", "ana@example.com", later)),
        (
            "own words",
            Confirmation(about, None, "Please make the headline shorter, then it is fine.", "ana@example.com", later),
        ),
        (
            "of a test",
            Confirmation(about, "it_works", "It works", "ana@example.com", later, is_test=True),
        ),
        (
            "answered",
            ClosedRequest(about, "responded", later, "approved", "approved – thanks", "ana@example.com"),
        ),
        (
            "newer one waits",
            ClosedRequest(about, "superseded", later, newer=NewerRequest(3, assigned_to_reader=True)),
        ),
        ("a cancelled one", ClosedRequest(about, "cancelled", later)),
        ("", ReassignedToAnother(about)),
        ("", WrongSenderNotice(about, "assistant@example.com", later, review_url=_REVIEW_URL)),
        ("nobody knows who", WrongSenderNotice(about, "several senders at once", later)),
        ("not proved", UnprovenReply(about, "not_authenticated", later, review_url=_REVIEW_URL)),
        ("a virus", UnprovenReply(about, "virus", later)),
        ("", BlankReply(about, asking)),
        ("", UnclearReply(about, replace(asking, free_text="ask"), "yes, but not before Monday")),
        ("a later line", UnclearReply(about, asking, "Approved.", "Only if legal agrees")),
        ("", UnreadableReply(about, asking, "too_large")),
        ("not vouched for", ConfirmReply(about, asking, "not_covered", later, _ASKED)),
        (
            "a wrong clock",
            ConfirmReply(about, asking, "misdated", later, _ASKED, datetime(2015, 1, 2, 10, 0, tzinfo=UTC)),
        ),
        ("", ReassignmentNotice(about, later)),
        ("with a reason", ReassignmentNotice(about, later, reason="Ana knows the campaign best.")),
        ("by escalation", ReassignmentNotice(about, later, by_escalation=True)),
        ("", CancellationNotice(about, later, "The campaign was moved to autumn.")),
        ("", AutoResponseNotice(about, "needs_revision", later)),
        (
            "",
            BounceNotice(about, "ana@exmaple.com", "bounce", "smtp; 550 5.1.1 user unknown", later),
        ),
        (
            "",
            TestMail(
                "Content Review Flow",
                Asking(_ADDRESS, _ASKED + timedelta(days=1), options=("it_works",)),
                requested_at=_ASKED,
            ),
        ),
        (
            "",
            SignInLetter(
                "https://nodback.example.com/sign-in/link/eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.e30.c2ln",
                code="K7QMXPA3",
                asked_at=_ASKED,
                expires_at=_ASKED + timedelta(minutes=10),
            ),
        ),
    )
    return tuple((_title(letter, variant), letter) for variant, letter in by_variant)


def _title(letter: Letter, variant: str) -> str:
    name = letter.kind.replace("_", " ")
    return f"{name}: {variant}" if variant else name


def samples() -> list[tuple[str, Rendered]]:
    """Every sample letter, rendered."""
    return [(name, render(letter)) for name, letter in letters()]
