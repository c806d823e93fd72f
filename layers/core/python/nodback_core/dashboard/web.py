"""A call of the dashboard and its answer, as the HTTP API hands them over (payload format 2.0)."""

import base64
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qs, quote, urlsplit

MAX_FORM_BYTES = 512 * 1024
MAX_FORM_FIELDS = 2000
COMPRESS_FROM_BYTES = 1024
HTML = "text/html; charset=utf-8"


class BadForm(ValueError):
    """The body is no form, or too large a one."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What a browser asks for."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    form: Mapping[str, Sequence[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    source_address: str = ""

    def get(self, name: str, default: str = "") -> str:
        """A field of the query: the last one of its name, without space around it."""
        return (self.query.get(name) or [default])[-1].strip()

    def field(self, name: str, default: str = "") -> str:
        """A field of the form: the last one of its name, without space around it."""
        return (self.form.get(name) or [default])[-1].strip()


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What the browser gets; `body` is text or the bytes of a file."""

    status: int = 200
    body: str | bytes = ""
    content_type: str = HTML
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Sequence[str] = ()


def read_event(event: Mapping[str, object]) -> HttpRequest:
    """The call behind an event. Raises BadForm."""
    context = cast("Mapping[str, object]", event.get("requestContext", {}))
    http = cast("Mapping[str, str]", context.get("http", {}))
    headers = {k.lower(): v for k, v in cast("Mapping[str, str]", event.get("headers") or {}).items()}
    path = str(event.get("rawPath", "/"))
    stage = str(context.get("stage", "$default"))
    if stage != "$default":
        path = path.removeprefix(f"/{stage}")
    method = http.get("method", "GET").upper()
    cookies = cast("Sequence[str]", event.get("cookies") or [headers.get("cookie", "")])
    return HttpRequest(
        method=method,
        path=path or "/",
        query=parse_qs(str(event.get("rawQueryString", "")), max_num_fields=200),
        form=_form(event, headers) if method == "POST" else {},
        headers=headers,
        cookies=_cookies(cookies),
        source_address=http.get("sourceIp", ""),
    )


def _form(event: Mapping[str, object], headers: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
    body = str(event.get("body") or "")
    if not body:
        return {}
    if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise BadForm("a form is expected")
    if len(body) > MAX_FORM_BYTES * 4 // 3:
        raise BadForm("the form is too large")
    try:
        text = base64.b64decode(body).decode("utf-8") if event.get("isBase64Encoded") else body
        return parse_qs(text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise BadForm("the form cannot be read") from None


def _cookies(lines: Sequence[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        for part in line.split(";"):
            name, _, value = part.strip().partition("=")
            if name:
                found.setdefault(name, value)
    return found


def as_result(answer: HttpResponse, http_request: HttpRequest | None) -> dict[str, object]:
    """The answer as Lambda returns it, compressed where the browser can read that and it pays."""
    headers = {"Content-Type": answer.content_type, **answer.headers}
    data = answer.body.encode() if isinstance(answer.body, str) else answer.body
    plain = isinstance(answer.body, str)
    packable = answer.content_type.startswith(("text/", "application/j", "image/svg"))
    accepted = http_request.headers.get("accept-encoding", "") if http_request else ""
    if packable and len(data) >= COMPRESS_FROM_BYTES and "gzip" in accepted:
        data, plain = gzip.compress(data, 6, mtime=0), False
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    result: dict[str, object] = {
        "statusCode": answer.status,
        "headers": headers,
        "body": data.decode() if plain else base64.b64encode(data).decode(),
        "isBase64Encoded": not plain,
    }
    if answer.cookies:
        result["cookies"] = list(answer.cookies)
    return result


def set_cookie(name: str, value: str, *, seconds: int) -> str:
    """A cookie that only this very host gets, over TLS, out of reach of scripts and of other sites' forms."""
    return f"{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def base_path(url: str) -> str:
    """The path under which everything of an install lies; empty for most."""
    return urlsplit(url).path.rstrip("/")


def path_with(path: str, pairs: Mapping[str, object]) -> str:
    """A path with a query of the pairs that say something."""
    said = [f"{quote(name)}={quote(str(value), safe='')}" for name, value in pairs.items() if value not in (None, "")]
    return f"{path}?{'&'.join(said)}" if said else path
