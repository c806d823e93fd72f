"""Who is asked: the first rule that matches a request and yields an address decides, else the deployment's creator."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nodback_core.domain.deployments.conditions import MISSING, unmet, value_at
from nodback_core.domain.deployments.globs import matches_glob
from nodback_core.domain.deployments.rules import Rule
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.canonical import Json


class Verdict(StrEnum):
    """What became of one rule."""

    METHOD_DIFFERS = "method_differs"
    STATE_MISSING = "state_missing"
    STATE_TYPE_DIFFERS = "state_type_differs"
    STATE_DIFFERS = "state_differs"
    INPUT_MISSING = "input_missing"
    INPUT_IS_NO_ADDRESS = "input_is_no_address"
    WON_BY_INPUT = "won_by_input"
    WON_BY_EMAIL = "won_by_email"


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What became of the rule `name`, and the detail for a person; it never repeats a value of the state."""

    name: str
    outcome: Verdict
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Routing:
    """The address that is asked, the rule that named it (None: the creator), why, and each rule up to that one."""

    address: str
    rule: str | None
    reason: str
    considered: tuple[RuleVerdict, ...] = ()


def assign(*, rules: Sequence[Rule], method_name: str, state: object, creator_email: str) -> Routing:
    """Who is asked when `method_name` pauses with this state (any JSON value).

    Within a matching rule, an address in the state takes precedence over the fixed one. If a matching rule yields no
    valid address, the next rule is tried. The creator's address is not checked again.
    """
    considered: list[RuleVerdict] = []
    for rule in rules:
        address, verdict = _try(rule, method_name, state)
        considered.append(verdict)
        if address is not None:
            return Routing(address, rule.name, verdict.detail, tuple(considered))
    reason = "no rule yields an address" if considered else "there are no rules"
    return Routing(creator_email, None, f"{reason}: the deployment's creator is asked", tuple(considered))


def _try(rule: Rule, method_name: str, state: object) -> tuple[str | None, RuleVerdict]:
    """The address that this rule yields, or None, and what became of it."""
    if not matches_glob(rule.match.method_name, method_name):
        return None, RuleVerdict(rule.name, Verdict.METHOD_DIFFERS)
    for condition in rule.match.state:
        why_not = unmet(condition, state)
        if why_not is not None:
            return None, RuleVerdict(rule.name, Verdict(why_not), f"{condition.path} {condition.operator}")
    earlier = ""
    if rule.assign_from_input is not None:
        address, problem = _address_at(state, rule.assign_from_input)
        if address is not None:
            detail = f"the address is {rule.assign_from_input} of the state"
            return address, RuleVerdict(rule.name, Verdict.WON_BY_INPUT, detail)
        earlier = f"{rule.assign_from_input} {_PROBLEMS[problem]}"
        if rule.assign_to_email is None:
            return None, RuleVerdict(rule.name, problem, earlier)
    detail = f"the address is the rule's own; {earlier}" if earlier else "the address is the rule's own"
    return rule.assign_to_email, RuleVerdict(rule.name, Verdict.WON_BY_EMAIL, detail)


_PROBLEMS = {
    Verdict.INPUT_MISSING: "is missing from the state",
    Verdict.INPUT_IS_NO_ADDRESS: "of the state is no valid address",
}


def _address_at(state: object, path: str) -> tuple[str | None, Verdict]:
    found = value_at(state, path)
    if found is MISSING or found is None or found == "":
        return None, Verdict.INPUT_MISSING
    if not isinstance(found, str):
        return None, Verdict.INPUT_IS_NO_ADDRESS
    try:
        return normalise(found), Verdict.WON_BY_INPUT
    except InvalidAddress:
        return None, Verdict.INPUT_IS_NO_ADDRESS


def as_document(route: Routing) -> dict[str, Json]:
    """The route as JSON values, for the audit entry and for the answer of `rules/explain`."""
    return {
        "assigned_to_email": route.address,
        "rule": route.rule,
        "reason": route.reason,
        "considered": considered_document(route),
    }


def considered_document(route: Routing) -> list[Json]:
    """What became of each rule that was asked, in order."""
    return [
        {
            "rule": verdict.name,
            "outcome": verdict.outcome.value,
            **({"detail": verdict.detail} if verdict.detail else {}),
        }
        for verdict in route.considered
    ]
