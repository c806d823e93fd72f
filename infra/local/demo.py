"""`make demo` and `make demo-check`: a review on this machine, from the pause to the resumed flow.

The demo opens a review of the example flow and waits for your answer. The check plays the same story by itself, prints
each part with its seconds, and exits with 0 only if all of it happened.
"""

import argparse
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from infra.local.home import StackInUse
from infra.local.house import CHECK_HOME, CREATOR, House, open_house
from infra.local.stack import HOME
from infra.local.story import Failed, tell_story
from infra.settings import LOCAL_ADMIN, ROOT

EXAMPLE = "examples.content_approval"
MAIL_SECONDS = 180.0
"""The sweeper repeats what was lost within two minutes."""


def main(arguments: list[str] | None = None) -> int:
    """Run the demo or the check; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="play the story without a person, and check it")
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    try:
        return check() if chosen.check else demo()
    except StackInUse as problem:
        print(f"\n{problem}\nuse that one, or stop it first", file=sys.stderr)
    except RuntimeError as problem:
        print(f"\nFAILED: {problem}", file=sys.stderr)
    return 1


def demo() -> int:
    """Open a review, print the addresses, and show what the flow does, until Ctrl-C."""
    try:
        with open_house(HOME, tell=_say) as house:
            house.start_worker(EXAMPLE, tell=lambda line: print(f"  worker  {line}"))
            _say("the flow starts and comes to its review")
            before = max((mail.number for mail in house.mailroom.mailbox.all()), default=0)
            paused = house.run_flow(EXAMPLE)
            house.mailroom.wait_for(to=CREATOR, after=before, timeout=MAIL_SECONDS)
            print(_welcome(house, paused))
            house.wait_until_stopped()
    except TimeoutError as late:
        raise RuntimeError(f"the review is open, but its mail did not come: {late}") from late
    except KeyboardInterrupt:
        print("\nstopped; everything is kept in .nodback and goes on with the next 'make demo'")
    return 0


def check() -> int:
    """Play the whole story in a fresh folder; 0 when every part of it happened."""
    began = time.monotonic()
    shutil.rmtree(CHECK_HOME, ignore_errors=True)
    try:
        with open_house(CHECK_HOME, tell=_say) as house:
            for name, seconds in house.stack.seconds.items():
                print(f"    {name:<42} {seconds:6.1f} s")
            tell_story(house, EXAMPLE, tell=print)
    except (Failed, TimeoutError) as failed:
        print(f"\nFAILED: {failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"\nall of it happened, in {time.monotonic() - began:.0f} s")
    return 0


def _say(line: str) -> None:
    print(f"• {line}", flush=True)


def _welcome(house: House, paused: str) -> str:
    return f"""
  {paused}

  The mail is in the mailroom. Answer it there, or with any mail client over SMTP on {house.stack.addresses.smtp_port}:

      mailroom   {house.mailroom.web_url}
      dashboard  {house.dashboard_url}
      API        {house.stack.addresses.api_url}

  Sign in to the dashboard as {CREATOR} (or as {LOCAL_ADMIN}, who manages everything): the mail comes to the mailroom.
  The first line of your reply decides: approved, rejected or needs revision. The flow goes on here.
  Another review:  NODBACK_URL and NODBACK_API_KEY are in {_relative(house.env_file)};
      set -a; . {_relative(house.env_file)}; set +a; .venv/bin/python -m {EXAMPLE}
  Ctrl-C stops everything and keeps it.
"""


def _relative(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _as_ctrl_c(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
