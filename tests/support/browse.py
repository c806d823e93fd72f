"""A browser in memory: the real dashboard handler, cookies, forms, the world's adapters and clock."""

import base64
import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode, urlsplit

from nodback_core.domain.people.sessions import SignIn
from nodback_core.runtime.service import use_service
from nodback_core.usecases.people.sign_in import SignInMail, mail_sign_in
from support.http import CONTEXT, PUBLIC_URL, MemoryService
from support.world import World

ADMIN = "admin@example.com"


@dataclass(frozen=True)
class Shown:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: str
    size: int
    """Bytes as they go over the wire."""

    @property
    def location(self) -> str:
        return self.headers.get("location", "")

    @property
    def text(self) -> str:
        """What a reader sees, roughly: without tags, one space between words."""
        plain = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", self.body, flags=re.S)
        return " ".join(plain.replace("&#39;", "'").replace("&amp;", "&").split())


class Admins(MemoryService):
    """The service of the world, with an admin."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.environment = replace(self.environment, admins=ADMIN)


@dataclass
class Browser:
    """One browser with its cookies."""

    world: World
    cookies: dict[str, str] = field(default_factory=dict)
    source: str = "203.0.113.7"

    def get(self, path: str, **headers: str) -> Shown:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, form: Mapping[str, object] | None = None, **headers: str) -> Shown:
        """Send a form; of a list, each value."""
        return self.ask("POST", path, form or {}, {"origin": PUBLIC_URL, **headers})

    def ask(
        self,
        method: str,
        path: str,
        form: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Shown:
        from functions.dashboard.handler import handler

        parts = urlsplit(path)
        event: dict[str, object] = {
            "version": "2.0",
            "rawPath": parts.path,
            "rawQueryString": parts.query,
            "headers": {
                "accept-encoding": "gzip",
                "content-type": "application/x-www-form-urlencoded",
                "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0",
                **{k.replace("_", "-"): v for k, v in (headers or {}).items()},
            },
            "cookies": [f"{k}={v}" for k, v in self.cookies.items()],
            "requestContext": {
                "http": {"method": method, "path": parts.path, "sourceIp": self.source},
                "stage": "$default",
            },
            "isBase64Encoded": False,
        }
        if form is not None:
            event["body"] = urlencode(form, doseq=True)
        use_service(Admins(world=self.world))
        try:
            answer = handler(event, CONTEXT)
        finally:
            use_service(None)
        return self._shown(answer)

    def _shown(self, answer: Mapping[str, object]) -> Shown:
        for line in answer.get("cookies") or ():  # type: ignore[attr-defined]
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0]
            assert line.startswith("__Host-"), line
            assert all(part in line for part in ("; Path=/;", "; Secure", "; HttpOnly", "; SameSite=Lax")), line
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        headers = {k.lower(): str(v) for k, v in answer["headers"].items()}  # type: ignore[attr-defined]
        data = str(answer["body"]).encode()
        if answer["isBase64Encoded"]:
            data = base64.b64decode(data)
        size = len(data)
        if headers.get("content-encoding") == "gzip":
            data = gzip.decompress(data)
        return Shown(int(str(answer["statusCode"])), headers, data.decode("utf-8", "replace"), size)

    def sign_in(self, address: str) -> "Browser":
        """The whole way: address, mail, link, button."""
        world = self.world
        world.mailer.sent = [m for m in world.mailer.sent if m.to != address or m.tags.get("notification") != "sign_in"]
        assert self.post("/sign-in", {"email": address}).location.endswith("/sign-in/check")
        mail_out(world)
        (mail,) = [m for m in world.mails_to(address) if m["Subject"].startswith("Sign in to")]
        link = re.search(r"https://nodback\.test(/sign-in/link/\S+)", mail.get_body(("plain",)).get_content())
        assert link is not None
        assert self.post(link[1]).status == 303
        return self


def mail_out(world: World) -> list[str]:
    """What the bus leads to for those who asked to sign in; other events stay."""
    service = Admins(world=world)
    tokens = service.tokens

    def link(sign_in: SignIn) -> str:
        return f"{PUBLIC_URL}/sign-in/link/{tokens.link(sign_in)}"

    mail = SignInMail(world.mailer, "Nodback", "nodback@nodback.test", link, tokens.code)
    wanted = [e for e in world.bus.events if "sign_in_id" in e.detail]
    world.bus.events = [e for e in world.bus.events if "sign_in_id" not in e.detail]
    return [
        mail_sign_in(str(e.detail["sign_in_id"]), mail=mail, store=world.store, admins={ADMIN}, now=world.now)
        for e in wanted
    ]
