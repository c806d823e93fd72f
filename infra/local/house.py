"""Everything that runs on this machine: the embedded stack, the mailroom, a deployment, a worker."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

import httpx

from infra.local.mailroom import Mailroom, open_mailroom
from infra.local.mailroom.inbound import inbound_from_stack
from infra.local.processes import end_group
from infra.local.stack import HOME, EmbeddedStack
from infra.settings import ROOT
from nodback_core.mail.letters.samples import samples

CHECK_HOME = HOME / "check"
CREATOR = "reviewer@example.com"
PERMISSIONS = ["manage_human_feedback", "respond_to_human_feedback"]
API_SECONDS = 60.0
"""A cold function on a busy machine answers late."""
STOP_SECONDS = 15.0
DEMO_SETTINGS = {"free_text": "ask"}
"""The demo has no LLM to read an unclear reply, so the reviewer is asked again."""


@dataclass
class House:
    """A running stack with its mailroom and one deployment."""

    stack: EmbeddedStack
    mailroom: Mailroom
    folder: Path
    flow_key: str
    deployment_id: int
    processes: list[subprocess.Popen[str]] = field(default_factory=list)
    readers: list[threading.Thread] = field(default_factory=list)

    @property
    def dashboard_url(self) -> str:
        return f"{self.stack.addresses.api_url}/"

    @property
    def env_file(self) -> Path:
        return self.folder / "demo.env"

    def api(self, method: str, path: str, body: object = None, *, key: str | None = None) -> httpx.Response:
        """One call of the API, with the flow key unless another is given."""
        return call_api(self.stack.addresses.api_url, key or self.flow_key, method, path, body)

    def configure(self, settings: Mapping[str, object]) -> None:
        """Change the settings of the deployment, for reviews that open from now on."""
        path = f"/v1/deployments/{self.deployment_id}/settings"
        saved = self.api("PUT", path, dict(settings), key=self.stack.addresses.install_key)
        if not saved.is_success:
            raise RuntimeError(f"the settings were refused: {saved.status_code} {saved.text}")

    def flow_environment(self) -> dict[str, str]:
        """The environment of a flow's process, without anything that could reach another machine."""
        return {
            **os.environ,
            "NODBACK_URL": self.stack.addresses.api_url,
            "NODBACK_API_KEY": self.flow_key,
            "CREWAI_DISABLE_TELEMETRY": "true",
            "OTEL_SDK_DISABLED": "true",
            # On its first run crewAI would ask, unseen, whether to share a trace.
            "CREWAI_TRACING_ENABLED": "false",
            "CREWAI_STORAGE_DIR": str(self.folder / "crewai"),
            "PYTHONUNBUFFERED": "1",
        }

    def start_worker(self, module: str, *, tell: Callable[[str], None]) -> subprocess.Popen[str]:
        """A worker that carries answers into the flows of `module`; `tell` gets each line that it prints."""
        command = [str(Path(sys.executable).with_name("nodback")), "worker", module]
        worker = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.flow_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.processes.append(worker)
        assert worker.stdout is not None
        reader = threading.Thread(target=_forward, args=(worker.stdout, tell), daemon=True)
        reader.start()
        self.readers.append(reader)
        return worker

    def run_flow(self, module: str) -> str:
        """Run the example until it pauses; returns a sentence about the open review. Raises RuntimeError otherwise."""
        ran = subprocess.run(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=self.flow_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        if ran.returncode:
            raise RuntimeError(f"the flow did not come to its review:\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}")
        return f"The flow is paused; {CREATOR} has been asked."

    def wait_until_stopped(self) -> None:
        """Wait until Ctrl-C, or until something stops, and say so."""
        while True:
            time.sleep(1)
            if not self.stack.is_running():
                raise RuntimeError(f"the emulator stopped by itself; its log is in {self.folder}")

    def stop_processes(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            end_group(process.pid)
        for reader in self.readers:
            reader.join(STOP_SECONDS)
        for process in self.processes:
            assert process.stdout is not None
            process.stdout.close()
        self.processes.clear()


@contextmanager
def open_house(
    folder: Path, *, tell: Callable[[str], None], settings: Mapping[str, object] | None = None
) -> Iterator[House]:
    """Start everything in `folder`, and stop it in the right order. What is already in the folder is used."""
    # With the rights of each role enforced, a missing one fails here and not first on AWS.
    with EmbeddedStack.start(folder, tell=tell, enforce_rights=True) as stack:
        addresses = stack.addresses
        inbound = inbound_from_stack(asdict(addresses))
        ports = addresses.smtp_port, addresses.web_port
        with open_mailroom(folder / "mail", *ports, inbound, gallery=_gallery) as mailroom:
            flow_key, deployment_id = _deployment(folder, stack, DEMO_SETTINGS if settings is None else settings)
            house = House(stack, mailroom, folder, flow_key, deployment_id)
            _write_env(house)
            try:
                yield house
            finally:
                house.stop_processes()


def call_api(url: str, key: str, method: str, path: str, body: object = None) -> httpx.Response:
    """One call of the API on this machine, without the proxies of the environment."""
    with httpx.Client(trust_env=False, timeout=API_SECONDS) as client:
        headers = {"Authorization": f"Bearer {key}"}
        return client.request(method, f"{url}{path}", json=body, headers=headers)


def _deployment(folder: Path, stack: EmbeddedStack, settings: Mapping[str, object]) -> tuple[str, int]:
    """The deployment of this folder: the earlier one if the service still knows it, else a new one."""
    note = folder / "demo.json"
    url, install_key = stack.addresses.api_url, stack.addresses.install_key
    if note.exists():
        known = json.loads(note.read_text())
        if call_api(url, install_key, "GET", f"/v1/deployments/{known['deployment_id']}").is_success:
            return known["flow_key"], known["deployment_id"]
    body = {"name": "Content Review Flow", "creator_email": CREATOR, "settings": dict(settings)}
    made = call_api(url, install_key, "POST", "/v1/deployments", body)
    if made.status_code != httpx.codes.CREATED:
        raise RuntimeError(f"no deployment could be made: {made.status_code} {made.text}")
    document = made.json()
    # The creator may also configure what they are asked about, on the dashboard.
    member = f"/v1/deployments/{document['deployment']['id']}/members/{CREATOR}"
    call_api(url, install_key, "PUT", member, {"permissions": PERMISSIONS}).raise_for_status()
    known = {"flow_key": document["flow_key"], "deployment_id": document["deployment"]["id"]}
    note.touch(mode=0o600)
    note.write_text(json.dumps(known))
    return known["flow_key"], known["deployment_id"]


def _write_env(house: House) -> None:
    environment = house.flow_environment()
    names = (
        "NODBACK_URL",
        "NODBACK_API_KEY",
        "CREWAI_DISABLE_TELEMETRY",
        "OTEL_SDK_DISABLED",
        "CREWAI_TRACING_ENABLED",
    )
    house.env_file.touch(mode=0o600)
    house.env_file.write_text("".join(f"{name}='{environment[name]}'\n" for name in names))


def _forward(stream: IO[str], tell: Callable[[str], None]) -> None:
    for line in stream:
        tell(line.rstrip())


def _gallery() -> list[tuple[str, str, str, str]]:
    """Every mail that the service sends, with sample content."""
    return [(name, mail.subject, mail.text, mail.html) for name, mail in samples()]
