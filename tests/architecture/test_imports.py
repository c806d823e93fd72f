"""Who may import whom: data flows one way, and this is where it is written down."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "layers/core/python/nodback_core"
STDLIB = sys.stdlib_module_names | {"_typeshed"}

# For each part of the service: its own parts that it may import, and the packages from outside.
ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "domain": ({"domain"}, set()),
    "ports": ({"domain", "ports"}, set()),
    "mail": ({"domain", "mail", "version"}, {"jinja2", "markupsafe", "markdown_it", "nh3", "pygments", "selectolax"}),
    "usecases": ({"domain", "ports", "mail", "usecases"}, set()),
    "adapters": (
        {"domain", "ports", "adapters", "version"},  # among themselves only as the next test says
        {"boto3", "botocore", "cryptography", "jwt", "urllib3", "mypy_boto3_*"},
    ),
    "api": (
        {"domain", "ports", "usecases", "runtime", "api", "statuses", "version"},
        {"aws_lambda_powertools", "pydantic"},
    ),
    "dashboard": (
        {"domain", "ports", "mail", "usecases", "runtime", "dashboard", "statuses", "version"},
        {"jinja2", "markupsafe"},
    ),
    "runtime": (
        {"domain", "ports", "mail", "usecases", "adapters", "runtime", "version"},
        {"boto3", "botocore", "aws_lambda_powertools", "mypy_boto3_*"},
    ),
}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, also inside functions, with its line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module


def is_in(package: str, allowed: set[str]) -> bool:
    return any(package == name or (name.endswith("*") and package.startswith(name[:-1])) for name in allowed)


@pytest.mark.parametrize("part", sorted(ALLOWED))
def test_each_part_of_the_service_imports_only_what_it_may(part: str) -> None:
    own, outside = ALLOWED[part]
    wrong = []
    for path in sorted((CORE / part).rglob("*.py")):
        for line, module in imports(path):
            top, *rest = module.split(".")
            if top == "nodback_core":
                fine = rest[0] in own if rest else False
            else:
                fine = top in STDLIB or is_in(top, outside)
            if not fine:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_adapters_never_import_each_other() -> None:
    """An adapter is a module or a folder; the modules of a folder may import one another."""
    adapters = CORE / "adapters"
    wrong = [
        f"{path.relative_to(adapters)}:{line} imports {module}"
        for path in sorted(adapters.rglob("*.py"))
        for line, module in imports(path)
        if module.startswith("nodback_core.adapters.")
        and (path.parent == adapters or module.split(".")[2] != path.parent.name)
    ]
    assert not wrong, "\n".join(wrong)


def test_functions_are_one_short_handler_each_and_never_touch_aws_themselves() -> None:
    for folder in sorted(p for p in (ROOT / "functions").iterdir() if p.is_dir() and p.name != "__pycache__"):
        files = [p.name for p in folder.iterdir() if p.name != "__pycache__"]
        assert files == ["handler.py"], f"{folder.name} holds {files}: code belongs in the layer"
        handler = folder / "handler.py"
        assert len(handler.read_text().splitlines()) <= 60, f"{handler} is long"
        for line, module in imports(handler):
            assert module.split(".")[0] not in ("boto3", "botocore"), f"{handler}:{line}"
            assert module.split(".")[0] in STDLIB | {"nodback_core"}, f"{handler}:{line} imports {module}"


def test_the_sdk_knows_nothing_of_the_service_and_the_app_nothing_of_use_cases() -> None:
    for path in (ROOT / "sdk/src").rglob("*.py"):
        assert not any(m.startswith(("nodback_core", "boto3", "botocore")) for _, m in imports(path)), path
    for path in (ROOT / "infra").rglob("*.py"):
        assert not any(m.startswith("nodback_core.usecases") for _, m in imports(path)), path


def test_only_runtime_reads_the_environment_the_clock_and_randomness() -> None:
    wrong = []
    for part in ("domain", "ports", "usecases", "mail"):
        for path in (CORE / part).rglob("*.py"):
            tree = ast.parse(path.read_text())
            names = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
            wrong += [f"{path.name} uses {n}" for n in names & {"environ", "getenv", "utcnow", "token_bytes", "uuid4"}]
            for node in ast.walk(tree):
                is_now = isinstance(node, ast.Call) and ast.unparse(node.func) in ("datetime.now", "time.time")
                if is_now:
                    wrong.append(f"{path.name}:{node.lineno} reads the clock")
    assert not wrong, "\n".join(wrong)


def test_crewai_is_nowhere_in_the_service() -> None:
    for path in (*CORE.rglob("*.py"), *(ROOT / "functions").rglob("*.py")):
        assert not any(m.split(".")[0] == "crewai" for _, m in imports(path)), path
