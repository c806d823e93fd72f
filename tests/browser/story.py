"""An install with some weeks of life in it: what the pictures of the documentation show."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import cast

from support.browse import ADMIN, Browser
from support.world import INSTALL, World

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.reviews.contents import JsonValue
from nodback_core.domain.reviews.requests import Request, Resume, ResumeStatus
from nodback_core.mail.letters.samples import _COPY
from nodback_core.usecases.deployments.settings import change_settings
from nodback_core.usecases.figures.metrics import count_events
from nodback_core.usecases.people.members import add_member

MANAGER = "marta@example.com"
PEOPLE = (MANAGER, "ines@example.com", "joao@example.com")
BOTH = ("manage_human_feedback", "respond_to_human_feedback")

INVOICE: JsonValue = {
    "supplier": "Papelaria Fina, Lda.",
    "invoice": "2026/1187",
    "amount": 18250,
    "currency": "EUR",
    "due": "2026-12-15",
    "lines": [
        {"item": "Stone paper, 90 g", "quantity": 12000, "price": "1.35"},
        {"item": "Linen cloth, natural", "quantity": 410, "price": "5.00"},
    ],
    "approved_before": False,
}
RULES = [
    {
        "name": "Large invoices to the CFO",
        "match": {"method_name": "approve_*", "state": {"invoice.amount": {"gte": 10000}}},
        "assign_to_email": "ines@example.com",
    },
    {"name": "Approvals to Finance", "match": {"method_name": "approve_*"}, "assign_to_email": "joao@example.com",
     "assign_from_input": "manager_email"},
]  # fmt: skip


@dataclass
class Install:
    """The world, and what the pictures look at."""

    world: World
    content: Deployment
    review_id: str
    decided_id: str


def an_install() -> Install:
    """Thirty days of reviews in two deployments, and some that wait."""
    world = World(now=datetime.now(UTC).replace(microsecond=0, minute=12) - timedelta(days=30))
    content = world.deployment(creator_email=MANAGER, sla_minutes=240)
    finance = world.deployment(creator_email=MANAGER, sla_minutes=480)
    for deployment, name in ((content, "Content review"), (finance, "Invoice approvals")):
        _rename(world, deployment, name)
        for address, permissions in ((MANAGER, BOTH), ("ines@example.com", BOTH[1:])):
            add_member(deployment.deployment_id, address, permissions, caller=INSTALL, store=world.store, now=world.now)
    change_settings(
        finance.deployment_id, {"rules": RULES}, expected_version=None, caller=INSTALL, store=world.store, now=world.now
    )
    events: list[tuple[str, str]] = []
    for day in range(29):
        for number in range(1 + (day * 7) % 4):
            deployment = finance if (day + number) % 3 == 0 else content
            method = "approve_invoice" if deployment is finance else ("review_copy", "review_images")[number % 2]
            amount = 15000 if day % 4 == 0 else 900
            opened = world.pause(
                deployment, flow_id=f"{day}-{number}", method_name=method, state={"invoice": {"amount": amount}}
            ).request
            world.deliver()
            world.pass_time(minutes=8 + (day * 13 + number * 41) % 260)
            word = ("approved", "approved", "needs_revision", "approved", "rejected")[(day + number) % 5]
            to = opened.assignment.address
            world.reply(f"{word}\n", to=world.reply_address(to), sender=to)
            events += [(opened.request_id, "request.opened"), (opened.request_id, "request.responded")]
        world.now = world.now.replace(hour=8, minute=30) + timedelta(days=1)
    world.deliver()
    _carried_out(world)
    count_events(events, store=world.store, now=world.now)
    world.now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5, minutes=12)
    first = world.pause(
        content,
        flow_id="notebook",
        method_name="review_copy",
        output=_COPY.replace("**Waterproof**, bound", "Bound").replace("Stone paper", "paper"),
        state=cast("dict[str, JsonValue]", {"campaign": "Field Notebook", "draft": 1}),
    ).request
    world.pass_time(minutes=25)
    browser = Browser(world).sign_in(MANAGER)
    browser.post(
        f"/review/{first.request_id}/answer",
        {
            "outcome": "needs_revision",
            "feedback": "Say that it is waterproof. That is the point of it.",
            "form_id": "1",
        },
    )
    world.pass_time(minutes=40)
    review = world.pause(
        content,
        flow_id="notebook",
        method_name="review_copy",
        output=_COPY,
        state=cast(
            "dict[str, JsonValue]",
            {
                "campaign": "Field Notebook, spring 2027",
                "author": "marta@example.com",
                "draft": 2,
                "channels": ["landing page", "newsletter"],
                "budget": {"currency": "EUR", "media": 12000, "production": 3400},
            },
        ),
    ).request
    world.pause(content, flow_id="images", method_name="review_images")
    world.pass_time(hours=2)
    world.pause(
        finance, flow_id="invoice", method_name="approve_invoice", output=INVOICE, state={"invoice": {"amount": 18250}}
    )
    world.pause(finance, flow_id="small", method_name="approve_refund", output="Refund of €42 to order 5512.")
    world.pass_time(hours=1, minutes=50)
    world.pause(content, flow_id="newsletter", method_name="review_newsletter")
    world.deliver()
    world.pass_time(minutes=17)
    _carried_out(world)
    return Install(world, content, review.request_id, first.request_id)


def _rename(world: World, deployment: Deployment, name: str) -> None:
    from nodback_core.usecases.deployments.register import change_deployment

    change_deployment(deployment.deployment_id, name=name, caller=INSTALL, store=world.store, now=world.now)


def _carried_out(world: World) -> None:
    """The flows have gone on with what was decided."""
    for key, row in world.store.rows.items():
        if isinstance(row, Request) and row.decision is not None:
            world.store.rows[key] = replace(row, resume=Resume(ResumeStatus.SUCCEEDED, attempt=1))


def paths(install: Install) -> dict[str, str]:
    """Every page, by the name of its picture."""
    one = f"/deployments/{install.content.deployment_id}"
    return {
        "inbox": "/",
        "review": f"/review/{install.review_id}",
        "decided": f"/review/{install.decided_id}",
        "history": "/history",
        "analytics": "/analytics",
        "deployments": "/deployments",
        "settings": f"{one}/settings",
        "rules": f"/deployments/{install.content.deployment_id + 1}/rules",
        "webhooks": f"{one}/webhooks",
        "members": f"{one}/members",
        "keys": f"{one}/keys",
        "account": "/account",
    }


__all__ = ["ADMIN", "MANAGER", "Install", "an_install", "paths"]
