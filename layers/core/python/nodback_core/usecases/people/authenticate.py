"""Who calls the API: the install key, or a key of a deployment."""

import hmac

from nodback_core.domain.deployments.deployment import ApiKey, KeyText, Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.shared.errors import Unauthenticated
from nodback_core.ports import Store
from nodback_core.usecases.shared.reading import read_one

WHAT_TO_DO = "send the header 'Authorization: Bearer <key>' with a key of this install"


def authenticate(authorization: str | None, *, install_key: str, store: Store) -> Caller:
    """The caller behind an Authorization header; raises Unauthenticated without saying which part was wrong."""
    scheme, _, key = (authorization or "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise Unauthenticated(f"no API key: {WHAT_TO_DO}")
    if hmac.compare_digest(key.encode(), install_key.encode()):
        return Caller(Scope.INSTALL, None, "install")
    parts = KeyText.read(key)
    row = None
    if parts is not None:
        address = ApiKey.at(parts.deployment_id, parts.key_id)
        row = read_one(address, store=store)
    if (
        parts is None
        or row is None
        or row.revoked_at
        or row.scope is not parts.scope
        or not row.is_secret(parts.secret)
    ):
        raise Unauthenticated(f"this API key is unknown or was revoked: {WHAT_TO_DO}")
    return Caller(row.scope, row.deployment_id, row.key_id)
