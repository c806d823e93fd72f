"""Reads synthesised templates."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Examined:
    """The installs that were synthesised, and what the rules object to."""

    folder: Path
    objections: list[str]

    def template(self, install: str, stack: str) -> dict:
        """The template of one stack (`data`, `service`, `mail`) of one install (`aws`, `shared`, `local`)."""
        (path,) = (self.folder / install).glob(f"nodback-*-{stack}.template.json")
        return json.loads(path.read_text())

    def stacks(self, install: str) -> list[str]:
        """The names of an install's stacks."""
        return sorted(path.name.split(".")[0] for path in (self.folder / install).glob("*.template.json"))


def resources(template: Mapping, kind: str) -> dict[str, dict]:
    """The resources of one type: logical id -> properties."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def only(template: Mapping, kind: str) -> dict:
    """The properties of the one resource of a type."""
    (properties,) = resources(template, kind).values()
    return properties


def statements(template: Mapping) -> Iterator[tuple[str, dict]]:
    """Every statement of every role's policies: (logical id of the role, statement)."""
    for properties in resources(template, "AWS::IAM::Policy").values():
        for role in properties["Roles"]:
            for statement in properties["PolicyDocument"]["Statement"]:
                yield role["Ref"], statement
    for name, properties in resources(template, "AWS::IAM::Role").items():
        for policy in properties.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def as_list(value: object) -> list:
    """IAM says one thing as itself and several as a list."""
    return value if isinstance(value, list) else [value]


def environment(template: Mapping, function: str) -> dict:
    """The environment of a function, by what its physical name has behind the stage."""
    (found,) = [
        properties["Environment"]["Variables"]
        for properties in resources(template, "AWS::Lambda::Function").values()
        if properties["FunctionName"].split("-", 2)[2] == function
    ]
    return found
