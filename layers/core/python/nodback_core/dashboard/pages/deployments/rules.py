"""Routing rules: who is asked, in order, and what would become of a request."""

import json
from collections.abc import Callable

from nodback_core.dashboard.visits import Visit
from nodback_core.dashboard.web import HttpRequest, HttpResponse
from nodback_core.domain.deployments.document import as_document
from nodback_core.domain.deployments.routing import Routing
from nodback_core.domain.deployments.rules import Operator
from nodback_core.domain.shared.errors import FieldError, InvalidInput, VersionDiffers
from nodback_core.statuses import status_of
from nodback_core.usecases.deployments.register import read_deployment
from nodback_core.usecases.deployments.settings import change_settings, explain_route, read_settings

EMPTY_CONDITIONS = 2
Rules = list[dict[str, object]]


def page(visit: Visit) -> HttpResponse:
    return _page(visit, done="Saved." if visit.http_request.get("saved") else "")


def save(visit: Visit) -> HttpResponse:
    """A new rule at the end, or another text for an existing one."""
    place = visit.http_request.field("index")

    def change(rules: Rules) -> Rules:
        rule = _rule(visit.http_request)
        if place.isascii() and place.isdigit() and int(place) < len(rules):
            return [*rules[: int(place)], rule, *rules[int(place) + 1 :]]
        return [*rules, rule]

    return _change(visit, change)


def move(visit: Visit) -> HttpResponse:
    """One place up or down."""
    index = int(visit.parts["index"])
    other = index + (-1 if visit.http_request.field("to") == "up" else 1)

    def change(rules: Rules) -> Rules:
        moved = list(rules)
        if index < len(moved) and 0 <= other < len(moved):
            moved[index], moved[other] = moved[other], moved[index]
        return moved

    return _change(visit, change)


def remove(visit: Visit) -> HttpResponse:
    index = int(visit.parts["index"])
    return _change(visit, lambda rules: [*rules[:index], *rules[index + 1 :]])


def explain(visit: Visit) -> HttpResponse:
    """Who would be asked when this method paused with this state, and why."""
    method, text = visit.http_request.get("method_name"), visit.http_request.get("state")
    try:
        state = json.loads(text) if text else {}
    except ValueError:
        return _page(visit, status=422, errors=(FieldError("state", 'must be JSON, such as {"amount": 12}'),))
    if not isinstance(state, dict):
        return _page(visit, status=422, errors=(FieldError("state", "must be one JSON object"),))
    route = explain_route(
        visit.deployment_id,
        method_name=method,
        state=state,
        rules=None,
        caller=visit.who.within(visit.deployment_id),
        store=visit.store,
    )
    return _page(visit, route=route)


def _change(visit: Visit, change: Callable[[Rules], Rules]) -> HttpResponse:
    caller = visit.who.within(visit.deployment_id)
    version = visit.http_request.field("version")
    expected = int(version) if version.isascii() and version.isdigit() else None
    current = read_settings(visit.deployment_id, caller=caller, store=visit.store)
    rules = list(as_document(current.settings)["rules"])  # type: ignore[call-overload]  # a list of rules
    try:
        change_settings(
            visit.deployment_id,
            {"rules": change(rules)},
            expected_version=current.version if expected is None else expected,
            caller=caller,
            store=visit.store,
            now=visit.now,
        )
    except InvalidInput as error:
        return _page(visit, status=status_of(error), errors=error.errors, typed=visit.http_request)
    except VersionDiffers as error:
        problem = FieldError("", "somebody else changed the rules meanwhile; what follows is as they left them")
        return _page(visit, status=status_of(error), errors=(problem,))
    return visit.redirect(f"/deployments/{visit.deployment_id}/rules", saved="yes")


def _page(
    visit: Visit,
    *,
    status: int = 200,
    errors: tuple[FieldError, ...] = (),
    done: str = "",
    route: Routing | None = None,
    typed: HttpRequest | None = None,
) -> HttpResponse:
    caller = visit.who.within(visit.deployment_id)
    saved = read_settings(visit.deployment_id, caller=caller, store=visit.store)
    return visit.page(
        "deployments/rules.html",
        status=status,
        deployment=read_deployment(visit.deployment_id, caller=caller, store=visit.store),
        rules=saved.settings.rules,
        version=saved.version,
        operators=[o.value for o in Operator],
        empty_conditions=EMPTY_CONDITIONS,
        value_text=value_text,
        errors=errors,
        done=done,
        route=route,
        typed=typed,
        asked_method=visit.http_request.get("method_name"),
        asked_state=visit.http_request.get("state"),
    )


def _rule(http_request: HttpRequest) -> dict[str, object]:
    """The form as a rule of the settings document."""
    rule: dict[str, object] = {"name": http_request.field("name")}
    match: dict[str, object] = {"method_name": http_request.field("method") or "*"}
    state: dict[str, dict[str, object]] = {}
    columns = [http_request.form.get(name) or [] for name in ("path", "operator", "value")]
    for path, operator, value in zip(*columns, strict=False):
        if path.strip():
            state.setdefault(path.strip(), {})[operator] = read_value(operator, value.strip())
    if state:
        match["state"] = state
    rule["match"] = match
    for field in ("assign_to_email", "assign_from_input", "sender_check"):
        if http_request.field(field):
            rule[field] = http_request.field(field)
    return rule


def read_value(operator: str, text: str) -> object:
    """What a person means by a value: a number, true, false or null as such, everything else as text."""
    if operator == "in":
        return [_scalar(part.strip()) for part in text.split(",") if part.strip()]
    if operator == "exists":
        return text.lower() not in ("false", "no")
    return _scalar(text)


def _scalar(text: str) -> object:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, list | dict) else value


def value_text(value: object) -> str:
    """How a value stands in its field."""
    if isinstance(value, tuple):
        return ", ".join(value_text(v) for v in value)
    if isinstance(value, str):
        return json.dumps(value) if not isinstance(_scalar(value), str) else value
    return json.dumps(value)
