"""The gallery: every kind of mail that the service sends, with sample content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from infra.local.mailroom.web.rendering import page
from infra.local.mailroom.web.shown import SHOWN_POLICY, shown_html


class GalleryMail(NamedTuple):
    """One sample; a plain tuple of four strings will do as well."""

    name: str
    subject: str
    text: str
    html: str


Gallery = Callable[[], Sequence[tuple[str, str, str, str]]]


def empty_gallery() -> Sequence[tuple[str, str, str, str]]:
    return ()


def _samples(request: Request) -> list[GalleryMail]:
    gallery: Gallery = request.app.state.gallery
    return [GalleryMail(*sample) for sample in gallery()]


def _sample(request: Request) -> GalleryMail:
    samples = _samples(request)
    position: int = request.path_params["number"] - 1
    if not 0 <= position < len(samples):
        raise HTTPException(404, "There is no such mail in the gallery.")
    return samples[position]


async def gallery_page(request: Request) -> Response:
    """`GET /gallery`: the list."""
    return page(request, "gallery.html", samples=_samples(request))


async def gallery_mail(request: Request) -> Response:
    """`GET /gallery/{number}?view=`: one sample."""
    sample = _sample(request)
    number: int = request.path_params["number"]
    view = "text" if request.query_params.get("view") == "text" or not sample.html else "html"
    return page(
        request,
        "gallery_mail.html",
        sample=sample,
        samples=_samples(request),
        number=number,
        view=view,
        views=["html", "text"] if sample.html else ["text"],
        shown_path=f"/gallery/{number}/shown",
    )


async def gallery_shown(request: Request) -> Response:
    """`GET /gallery/{number}/shown`: its HTML, for the sandboxed frame."""
    return HTMLResponse(
        shown_html(_sample(request).html, shade=request.query_params.get("shade", "")),
        headers={"Content-Security-Policy": SHOWN_POLICY},
    )
