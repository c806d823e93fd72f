"""Templates and an embedded stack for the tests of infra, made once for all of them, from the smallest of handlers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.settings import ROOT, Code
from tests.infra.templates import Examined

FUNCTIONS = (
    *("api", "callbacks", "deadline", "inbound_mail", "mail_feedback", "notify", "relay", "rotate_keys", "sweeper"),
    *("webhook_delivery", "webhook_fanout"),
    *("dashboard", "sign_in_mail"),
    *("seal", "export", "metrics", "rebuild_metrics"),
)
ECHO = '''"""Answers what it was asked and told; or, by POST, does what it is asked with its own rights."""

import json
import os

import boto3
import jwt
import pydantic
import nodback_core


def attempt(service, operation, arguments):
    try:
        getattr(boto3.client(service), operation)(**arguments)
    except Exception as problem:
        return type(problem).__name__ if not hasattr(problem, "response") else problem.response["Error"]["Code"]
    return "done"


def handler(event, context):
    if event.get("body"):
        seen = [attempt(*asked) for asked in json.loads(event["body"])]
    else:
        seen = {"path": event.get("rawPath"), "url": os.environ["NODBACK_PUBLIC_URL"], "core": nodback_core.__file__}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(seen)}
'''
# In a process of its own: the CDK keeps a node running for as long as its process lives.
EXAMINE = """
import json, sys
from pathlib import Path
from infra.checks import examine
from infra.settings import Code
folder, functions, core = map(Path, sys.argv[1:])
print(json.dumps(examine(folder, Code(functions, core))))
"""


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Code:
    """Handlers that only answer, and a core layer with an empty package."""
    folder = tmp_path_factory.mktemp("code")
    for name in FUNCTIONS:
        (folder / "functions" / name).mkdir(parents=True)
        (folder / "functions" / name / "handler.py").write_text(ECHO)
    (folder / "core" / "nodback_core").mkdir(parents=True)
    (folder / "core" / "nodback_core" / "__init__.py").write_text('"""Nothing."""\n')
    return Code(folder / "functions", folder / "core")


@pytest.fixture(scope="session")
def examined(code: Code, tmp_path_factory: pytest.TempPathFactory) -> Examined:
    """Every kind of install, synthesised offline."""
    folder = tmp_path_factory.mktemp("examined")
    done = subprocess.run(
        [sys.executable, "-c", EXAMINE, str(folder), str(code.functions), str(code.core)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(Path.home())},
    )
    assert done.returncode == 0, done.stderr
    return Examined(folder, json.loads(done.stdout.splitlines()[-1]))
