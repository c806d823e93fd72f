"""The browser of the tests: the one that is there, else Debian's package where that may be installed."""

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
INSTALL_SECONDS = 600


def find() -> str | None:
    """The path of a browser; SIGNOFF_CHROMIUM names one."""
    named = os.environ.get("SIGNOFF_CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


def find_or_install() -> str | None:
    """The same, after trying to install it as root on Debian and its relatives."""
    found = find()
    if found or not (shutil.which("apt-get") and os.geteuid() == 0):
        return found
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]):
        done = subprocess.run(command, env=environment, capture_output=True, timeout=INSTALL_SECONDS, check=False)
        if done.returncode:
            return None
    return find()
