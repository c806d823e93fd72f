"""How one delivery of a webhook ended, as the delivery log keeps it."""

from dataclasses import dataclass
from enum import StrEnum

KEPT_ANSWER_BYTES = 4096


class DeliveryClass(StrEnum):
    """The one word for how a delivery ended; nothing more of an error is ever told."""

    DELIVERED = "delivered"
    """The receiver answered 2xx, completely and in time."""
    HTTP_3XX = "http_3xx"
    """A redirect; never followed."""
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    BAD_RESPONSE = "bad_response"
    """What came back is no HTTP answer to the request."""
    RESPONSE_TOO_LARGE = "response_too_large"
    TIMEOUT = "timeout"
    """Not done in 30 seconds of wall-clock time, name look-up included."""
    DNS = "dns"
    """The name has no address."""
    CONNECT = "connect"
    """The connection was refused, reset or unreachable."""
    TLS = "tls"
    """No trusted certificate for this name, or no common protocol."""
    FORBIDDEN_ADDRESS = "forbidden_address"
    """The address guard refused; nothing was dialled."""
    BAD_URL = "bad_url"
    """The URL may not be sent to; nothing was looked up."""
    INTERNAL = "internal"
    """Nodback's own fault."""
    INTERRUPTED = "interrupted"
    """It began, and nobody knows how it ended."""
    ERASED = "erased"
    """The texts of its request were erased before it was sent; nothing was sent."""


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """The result of one attempt.

    status: the HTTP status if one was read, whatever the class.
    milliseconds: wall-clock time from the start to the decision.
    answer_first_4kb: the start of the answer's body, read as UTF-8; empty when none came.
    """

    class_: DeliveryClass
    status: int | None
    milliseconds: int
    answer_first_4kb: str = ""
