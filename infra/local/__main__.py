"""`python -m infra.local [--home FOLDER]`: run the embedded stack alone, until Ctrl-C."""

import argparse
import signal
import sys
import time
from pathlib import Path

from infra.local.stack import HOME, EmbeddedStack
from infra.settings import Code


def main(arguments: list[str]) -> int:
    """Start the stack of a folder, print its addresses, and keep it until this process ends."""
    options = argparse.ArgumentParser(prog="python -m infra.local", description="Run the embedded stack alone.")
    options.add_argument("--home", type=Path, default=HOME, help="the folder that keeps its state")
    options.add_argument("--functions", type=Path, default=Code.functions, help="a folder for each Lambda function")
    options.add_argument("--core", type=Path, default=Code.core, help="the packages of the core layer")
    given = options.parse_args(arguments)
    # A polite end like Ctrl-C: the stack's state must reach the disk.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with EmbeddedStack.start(given.home, code=Code(given.functions, given.core), tell=_say) as stack:
            _say(f"up at {stack.addresses.api_url}")
            while stack.is_running():
                time.sleep(0.5)
            _say("the emulator ended by itself")
            return 1
    except KeyboardInterrupt:
        _say("stopped")
        return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
