"""One map from the domain's errors to HTTP: complete, and the only one that API and pages know."""

import ast
import inspect
from http import HTTPStatus
from pathlib import Path

import pytest
from support.browse import ADMIN, Browser
from support.http import INSTALL_KEY, call
from support.world import World

from nodback_core.api.deployments import deployments as routes
from nodback_core.dashboard.pages.deployments import deployments as pages
from nodback_core.domain.shared import errors
from nodback_core.domain.shared.errors import FieldError, InvalidInput, NodbackError, TooManyAttempts, Unauthenticated
from nodback_core.statuses import STATUS

CORE = Path(__file__).parents[2] / "layers/core/python/nodback_core"
KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, NodbackError) and kind is not NodbackError
]


def example(kind: type[NodbackError]) -> NodbackError:
    if issubclass(kind, InvalidInput):
        return kind((FieldError("name", "is wrong"),))
    if issubclass(kind, TooManyAttempts):
        return kind("wait", seconds=42)
    return kind("it cannot be")


def test_every_error_of_the_domain_has_a_status() -> None:
    assert len(KINDS) >= 10
    assert [kind.__name__ for kind in KINDS if kind not in STATUS] == []


@pytest.mark.parametrize("kind", [k for k in KINDS if k is not Unauthenticated], ids=lambda kind: kind.__name__)
def test_api_and_pages_answer_an_error_alike(kind: type[NodbackError], monkeypatch: pytest.MonkeyPatch) -> None:
    """All but Unauthenticated: there, a page leads to the sign-in."""

    def refuse(*_: object, **__: object) -> None:
        raise example(kind)

    world = World()
    browser = Browser(world).sign_in(ADMIN)
    monkeypatch.setattr(pages, "page", refuse)
    monkeypatch.setattr(routes, "list_deployments", refuse)

    page, document = browser.get("/deployments"), call(world, "GET", "/v1/deployments", INSTALL_KEY)

    assert page.status == document.status == STATUS[kind]
    assert page.headers.get("retry-after") == document.headers.get("retry-after")
    if kind is TooManyAttempts:
        assert page.headers["retry-after"] == "42"


def test_no_page_and_no_route_chooses_a_status_for_an_error_of_the_domain() -> None:
    names = {kind.__name__ for kind in KINDS} | {"ContentErased", "NodbackError"}
    found = []
    for part in ("api", "dashboard"):
        for path in sorted((CORE / part).rglob("*.py")):
            for handler in (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ExceptHandler)):
                caught = {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)} if handler.type else set()
                numbers = [
                    n.lineno
                    for statement in handler.body
                    for n in ast.walk(statement)
                    if (isinstance(n, ast.Constant) and n.value in set(HTTPStatus) and not isinstance(n.value, str))
                    or (isinstance(n, ast.Attribute) and ast.unparse(n.value) == "HTTPStatus")
                ]
                if caught & names:
                    found += [f"{path.relative_to(CORE)}:{line}" for line in numbers]
    assert found == []
