"""Every address of the mailroom's pages, in one table."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from infra.local.mailroom.mailroom import Mailroom
from infra.local.mailroom.web import api, gallery, pages
from infra.local.mailroom.web.guard import guard
from infra.local.mailroom.web.rendering import HERE

ROUTES = [
    Route("/", pages.inbox),
    Route("/mail/{number:int}", pages.mail_page),
    Route("/mail/{number:int}/shown", pages.mail_shown),
    Route("/mail/{number:int}/raw", pages.mail_raw),
    Route("/mail/{number:int}/reply", pages.reply_page, methods=["GET"]),
    Route("/mail/{number:int}/reply", pages.send_reply, methods=["POST"]),
    Route("/mail/{number:int}/out-of-office", pages.send_out_of_office, methods=["POST"]),
    Route("/mail/{number:int}/bounce", pages.send_bounce, methods=["POST"]),
    Route("/mail/{number:int}/again", pages.deliver_again, methods=["POST"]),
    Route("/handling", pages.handling_page, methods=["GET"]),
    Route("/handling", pages.save_handling, methods=["POST"]),
    Route("/gallery", gallery.gallery_page),
    Route("/gallery/{number:int}", gallery.gallery_mail),
    Route("/gallery/{number:int}/shown", gallery.gallery_shown),
    Route("/api/messages", api.list_messages),
    Route("/api/messages/{number:int}", api.show_message),
    Route("/api/messages/{number:int}/raw", pages.mail_raw),
    Route("/api/reply", api.reply, methods=["POST"]),
    Route("/api/changes", api.changes),
    Mount("/static", StaticFiles(directory=HERE / "static")),
]


def web_app(mailroom: Mailroom, samples: gallery.Gallery) -> Starlette:
    """The pages of one mailroom."""
    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=guard)],
        exception_handlers={HTTPException: pages.not_found},
    )
    app.state.mailroom = mailroom
    app.state.gallery = samples
    return app
