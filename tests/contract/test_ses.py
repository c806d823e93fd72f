"""What the errors of Amazon SES mean: the message's fault, the install's own, or nobody knows."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from signoff_core.adapters.ses import SesMailer
from signoff_core.ports import MailNotTaken, MailRefused


class Failing:
    def __init__(self, error: Exception):
        self.error = error

    def send_raw_email(self, **named: object) -> object:
        raise self.error


def send(error: Exception) -> None:
    SesMailer(Failing(error), "eu-west-1", None).send(b"", sender="a@example.com", to="b@example.com", tags={})


def answer(code: str, message: str = "no", status: int = 400) -> ClientError:
    told = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, "SendRawEmail")


@pytest.mark.parametrize("code", ["MessageRejected", "InvalidParameterValue"])
def test_what_is_wrong_with_the_message_is_a_refusal(code: str) -> None:
    with pytest.raises(MailRefused, match="no"):
        send(answer(code))


OURS = [
    answer("AccountSendingPausedException"),
    answer("ConfigurationSetDoesNotExist"),
    answer("MailFromDomainNotVerifiedException"),
    answer("MessageRejected", "Email address is not verified. The following identities failed the check: a@b.c"),
    answer("Throttling"),
    answer("TooManyRequestsException", status=429),
    answer("AccessDenied", status=403),
    ConnectTimeoutError(endpoint_url="https://email"),
    EndpointConnectionError(endpoint_url="https://email"),
]


@pytest.mark.parametrize("error", OURS, ids=str)
def test_what_is_wrong_with_the_install_or_with_the_moment_may_pass(error: Exception) -> None:
    with pytest.raises(MailNotTaken):
        send(error)


@pytest.mark.parametrize(
    "error", [ReadTimeoutError(endpoint_url="https://email"), answer("InternalFailure", status=500)], ids=str
)
def test_an_error_after_which_the_mail_may_have_been_taken_stays_what_it_is(error: Exception) -> None:
    with pytest.raises(type(error)):
        send(error)
