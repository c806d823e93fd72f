"""Conditions of a rule on the flow's state, and how a dotted path finds a value there. No state raises an error."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeAlias

from nodback_core.domain.deployments.rules import Condition, Operator

Number: TypeAlias = int | float | Decimal


class Missing:
    """The type of MISSING, which tells that there is no value; null is a value."""


MISSING: Final = Missing()


def value_at(state: object, path: str) -> object:
    """The value at a dotted path such as `customer.owners.0.email`, or MISSING; numbers count list items from 0."""
    found = state
    for name in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(name, MISSING)
        elif isinstance(found, Sequence) and not isinstance(found, str | bytes) and name.isascii() and name.isdigit():
            found = found[int(name)] if len(name) < 10 and int(name) < len(found) else MISSING
        else:
            return MISSING
    return found


def unmet(condition: Condition, state: object) -> str | None:
    """Why the state does not meet the condition, as a code; None when it does.

    `state_missing` when there is nothing at the path, which only `exists: false` accepts. `state_type_differs` when
    an order is applied to something other than a number. `state_differs` otherwise.
    """
    found = value_at(state, condition.path)
    if condition.operator is Operator.EXISTS:
        return None if (found is not MISSING) == condition.value else "state_differs"
    if found is MISSING:
        return "state_missing"
    if condition.operator is Operator.IN:
        wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        return None if any(_equal(found, value) for value in wanted) else "state_differs"
    if condition.operator is Operator.EQ:
        return None if _equal(found, condition.value) else "state_differs"
    if condition.operator is Operator.NE:
        return "state_differs" if _equal(found, condition.value) else None
    left, right = _number(found), _number(condition.value)
    if left is None or right is None:
        return "state_type_differs"
    return None if _in_order(condition.operator, left, right) else "state_differs"


def _equal(found: object, wanted: object) -> bool:
    """Equality of values of one type: `true` is not 1, and 1 is not "1"."""
    left, right = _number(found), _number(wanted)
    if left is not None or right is not None:
        return left is not None and right is not None and left == right
    return type(found) is type(wanted) and isinstance(found, str | bool | None) and found == wanted


def _number(value: object) -> Number | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    finite = value.is_finite() if isinstance(value, Decimal) else isinstance(value, int) or math.isfinite(value)
    return value if finite else None


def _in_order(operator: Operator, left: Number, right: Number) -> bool:
    if operator is Operator.GT:
        return left > right
    if operator is Operator.GTE:
        return left >= right
    if operator is Operator.LT:
        return left < right
    return left <= right
