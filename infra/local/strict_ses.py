"""An SES as strict as on AWS, in front of the emulator's, which checks neither sender nor recipient.

It checks each mail by the policies of the synthesised template, refuses in AWS's own words, and passes on the rest.
"""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from infra.local.aws import ACCOUNT, REGION

SENDS = frozenset({"ses:SendEmail", "ses:SendRawEmail"})
PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}
FROM_ADDRESS = "ses:FromAddress"
RECIPIENT = re.compile(r"(?:Destinations|Destination\.\w+)\.member\.[0-9]+")
ANSWER_SECONDS = 120


class CannotJudge(ValueError):
    """A policy says something that this does not understand; it does not guess."""


@dataclass(frozen=True)
class Send:
    """One call that sends a mail; `from_address` is that of the message's From."""

    action: str
    source: str
    from_address: str
    recipients: tuple[str, ...]
    configuration_set: str = ""


@dataclass(frozen=True)
class Refusal:
    """An error as SES would answer it."""

    status: int
    code: str
    message: str


@dataclass(frozen=True)
class SendingRights:
    """What each role that sends may do, by its logical id."""

    statements: Mapping[str, tuple[Mapping[str, Any], ...]]

    @classmethod
    def of(cls, template: str) -> Self:
        """The rights in a synthesised template. Raises CannotJudge for what cannot be read."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for resource in json.loads(template)["Resources"].values():
            if resource["Type"] != "AWS::IAM::Policy":
                continue
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                if not any(action.startswith("ses:") for action in _as_list(statement["Action"])):
                    continue
                conditions = statement.get("Condition", {})
                known = all(op == "StringEquals" and set(keys) == {FROM_ADDRESS} for op, keys in conditions.items())
                if statement["Effect"] != "Allow" or not known:
                    raise CannotJudge(f"the statement {statement}")
                resources = [_text(value) for value in _as_list(statement["Resource"])]
                for role in resource["Properties"]["Roles"]:
                    found.setdefault(role["Ref"], []).append({**statement, "Resource": resources})
        return cls({role: tuple(statements) for role, statements in found.items()})

    def refusal(self, send: Send, *, verified: Iterable[str], sandbox: bool = False) -> Refusal | None:
        """How SES would refuse the mail; None when it would take it.

        `verified` are the identities of the account. Any role that sends may be the caller, so a mail is refused when
        one of them may not send it.
        """
        known = frozenset(identity.lower() for identity in verified)
        needed = [_identity_arn(_covering(send.source, known) or _domain(send.source))]
        # A recipient that is an identity of the account itself is authorised too.
        needed += [_identity_arn(identity) for to in send.recipients if (identity := _covering(to, known))]
        if send.configuration_set:
            needed.append(f"arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/{send.configuration_set}")
        for role, statements in sorted(self.statements.items()):
            for arn in needed:
                if not any(_allows(statement, send, arn) for statement in statements):
                    caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/function"
                    said = f"User `{caller}' is not authorized to perform `{send.action}' on resource `{arn}'"
                    return Refusal(403, "AccessDenied", said)
        failed = [address for address in (send.source, send.from_address) if not _covering(address, known)]
        if sandbox:
            failed += [to for to in send.recipients if not _covering(to, known)]
        if failed:
            names = ", ".join(dict.fromkeys(failed))
            said = (
                f"Email address is not verified. The following identities failed the check in region {REGION.upper()}"
            )
            return Refusal(400, "MessageRejected", f"{said}: {names}")
        return None


def _allows(statement: Mapping[str, Any], send: Send, arn: str) -> bool:
    if not any(_matches(pattern, send.action) for pattern in _as_list(statement["Action"])):
        return False
    if not any(_matches(pattern, arn) for pattern in statement["Resource"]):
        return False
    conditions = statement.get("Condition", {}).values()
    return all(send.from_address in _as_list(keys[FROM_ADDRESS]) for keys in conditions)


def _matches(pattern: str, text: str) -> bool:
    """IAM's own wildcards: any characters, and any one."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), text) is not None


def _covering(address: str, verified: frozenset[str]) -> str | None:
    """The verified identity of an address: its own, else that of its domain or of a domain above it."""
    lowered = address.lower()
    labels = _domain(lowered).split(".")
    domains = (".".join(labels[start:]) for start in range(len(labels) - 1))
    return next((identity for identity in (lowered, *domains) if identity in verified), None)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _identity_arn(identity: str) -> str:
    return f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{identity}"


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """A value of a template as the text that it becomes. Raises CannotJudge for functions that it does not know."""
    if isinstance(value, str):
        return value
    if set(value) == {"Ref"} and value["Ref"] in PSEUDO:
        return PSEUDO[value["Ref"]]
    if set(value) == {"Fn::Join"}:
        separator, parts = value["Fn::Join"]
        return str(separator).join(_text(part) for part in parts)
    raise CannotJudge(f"the value {value}")


def read_send(form: Mapping[str, list[str]]) -> Send | None:
    """The mail that a call of SES's query API sends; None for every other call."""
    action = f"ses:{form.get('Action', [''])[0]}"
    if action not in SENDS:
        return None
    source = from_address = _bare(form.get("Source", [""])[0])
    recipients = tuple(_bare(values[0]) for name, values in sorted(form.items()) if RECIPIENT.fullmatch(name))
    if "RawMessage.Data" in form:
        message = message_from_bytes(base64.b64decode(form["RawMessage.Data"][0]), policy=policy.default)
        from_address = _bare(str(message["From"] or ""))
        recipients = recipients or _addresses_in(message)
    return Send(action, source or from_address, from_address, recipients, form.get("ConfigurationSetName", [""])[0])


def _addresses_in(message: EmailMessage) -> tuple[str, ...]:
    return tuple(
        address.addr_spec for name in ("To", "Cc", "Bcc") if message[name] for address in message[name].addresses
    )


def _bare(address: str) -> str:
    """The address without its name."""
    return address.rpartition("<")[2].rstrip("> ").strip()


class StrictSes:
    """The strict SES on a loopback port of its own; call `stop` at the end."""

    def __init__(
        self, upstream: str, rights: SendingRights, *, verified: Callable[[], Iterable[str]], sandbox: bool = False
    ):
        to = urlsplit(upstream).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                send = read_send(parse_qs(body.decode()))
                refused = send and rights.refusal(send, verified=verified(), sandbox=sandbox)
                if refused:
                    self._answer(refused.status, "text/xml", _document(refused))
                    return
                connection = HTTPConnection(to, timeout=ANSWER_SECONDS)
                try:
                    # The headers as they are, the host among them: they are signed.
                    connection.request("POST", self.path, body, dict(self.headers.items()))
                    answer = connection.getresponse()
                    self._answer(answer.status, answer.headers.get("Content-Type", "text/xml"), answer.read())
                finally:
                    connection.close()

            def _answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Log nothing: the log of the function shows what was refused."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """Stop answering. Stopping twice is harmless."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _document(refusal: Refusal) -> bytes:
    error = f"<Type>Sender</Type><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
    return f"<ErrorResponse><Error>{error}</Error><RequestId>strict</RequestId></ErrorResponse>".encode()
