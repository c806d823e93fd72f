"""The qualified names of flow classes: what a pause is stored under, and what a worker claims."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from nodback.errors import BadSetting

MAIN = "__main__"
# What `multiprocessing` calls the script in the processes that it spawns.
MAIN_MODULES = frozenset({MAIN, "__mp_main__"})


def qualified_name(flow_class: type[Any]) -> str:
    """Module and class, with the classes around it; crewAI itself leaves those out.

    A class of the program that was started with `python -m` has the name that importing its module gives it.
    One of a script, `python flow.py`, is called `__main__.FlowClass`: nobody can tell which module that is.

    Example:
        >>> import fractions
        >>> qualified_name(fractions.Fraction)
        'fractions.Fraction'
    """
    module = flow_class.__module__
    return f"{_main_module(flow_class) if module in MAIN_MODULES else module}.{flow_class.__qualname__}"


def script_name(flow_class: type[Any]) -> str:
    """The name under which the class pauses when its file is run as a script.

    Example:
        >>> import fractions
        >>> script_name(fractions.Fraction)
        '__main__.Fraction'
    """
    return f"{MAIN}.{flow_class.__qualname__}"


def is_script(flow_class: type[Any]) -> bool:
    """Whether the class belongs to a script of which nobody can tell the module's name."""
    return qualified_name(flow_class) == script_name(flow_class)


def served(flow_classes: Iterable[type[Any]], *, scripts: bool = False) -> Mapping[str, type[Any]]:
    """The classes by the names whose answers they may be given.

    Args:
        scripts: serve them under the names, too, that they have in a script.

    Raises:
        BadSetting: two classes share a name, so that an answer for one could run the other.
    """
    by_name: dict[str, type[Any]] = {}
    for flow_class in flow_classes:
        for name in (qualified_name(flow_class), *([script_name(flow_class)] if scripts else [])):
            if by_name.setdefault(name, flow_class) is not flow_class:
                raise BadSetting(
                    f"Two flow classes are called {name}, so an answer for one could run the other. Give each a "
                    "`class` statement of its own at the top of a module, or a __qualname__ of its own."
                )
    return by_name


def _main_module(flow_class: type[Any]) -> str:
    main = sys.modules.get(MAIN)
    name = getattr(getattr(main, "__spec__", None), "name", MAIN)
    # A profiler or a debugger that runs a script may be the module that `python -m` was given.
    outermost = flow_class.__qualname__.partition(".")[0]
    return name if hasattr(main, outermost) else MAIN
