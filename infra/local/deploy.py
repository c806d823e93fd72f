"""Deploys a cloud assembly to the embedded stack through CloudFormation, as the CDK's own command would."""

import json
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.build import BUILD
from infra.local.aws import ACCOUNT, REGION, client

ASSET_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_VERSION = "30"
# Zip cannot say less than this; the same bytes give the same archive on any day.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
STACK_SECONDS = 180
GOOD_ENDS = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


class DeployFailed(RuntimeError):
    """A stack was refused or rolled back; the message names the resources and the reasons."""


@dataclass(frozen=True)
class Deployment:
    """The result of a deploy: the outputs of every stack, and the names of those that changed."""

    outputs: Mapping[str, str]
    changed: tuple[str, ...]


def deploy(
    assembly: Path,
    endpoint_url: str,
    *,
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
    prepare: Callable[[str], str] = str,
) -> Deployment:
    """Create or update the assembly's stacks in order, except those that are up to date.

    `parameters` go to the stacks that declare them; `prepare` may change a template's text before it is deployed.
    Raises DeployFailed.
    """
    cloudformation, s3 = client("cloudformation", endpoint_url), client("s3", endpoint_url)
    outputs: dict[str, str] = {}
    changed: list[str] = []
    for name in _stacks_in_order(assembly):
        template = prepare((assembly / f"{name}.template.json").read_text())
        declared = json.loads(template).get("Parameters", {})
        given = {key: value for key, value in parameters.items() if key in declared}
        current = _current_stack(cloudformation, name)
        if current is None or not _is_as_wanted(cloudformation, current, template, given):
            if not changed:
                _bootstrap(endpoint_url, s3)
            url = _upload(assembly, name, template, endpoint_url, s3)
            current = _apply(cloudformation, name, current, url, given, tags)
            changed.append(name)
        outputs |= {output["OutputKey"]: output["OutputValue"] for output in current.get("Outputs", [])}
    return Deployment(outputs, tuple(changed))


def _stacks_in_order(assembly: Path) -> list[str]:
    """The stacks of an assembly, each after those that it depends on."""
    manifest = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    stacks = {name: entry for name, entry in manifest.items() if entry["type"] == "aws:cloudformation:stack"}
    ordered: list[str] = []

    def add(name: str) -> None:
        if name in stacks and name not in ordered:
            for dependency in stacks[name].get("dependencies", []):
                add(dependency)
            ordered.append(name)

    for name in sorted(stacks):
        add(name)
    return ordered


def _current_stack(cloudformation: Any, name: str) -> dict[str, Any] | None:
    try:
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as problem:
        if "does not exist" in str(problem):
            return None
        raise
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack


def _is_as_wanted(cloudformation: Any, stack: dict[str, Any], template: str, given: Mapping[str, str]) -> bool:
    """Whether a deployed stack has exactly this template and these parameters."""
    if stack["StackStatus"] not in GOOD_ENDS:
        return False
    deployed_with = {entry["ParameterKey"]: entry["ParameterValue"] for entry in stack.get("Parameters", [])}
    if any(deployed_with.get(key) != value for key, value in given.items()):
        return False
    body = cloudformation.get_template(StackName=stack["StackName"], TemplateStage="Original")["TemplateBody"]
    deployed = json.loads(body) if isinstance(body, str) else body
    return bool(deployed == json.loads(template))


def _bootstrap(endpoint_url: str, s3: Any) -> None:
    """Create what `cdk bootstrap` would and a template needs: the bucket for assets and a version number."""
    s3.create_bucket(Bucket=ASSET_BUCKET)
    client("ssm", endpoint_url).put_parameter(
        Name=BOOTSTRAP_PARAMETER, Value=BOOTSTRAP_VERSION, Type="String", Overwrite=True
    )


def _upload(assembly: Path, name: str, template: str, endpoint_url: str, s3: Any) -> str:
    """Upload the assets of one stack; returns the address of its template."""
    url = ""
    for asset in json.loads((assembly / f"{name}.assets.json").read_text())["files"].values():
        source = assembly / asset["source"]["path"]
        for destination in asset["destinations"].values():
            key = destination["objectKey"]
            if source.name == f"{name}.template.json":
                url = f"{endpoint_url}/{ASSET_BUCKET}/{key}"
                s3.put_object(Bucket=ASSET_BUCKET, Key=key, Body=template.encode())
            elif not _is_uploaded(s3, key):
                packed = _packed(source, key) if asset["source"]["packaging"] == "zip" else source
                s3.put_object(Bucket=ASSET_BUCKET, Key=key, Body=packed.read_bytes())
    return url


def _is_uploaded(s3: Any, key: str) -> bool:
    try:
        s3.head_object(Bucket=ASSET_BUCKET, Key=key)
    except ClientError:
        return False
    return True


def _packed(folder: Path, key: str) -> Path:
    """The archive of a folder, cached under the name of its content."""
    archive = BUILD / "archives" / key
    if archive.is_file():
        return archive
    archive.parent.mkdir(parents=True, exist_ok=True)
    work = archive.with_suffix(f".{time.monotonic_ns()}")
    with zipfile.ZipFile(work, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(str(path.relative_to(folder)), ZIP_EPOCH)
                entry.external_attr = 0o644 << 16
                out.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=1)
    work.rename(archive)
    return archive


def _apply(
    cloudformation: Any,
    name: str,
    current: dict[str, Any] | None,
    url: str,
    given: Mapping[str, str],
    tags: Mapping[str, str],
) -> dict[str, Any]:
    if current and current["StackStatus"] in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"):
        # A stack whose creation failed can only be deleted.
        cloudformation.delete_stack(StackName=name)
        _wait(cloudformation, name)
        current = None
    operation = cloudformation.update_stack if current else cloudformation.create_stack
    try:
        operation(
            StackName=name,
            TemplateURL=url,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as problem:
        if current and "No updates are to be performed" in str(problem):
            return current
        raise DeployFailed(f"stack {name} was refused: {problem}") from problem
    stack = _wait(cloudformation, name)
    if stack is None or stack["StackStatus"] not in GOOD_ENDS:
        raise DeployFailed(_reasons(cloudformation, name, stack))
    return stack


def _wait(cloudformation: Any, name: str) -> dict[str, Any] | None:
    deadline = time.monotonic() + STACK_SECONDS
    while time.monotonic() < deadline:
        stack = _current_stack(cloudformation, name)
        if stack is None or not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        time.sleep(0.05)
    raise DeployFailed(f"stack {name} was not done within {STACK_SECONDS} s")


def _reasons(cloudformation: Any, name: str, stack: dict[str, Any] | None) -> str:
    status = stack["StackStatus"] if stack else "gone"
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    return "\n".join([f"stack {name} ended as {status}", *failed])
