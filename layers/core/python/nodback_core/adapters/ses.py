"""The mailer over Amazon SES: raw messages, so that every header is ours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

from nodback_core.ports import MailNotTaken, MailRefused

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient

REFUSALS = frozenset({"MessageRejected", "InvalidParameterValue"})
"""What is wrong with the message or its reader. All else, such as a paused account, is the install's own fault."""
UNVERIFIED = "not verified"
"""The install's own fault too, though its code is that of a refusal: the sender, or in the sandbox the reader."""
UNREACHABLE = "unreachable"
"""The class of a refusal when SES could not be asked at all."""
MAX_SAID_CHARACTERS = 300
_HIDDEN = re.compile(
    r"(?P<role>assumed-role/)[^\s'`]+"  # which role of ours asked
    r"|\b[0-9]{12}\b"  # the account
    r"|\bA(?:KI|SI)A[A-Z0-9]{12,}\b"  # an access key
    r"|[A-Za-z0-9+/=]{41,}"  # a session token or a signature, which a refused signature quotes
)
"""What SES may say of us that is nobody else's business."""


@dataclass(frozen=True)
class SesMailer:
    client: "SESClient"
    region: str
    configuration_set: str | None

    def send(self, message: bytes, *, sender: str, to: str, tags: Mapping[str, str]) -> str:
        options: dict[str, object] = {"Tags": [{"Name": k, "Value": v} for k, v in tags.items()]}
        if self.configuration_set:
            options["ConfigurationSetName"] = self.configuration_set
        try:
            sent = self.client.send_raw_email(
                RawMessage={"Data": message},
                Source=sender,
                Destinations=[to],
                **options,  # type: ignore[arg-type]
            )
        except ClientError as error:
            code, reason = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            if code in REFUSALS and UNVERIFIED not in reason:
                raise MailRefused(_said(code, reason)) from error
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise MailNotTaken(_said(code, reason), code=code) from error
            raise
        except (ConnectTimeoutError, EndpointConnectionError) as error:
            raise MailNotTaken(_said(UNREACHABLE, str(error)), code=UNREACHABLE) from error
        return message_id_of(sent["MessageId"], self.region)


def _said(code: str, reason: str) -> str:
    """What SES said, in one line of bearable length that every reader of the request may see."""
    open_words = _HIDDEN.sub(lambda found: (found["role"] or "") + "…", reason)
    plain = "".join(c if c.isprintable() else " " for c in f"{code}: {open_words}")
    return " ".join(plain.split())[:MAX_SAID_CHARACTERS]


def message_id_of(ses_id: str, region: str) -> str:
    """The Message-ID header that SES writes for its own id, without brackets."""
    if "@" in ses_id:
        return ses_id
    domain = "email.amazonses.com" if region == "us-east-1" else f"{region}.amazonses.com"
    return f"{ses_id}@{domain}"
