"""Keeping the service's slowness off the event loop that a flow runs on.

crewAI calls its persistence from the running loop, and a call over HTTPS there would stop everything else in the
process. So its two coroutines are wrapped while Nodback is switched on: what they will read is read before they
start, and what they want committed is committed after they end, both in a thread, before the caller gets anything.
"""

import asyncio
import contextlib
import contextvars
import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

WRAPPED = ("kickoff_async", "resume_async")
Around = Callable[[], contextlib.AbstractContextManager[None]]


@dataclass
class Run:
    """One run of a flow's coroutine.

    Attributes:
        flow: the flow that runs.
        states: saved states that were read before it started, by flow id; each is taken once.
        commits: what remains to be done once the coroutine has ended.
        inside: the flow and the name of its method that this run was started from, or None.
    """

    flow: Any
    inside: tuple[Any, str] | None = None
    states: dict[str, Any] = field(default_factory=dict)
    commits: list[Callable[[], None]] = field(default_factory=list)


_current: contextvars.ContextVar[Run | None] = contextvars.ContextVar("nodback_run", default=None)


def current_run() -> Run | None:
    """The run that this code belongs to, in its threads too; None when crewAI was entered by another way."""
    return _current.get()


def in_loop() -> bool:
    """Whether blocking here would stop an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def in_thread(call: Callable[[], T]) -> T:
    """The result of a blocking call; who is cancelled meanwhile does not wait for it.

    `asyncio.to_thread` would have the loop wait for the call when it closes.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(setter: Callable[[Any], None], value: Any) -> None:
        if not answer.done():
            setter(value)

    def work() -> None:
        try:
            done: tuple[Callable[[Any], None], Any] = (answer.set_result, call())
        except BaseException as error:  # noqa: BLE001 - it is raised where the call is awaited
            done = (answer.set_exception, error)
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, *done)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name="nodback-call", daemon=True).start()
    return await answer


def wrap(flow_class: type[Any], load_state: Callable[[Any, str], Any], around: Around) -> dict[str, Any]:
    """Wrap the coroutines of crewAI's Flow; returns what `unwrap` needs to undo it.

    Args:
        load_state: reads the saved state of a flow id for a flow, or raises KeyError when it is kept elsewhere.
        around: entered while a flow runs.
    """
    from nodback.differences import EXECUTE, TELLS_METHOD, naming_methods

    before = {name: getattr(flow_class, name) for name in WRAPPED}
    for name, original in before.items():
        setattr(flow_class, name, _beside_the_loop(original, load_state, around))
    if not TELLS_METHOD:
        before[EXECUTE] = getattr(flow_class, EXECUTE)
        setattr(flow_class, EXECUTE, naming_methods(before[EXECUTE]))
    return before


def unwrap(flow_class: type[Any], before: dict[str, Any]) -> None:
    """Give crewAI's Flow its own coroutines back."""
    for name, original in before.items():
        setattr(flow_class, name, original)


def _beside_the_loop(
    original: Callable[..., Any], load_state: Callable[[Any, str], Any], around: Around
) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @functools.wraps(original)
    async def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        run = Run(self, _method_around())
        for flow_id in _ids_to_read(signature.bind(self, *args, **kwargs).arguments):
            try:
                run.states[flow_id] = await in_thread(functools.partial(load_state, self, flow_id))
            except KeyError:
                break
        with _running(run), around():
            value = await original(self, *args, **kwargs)
        for commit in run.commits:
            await in_thread(commit)
        return value

    return wrapped


def _method_around() -> tuple[Any, str] | None:
    from nodback.differences import running_method

    outer, name = _current.get(), running_method()
    return None if outer is None or name is None else (outer.flow, name)


def _ids_to_read(arguments: dict[str, Any]) -> Iterator[str]:
    fork = arguments.get("restore_from_state_id")
    inputs = arguments.get("inputs")
    own = inputs.get("id") if isinstance(inputs, dict) else None
    # A fork that is found takes the place of the state under its own id.
    for flow_id in (fork, own):
        if isinstance(flow_id, str) and flow_id:
            yield flow_id
            return


@contextmanager
def _running(run: Run) -> Iterator[None]:
    token = _current.set(run)
    try:
        yield
    finally:
        _current.reset(token)
