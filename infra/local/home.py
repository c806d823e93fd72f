"""The folder of one embedded stack: locked by one process at a time, with ports that are chosen once and kept."""

import fcntl
import json
import os
import secrets
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from infra.local.processes import command_of, end_group, is_alive, leads_a_group

# Below the range that systems hand out to outgoing connections, so that a kept port stays free.
PORTS = range(20000, 32000)
ORPHAN_SECONDS = 20


class StackInUse(RuntimeError):
    """Another process runs the stack of this folder."""


@dataclass(frozen=True)
class Ports:
    """The loopback ports of a stack: the emulator's, the mailroom's for mail, the mailroom's for its pages."""

    port: int
    smtp_port: int
    web_port: int


@dataclass
class Home:
    """A stack's folder, held until it is released."""

    folder: Path
    lock: int

    @classmethod
    def take(cls, folder: Path) -> Self:
        """Hold `folder`. An emulator that outlived its owner is stopped first; raises StackInUse for a live owner."""
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "stack.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + ORPHAN_SECONDS
        leaders: set[int] = set()
        while not _try_to_lock(lock):
            known = _read(folder)
            if _lives(known.get("owner_pid")) or time.monotonic() > deadline:
                os.close(lock)
                raise StackInUse(f"the stack in {folder} is already running (process {known.get('owner_pid')})")
            leaders |= _stop_orphan(known.get("emulator_pid"))
            time.sleep(0.2)
        # Functions that were busy do not notice that their emulator is gone.
        for leader in leaders:
            end_group(leader)
        return cls(folder, lock)

    def release(self) -> None:
        """Release the lock. Releasing twice is harmless."""
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1

    def ports(self, *, smtp_port: int | None) -> Ports:
        """The ports of this stack: those of the last run if they are free, else others."""
        known = _read(self.folder)
        taken: set[int] = set() if smtp_port is None else {smtp_port}

        def kept(name: str) -> int:
            before = known.get(name)
            port = before if isinstance(before, int) and before not in taken and _is_free(before) else _choose(taken)
            taken.add(port)
            return port

        ports = Ports(port=kept("port"), smtp_port=smtp_port or kept("smtp_port"), web_port=kept("web_port"))
        self.write({**known, "port": ports.port, "smtp_port": ports.smtp_port, "web_port": ports.web_port})
        return ports

    def write(self, content: Mapping[str, object]) -> None:
        """Write stack.json, readable only by its owner, since it holds the install key."""
        work = self.folder / ".stack.json"
        work.touch(mode=0o600)
        work.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
        work.rename(self.folder / "stack.json")


def _try_to_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(folder: Path) -> dict[str, object]:
    try:
        known = json.loads((folder / "stack.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _lives(pid: object) -> bool:
    return isinstance(pid, int) and is_alive(pid)


def _stop_orphan(pid: object) -> set[int]:
    """Stop an emulator whose owner died, with its process group, if the process really is an emulator."""
    if not isinstance(pid, int) or not is_alive(pid) or "ministack" not in command_of(pid):
        return set()
    leaders = {pid} if leads_a_group(pid) else set()
    os.kill(pid, signal.SIGTERM)
    return leaders


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _choose(taken: set[int]) -> int:
    while True:
        port = PORTS.start + secrets.randbelow(len(PORTS))
        if port not in taken and _is_free(port):
            return port
