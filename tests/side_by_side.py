"""`make test`: two runs of pytest side by side.

The tests on the embedded stack mostly wait for it; all others need the processor. What the others print follows at the
end, so that two runs do not write into each other's lines.
"""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parent
ON_THE_STACK = ("browser", "flows", "infra", "mailroom")
"""Folders whose tests start the embedded stack or build what is deployed; there is one stack at a time."""


def commands() -> tuple[list[str], list[str]]:
    """The two runs: on the stack, and everything else, whatever folders are added."""
    pytest = [sys.executable, "-m", "pytest"]
    stack = [str(TESTS / name) for name in ON_THE_STACK]
    return [*pytest, *stack], [*pytest, str(TESTS), *(f"--ignore={folder}" for folder in stack)]


def main() -> int:
    """Run both to their end; the first exit code that is not 0."""
    on_the_stack, others = commands()
    with tempfile.TemporaryFile() as told:
        beside = subprocess.Popen(others, stdout=told, stderr=subprocess.STDOUT)
        try:
            code = subprocess.call(on_the_stack)
            beside.wait()
        except KeyboardInterrupt:
            # Ctrl-C has reached both; each ends by itself.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            beside.wait()
            code = 130
        told.seek(0)
        sys.stdout.flush()
        sys.stdout.buffer.write(told.read())
    return code or beside.returncode


if __name__ == "__main__":
    sys.exit(main())
