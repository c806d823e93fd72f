"""What the errors of Amazon SES mean: the message's fault, the install's own, or nobody knows."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from nodback_core.adapters.ses import SesMailer
from nodback_core.ports import MailNotTaken, MailRefused


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


def words_of(error: Exception) -> str:
    with pytest.raises((MailNotTaken, MailRefused)) as told:
        send(error)
    return str(told.value)


def test_what_ses_says_names_the_identity_and_neither_account_nor_role() -> None:
    said = words_of(
        answer(
            "AccessDenied",
            "User `arn:aws:sts::123456789012:assumed-role/nodback-dev-service-NotifyRole1A2B3C4D-9Zz8Yy/"
            "nodback-dev-notify' is not authorized to perform `ses:SendRawEmail' on resource "
            "`arn:aws:ses:eu-west-1:123456789012:identity/reviewer@example.com'",
            status=403,
        )
    )
    assert said.startswith("AccessDenied: ")
    assert "is not authorized to perform `ses:SendRawEmail' on resource" in said
    assert "identity/reviewer@example.com" in said
    assert "123456789012" not in said
    assert "NotifyRole" not in said


def test_a_refused_signature_does_not_bring_the_session_token_into_the_open() -> None:
    token = "IQoJb3JpZ2luX2VjEJr" + "x9Qa/" * 40
    said = words_of(
        answer(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.\n\nThe Canonical String "
            f"for this request should have been\n'POST\n/\n\nhost:email.eu-west-1.amazonaws.com\n"
            f"x-amz-date:20261124T101112Z\nx-amz-security-token:{token}\n\nhost;x-amz-date'",
            status=403,
        )
    )
    assert said.startswith("SignatureDoesNotMatch: The request signature we calculated does not match")
    assert token[:30] not in said
    assert "ASIAIOSFODNN7EXAMPLE" not in words_of(answer("InvalidClientTokenId", "ASIAIOSFODNN7EXAMPLE is unknown"))


def test_what_ses_says_is_one_line_of_bearable_length() -> None:
    said = words_of(answer("MessageRejected", "not verified:\r\n\x1b[31m" + "very " * 500))
    assert said.isprintable()
    assert len(said) <= 300


def test_the_class_of_a_refusal_is_told_apart_from_its_words() -> None:
    with pytest.raises(MailNotTaken) as told:
        send(answer("AccessDenied", "no", status=403))
    assert told.value.code == "AccessDenied"
    with pytest.raises(MailNotTaken) as told:
        send(EndpointConnectionError(endpoint_url="https://email"))
    assert told.value.code == "unreachable"
