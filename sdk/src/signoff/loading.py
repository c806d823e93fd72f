"""Finding the flow classes that a worker serves, from `package.module[:FlowClass]`."""

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signoff.errors import BadSetting


def load_flows(target: str, *, folder: Path) -> Mapping[str, type[Any]]:
    """The flow classes of a module, by class name.

    Args:
        target: `package.module`, or `package.module:FlowClass` for one of them.
        folder: put on the module search path first, as `python -m` does with the current folder.

    Raises:
        BadSetting: nothing to be found there; the message says what to write instead.
    """
    module_name, colon, class_name = target.partition(":")
    if not module_name or (colon and not class_name):
        raise BadSetting(f"{target!r} is not package.module or package.module:FlowClass.")
    if module_name.endswith(".py") or "/" in module_name or "\\" in module_name:
        dotted = module_name.removesuffix(".py").strip("./\\").replace("/", ".").replace("\\", ".")
        raise BadSetting(f"{module_name!r} is a file; name the module instead: {dotted}{colon}{class_name}")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module_name == missing or module_name.startswith(f"{missing}."):
            raise BadSetting(
                f"There is no module {missing!r} in {folder} or among the installed packages. "
                "Start the worker in the folder from which `python -m` finds it."
            ) from error
        raise
    flows = _flow_classes(module)
    if class_name:
        if class_name not in flows:
            raise BadSetting(f"{module_name} has no flow class {class_name!r}; it has {_listed(flows)}.")
        return {class_name: flows[class_name]}
    own = {name: flow for name, flow in flows.items() if flow.__module__ == module.__name__}
    if not flows:
        raise BadSetting(f"{module_name} defines no flow: it needs a class that extends crewai.flow.flow.Flow.")
    return own or flows


def _flow_classes(module: Any) -> dict[str, type[Any]]:
    from crewai.flow.flow import Flow

    return {
        value.__name__: value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Flow) and not value.__module__.startswith("crewai.")
    }


def _listed(flows: Mapping[str, type[Any]]) -> str:
    return ", ".join(sorted(flows)) or "none"
