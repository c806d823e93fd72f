import doctest
import importlib
import importlib.metadata
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nodback
from nodback import errors

PACKAGE = Path(nodback.__file__).parent


def test_importing_nodback_imports_nothing_heavy():
    heavy = "crewai boto3 botocore httpx pydantic click nodback_core asyncio"
    code = f"import sys, nodback, nodback.webhooks; print([n for n in '{heavy}'.split() if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_module_mentions_the_service_core():
    for module in PACKAGE.glob("*.py"):
        assert "nodback_core" not in module.read_text()


def test_the_version_is_that_of_the_package():
    assert nodback.__version__ == importlib.metadata.version("nodback")


def test_the_error_tree_in_the_docstring_is_the_real_one():
    drawn = dict(re.findall(r"[├└]── (\w+) +(.*)", errors.__doc__))
    real = {
        name: kind
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and issubclass(kind, nodback.NodbackError) and kind is not nodback.NodbackError
    }
    assert set(drawn) == set(real)
    leaves = {name: kind for name, kind in real.items() if not kind.__subclasses__()}
    for name, kind in leaves.items():
        assert re.match(r"\w+", drawn[name])[0] == kind.code, name
    codes = [kind.code for kind in real.values()]
    assert len(codes) == len(set(codes))


def test_every_error_and_every_exported_name_is_documented_and_exported():
    for name in nodback.__all__:
        thing = getattr(nodback, name)
        assert name == "__version__" or inspect.getdoc(thing), name
    public = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Exception)}
    assert public <= set(nodback.__all__)


@pytest.mark.parametrize(
    "name",
    [
        "errors",
        "settings",
        "client",
        "encoding",
        "crew",
        "webhooks",
        "enabling",
        "names",
        "reviews",
        "snapshot",
        "listening",
        "logs",
    ],
)
def test_the_examples_in_the_docstrings_run(name):
    module = importlib.import_module(f"nodback.{name}")
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL).failed == 0


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", ["outcome", "worker", "testing", "persistence", "roundtrip"])
def test_the_examples_of_modules_that_need_crewai_run(crewai, name):
    module = importlib.import_module(f"nodback.{name}")
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


@pytest.mark.parametrize(
    ("installed", "kind", "advice"),
    [
        (None, nodback.CrewAIMissing, "pip install 'crewai>=1.8.0,<2'"),
        ((1, 7, 99), nodback.CrewAIUnsupported, ">=1.8.0"),
        ((0, 203, 1), nodback.CrewAIUnsupported, "0.203.1"),
        ((2, 0, 0), nodback.CrewAIUnsupported, "<2"),
    ],
)
def test_a_crewai_that_cannot_be_paused_is_refused_with_what_to_install(monkeypatch, installed, kind, advice):
    from nodback import crew

    monkeypatch.setattr(crew, "crewai_version", lambda: installed)
    with pytest.raises(kind, match=re.escape(advice)):
        crew.require_crewai()


@pytest.mark.parametrize("version", [(1, 8, 0), (1, 14, 7), (1, 15, 30), (1, 99, 0)])
def test_supported_versions_are_accepted(monkeypatch, version):
    from nodback import crew

    monkeypatch.setattr(crew, "crewai_version", lambda: version)
    assert crew.require_crewai() == version
