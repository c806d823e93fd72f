"""Finding the flow classes that a worker serves, from `package.module[:FlowClass]`."""

import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nodback import enabling
from nodback.constructing import Factory
from nodback.crew import LLM_ADVICE, LLM_DEMANDED, require_crewai
from nodback.errors import BadSetting, NodbackError
from nodback.names import served
from nodback.settings import API_KEY_VARIABLE, URL_VARIABLE

# Nothing is ever sent there: `.invalid` is no domain.
_NOWHERE = {URL_VARIABLE: "https://offline.invalid", API_KEY_VARIABLE: "nodback_flow_0_offline_0000000000"}


_BARE_PERSIST = "persist.<locals>.decorator"


def load_flows(target: str, *, folder: Path) -> Sequence[type[Any]]:
    """The flow classes of a module, those inside of other classes too.

    Args:
        target: `package.module`, or `package.module:FlowClass` or `package.module:Outer.FlowClass` for one of them.
        folder: put on the module search path first, as `python -m` does with the current folder.

    Raises:
        BadSetting: nothing to be found there, it cannot be imported, or two flows cannot be told apart; the message
            says what to do.
        CrewAIMissing, CrewAIUnsupported: crewai is not there, or too old.
    """
    module_name, colon, class_name = target.partition(":")
    if not module_name or (colon and not class_name):
        raise BadSetting(f"{target!r} is not package.module or package.module:FlowClass.")
    if module_name.endswith(".py") or "/" in module_name or "\\" in module_name:
        dotted = module_name.removesuffix(".py").strip("./\\").replace("/", ".").replace("\\", ".")
        raise BadSetting(f"{module_name!r} is a file; name the module instead: {dotted}{colon}{class_name}")
    require_crewai()
    module = _imported(module_name, folder)
    flows = dict(_flow_classes(module))
    # Before one is chosen: an answer for the other would come to it.
    served(flows.values())
    if class_name:
        if class_name not in flows:
            raise BadSetting(f"{module_name} has no flow class {class_name!r}; it has {_listed(flows)}.")
        return [flows[class_name]]
    own = [flow for flow in flows.values() if flow.__module__ == module.__name__]
    if not flows:
        raise BadSetting(f"{module_name} defines no flow: {_why_none(module)}.")
    return list(dict.fromkeys(own or flows.values()))


@contextmanager
def offline() -> Iterator[None]:
    """Let modules be imported that call `nodback.enable()` or use `@persist()`, without settings or a service.

    Afterwards the process is as it was before.
    """
    if enabling.is_enabled():
        yield
        return
    require_crewai()
    missing = {name: value for name, value in _NOWHERE.items() if not os.environ.get(name)}
    os.environ.update(missing)
    try:
        enabling.enable(*_NOWHERE.values())
        yield
    finally:
        enabling.disable()
        for name in missing:
            os.environ.pop(name, None)


def load_factory(target: str, *, folder: Path) -> Factory:
    """The function that gives the constructor arguments of flow classes, from `package.module:function`.

    Raises:
        BadSetting: there is no such function; the message says what to do.
    """
    module_name, _, name = target.partition(":")
    if not module_name or not name:
        raise BadSetting(f"{target!r} is not package.module:function.")
    found: Any = _imported(module_name, folder)
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise BadSetting(f"{module_name} has no function {name!r} that could be the factory.")
    factory: Factory = found
    return factory


def _imported(module_name: str, folder: Path) -> Any:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(module_name)
    except NodbackError:
        raise
    # A module that is imported may do anything, even leave.
    except (Exception, SystemExit) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) and error.name else ""
        if missing and f"{module_name}.".startswith(f"{missing}."):
            raise BadSetting(
                f"There is no module {missing!r} in {folder} or among the installed packages. "
                "Start the worker in the folder from which `python -m` finds it."
            ) from error
        said = " ".join((error.msg if isinstance(error, SyntaxError) else str(error)).split())
        if said.startswith(LLM_DEMANDED):
            said = said.rstrip(".") + f". {LLM_ADVICE}"
        raise BadSetting(
            f"The module {module_name} cannot be imported: {type(error).__name__}: {said}{_place(error, folder)}"
        ) from error


def _place(error: BaseException, folder: Path) -> str:
    """The innermost line of the author's own files that the error came through, as far as there is one."""
    lines = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        lines.append((error.filename or "", error.lineno))
    paths = [(Path(name), line) for name, line in lines]
    # An environment often lies in the folder, too.
    own = [(p, line) for p, line in paths if p.is_relative_to(folder) and "site-packages" not in p.parts]
    return f" ({own[-1][0].relative_to(folder)}, line {own[-1][1]})" if own else ""


def _flow_classes(module: Any) -> Iterator[tuple[str, type[Any]]]:
    """Flow classes and where they stand in the module: `FlowClass` or `Outer.FlowClass`."""
    from crewai.flow.flow import Flow

    def within(namespace: Mapping[str, Any], around: str) -> Iterator[tuple[str, type[Any]]]:
        for name, value in namespace.items():
            if not isinstance(value, type):
                continue
            if issubclass(value, Flow) and not value.__module__.startswith("crewai."):
                yield around + name, value
            # What only refers to another class, such as a state's type, does not hold it.
            if value.__module__ == module.__name__ and value.__qualname__ == around + name:
                yield from within(vars(value), f"{around}{name}.")

    return within(vars(module), "")


def _why_none(module: Any) -> str:
    # crewAI takes the class of a bare `@persist` for its argument, and gives back a function.
    bare = [name for name, value in vars(module).items() if getattr(value, "__qualname__", "") == _BARE_PERSIST]
    if bare:
        return f"{', '.join(bare)} is no class any more, because of @persist without parentheses. Write @persist()"
    return "it needs a class that extends crewai.flow.flow.Flow"


def _listed(flows: Mapping[str, type[Any]]) -> str:
    return ", ".join(sorted(flows)) or "none"
