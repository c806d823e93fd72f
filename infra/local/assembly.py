"""Keeps a synthesised cloud assembly, and makes a new one only when something that goes into it has changed."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from infra.build import tree_digest
from infra.settings import LOCAL_STAGE, ROOT, Code

# What a template or an asset can depend on, besides the code of functions and layer.
SOURCES = (
    *("infra/app.py", "infra/build.py", "infra/settings.py", "infra/deadlines.asl.json", "infra/stacks"),
    *("infra/assets.py", "package.json", "package-lock.json", "cdk.json", "uv.lock"),
    # Rules of the bus derive from the classes of the actions.
    "layers/core/python/nodback_core/domain",
)
INGREDIENTS = frozenset({".py", ".json", ".txt", ".html", ".css", ".js", ".svg", ".md", ".toml", ".typed"})


class SynthFailed(RuntimeError):
    """The CDK app did not synthesise; the message is its output."""


def local_assembly(folder: Path, code: Code) -> Path:
    """The assembly of the local install in `folder`, synthesised when its ingredients have changed.

    Raises SynthFailed.
    """
    context = {
        "stage": LOCAL_STAGE,
        "functions": str(code.functions),
        "core": str(code.core),
        # Builds are kept by digest already; a copy of each would only take time.
        "aws:cdk:disable-asset-staging": True,
    }
    digest = tree_digest([*(ROOT / name for name in SOURCES), code.functions, code.core], suffixes=INGREDIENTS)
    wanted = json.dumps([digest, context], sort_keys=True)
    stamp = folder / "nodback.stamp"
    with only_one(folder.with_name(f"{folder.name}.lock")):
        if not (stamp.is_file() and stamp.read_text() == wanted):
            shutil.rmtree(folder, ignore_errors=True)
            synthesise(folder, context)
            stamp.write_text(wanted)
    return folder


def synthesise(folder: Path, context: Mapping[str, object]) -> None:
    """Run the CDK app into `folder`, without the CDK's own command. Raises SynthFailed."""
    settings = json.loads((ROOT / "cdk.json").read_text())["context"]
    environment = {
        **os.environ,
        # The packaged node first: whatever node a machine may have is not asked.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps({**settings, **context}),
    }
    done = subprocess.run(
        [sys.executable, "-m", "infra.app"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SynthFailed(f"the CDK app did not synthesise:\n{done.stderr.strip()}")


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`, waiting for whoever holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
