"""Routing rules: what they are, and how they are read from a settings document and written to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, cast

from nodback_core.domain.deployments import fields as check
from nodback_core.domain.deployments.fields import Problems, inside, shown
from nodback_core.domain.deployments.sender_checks import SENDER_CHECKS, SenderCheck

MAX_RULES = 500
MAX_CONDITIONS_PER_RULE = 20
MAX_CONDITION_VALUES = 100
RULE_FIELDS = ("name", "match", "assign_to_email", "assign_from_input", "sender_check")
MATCH_FIELDS = ("method_name", "state")
MAX_NAME_CHARACTERS = 100
MAX_PATTERN_CHARACTERS = 200
MAX_PATH_CHARACTERS = 200
MAX_VALUE_CHARACTERS = 1000

Scalar: TypeAlias = str | int | float | bool | None


class Operator(StrEnum):
    """How a condition compares the value that it finds in the flow's state."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on the flow's state: the value at a dotted path, compared with another.

    `value` is a tuple for `in`, a boolean for `exists`, a number for the four orders, else any scalar.
    """

    path: str
    operator: Operator
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule applies to: a pattern for the method's name, and conditions that must all hold."""

    method_name: str = "*"
    state: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One routing rule: what it matches, and where the address comes from: from the state first, else the fixed one.

    `sender_check` is that of the deployment unless the rule has its own.
    """

    name: str
    match: Match
    assign_to_email: str | None = None
    assign_from_input: str | None = None
    sender_check: SenderCheck | None = None


OPERATORS = {operator.value: operator for operator in Operator}
ORDERS = frozenset({Operator.GT, Operator.GTE, Operator.LT, Operator.LTE})


def read_rules(problems: Problems, path: str, value: object) -> tuple[Rule, ...]:
    """The rules that could be read; the mistakes in the others are recorded."""
    if not isinstance(value, list | tuple):
        problems.add(path, "must be a list of rules")
        return ()
    if len(value) > MAX_RULES:
        problems.add(path, f"must hold at most {MAX_RULES} rules")
        return ()
    rules: list[Rule] = []
    first_with_name: dict[str, int] = {}
    for index, item in enumerate(value):
        rule = _read_rule(problems, f"{path}.{index}", item)
        if rule is None:
            continue
        earlier = first_with_name.setdefault(rule.name, index)
        if rule.name and earlier != index:
            problems.add(f"{path}.{index}.name", f"{shown(rule.name)} is the name of rule {earlier} already")
        rules.append(rule)
    return tuple(rules)


def _read_rule(problems: Problems, path: str, value: object) -> Rule | None:
    rule = check.section(problems, path, value, RULE_FIELDS)
    if rule is None:
        return None
    name = check.text(problems, f"{path}.name", rule.get("name"), most=MAX_NAME_CHARACTERS, needed=True)
    match = _read_match(problems, f"{path}.match", rule.get("match"))
    to_email = from_input = None
    if (given := rule.get("assign_to_email")) is not None:
        to_email = check.address(problems, f"{path}.assign_to_email", given)
    if (given := rule.get("assign_from_input")) is not None:
        from_input = _read_path(problems, f"{path}.assign_from_input", given)
    if rule.get("assign_to_email") is None and rule.get("assign_from_input") is None:
        problems.add(f"{path}.assign_to_email", "a rule needs assign_to_email, assign_from_input or both")
    sender_check = None
    if (given := rule.get("sender_check")) is not None:
        sender_check = check.choice(problems, f"{path}.sender_check", given, SENDER_CHECKS)
    return Rule((name or "").strip(), match, to_email, from_input, cast("SenderCheck | None", sender_check))


def _read_match(problems: Problems, path: str, value: object) -> Match:
    match = check.section(problems, path, value, MATCH_FIELDS)
    if match is None:
        return Match()
    if not match:
        problems.add(path, "must hold method_name, state or both")
    pattern = match.get("method_name", "*")
    conditions = _read_conditions(problems, f"{path}.state", match.get("state", {}))
    return Match(_read_pattern(problems, f"{path}.method_name", pattern) or "*", conditions)


def _read_pattern(problems: Problems, path: str, value: object) -> str | None:
    """A pattern for a method's name: what a name may hold, `*` and `?`."""
    if not isinstance(value, str) or not value or len(value) > MAX_PATTERN_CHARACTERS:
        problems.add(path, f"must be a pattern of 1 to {MAX_PATTERN_CHARACTERS} characters")
        return None
    if not f"a{value.replace('*', '').replace('?', '')}".isidentifier():
        strange = next((c for c in value if c not in "*?" and not f"a{c}".isidentifier()), value)
        problems.add(
            path,
            f"{shown(strange)} is in no method's name; a pattern holds letters, digits and _, * for any and ? for one",
        )
        return None
    return value


