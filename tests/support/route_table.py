"""Every route of the API with its keys, its body and what it does, for docs/api.md.

`python -m tests.support.route_table --write` puts the table into the page.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "layers/core/python"), str(ROOT / "tests")]

from support.access import TABLE  # noqa: E402
from support.documents import put  # noqa: E402
from support.http import call  # noqa: E402
from support.world import World  # noqa: E402

PAGE = ROOT / "docs/api.md"
GROUPS = (
    *("deployments", "keys", "settings", "members", "requests", "callbacks"),
    *("flows", "resumes", "webhooks", "mail", "audit", "metrics", "service"),
)
DOCUMENT = "GET /v1/openapi.json"


def table() -> str:
    """A line for each operation of the OpenAPI document, by group."""
    lines = ["| route | key | body | what it does |", "|---|---|---|---|"]
    document = call(World(), "GET", "/v1/openapi.json").json
    found = sorted(_operations(document), key=_place)
    lines += [_line(label, operation, document) for label, operation in found]
    lines.append(f"| `{DOCUMENT}` | {_keys(DOCUMENT)} |  | The OpenAPI document |")
    return "\n".join(lines)


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"{method.upper()} {path}", operation


def _place(labelled: tuple[str, Mapping[str, Any]]) -> tuple[int, str]:
    label, operation = labelled
    return GROUPS.index(operation["tags"][0]), label.partition(" ")[2]


def _line(label: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    query = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    asked = f"?{'&'.join(f'{name}=' for name in query)}" if query else ""
    body = ", ".join(_fields(operation, document))
    return f"| `{label}{asked}` | {_keys(label)} | {body} | {operation['summary']} |"


def _keys(label: str) -> str:
    scopes = TABLE[label].scopes
    if scopes is None:
        return "none"
    return ", ".join(name for name in ("flow", "respond", "manage", "install") if name in scopes)


def _fields(operation: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    """The fields of a body, those that are needed first; the others with a question mark."""
    content = operation.get("requestBody", {}).get("content", {})
    name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema = document["components"]["schemas"].get(name, {})
    needed = schema.get("required", [])
    more = [field for field in schema.get("properties", {}) if field not in needed]
    return [*(f"`{field}`" for field in needed), *(f"`{field}`?" for field in more)]


if __name__ == "__main__":
    print(table())
    if "--write" in sys.argv:
        put(PAGE, "routes", table())
