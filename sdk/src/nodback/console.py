"""Refusing the two ways in which crewAI would wait at a console that a worker does not have.

`Flow.ask()` turns any trouble of its provider into None, and `human_input=True` reads the standard input of the
process, so that a flow would go on with nothing, or hang.
"""

import functools
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nodback.errors import FlowRefused
from nodback.loops import current_run

try:
    from crewai.core.providers import human_input
except ImportError:  # before crewAI 1.10, whose agents read the console themselves
    human_input = None  # type: ignore[assignment]

ADVICE = "Ask by @human_feedback on a method of the flow instead: it pauses, and goes on in another process."


def refuse_ask(flow_class: type[Any]) -> Any:
    """Let `Flow.ask()` raise where it would read the console; returns what `allow_ask` needs to undo it.

    A flow with an input provider of its own, or a process with one, keeps it. crewAI 1.8 and 1.9 have no `ask()`.
    """
    before = getattr(flow_class, "ask", None)
    if before is None:
        return None

    @functools.wraps(before)
    def ask(self: Any, *args: Any, **kwargs: Any) -> Any:
        from crewai.flow.flow_config import flow_config

        if self.input_provider is None and flow_config.input_provider is None:
            raise FlowRefused(
                f"{type(self).__qualname__}: self.ask() would wait at the console of this process, where no reviewer "
                f"is. {ADVICE}"
            )
        return before(self, *args, **kwargs)

    flow_class.ask = ask
    return before


def allow_ask(flow_class: type[Any], before: Any) -> None:
    """Give crewAI's Flow its own `ask()` back."""
    if before is not None:
        flow_class.ask = before


@contextmanager
def without_console() -> Iterator[None]:
    """While a flow runs, let tasks with `human_input=True` raise where they would read the console."""
    if human_input is None or type(human_input.get_provider()) is not human_input.SyncHumanInputProvider:
        yield
        return
    token = human_input.set_provider(_Refusing())
    try:
        yield
    finally:
        human_input.reset_provider(token)


if human_input is not None:

    class _Refusing(human_input.SyncHumanInputProvider):
        """Raises before the agent works, as far as crewAI tells it about the task by then."""

        def setup_messages(self, context: Any) -> bool:
            if getattr(context.task, "human_input", False):
                raise _refusal()
            return super().setup_messages(context)

        def handle_feedback(self, formatted_answer: Any, context: Any) -> Any:  # noqa: ARG002 - crewAI's signature
            raise _refusal()

        async def handle_feedback_async(self, formatted_answer: Any, context: Any) -> Any:  # noqa: ARG002
            raise _refusal()


if human_input is None:

    def _refuse_in_flows() -> None:
        """Let the agents of a flow raise where they would read the console; `current_run` is None outside of one."""
        module = importlib.import_module("crewai.agents.agent_builder.base_agent_executor_mixin")
        before = module.CrewAgentExecutorMixin._ask_human_input

        @functools.wraps(before)
        def ask(self: Any, *args: Any, **kwargs: Any) -> Any:
            if current_run() is not None:
                raise _refusal()
            return before(self, *args, **kwargs)

        module.CrewAgentExecutorMixin._ask_human_input = ask

    _refuse_in_flows()


def _refusal() -> FlowRefused:
    run = current_run()
    where = f"{type(run.flow).__qualname__}: " if run is not None else ""
    return FlowRefused(
        f"{where}a task with human_input=True would wait at the console of this process, where no reviewer is. {ADVICE}"
    )
