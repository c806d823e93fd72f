"""Checks the templates: `python -m infra.checks` synthesises an install of each kind and runs the linters on it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.app import build_app
from infra.build import tool
from infra.settings import LOCAL_STAGE, ROOT, Code

# One install of each kind: on AWS, on AWS with a rule set that others use too, on this machine.
INSTALLS: Mapping[str, Mapping[str, str]] = {
    "aws": {"stage": "dev", "domain": "nodback.example.com", "admins": "admin@example.com"},
    "shared": {
        **{"stage": "prod", "domain": "nodback.example.com", "admins": "admin@example.com"},
        "rule_set": "mail-of-the-company",
    },
    LOCAL_STAGE: {"stage": LOCAL_STAGE},
}
# W3005: the CDK orders a function after its role's policy, and so names the role twice.
IGNORED_BY_CFN_LINT = "W3005"


def examine(folder: Path, code: Code | None = None) -> list[str]:
    """Synthesise each install into a folder below `folder`; return what the AwsSolutions rules object to."""
    code = code or Code()
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    objections: list[str] = []
    for name, context in INSTALLS.items():
        out = folder / name
        shutil.rmtree(out, ignore_errors=True)
        paths = {"functions": str(code.functions), "core": str(code.core)}
        app = App(context={**flags, **context, **paths}, outdir=str(out))
        # What somebody deploys from this checkout is none of these installs' business.
        build_app(app, stages=folder / "no-stages")
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
        try:
            app.synth()
        except RuntimeError as problem:
            if "Validation failed" not in str(problem):
                raise
        objections += _objections(out / "validation-report.json")
    return objections


def lint(folder: Path) -> str:
    """The findings of cfn-lint for every template below `folder`; empty when there are none."""
    templates = sorted(str(path) for path in folder.glob("*/*.template.json"))
    done = subprocess.run(
        [tool("cfn-lint"), "--ignore-checks", IGNORED_BY_CFN_LINT, "--", *templates], capture_output=True, text=True
    )
    return (done.stdout + done.stderr).strip()


def _objections(report: Path) -> list[str]:
    plugins = json.loads(report.read_text()).get("pluginReports", [])
    return [
        f"{violation['ruleName']} at {construct['constructPath']}: {violation['description']}"
        for plugin in plugins
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    ]


def main() -> int:
    """Print the findings of both linters; returns 1 when there are any."""
    folder = ROOT / ".nodback" / "checked"
    problems = examine(folder)
    linted = lint(folder)
    if linted:
        problems.append(linted)
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
