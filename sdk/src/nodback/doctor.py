"""Checks that tell a flow author why nothing happens, each with what to do about it."""

import importlib.metadata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nodback.crew import require_crewai
from nodback.errors import NodbackError, NotFound, ServiceError, Unauthenticated, WrongScope
from nodback.names import qualified_name
from nodback.settings import Settings

# An id that no flow has: asking for it needs the key's scope and finds nothing.
PROBE_FLOW_ID = "nodback-doctor"


@dataclass(frozen=True)
class Check:
    """One line of the doctor's report."""

    name: str
    is_fine: bool
    text: str


def examine(
    read_settings: Callable[[], Settings],
    connect: Callable[[Settings], Any],
    flows: Callable[[], Sequence[type[Any]]] | None = None,
) -> Iterator[Check]:
    """The checks, in the order in which one builds on the other.

    Args:
        read_settings: raises ConfigurationError when something is missing.
        connect: makes the client of the settings.
        flows: loads the flows to look at, or None.
    """
    yield _crewai()
    try:
        settings = read_settings()
    except NodbackError as error:
        yield Check("settings", False, str(error))
    else:
        yield Check("settings", True, f"{settings.url} with key {settings.api_key}")
        yield from _service(connect(settings))
    if flows is not None:
        yield from _flows(flows)


def _crewai() -> Check:
    try:
        require_crewai()
    except NodbackError as error:
        return Check("crewai", False, str(error))
    return Check("crewai", True, f"version {importlib.metadata.version('crewai')}")


def _service(client: Any) -> Iterator[Check]:
    try:
        health = client.health()
    except ServiceError as error:
        yield Check("service", False, f"{error}. Check NODBACK_URL, and that the service is deployed and running.")
        return
    yield Check("service", True, f"answers, version {health.get('version', 'unknown')}")
    try:
        client.load_state(PROBE_FLOW_ID)
    except (Unauthenticated, WrongScope, NotFound) as error:
        yield Check("api key", False, str(error))
    except ServiceError as error:
        yield Check("api key", False, f"{error}. The service answers but cannot check the key: see its logs.")
    else:
        yield Check("api key", True, "may open reviews and resume flows")


def _flows(flows: Callable[[], Sequence[type[Any]]]) -> Iterator[Check]:
    try:
        classes = flows()
    except NodbackError as error:
        yield Check("flows", False, str(error))
        return
    from nodback.lint import lint_flow

    for flow_class in sorted(classes, key=qualified_name):
        name = flow_class.__qualname__
        findings = lint_flow(flow_class)
        if not findings:
            waits = f"its answers wait for a worker that serves {qualified_name(flow_class)}"
            yield Check(name, True, f"nothing that a review would lose; {waits}")
        for finding in findings:
            yield Check(f"{name}.{finding.method_name}", False, finding.text)
