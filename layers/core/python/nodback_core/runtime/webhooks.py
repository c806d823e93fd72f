"""Webhooks as they are wired: who is told, how it is sent, and what a callback URL is made of."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nodback_core.domain.shared import labels
from nodback_core.domain.shared.errors import Gone, NotFound
from nodback_core.domain.webhooks.outcome import DeliveryOutcome
from nodback_core.domain.webhooks.webhook import Reach
from nodback_core.runtime.service import Service

if TYPE_CHECKING:
    import ssl

    from nodback_core.adapters.jwt_tokens import CallbackToken
    from nodback_core.usecases.webhooks.deliver import Send
    from nodback_core.usecases.webhooks.fan_out import Dispatcher
    from nodback_core.usecases.webhooks.log import Sending

CALLBACK_PATH = "/v1/callbacks/"
UNKNOWN_CALLBACK = "this is no callback URL of this installation"


def reach(service: Service) -> Reach:
    """What webhooks may not be sent to: this install's own address, however it is written."""
    own = urlsplit(service.environment.public_url)
    loopback = bool(service.environment.loopback_webhooks)
    if not own.hostname:
        return Reach(loopback=loopback)
    if own.hostname in ("127.0.0.1", "localhost"):
        return Reach((f"127.0.0.1:{own.port or 80}", f"localhost:{own.port or 80}"), loopback)
    return Reach((own.hostname,), loopback)


def dispatcher(service: Service) -> "Dispatcher":
    from nodback_core.adapters.jwt_tokens import issue_callback
    from nodback_core.usecases.webhooks.fan_out import Dispatcher

    ring, public_url = service.ring, service.environment.need("public_url").public_url

    def callback_url(request_id: str, webhook: str, token_id: str, now: datetime, deadline: datetime | None) -> str:
        token = issue_callback(
            request_id=request_id,
            webhook_id=webhook,
            token_id=token_id,
            now=now,
            deadline=deadline,
            issuer=issuer(service),
            ring=ring,
        )
        return f"{public_url}{CALLBACK_PATH}{token}"

    return Dispatcher(service.storage, service.webhook_queue, callback_url, public_url)


def sending(service: Service) -> "Sending":
    from nodback_core.usecases.webhooks.log import Sending

    return Sending(service.storage, service.webhook_queue)


def sender(service: Service) -> "Send":
    """Sends one webhook over the network, behind the address guard."""
    from nodback_core.adapters.web_delivery import deliver

    allowed = reach(service)

    def send(url: str, body: bytes, headers: Mapping[str, str]) -> DeliveryOutcome:
        return deliver(
            url,
            body,
            headers,
            allow_loopback_http=allowed.loopback,
            own_domains=allowed.own_domains,
            tls=_tls() if url.startswith("https") else None,
        )

    return send


def callback_token(service: Service, text: str, *, now: datetime) -> "CallbackToken":
    """What a callback URL's token says; raises NotFound for what is none, Gone for one that has expired."""
    from nodback_core.adapters.jwt_tokens import BadToken, read_callback

    try:
        return read_callback(text, now=now, issuer=issuer(service), ring=service.ring)
    except BadToken as bad:
        if bad.is_expired:
            raise Gone("this callback URL has expired", code="callback_expired") from None
        raise NotFound(UNKNOWN_CALLBACK) from None


def issuer(service: Service) -> str:
    """Names this install in tokens; its address may change while callback URLs are under way."""
    return labels.issuer(service.environment.stage)


@cache
def _tls() -> "ssl.SSLContext":
    from nodback_core.adapters.web_delivery import tls_context

    return tls_context()
