"""Every page and every form of the dashboard, and who may reach it: what is not here does not exist."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from urllib.parse import unquote

from nodback_core.dashboard.visits import Visit
from nodback_core.dashboard.web import HttpResponse

PARTS = {
    "request_id": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "deployment_id": r"[1-9][0-9]{0,9}",
    "token": r"[A-Za-z0-9_.-]{1,2048}",
    "name": r"[A-Za-z0-9_.-]{1,100}",
    "id": r"[A-Za-z0-9_-]{1,100}",
    "index": r"[0-9]{1,4}",
}


class Access(StrEnum):
    """Who gets further than the door; the use cases check each object besides."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed in"
    ASSIGNEE = "the request's assignee"
    VIEWER = "the request's assignee and the deployment's managers"
    MANAGER = "the deployment's managers"
    ADMIN = "admins"


@dataclass(frozen=True)
class Route:
    """One page or form."""

    method: str
    pattern: str
    name: str
    """The page's module and function; it is imported when it is first asked for, since most cold starts need one."""
    access: Access

    @property
    def page(self) -> Callable[[Visit], HttpResponse]:
        module, _, function = self.name.rpartition(".")
        page: Callable[[Visit], HttpResponse] = getattr(
            import_module(f"nodback_core.dashboard.pages.{module}"), function
        )
        return page

    @property
    def needs_identity(self) -> bool:
        return self.access is not Access.ANYBODY

    def match(self, path: str) -> Mapping[str, str] | None:
        """The variable parts of a path that this route answers."""
        found = _compiled(self.pattern).fullmatch(path)
        return None if found is None else {name: unquote(value) for name, value in found.groupdict().items()}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", lambda m: f"(?P<{m[1]}>{PARTS[m[1]]})", pattern))


_D = "/deployments/{deployment_id}"
_R = "/review/{request_id}"
ROUTES = (
    Route("GET", "/assets/{name}", "shared.files.asset", Access.ANYBODY),
    Route("GET", "/sign-in", "people.sign_in.ask_page", Access.ANYBODY),
    Route("POST", "/sign-in", "people.sign_in.ask", Access.ANYBODY),
    Route("GET", "/sign-in/check", "people.sign_in.check_page", Access.ANYBODY),
    Route("POST", "/sign-in/code", "people.sign_in.by_code", Access.ANYBODY),
    Route("GET", "/sign-in/link/{token}", "people.sign_in.link_page", Access.ANYBODY),
    Route("POST", "/sign-in/link/{token}", "people.sign_in.by_link", Access.ANYBODY),
    Route("GET", "/account", "people.account.page", Access.SIGNED_IN),
    Route("POST", "/sign-out", "people.account.leave", Access.SIGNED_IN),
    Route("GET", "/", "reviews.inbox.page", Access.SIGNED_IN),
    Route("GET", "/history", "reviews.history.page", Access.SIGNED_IN),
    Route("GET", "/analytics", "figures.analytics.page", Access.SIGNED_IN),
    Route("GET", "/deployments", "deployments.deployments.page", Access.SIGNED_IN),
    Route("POST", "/deployments", "deployments.deployments.create", Access.ADMIN),
    Route("GET", _R, "reviews.review.page", Access.VIEWER),
    Route("GET", f"{_R}/output", "reviews.review.output", Access.VIEWER),
    Route("GET", f"{_R}/state", "reviews.review.state", Access.VIEWER),
    Route("POST", f"{_R}/answer", "reviews.review.answer", Access.ASSIGNEE),
    Route("POST", f"{_R}/sender", "reviews.review.own_sender", Access.ASSIGNEE),
    Route("POST", f"{_R}/reassign", "reviews.review.reassign", Access.MANAGER),
    Route("POST", f"{_R}/cancel", "reviews.review.cancel", Access.MANAGER),
    Route("POST", f"{_R}/retry", "reviews.review.retry", Access.MANAGER),
    Route("GET", f"{_D}/settings", "deployments.settings.page", Access.MANAGER),
    Route("POST", f"{_D}/settings", "deployments.settings.save", Access.MANAGER),
    Route("POST", f"{_D}/name", "deployments.settings.rename", Access.MANAGER),
    Route("POST", f"{_D}/test-mail", "deployments.settings.test_mail", Access.MANAGER),
    Route("GET", f"{_D}/test-mail/{{request_id}}", "deployments.settings.test_mail_page", Access.MANAGER),
    Route("GET", f"{_D}/rules", "deployments.rules.page", Access.MANAGER),
    Route("POST", f"{_D}/rules", "deployments.rules.save", Access.MANAGER),
    Route("POST", f"{_D}/rules/{{index}}/move", "deployments.rules.move", Access.MANAGER),
    Route("POST", f"{_D}/rules/{{index}}/remove", "deployments.rules.remove", Access.MANAGER),
    Route("GET", f"{_D}/rules/explain", "deployments.rules.explain", Access.MANAGER),
    Route("GET", f"{_D}/webhooks", "webhooks.webhooks.page", Access.MANAGER),
    Route("POST", f"{_D}/webhooks", "webhooks.webhooks.create", Access.MANAGER),
    Route("GET", f"{_D}/webhooks/{{id}}", "webhooks.webhooks.one", Access.MANAGER),
    Route("POST", f"{_D}/webhooks/{{id}}/change", "webhooks.webhooks.change", Access.MANAGER),
    Route("POST", f"{_D}/webhooks/{{id}}/rotate", "webhooks.webhooks.rotate", Access.MANAGER),
    Route("POST", f"{_D}/webhooks/{{id}}/test", "webhooks.webhooks.test", Access.MANAGER),
    Route("POST", f"{_D}/webhooks/{{id}}/remove", "webhooks.webhooks.remove", Access.MANAGER),
    Route("POST", f"{_D}/webhooks/{{id}}/again", "webhooks.webhooks.deliver_again", Access.MANAGER),
    Route("GET", f"{_D}/members", "people.members.page", Access.MANAGER),
    Route("POST", f"{_D}/members", "people.members.add", Access.MANAGER),
    Route("POST", f"{_D}/members/change", "people.members.change", Access.MANAGER),
    Route("POST", f"{_D}/members/remove", "people.members.remove", Access.MANAGER),
    Route("GET", f"{_D}/keys", "people.keys.page", Access.MANAGER),
    Route("POST", f"{_D}/keys", "people.keys.create", Access.MANAGER),
    Route("POST", f"{_D}/keys/{{id}}/revoke", "people.keys.revoke", Access.MANAGER),
)