def _read_path(problems: Problems, path: str, value: object) -> str | None:
    """A dotted path into the flow's state, such as `customer.owner_email`."""
    dotted = check.text(problems, path, value, most=MAX_PATH_CHARACTERS, needed=True)
    if dotted is not None and not all(dotted.split(".")):
        problems.add(path, f"{shown(dotted)} is no dotted path: write it like customer.owner_email")
        return None
    return dotted


def _read_conditions(problems: Problems, path: str, value: object) -> tuple[Condition, ...]:
    if not isinstance(value, Mapping):
        problems.add(path, "must be an object of dotted paths and their conditions")
        return ()
    conditions: list[Condition] = []
    for dotted, operators in value.items():
        here = inside(path, dotted)
        state_path = _read_path(problems, here, dotted)
        if not isinstance(operators, Mapping) or not operators:
            problems.add(here, 'must be an object of operators, such as {"gte": 10000}')
            continue
        for operator, wanted in operators.items():
            condition = _read_condition(problems, inside(here, operator), state_path or "", operator, wanted)
            if condition is not None:
                conditions.append(condition)
    if len(conditions) > MAX_CONDITIONS_PER_RULE:
        problems.add(path, f"must hold at most {MAX_CONDITIONS_PER_RULE} conditions")
    return tuple(conditions)


def _read_condition(problems: Problems, path: str, dotted: str, name: object, value: object) -> Condition | None:
    operator = OPERATORS.get(name) if isinstance(name, str) else None
    if operator is None:
        problems.add(path, f"is an unknown operator; known are {', '.join(OPERATORS)}")
        return None
    if operator is Operator.EXISTS:
        exists = check.flag(problems, path, value)
        return None if exists is None else Condition(dotted, operator, exists)
    if operator in ORDERS:
        number = check.number_of(value)
        if number is None:
            problems.add(path, "must be a finite number")
            return None
        return Condition(dotted, operator, number)
    if operator is Operator.IN:
        values = _read_values(problems, path, value)
        return None if values is None else Condition(dotted, operator, values)
    found = _read_scalar(problems, path, value)
    return None if found is None else Condition(dotted, operator, found[0])


def _read_values(problems: Problems, path: str, value: object) -> tuple[Scalar, ...] | None:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_CONDITION_VALUES:
        problems.add(path, f"must be a list of 1 to {MAX_CONDITION_VALUES} values")
        return None
    read = [_read_scalar(problems, f"{path}.{index}", item) for index, item in enumerate(value)]
    return tuple(found[0] for found in read if found is not None)


def _read_scalar(problems: Problems, path: str, value: object) -> tuple[Scalar] | None:
    """The value in a tuple of one, since null is a value too; None when it is wrong."""
    if value is None or isinstance(value, bool):
        return (value,)
    if isinstance(value, str):
        text = check.text(problems, path, value, most=MAX_VALUE_CHARACTERS, lines=True)
        return None if text is None else (text,)
    number = check.number_of(value)
    if number is None:
        problems.add(path, "must be text, a finite number, true, false or null")
        return None
    return (number,)


def rule_document(rule: Rule) -> dict[str, object]:
    """The rule as JSON values; `read_rules` reads it back unchanged."""
    document: dict[str, object] = {"name": rule.name, "match": _match_document(rule.match)}
    if rule.assign_to_email is not None:
        document["assign_to_email"] = rule.assign_to_email
    if rule.assign_from_input is not None:
        document["assign_from_input"] = rule.assign_from_input
    if rule.sender_check is not None:
        document["sender_check"] = rule.sender_check
    return document


def _match_document(match: Match) -> dict[str, object]:
    if not match.state:
        return {"method_name": match.method_name}
    state: dict[str, dict[str, Scalar | list[Scalar]]] = {}
    for condition in match.state:
        value = list(condition.value) if isinstance(condition.value, tuple) else condition.value
        state.setdefault(condition.path, {})[condition.operator.value] = value
    return {"method_name": match.method_name, "state": state}
