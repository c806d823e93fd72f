"""Builds what Lambda runs, without Docker: function folders and the two layers, compiled and cached by digest."""

import hashlib
import importlib.util
import json
import os
import platform
import py_compile
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from infra.assets import AssetsFailed, ingredients, make_assets
from infra.settings import ROOT

BUILD = ROOT / ".nodback" / "build"
# A changed recipe is a changed product: raise this when the steps below change.
RECIPE = "1"
DASHBOARD = Path("nodback_core") / "dashboard"
LAMBDA_PLATFORMS = {"arm64": "aarch64-manylinux2014", "x86_64": "x86_64-manylinux2014"}
# Folders that no running service imports.
UNUSED_FOLDERS = frozenset({"__pycache__", "tests", "test", "bin", "include", "share"})


class BuildFailed(RuntimeError):
    """A layer or function could not be built; the message says which and why."""


def function_asset(folder: Path) -> Path:
    """The compiled copy of one function's folder.

    Raises BuildFailed when there is no handler.py in it.
    """
    if not (folder / "handler.py").is_file():
        raise BuildFailed(f"function '{folder.name}' has no handler.py in {folder}")
    files = list(_source_files(folder))
    return _kept(f"function-{folder.name}", _digest_of_files(folder, files), lambda out: _copy(folder, files, out))


def core_layer(source: Path) -> Path:
    """The layer with the service's own package, nodback_core, and with the files of its dashboard."""
    files = list(_source_files(source))
    static = source / DASHBOARD / "static"
    assets = dashboard_assets(static) if static.is_dir() else None

    def make(out: Path) -> None:
        _copy(source, files, out / "python")
        if assets is not None:
            shutil.copytree(assets, out / "python" / DASHBOARD / "assets")

    return _kept("core", _digest([_digest_of_files(source, files).encode(), (assets or Path()).name.encode()]), make)


def dashboard_assets(static: Path) -> Path:
    """Style sheet, script and fonts of the dashboard, under hashed names; the font comes from package-lock.json.

    Raises BuildFailed.
    """
    digest = _digest(path.read_bytes() for path in ingredients(static))

    def make(out: Path) -> None:
        try:
            make_assets(static, out, npm=tool("npm"))
        except AssetsFailed as problem:
            raise BuildFailed(str(problem)) from problem

    return _kept("assets", digest, make)


def deps_layer(architecture: str, *, for_aws: bool) -> Path:
    """The layer with the third-party packages of the lock's `service` group.

    `architecture` is Lambda's (`arm64`, `x86_64`); with `for_aws` false the wheels are those of this machine.
    """
    target = LAMBDA_PLATFORMS[architecture] if for_aws else None
    requirements = _uv("export", "--frozen", "--quiet", "--no-header", "--only-group", "service", "--no-emit-project")
    digest = _digest([requirements.encode(), (target or f"{sys.platform}-{platform.machine()}").encode()])
    return _kept("deps", digest, lambda out: _install(requirements, target, out / "python"))


def tree_digest(folders: Iterable[Path], *, suffixes: frozenset[str]) -> str:
    """One digest over the names and bytes of every source file with one of these suffixes under these folders."""
    parts: list[bytes] = []
    for folder in folders:
        files = [folder] if folder.is_file() else [path for path in _source_files(folder) if path.suffix in suffixes]
        for path in files:
            parts += [str(path.relative_to(folder.parent)).encode(), path.read_bytes()]
    return _digest(parts)


def tool(name: str) -> str:
    """The path of a program in this environment, or else on PATH."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise BuildFailed(f"'{name}' was found neither in {beside.parent} nor on PATH")
    return found


def _kept(name: str, digest: str, make: Callable[[Path], None]) -> Path:
    """The folder of this digest, built once. It is renamed into place, so a half-built one is never used."""
    final = BUILD / f"{name}-{digest[:20]}"
    if final.is_dir():
        return final
    BUILD.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=BUILD))
    try:
        work.chmod(0o755)
        make(work)
        _compile(work)
        try:
            work.rename(final)
        except OSError:
            if not final.is_dir():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return final


def _source_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).parts
        if path.is_file() and path.suffix != ".pyc" and not UNUSED_FOLDERS.intersection(inner[:-1]):
            yield path


def _copy(source: Path, files: Iterable[Path], out: Path) -> None:
    for path in files:
        target = out / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _install(requirements: str, target: str | None, out: Path) -> None:
    out.mkdir(parents=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write(requirements)
        listed.flush()
        where = ["--python-platform", target] if target else []
        # `copy`: the link mode must not decide what an archive of the folder looks like.
        _uv(
            *("pip", "install", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"),
            *("--link-mode", "copy", "--python", sys.executable, "--target", str(out), *where, "-r", listed.name),
        )
    (out / ".lock").unlink(missing_ok=True)
    for folder in sorted(out.rglob("*"), reverse=True):
        if folder.is_dir() and folder.name in UNUSED_FOLDERS:
            shutil.rmtree(folder)
    for info in out.glob("*.dist-info"):
        _strip(info)


def _strip(info: Path) -> None:
    """Keep only what is needed of a dist-info at run time or by licence: names, versions, entry points, licences."""
    for path in info.iterdir():
        if path.is_file() and path.name not in ("METADATA", "entry_points.txt") and "LICEN" not in path.name.upper():
            path.unlink()


def _compile(folder: Path) -> None:
    """Compile with unchecked hashes: Lambda's archives have dates of 1980, so dated files would never be used."""
    for path in sorted(folder.rglob("*.py")):
        inside = "/" + str(path.relative_to(folder))
        try:
            py_compile.compile(
                str(path),
                cfile=importlib.util.cache_from_source(str(path)),
                # The path that a traceback shows, the same on every machine.
                dfile=inside,
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        except py_compile.PyCompileError as problem:
            raise BuildFailed(f"{inside} does not compile:\n{problem.msg}") from problem


def _digest_of_files(folder: Path, files: Iterable[Path]) -> str:
    parts: list[bytes] = []
    for path in files:
        parts += [str(path.relative_to(folder)).encode(), path.read_bytes()]
    return _digest(parts)


def _digest(parts: Iterable[bytes]) -> str:
    total = hashlib.sha256(json.dumps([RECIPE, sys.implementation.cache_tag]).encode())
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()


def _uv(*arguments: str) -> str:
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    # What it prints is read on: no colours, whoever asks for them in the environment (the CDK's command does).
    done = subprocess.run(
        [tool("uv"), "--color", "never", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise BuildFailed(f"uv {arguments[0]} failed:\n{done.stderr.strip()}")
    return done.stdout
