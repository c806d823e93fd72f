"""Prepares the roles' rights for the emulator, which cannot judge all of them."""

import json
from typing import Any

from infra.local.strict_ses import SENDS

# It knows neither KMS's nor SES's own condition keys, and it speaks plain HTTP on this machine.
UNKNOWN_KEYS = ("kms:", "ses:")
PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}


def enforceable(template: str) -> str:
    """The template with its policies as they are, but for conditions on unknown keys and the resources of sending mail.

    Actions and all other resources stay as they are, so a right that is missing on AWS is missing here. The strict SES
    checks the rights to send mail instead (see strict_ses.py).
    """
    body = json.loads(template)
    for resource in body["Resources"].values():
        document = resource.get("Properties", {}).get("PolicyDocument")
        if document:
            document["Statement"] = [
                _enforceable_statement(statement)
                for statement in document["Statement"]
                if not (statement["Effect"] == "Deny" and _asks_for_tls(statement))
            ]
    return json.dumps(body)


def _as_list(actions: str | list[str]) -> list[str]:
    """The actions of a statement; IAM writes a single one without a list."""
    return [actions] if isinstance(actions, str) else actions


def _asks_for_tls(statement: dict[str, Any]) -> bool:
    condition = statement.get("Condition", {})
    return bool(condition == PLAIN_HTTP or "NumericLessThan" in condition)


def _enforceable_statement(statement: dict[str, Any]) -> dict[str, Any]:
    condition = {
        operator: known
        for operator, keys in statement.get("Condition", {}).items()
        if (known := {key: value for key, value in keys.items() if not key.startswith(UNKNOWN_KEYS)})
    }
    rest = {key: value for key, value in statement.items() if key != "Condition"}
    if set(_as_list(statement["Action"])) <= SENDS:
        # It authorises sending on every resource at once or not at all.
        rest["Resource"] = "*"
    return {**rest, "Condition": condition} if condition else rest
