"""Other processes: whether they run, and how to end a group of them."""

import os
import signal
import subprocess
from pathlib import Path

PROC = Path("/proc")


def is_alive(pid: int) -> bool:
    """Whether there is such a process, even of another user."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def command_of(pid: int, *, proc: Path = PROC) -> str:
    """The whole command line of a process; empty when there is no such process or the system does not tell."""
    if (proc / "self" / "cmdline").exists():
        try:
            return (proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    try:
        # Without -ww it is cut at 80 columns, or at the width of a terminal.
        asked = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return asked.stdout.strip()


def leads_a_group(pid: int) -> bool:
    """Whether the process leads a group of its own, so that ending the group ends no other processes."""
    try:
        return os.getpgid(pid) == pid
    except (ProcessLookupError, PermissionError):
        return False


def end_group(leader: int) -> None:
    """Kill what is left of the group of `leader`, which must have led a group of its own."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
