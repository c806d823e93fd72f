"""Templates and the few words that they share."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from infra.local.mailroom.handling import CHECKS, DMARC_POLICIES, MAX_DELAY_SECONDS, MAX_DUPLICATES, VERDICTS, Handling
from infra.local.mailroom.styles import STYLES
from infra.local.mailroom.web.shown import SANDBOX

HERE: Final = Path(__file__).parent
VIEW_NAMES: Final = {"html": "HTML", "text": "Text", "headers": "Headers", "source": "Source"}
HAND_OVER_NAMES: Final = {"waiting": "Waiting", "handed_over": "Handed over", "failed": "Failed"}
WIDTHS: Final = (("", "Full width"), ("phone", "Phone, 360 px"))
SHADES: Final = (("", "As this page"), ("light", "Light"), ("dark", "Dark"))


def page(request: Request, template: str, status: int = 200, /, **values: object) -> Response:
    """One page, with what every page needs."""
    mailroom = request.app.state.mailroom
    shared: dict[str, Any] = {
        "path": request.url.path,
        "query": dict(request.query_params),
        "changes": mailroom.mailbox.changes,
        "smtp_port": mailroom.smtp_port,
        "inbound_domain": mailroom.inbound_domain,
        "default_handling": mailroom.defaults.current.handling,
        "width": request.query_params.get("width", ""),
        "shade": request.query_params.get("shade", ""),
    }
    return HTMLResponse(_environment().get_template(template).render(shared | values), status)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(when=when, iso=datetime.isoformat, size=size, handling_words=handling_words)
    environment.globals.update(
        with_query=with_query,
        STYLES=STYLES,
        CHECKS=CHECKS,
        VERDICTS=VERDICTS,
        DMARC_POLICIES=DMARC_POLICIES,
        MAX_DELAY_SECONDS=int(MAX_DELAY_SECONDS),
        MAX_DUPLICATES=MAX_DUPLICATES,
        SANDBOX=SANDBOX,
        VIEW_NAMES=VIEW_NAMES,
        HAND_OVER_NAMES=HAND_OVER_NAMES,
        WIDTHS=WIDTHS,
        SHADES=SHADES,
    )
    return environment


def when(moment: datetime) -> str:
    """A moment in the zone of this machine, as a person would write it beside a mail."""
    local = moment.astimezone()
    return local.strftime("%d %b, %H:%M:%S").lstrip("0")


def size(octets: int) -> str:
    if octets < 1000:
        return f"{octets} bytes"
    return f"{octets / 1000:.1f} kB" if octets < 1_000_000 else f"{octets / 1_000_000:.1f} MB"


def handling_words(handling: Handling) -> str:
    """A handling in a few words, such as `dmarc fail, after 5 s, 3 times`."""
    odd = [check for check in CHECKS if handling.verdicts.of(check) != "PASS"]
    words = [f"{check.upper()} {handling.verdicts.of(check).lower().replace('_', ' ')}" for check in odd]
    if handling.delay_seconds:
        words.append(f"after {handling.delay_seconds:g} s")
    if handling.duplicates:
        words.append(f"{handling.duplicates + 1} times")
    return ", ".join(words) or "all checks pass"


def with_query(path: str, query: dict[str, str], **changed: str) -> str:
    """A link to `path` with the present query and these changes; an empty value removes its name."""
    fields = {name: value for name, value in {**query, **changed}.items() if value}
    return f"{path}?{urlencode(fields)}" if fields else path
