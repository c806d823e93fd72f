"""The words inside of hashes, tokens and keys.

They name a family of formats, not the product, so that a new name for the product never touches a proof or a token.
Changing one of them makes everything that was made with it before unreadable.
"""

FAMILY = "review"

AUDIT = f"{FAMILY}/audit/1"
SEAL = f"{FAMILY}/seal/1"
HEADS = f"{FAMILY}/heads/1"
RECEIPT = f"{FAMILY}/receipt/1"
EXPORT = f"{FAMILY}/export/1"
TEXT_DIGEST = f"{FAMILY}/text-digest/1".encode()
KEY_RING = f"{FAMILY}/key-ring/v1/".encode()
KEY_RING_VERSION = f"{FAMILY}:key-ring:"
REPLY_TOKEN = f"{FAMILY}/reply-token/v1".encode()
REPLY_CONFIRMING = f"{FAMILY}/reply-token/confirming/v1".encode()
AUDIENCE = f"{FAMILY}:"
SERVICE_ACTOR = "service"


def issuer(stage: str) -> str:
    """Who issues the tokens of one stage: the `iss` of its JWTs."""
    return f"{FAMILY}-{stage}"
