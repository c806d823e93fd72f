import json
import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.local.emulator import Emulator
from infra.local.home import PORTS, Home, StackInUse
from infra.local.processes import command_of, end_group, is_alive


def test_ports_are_chosen_once_and_kept(tmp_path: Path):
    first = Home.take(tmp_path)
    chosen = first.ports(smtp_port=None)
    first.release()

    assert Home.take(tmp_path).ports(smtp_port=None) == chosen
    assert len({chosen.port, chosen.smtp_port, chosen.web_port}) == 3
    assert all(port in PORTS for port in (chosen.port, chosen.smtp_port, chosen.web_port))


def test_a_port_that_somebody_else_took_is_replaced_and_the_others_are_kept(tmp_path: Path):
    home = Home.take(tmp_path)
    chosen = home.ports(smtp_port=None)
    with socket.socket() as other:
        other.bind(("127.0.0.1", chosen.port))
        other.listen()
        again = home.ports(smtp_port=None)

    assert again.port != chosen.port
    assert (again.smtp_port, again.web_port) == (chosen.smtp_port, chosen.web_port)


def test_the_port_for_mail_can_be_given(tmp_path: Path):
    assert Home.take(tmp_path).ports(smtp_port=20025).smtp_port == 20025


def test_a_folder_serves_one_stack_at_a_time(tmp_path: Path):
    home = Home.take(tmp_path)
    home.write({"owner_pid": os.getpid()})

    with pytest.raises(StackInUse, match=f"process {os.getpid()}"):
        Home.take(tmp_path)
    home.release()
    Home.take(tmp_path).release()


def test_an_emulator_that_outlived_its_owner_is_stopped(tmp_path: Path):
    home = Home.take(tmp_path)
    # It holds the folder, as an emulator does, and "ministack" stands in its command.
    orphan = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "ministack"], pass_fds=(home.lock,))
    owner = subprocess.Popen([sys.executable, "-c", ""])
    owner.wait()
    home.write({"owner_pid": owner.pid, "emulator_pid": orphan.pid})
    home.release()
    try:
        Home.take(tmp_path).release()
        assert orphan.wait(10) != 0
    finally:
        orphan.kill()
        orphan.wait()


def test_an_orphan_is_recognised_by_the_end_of_a_long_command(tmp_path: Path):
    home = Home.take(tmp_path)
    command = [sys.executable, "-c", "import time; time.sleep(60)", "a deep folder/" * 20, "ministack"]
    orphan = subprocess.Popen(command, pass_fds=(home.lock,))
    owner = subprocess.Popen([sys.executable, "-c", ""])
    owner.wait()
    home.write({"owner_pid": owner.pid, "emulator_pid": orphan.pid})
    home.release()
    try:
        Home.take(tmp_path).release()
        assert orphan.wait(10) != 0
    finally:
        orphan.kill()
        orphan.wait()


PS = """#!/bin/sh
# Like the real one: it cuts at 80 columns unless it is told to be as wide as it takes.
line="python -m a-command-that-is-longer-than-a-terminal-of-that-time-was-wide and-at-its-end ministack"
case "$*" in *-ww*) echo "$line" ;; *) echo "$line" | cut -c 1-80 ;; esac
"""


def test_a_command_is_told_whole_with_proc_with_ps_and_not_at_all_without_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert "pytest" in command_of(os.getpid())

    nowhere = tmp_path / "no-proc"
    ps = tmp_path / "bin" / "ps"
    ps.parent.mkdir()
    ps.write_text(PS)
    ps.chmod(0o755)
    monkeypatch.setenv("PATH", str(ps.parent), prepend=os.pathsep)
    assert command_of(os.getpid(), proc=nowhere).endswith("ministack")

    monkeypatch.setenv("PATH", str(nowhere))
    assert command_of(os.getpid(), proc=nowhere) == ""


SPAWNING = """
import subprocess, sys, time
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(worker.pid, flush=True)
time.sleep(60)
"""


def spawning(*more: str, pass_fds: tuple[int, ...] = ()) -> tuple[subprocess.Popen[bytes], int]:
    """A process in a group of its own with a busy child: it, and the child's number."""
    command = [sys.executable, "-c", SPAWNING, *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True, pass_fds=pass_fds)
    assert process.stdout
    with process.stdout as out:
        return process, int(out.readline())


def ends(pid: int) -> bool:
    """Whether the process is gone, or only waits for its parent to ask how it ended."""
    for _ in range(200):
        if not is_alive(pid) or command_of(pid) == "":
            return True
        time.sleep(0.05)
    return False


def test_stopping_the_emulator_ends_the_functions_that_are_still_busy(tmp_path: Path):
    process, worker = spawning()
    assert is_alive(worker)
    emulator = Emulator(process, "http://127.0.0.1:1", tmp_path / "log")
    try:
        emulator.stop()
        assert ends(worker)
        emulator.stop()
    finally:
        end_group(process.pid)


def test_an_emulator_that_ended_by_itself_leaves_no_function_behind_once_it_is_stopped(tmp_path: Path):
    process, worker = spawning()
    process.kill()
    process.wait()
    assert is_alive(worker)
    try:
        Emulator(process, "http://127.0.0.1:1", tmp_path / "log").stop()
        assert ends(worker)
    finally:
        end_group(process.pid)


def test_an_orphans_functions_are_ended_with_it(tmp_path: Path):
    home = Home.take(tmp_path)
    orphan, worker = spawning("ministack", pass_fds=(home.lock,))
    owner = subprocess.Popen([sys.executable, "-c", ""])
    owner.wait()
    home.write({"owner_pid": owner.pid, "emulator_pid": orphan.pid})
    home.release()
    try:
        Home.take(tmp_path).release()
        assert ends(worker)
    finally:
        end_group(orphan.pid)
        orphan.wait()


def test_only_its_owner_may_read_the_file_with_the_install_key(tmp_path: Path):
    Home.take(tmp_path).write({"install_key": "secret"})

    written = tmp_path / "stack.json"

    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert json.loads(written.read_text()) == {"install_key": "secret"}
