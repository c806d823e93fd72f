"""The embedded stack: the whole service on this machine, deployed from the template that goes to AWS."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.local import emulator
from infra.local.assembly import local_assembly
from infra.local.aws import ACCOUNT, REGION, client
from infra.local.deploy import deploy
from infra.local.home import Home, Ports
from infra.local.rights import enforceable
from infra.local.strict_ses import SendingRights, StrictSes
from infra.settings import LOCAL_DOMAIN, LOCAL_STAGE, ROOT, Code

HOME = ROOT / ".nodback"
OWN_CODE = Code()
# With a fixed id, the API keeps its address even after the state was thrown away.
API_ID = "5169f0ff"
TAKE_RECORDS = (f"nodback-{LOCAL_STAGE}-relay", f"nodback-{LOCAL_STAGE}-inbound-mail")
MAIL_FROM = f"nodback@{LOCAL_DOMAIN}"
INBOUND_DOMAIN = f"reply.{LOCAL_DOMAIN}"


@dataclass(frozen=True)
class Addresses:
    """The addresses of everything; the content of stack.json in the folder."""

    port: int
    smtp_port: int
    web_port: int
    endpoint_url: str
    api_url: str
    bucket: str
    inbound_function: str
    inbound_domain: str
    mail_from: str
    install_key: str
    outputs: Mapping[str, str]
    region: str = REGION
    account: str = ACCOUNT


@dataclass
class EmbeddedStack:
    """A running stack; leave it with `stop`, or use it as a context manager."""

    addresses: Addresses
    seconds: Mapping[str, float]
    changed: tuple[str, ...]
    _home: Home = field(repr=False)
    _emulator: emulator.Emulator = field(repr=False)
    _ses: StrictSes | None = field(repr=False, default=None)

    @classmethod
    def start(
        cls,
        home: Path = HOME,
        *,
        smtp_port: int | None = None,
        code: Code = OWN_CODE,
        enforce_rights: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> Self:
        """Start the emulator, deploy what has changed, and return the addresses.

        `home` keeps the state, the log and the stack.json of this stack: each stack needs its own. Mail that SES sends
        goes to `smtp_port`; without it a port is chosen once and kept. `code` is what the functions run. `tell` hears
        a line before each step.
        With `enforce_rights`, each function may do what its role allows and no more, as on AWS (see rights.py and
        strict_ses.py).
        Raises StackInUse, EmulatorFailed, SynthFailed or DeployFailed.
        """
        seconds: dict[str, float] = {}

        @contextmanager
        def step(name: str, line: str) -> Iterator[None]:
            if tell:
                tell(line)
            began = time.monotonic()
            yield
            seconds[name] = time.monotonic() - began

        # The emulator runs in this folder, where a relative path would lead elsewhere.
        home = home.resolve()
        held = Home.take(home)
        ses: StrictSes | None = None
        try:
            ports = held.ports(smtp_port=smtp_port)
            with step("environment", "preparing the emulator"):
                emulator.prepare_environment()
            with step("synth", "preparing the template"):
                # The template says nothing of ports or folders, so every stack of this code shares one.
                assembly = local_assembly((HOME if code == OWN_CODE else home) / "cdk.out", code)
            if enforce_rights:
                ses = _strict_ses(assembly, f"http://127.0.0.1:{ports.port}")
            with step("emulator", "starting the emulator"):
                running = emulator.start(
                    home,
                    port=ports.port,
                    smtp_port=ports.smtp_port,
                    enforce_rights=enforce_rights,
                    ses_url=ses.url if ses else "",
                    keep_open=(held.lock,),
                )
        except BaseException:
            if ses:
                ses.stop()
            held.release()
            raise
        try:
            with step("deploy", "deploying"):
                addresses, changed = _deploy(
                    assembly, running.endpoint_url, ports, enforceable if enforce_rights else str
                )
            held.write({**asdict(addresses), "emulator_pid": running.process.pid, "owner_pid": os.getpid()})
        except BaseException:
            running.stop()
            if ses:
                ses.stop()
            held.release()
            raise
        return cls(addresses, seconds, changed, held, running, ses)

    def warm_up(self) -> None:
        """Start the functions that take records now, without any, so that they are ready for the first real event.

        Returns at once; the functions start in the background.
        """
        functions = client("lambda", self.addresses.endpoint_url)
        for name in TAKE_RECORDS:
            functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"Records": []}')

    def stop(self) -> None:
        """Stop the emulator and wait until its state is on disk. Stopping twice is harmless."""
        self._emulator.stop()
        if self._ses:
            self._ses.stop()
        self._home.release()

    def is_running(self) -> bool:
        """Whether the emulator is alive."""
        return self._emulator.is_running()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()


def _strict_ses(assembly: Path, endpoint_url: str) -> StrictSes:
    """SES with the rights of the template as it goes to AWS, before it is prepared for the emulator."""
    template = (assembly / f"nodback-{LOCAL_STAGE}-service.template.json").read_text()
    known = client("ses", endpoint_url)

    def verified() -> list[str]:
        identities: list[str] = known.list_identities()["Identities"]
        return identities

    return StrictSes(endpoint_url, SendingRights.of(template), verified=verified)


def _deploy(
    assembly: Path, endpoint_url: str, ports: Ports, prepare: Callable[[str], str]
) -> tuple[Addresses, tuple[str, ...]]:
    api_url = f"{endpoint_url}/_aws/execute-api/{API_ID}/$default"
    deployed = deploy(
        assembly, endpoint_url, parameters={"PublicUrl": api_url}, tags={"ms-custom-id": API_ID}, prepare=prepare
    )
    # What the mail stack does on AWS: SES refuses senders that it has not verified.
    client("ses", endpoint_url).verify_domain_identity(Domain=LOCAL_DOMAIN)
    client("ses", endpoint_url).verify_email_identity(EmailAddress=MAIL_FROM)
    outputs = deployed.outputs
    secrets = client("secretsmanager", endpoint_url)
    addresses = Addresses(
        port=ports.port,
        smtp_port=ports.smtp_port,
        web_port=ports.web_port,
        endpoint_url=endpoint_url,
        api_url=outputs["ApiUrl"],
        bucket=outputs["BucketName"],
        inbound_function=outputs["InboundFunctionName"],
        inbound_domain=INBOUND_DOMAIN,
        mail_from=MAIL_FROM,
        install_key=secrets.get_secret_value(SecretId=outputs["InstallKeySecretArn"])["SecretString"],
        outputs=outputs,
    )
    return addresses, deployed.changed


def read_addresses(home: Path = HOME) -> Mapping[str, object]:
    """The stack.json of a stack that was started earlier; raises FileNotFoundError when there is none."""
    known: Mapping[str, object] = json.loads((home / "stack.json").read_text())
    return known
