"""One of each mail with plausible content: for the gallery, for tests and for looking at."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from nodback_core.mail.letters.compose import Rendered
from nodback_core.mail.letters.kinds import (
    About,
    Asking,
    AutoResponded,
    BlankReply,
    BounceNotice,
    Branding,
    Cancelled,
    ClosedRequest,
    Confirmation,
    ConfirmReply,
    Deadline,
    Escalated,
    ExpiredToken,
    JsonValue,
    Letter,
    NewerRequest,
    Reassigned,
    ReassignedToAnother,
    Reminder,
    ReviewRequest,
    SignIn,
    TestMail,
    UnclearReply,
    UnreadableReply,
    WrongSenderNotice,
)
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
            review_url="https://nodback.example.com/requests/550e8400-e29b-41d4-a716-446655440000",
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
    return (
        ("review request", review),
        ("review request: JSON, escalation, own branding", payment),
        ("review request: own words only", free),
        ("review request: long content, shown in part", long),
        (
            "review request: reassigned, with a reason",
            replace(review, earlier_rounds=1, reason="Marta is away until Monday. You know the campaign best."),
        ),
        ("reminder", Reminder(replace(review, asking=replace(asking, deadlines=asking.deadlines[1:])), sent_at=later)),
        ("escalated", Escalated(replace(payment, earlier_rounds=1), previous_email="marta@example.com")),
        ("expired token", ExpiredToken(review, expired_at=_ASKED + timedelta(days=7))),
        ("confirmation", Confirmation(about, "approved", "Approved.", "ana@example.com", later)),
        (
            "confirmation: own words",
            Confirmation(about, None, "Please make the headline shorter, then it is fine.", "ana@example.com", later),
        ),
        (
            "confirmation of a test",
            Confirmation(about, "it_works", "It works", "ana@example.com", later, is_test=True),
        ),
        (
            "closed request: answered",
            ClosedRequest(about, "responded", later, "approved", "approved – thanks", "ana@example.com"),
        ),
        (
            "closed request: newer one waits",
            ClosedRequest(about, "superseded", later, newer=NewerRequest(3, assigned_to_reader=True)),
        ),
        ("closed request: cancelled", ClosedRequest(about, "cancelled", later)),
        ("reassigned to another", ReassignedToAnother(about)),
        ("wrong sender notice", WrongSenderNotice(about, "assistant@example.com", later)),
        ("blank reply", BlankReply(about, asking)),
        ("unclear reply", UnclearReply(about, replace(asking, free_text="ask"), "yes, but not before Monday")),
        ("unclear reply: a later line", UnclearReply(about, asking, "Approved.", "Only if legal agrees")),
        ("unreadable reply", UnreadableReply(about, asking, "too_large")),
        ("confirm reply: not vouched for", ConfirmReply(about, asking, "not_covered", later, _ASKED)),
        (
            "confirm reply: a wrong clock",
            ConfirmReply(about, asking, "misdated", later, _ASKED, datetime(2015, 1, 2, 10, 0, tzinfo=UTC)),
        ),
        ("reassigned", Reassigned(about, later)),
        ("reassigned: with a reason", Reassigned(about, later, reason="Ana knows the campaign best.")),
        ("reassigned: escalated", Reassigned(about, later, because="escalated")),
        ("cancelled", Cancelled(about, later, "The campaign was moved to autumn.")),
        ("auto-responded", AutoResponded(about, "needs_revision", later)),
        (
            "bounce notice",
            BounceNotice(about, "ana@exmaple.com", "bounce", "smtp; 550 5.1.1 user unknown", later),
        ),
        (
            "test mail",
            TestMail(
                "Content Review Flow",
                Asking(_ADDRESS, _ASKED + timedelta(days=1), options=("it_works",)),
                requested_at=_ASKED,
            ),
        ),
        (
            "sign-in",
            SignIn(
                "https://nodback.example.com/sign-in/link/eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.e30.c2ln",
                code="K7QMXPA3",
                asked_at=_ASKED,
                expires_at=_ASKED + timedelta(minutes=10),
            ),
        ),
    )


def samples() -> list[tuple[str, Rendered]]:
    """Every sample letter, rendered."""
    return [(name, render(letter)) for name, letter in letters()]
