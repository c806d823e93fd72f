import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.home import PORTS, Home, StackInUse


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


def test_only_its_owner_may_read_the_file_with_the_install_key(tmp_path: Path):
    Home.take(tmp_path).write({"install_key": "secret"})

    written = tmp_path / "stack.json"

    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert json.loads(written.read_text()) == {"install_key": "secret"}
