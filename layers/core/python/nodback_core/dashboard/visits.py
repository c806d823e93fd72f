"""One visit: what a browser asks, who it is, and what pages need to answer."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from nodback_core.dashboard.render import render
from nodback_core.dashboard.web import HttpRequest, HttpResponse, base_path, path_with
from nodback_core.domain.people.members import Identity
from nodback_core.domain.shared.errors import Unauthenticated
from nodback_core.ports import Storage, Store
from nodback_core.runtime.service import Service

SESSION_COOKIE = "__Host-nodback"
ASKED_COOKIE = "__Host-nodback-asked"
SEEN_HEADER = "x-nodback-seen"
"""What a page shows already, as a digest: an answer that would be the same is empty (204)."""


@dataclass(frozen=True)
class Visit:
    """What a page gets. `identity` is None for a browser that is not signed in."""

    http_request: HttpRequest
    service: Service
    now: datetime
    nonce: str
    identity: Identity | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    """The variable parts of the path."""

    @property
    def who(self) -> Identity:
        """The person who is signed in; raises Unauthenticated."""
        if self.identity is None:
            raise Unauthenticated("sign in first")
        return self.identity

    @property
    def store(self) -> Store:
        return self.service.store

    @property
    def storage(self) -> Storage:
        return self.service.storage

    @property
    def deployment_id(self) -> int:
        """The deployment that the path names."""
        return int(self.parts["deployment_id"])

    def url(self, path: str, **query: object) -> str:
        """A path of ours as a link within this install."""
        return path_with(base_path(self.service.environment.public_url) + path, query)

    def page(self, template: str, *, status: int = 200, **values: object) -> HttpResponse:
        """A template with what every page shows."""
        return HttpResponse(status, render(template, {"visit": self, "now": self.now, **values}))

    def redirect(self, path: str, **query: object) -> HttpResponse:
        """Go on to a page of ours, by GET."""
        return HttpResponse(303, "", headers={"Location": self.url(path, **query)})

    def at(self, parts: Mapping[str, str]) -> "Visit":
        return replace(self, parts=parts)


def digest_of(values: object) -> str:
    """A short digest of what a page shows."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]
