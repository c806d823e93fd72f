"""The mailroom: a mail server and mail client for developers, beside the embedded stack."""

from infra.local.mailroom.handling import Handling, Verdicts
from infra.local.mailroom.inbound import AwsInboundDelivery, InboundDelivery, inbound_from_stack
from infra.local.mailroom.mailbox import StoredMail
from infra.local.mailroom.mailroom import Mailroom
from infra.local.mailroom.opening import open_mailroom
from infra.local.mailroom.styles import STYLES

__all__ = [
    "STYLES",
    "AwsInboundDelivery",
    "Handling",
    "InboundDelivery",
    "Mailroom",
    "StoredMail",
    "Verdicts",
    "inbound_from_stack",
    "open_mailroom",
]
