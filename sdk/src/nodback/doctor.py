"""Checks that tell a flow author why nothing happens, each with what to do about it."""

import importlib.metadata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nodback.constructing import Factory
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
    factory: Callable[[], Factory] | None = None,
) -> Iterator[Check]:
    """The checks, in the order in which one builds on the other.

    Args:
        read_settings: raises ConfigurationError when something is missing.
        connect: makes the client of the settings.
        flows: loads the flows to look at, or None.
        factory: loads what gives the flows their constructor arguments, or None.
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
        yield from _flows(flows, factory)


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


def _flows(flows: Callable[[], Sequence[type[Any]]], load_factory: Callable[[], Factory] | None) -> Iterator[Check]:
    try:
        classes = flows()
        factory = load_factory() if load_factory is not None else None
    except NodbackError as error:
        yield Check("flows", False, str(error))
        return
    from nodback.lint import lint_flows

    findings = lint_flows(classes, factory=factory)
    for flow_class in sorted(classes, key=qualified_name):
        name = qualified_name(flow_class)
        here = any(finding.flow == name for finding in findings)
        lost = "" if here else "nothing that a review would lose; "
        yield Check(flow_class.__qualname__, True, f"{lost}its answers wait for a worker that serves {name}")
    for finding in findings:
        yield Check(finding.where, False, f"{finding.text} [{finding.code}]")
