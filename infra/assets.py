"""The dashboard's files as browsers get them: our own and those of package-lock.json, with a digest in each name."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from infra.settings import ROOT

PACKAGE_FILES = ("package.json", "package-lock.json")
# From a file of a package, as npm installs it, to its name on our pages.
FROM_NPM = {"@fontsource-variable/geist/files/geist-latin-wght-normal.woff2": "geist.woff2"}
DIGEST_CHARACTERS = 16
# The style sheet names other files, so that it comes last.
LAST = ".css"


class AssetsFailed(RuntimeError):
    """The packages of package-lock.json could not be installed; the message is the output of npm."""


def ingredients(static: Path) -> list[Path]:
    """Everything that the files are made from."""
    return [*(ROOT / name for name in PACKAGE_FILES), *sorted(p for p in static.iterdir() if p.is_file())]


def make_assets(static: Path, out: Path, *, npm: str) -> None:
    """Write the files, and manifest.json with the hashed name of each, into `out`."""
    sources = {path.name: path.read_bytes() for path in sorted(static.iterdir()) if path.is_file()}
    with tempfile.TemporaryDirectory() as folder:
        _install(Path(folder), npm)
        for inside, name in FROM_NPM.items():
            sources[name] = (Path(folder) / "node_modules" / inside).read_bytes()
    names: dict[str, str] = {}
    for name, data in sorted(sources.items(), key=lambda item: item[0].endswith(LAST)):
        if name.endswith(LAST):
            for plain, hashed in names.items():
                data = data.replace(f'url("{plain}")'.encode(), f'url("{hashed}")'.encode())
        stem, _, suffix = name.rpartition(".")
        names[name] = f"{stem}.{hashlib.sha256(data).hexdigest()[:DIGEST_CHARACTERS]}.{suffix}"
        (out / names[name]).write_bytes(data)
    (out / "manifest.json").write_text(json.dumps(names, indent=2, sort_keys=True) + "\n")


def _install(folder: Path, npm: str) -> None:
    """Install exactly what the lock names, checked against its digests, without running its scripts."""
    for name in PACKAGE_FILES:
        shutil.copyfile(ROOT / name, folder / name)
    # npm looks for its node on PATH, and the packaged one stands beside it.
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(npm).parent), os.environ.get("PATH", os.defpath)])}
    done = subprocess.run(
        [npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise AssetsFailed(f"npm ci failed:\n{done.stdout.strip()}\n{done.stderr.strip()}")
