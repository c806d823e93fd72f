"""Bus event -> the mail that lets somebody sign in, if they may."""

from collections.abc import Mapping
from typing import cast

from nodback_core.domain.people.sessions import SignIn
from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import get_service
from nodback_core.usecases.people.sign_in import SignInMail, mail_sign_in


def handler(event: Mapping[str, object], context: object) -> None:
    sign_in_id = str(cast("Mapping[str, object]", event["detail"])["sign_in_id"])
    service = get_service()
    tokens, sender = service.tokens, service.sender

    def link(sign_in: SignIn) -> str:
        return f"{service.environment.need('public_url').public_url}/sign-in/link/{tokens.link(sign_in)}"

    done = mail_sign_in(
        sign_in_id,
        mail=SignInMail(service.mailer, sender.name, sender.address, link, tokens.code),
        store=service.store,
        admins=service.environment.admin_addresses,
        now=service.now(),
    )
    logger().info("sign-in", extra={"sign_in_id": sign_in_id, "done": done})
