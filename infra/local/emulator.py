"""Runs the AWS emulator: an environment of its own, one process, a loopback port, and state that survives a stop."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from infra.build import tool
from infra.local.assembly import only_one
from infra.local.aws import ACCESS_KEY, REGION
from infra.local.processes import end_group
from infra.settings import ROOT

ENVIRONMENT = ROOT / ".nodback" / "emulator"
START_SECONDS = 60
STOP_SECONDS = 20
WARM_FUNCTION_SECONDS = 3600
# All that functions may inherit: they run as children of the emulator and see its environment.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")


class EmulatorFailed(RuntimeError):
    """The emulator did not start, or it stopped; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    process: subprocess.Popen[bytes]
    endpoint_url: str
    log: Path
    _is_over: threading.Event = field(default_factory=threading.Event, repr=False)

    def stop(self) -> None:
        """Stop it and the functions that it runs, and wait until its state is on disk. Stopping twice is harmless."""
        if self._is_over.is_set():
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        # A function that is busy notices only at its end that nobody waits for it.
        end_group(self.process.pid)
        self.process.wait()
        self._is_over.set()

    def is_running(self) -> bool:
        """Whether its process is alive."""
        return self.process.poll() is None


def prepare_environment() -> None:
    """Install the emulator into an empty environment when the lock has changed.

    A package that is missing from a layer must be missing here too, as it would be in Lambda.
    """
    wanted = hashlib.sha256((ROOT / "uv.lock").read_bytes() + sys.version.encode()).hexdigest()
    stamp = ENVIRONMENT / "nodback.stamp"
    with only_one(ENVIRONMENT.with_suffix(".lock")):
        if not (stamp.is_file() and stamp.read_text() == wanted):
            _install()
            stamp.write_text(wanted)


def _install() -> None:
    environment = {
        **os.environ,
        "UV_PROJECT_ENVIRONMENT": str(ENVIRONMENT),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
    }
    environment.pop("VIRTUAL_ENV", None)
    # The same Python as ours: functions are compiled for its minor version.
    done = subprocess.run(
        [tool("uv"), "sync", "--frozen", "--quiet", "--only-group", "emulator", "--python", _base_python()],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise EmulatorFailed(f"the emulator could not be installed:\n{done.stderr.strip()}")


def start(
    folder: Path,
    *,
    port: int,
    smtp_port: int,
    enforce_rights: bool = False,
    ses_url: str = "",
    keep_open: tuple[int, ...] = (),
) -> Emulator:
    """Start the emulator and wait until it answers.

    `folder` keeps its state, its log and its temporary files; mail that SES sends goes to 127.0.0.1:`smtp_port`.
    With `enforce_rights`, functions may do what their roles allow and no more; they send mail through `ses_url` where
    one is given. The child also holds the descriptors `keep_open`. Raises EmulatorFailed.
    """
    state, temporary = folder / "state", folder / "tmp"
    # Only copies of deployed code: they are made again on demand.
    shutil.rmtree(temporary, ignore_errors=True)
    for path in (state, temporary):
        path.mkdir(parents=True, exist_ok=True)
    _forget_stream_positions(state)
    log = folder / "emulator.log"
    endpoint_url = f"http://127.0.0.1:{port}"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [str(ENVIRONMENT / "bin" / "python"), "-m", "ministack"],
            cwd=folder,
            env=_environment(state, temporary, port, smtp_port)
            | {"AUTH": str(enforce_rights).lower()}
            | ({"AWS_ENDPOINT_URL_SES": ses_url} if ses_url else {}),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            pass_fds=keep_open,
            # Ctrl-C in a terminal reaches the whole group; the emulator stops when its owner says so.
            start_new_session=True,
        )
    emulator = Emulator(process, endpoint_url, log)
    try:
        _wait_until_it_answers(emulator)
    except BaseException:
        emulator.stop()
        raise
    return emulator


def _forget_stream_positions(state: Path) -> None:
    """Let functions read streams from their beginning again.

    The emulator keeps how far a stream was read, but not its records. After a restart it would skip as many new
    ones.
    """
    kept = state / "lambda.json"
    if not kept.exists():
        return
    document = json.loads(kept.read_text())
    if document.pop("dynamodb_stream_positions", None) is not None:
        kept.write_text(json.dumps(document))


def _environment(state: Path, temporary: Path, port: int, smtp_port: int) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return inherited | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state / "s3"),
        "SMTP_HOST": f"127.0.0.1:{smtp_port}",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_WARM_TTL_SECONDS": str(WARM_FUNCTION_SECONDS),
        "TMPDIR": str(temporary),
        "NO_PROXY": "*",
        "PYTHONUNBUFFERED": "1",
    }


def _wait_until_it_answers(emulator: Emulator) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if not emulator.is_running():
            raise EmulatorFailed(f"the emulator ended by itself:\n{_last_lines(emulator.log)}")
        try:
            with opener.open(f"{emulator.endpoint_url}/_ministack/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise EmulatorFailed(f"the emulator did not answer within {START_SECONDS} s:\n{_last_lines(emulator.log)}")


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


def _base_python() -> str:
    return str(getattr(sys, "_base_executable", sys.executable))
