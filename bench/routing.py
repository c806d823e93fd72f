"""Routing through 500 rules, against the same loop with the standard library's fnmatch.

    python -m bench.routing

`cold` is the first request of a fresh process, when no pattern has been compiled; `warm` is the best of many.
"""

import fnmatch
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from nodback_core.domain.deployments.routing import assign
from nodback_core.domain.deployments.rules import Condition, Match, Operator, Rule

RULES = (
    *(
        Rule(
            f"rule {n}",
            Match(f"*_step_{n}_?_*" if n % 2 else f"approve_{n}_*", (Condition("invoice.amount", Operator.GTE, n),)),
            "finance@company.com",
        )
        for n in range(499)
    ),
    Rule("the last one", Match("review_*"), assign_from_input="owner"),
)
METHOD_NAME = "review_article_step_x"
STATE = {"owner": "alice@company.com", "invoice": {"amount": 10000}}
REPEATS = 50
COLD_STARTS = 5
LIMIT_MS = 5.0


def ours() -> str:
    return assign(rules=RULES, method_name=METHOD_NAME, state=STATE, creator_email="creator@company.com").address


def with_fnmatch() -> str:
    """The least that a loop would do: it checks no conditions and records nothing."""
    return next(rule.name for rule in RULES if fnmatch.fnmatchcase(METHOD_NAME, rule.match.method_name))


WAYS: dict[str, Callable[[], str]] = {"nodback": ours, "fnmatch": with_fnmatch}


def milliseconds(way: Callable[[], str]) -> float:
    started = time.perf_counter()
    way()
    return (time.perf_counter() - started) * 1000


def cold(name: str) -> float:
    """The median of the first call in a few fresh processes."""
    command = [sys.executable, "-m", "bench.routing", name]
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    root = Path(__file__).parent.parent
    return statistics.median(
        float(subprocess.run(command, capture_output=True, check=True, env=environment, cwd=root).stdout)
        for _ in range(COLD_STARTS)
    )


def main() -> None:
    warm = {name: min(milliseconds(way) for _ in range(REPEATS)) for name, way in WAYS.items()}
    first = {name: cold(name) for name in WAYS}
    print(f"routing, {len(RULES)} rules, the last one wins")
    for label, figures in (("cold", first), ("warm", warm)):
        ratio = figures["fnmatch"] / figures["nodback"]
        print(
            f"  {label}: nodback {figures['nodback']:.2f} ms, fnmatch {figures['fnmatch']:.2f} ms, "
            f"fnmatch / nodback = {ratio:.1f}"
        )
    within = "within" if max(first["nodback"], warm["nodback"]) < LIMIT_MS else "NOT within"
    print(f"  {within} {LIMIT_MS:g} ms")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(milliseconds(WAYS[sys.argv[1]]))
    else:
        main()
