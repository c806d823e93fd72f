"""Style sheet, scripts and fonts, each asked for once per browser."""

from nodback_core.dashboard.assets import asset_named
from nodback_core.dashboard.visits import Visit
from nodback_core.dashboard.web import HttpResponse

YEAR_SECONDS = 365 * 86400


def asset(visit: Visit) -> HttpResponse:
    found = asset_named(visit.parts["name"])
    if found is None:
        return HttpResponse(404, "", "text/plain; charset=utf-8")
    headers = {"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"}
    return HttpResponse(200, found.path.read_bytes(), found.content_type, headers)
