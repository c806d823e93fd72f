"""The mailer over Amazon SES: raw messages, so that every header is ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

from signoff_core.ports import MailNotTaken, MailRefused

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient

REFUSALS = frozenset({"MessageRejected", "InvalidParameterValue"})
"""What is wrong with the message or its reader. All else, such as a paused account, is the install's own fault."""
UNVERIFIED = "not verified"
"""The install's own fault too, though its code is that of a refusal: the sender, or in the sandbox the reader."""


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
                raise MailRefused(reason) from error
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise MailNotTaken(f"{code}: {reason}") from error
            raise
        except (ConnectTimeoutError, EndpointConnectionError) as error:
            raise MailNotTaken(str(error)) from error
        return message_id_of(sent["MessageId"], self.region)


def message_id_of(ses_id: str, region: str) -> str:
    """The Message-ID header that SES writes for its own id, without brackets."""
    if "@" in ses_id:
        return ses_id
    domain = "email.amazonses.com" if region == "us-east-1" else f"{region}.amazonses.com"
    return f"{ses_id}@{domain}"
