"""What SES on AWS refuses and the emulator does not, judged by the policies that go to AWS."""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import boto3
import pytest

from infra.local.strict_ses import CannotJudge, Refusal, Send, SendingRights, StrictSes, read_send
from nodback_core.adapters.ses import SesMailer
from nodback_core.ports import MailNotTaken
from tests.infra.templates import Examined

DOMAIN, REVIEWER = "nodback.example.com", "reviewer@company.example"
SENDER = f"nodback@{DOMAIN}"
ACCEPTED = (
    b"<SendRawEmailResponse><SendRawEmailResult><MessageId>1</MessageId></SendRawEmailResult></SendRawEmailResponse>"
)


def a_mail(to: str = REVIEWER, sender: str = SENDER, configuration_set: str = "nodback-dev") -> Send:
    return Send("ses:SendRawEmail", sender, sender, (to,), configuration_set)


@pytest.fixture
def rights(examined: Examined) -> SendingRights:
    return SendingRights.of(json.dumps(examined.template("aws", "service")))


def rights_to(*resources: object, **condition: Mapping[str, object]) -> SendingRights:
    """One role with one statement."""
    statement = {"Effect": "Allow", "Action": ["ses:SendRawEmail"], "Resource": list(resources)}
    document = {"Statement": [statement | ({"Condition": condition} if condition else {})]}
    one = {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": document, "Roles": [{"Ref": "NotifyRole"}]}}
    return SendingRights.of(json.dumps({"Resources": {"P": one}}))


def test_both_functions_that_send_are_judged(rights: SendingRights):
    assert sorted(role.partition("Role")[0] for role in rights.statements) == ["Notify", "SignInMail"]


@pytest.mark.parametrize(
    "verified", [[DOMAIN], [DOMAIN, REVIEWER], [DOMAIN, "company.example"], [DOMAIN, SENDER, REVIEWER]], ids=str
)
def test_our_mails_reach_reviewers_whether_or_not_they_are_verified_here(rights: SendingRights, verified: list[str]):
    assert rights.refusal(a_mail(), verified=verified) is None


def test_a_policy_for_the_sender_s_identity_alone_is_refused_for_a_verified_reviewer():
    narrow = rights_to(
        f"arn:aws:ses:us-east-1:000000000000:identity/{DOMAIN}",
        StringEquals={"ses:FromAddress": SENDER},
    )

    assert narrow.refusal(a_mail(configuration_set=""), verified=[DOMAIN]) is None
    refused = narrow.refusal(a_mail(configuration_set=""), verified=[DOMAIN, REVIEWER])
    assert refused is not None
    assert refused.code == "AccessDenied"
    assert f"identity/{REVIEWER}" in refused.message


@pytest.mark.parametrize("sender", [f"ceo@{DOMAIN}", SENDER.upper(), "nodback@elsewhere.example"])
def test_nobody_sends_in_another_name(rights: SendingRights, sender: str):
    refused = rights.refusal(a_mail(sender=sender), verified=[DOMAIN, "elsewhere.example", REVIEWER])

    assert refused is not None
    assert refused.code == "AccessDenied"


def test_a_from_header_that_differs_from_the_sender_is_seen(rights: SendingRights):
    forged = Send("ses:SendRawEmail", SENDER, f"ceo@{DOMAIN}", (REVIEWER,))

    assert rights.refusal(forged, verified=[DOMAIN]) is not None


def test_another_install_s_configuration_set_is_refused(rights: SendingRights):
    refused = rights.refusal(a_mail(configuration_set="nodback-prod"), verified=[DOMAIN])

    assert refused is not None
    assert "configuration-set/nodback-prod" in refused.message


def test_in_the_sandbox_a_reviewer_that_is_not_verified_is_refused_in_ses_s_words(rights: SendingRights):
    assert rights.refusal(a_mail(), verified=[DOMAIN, REVIEWER], sandbox=True) is None
    assert rights.refusal(a_mail(), verified=[DOMAIN], sandbox=True) == Refusal(
        400,
        "MessageRejected",
        "Email address is not verified. The following identities failed the check in region US-EAST-1: " + REVIEWER,
    )


def test_a_policy_that_it_does_not_understand_is_no_permission():
    with pytest.raises(CannotJudge):
        rights_to("*", StringLike={"ses:Recipients": "*@company.example"})
    with pytest.raises(CannotJudge):
        rights_to({"Fn::ImportValue": "identity"})


def test_the_recipients_are_read_from_the_mail_where_the_call_names_none():
    raw = f"From: {SENDER}\r\nTo: {REVIEWER}\r\nCc: b@company.example\r\n\r\ny".encode()
    form = {"Action": ["SendRawEmail"], "RawMessage.Data": [base64.b64encode(raw).decode()]}

    assert read_send(form) == Send("ses:SendRawEmail", SENDER, SENDER, (REVIEWER, "b@company.example"))


def test_a_call_that_sends_nothing_is_none_of_its_business():
    assert read_send({"Action": ["ListIdentities"]}) is None


class Emulator:
    """Takes every mail, and remembers what it was asked."""

    def __init__(self) -> None:
        asked = self.asked = list[Mapping[str, list[str]]]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                self.send_response(200)
                self.send_header("Content-Length", str(len(ACCEPTED)))
                self.end_headers()
                self.wfile.write(ACCEPTED)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    running = Emulator()
    yield running
    running.stop()


@pytest.fixture
def mailer(emulator: Emulator, rights: SendingRights) -> Iterator[SesMailer]:
    """The service's own mailer, in the sandbox, where one reviewer is verified."""
    strict = StrictSes(
        f"http://127.0.0.1:{emulator.server.server_port}", rights, verified=lambda: [DOMAIN, REVIEWER], sandbox=True
    )
    client = boto3.client(
        "ses", endpoint_url=strict.url, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    yield SesMailer(client, "us-east-1", "nodback-dev")
    client.close()
    strict.stop()


def send(mailer: SesMailer, *, to: str = REVIEWER, sender: str = SENDER) -> str:
    message = f'From: "Reviews, please" <{sender}>\r\nTo: {to}\r\nSubject: x\r\n\r\ny\r\n'.encode()
    return mailer.send(message, sender=sender, to=to, tags={"request_id": "r"})


def test_what_may_be_sent_goes_on_to_the_emulator_as_it_is(mailer: SesMailer, emulator: Emulator):
    assert send(mailer) == "1@email.amazonses.com"
    (asked,) = emulator.asked
    assert asked["Source"] == [SENDER]
    assert asked["Destinations.member.1"] == [REVIEWER]


def test_what_aws_would_refuse_is_refused_here_and_never_sent(mailer: SesMailer, emulator: Emulator):
    with pytest.raises(MailNotTaken, match=f"AccessDenied: .*identity/{DOMAIN}"):
        send(mailer, sender=f"ceo@{DOMAIN}")
    with pytest.raises(MailNotTaken, match=r"MessageRejected: .*stranger@elsewhere"):
        send(mailer, to="stranger@elsewhere.example")
    assert emulator.asked == []
