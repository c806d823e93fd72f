"""Switching Nodback on and off for this process."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodback.crew import require_crewai
from nodback.errors import NotEnabled
from nodback.settings import ATTEMPT_TIMEOUT_SECONDS, GIVE_UP_AFTER_SECONDS, read_settings
from nodback.version import PRODUCT

if TYPE_CHECKING:
    from nodback.persistence import NodbackPersistence
    from nodback.reviews import ReviewService


@dataclass(frozen=True)
class _Enabled:
    service: "ReviewService"
    persistence: "NodbackPersistence"
    provider_before: Any
    default_before: Any
    coroutines_before: dict[str, Any]
    ask_before: Any


_lock = threading.Lock()
_enabled: _Enabled | None = None


def enable(
    url: str | None = None,
    api_key: str | None = None,
    *,
    attempt_timeout_seconds: float = ATTEMPT_TIMEOUT_SECONDS,
    give_up_after_seconds: float = GIVE_UP_AFTER_SECONDS,
) -> None:
    """Let every `@human_feedback` method of this process ask through Nodback.

    Registers a feedback provider and a persistence with crewAI; the decorators stay as they are. Calling it again
    replaces the address and the key. Nothing is sent before a flow pauses.

    Args:
        url: the address of the service; `NODBACK_URL` when left out. https, except on this machine.
        api_key: the deployment's `flow` key; `NODBACK_API_KEY` when left out.
        attempt_timeout_seconds: how long one attempt may take.
        give_up_after_seconds: how long one call may take in all, with its repeats; `kickoff()` raises after that.

    Raises:
        MissingSetting: no address or no key.
        BadSetting: an address or a key that cannot work.
        CrewAIMissing, CrewAIUnsupported: crewai is not there, or too old.

    Example:
        >>> import nodback
        >>> nodback.enable("https://nodback.example.com", "nodback_flow_1_ab12_s3cret")  # doctest: +SKIP
        >>> ContentApprovalFlow().kickoff()  # returns as soon as the review is open  # doctest: +SKIP
    """
    settings = read_settings(
        url,
        api_key,
        attempt_timeout_seconds=attempt_timeout_seconds,
        give_up_after_seconds=give_up_after_seconds,
    )
    require_crewai()
    from nodback.client import Client

    enable_with(Client(settings))


def enable_with(service: "ReviewService") -> None:
    """The same with a service that is already there; `nodback.testing` brings one that lives in memory."""
    from crewai.flow.flow import Flow
    from crewai.flow.flow_config import flow_config

    from nodback.console import refuse_ask, without_console
    from nodback.differences import use_persistence
    from nodback.loops import wrap
    from nodback.persistence import NodbackPersistence, load_state
    from nodback.provider import NodbackProvider

    global _enabled
    with _lock:
        before = _enabled
        persistence = NodbackPersistence.over(service)
        default_before = use_persistence(persistence)
        _enabled = _Enabled(
            service=service,
            persistence=persistence,
            provider_before=before.provider_before if before else flow_config.hitl_provider,
            default_before=before.default_before if before else default_before,
            coroutines_before=before.coroutines_before if before else wrap(Flow, load_state, without_console),
            ask_before=before.ask_before if before else refuse_ask(Flow),
        )
        flow_config.hitl_provider = NodbackProvider()


def disable() -> None:
    """Give crewAI back the provider and the persistence that it had before `enable()`; without it, do nothing."""
    global _enabled
    with _lock:
        if _enabled is None:
            return
        from crewai.flow.flow import Flow
        from crewai.flow.flow_config import flow_config

        from nodback.console import allow_ask
        from nodback.differences import give_back
        from nodback.loops import unwrap

        unwrap(Flow, _enabled.coroutines_before)
        allow_ask(Flow, _enabled.ask_before)
        flow_config.hitl_provider = _enabled.provider_before
        give_back(_enabled.default_before)
        _enabled.service.close()
        _enabled = None


def is_enabled() -> bool:
    return _enabled is not None


def enabled_service() -> "ReviewService":
    """The service that `enable()` connected this process with.

    Raises:
        NotEnabled: it was not called yet.
    """
    if _enabled is None:
        raise NotEnabled(f"{PRODUCT} is not switched on in this process: call nodback.enable() first.")
    return _enabled.service
