"""crewAI is imported once; each worker is a child that carries one answer into its flow, and may be killed anywhere.

Orders are lines on standard input: `pause <tag>` runs a flow to its review, `work` and `work dying` start a worker.
`dying` lets the worker die in the middle of the flow's own listener.
"""

import os
import signal
import sys
from pathlib import Path

from crewai.flow.flow import Flow, listen, start
from crewai.flow.human_feedback import human_feedback

import nodback
from nodback import enabling
from nodback.worker import Worker

RAN = Path(os.environ["NURSERY_RAN"])
dying = False


class ReleaseFlow(Flow):
    """Writes down each run of its listener."""

    @start()
    @human_feedback(message="Release it?", emit=["release", "hold"])
    def propose(self):
        return f"Release {self.state.get('tag')}"

    @listen("release")
    def publish(self, result):
        with RAN.open("a") as file:
            file.write(f"{self.state.get('tag')}\n")
        if dying:
            os.kill(os.getpid(), signal.SIGKILL)


def pause(tag: str) -> None:
    ReleaseFlow().kickoff(inputs={"tag": tag})


def work(how: str) -> None:
    global dying
    dying = how == "dying"
    Worker(enabling.enabled_service(), [ReleaseFlow], name=f"worker:{os.getpid()}").once()


def in_a_child(act: object, argument: str) -> int:
    """What became of a child that did it: its exit code, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            act(argument)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    print(f"child {child}", flush=True)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    nodback.enable()
    print("ready", flush=True)
    for line in sys.stdin:
        order, _, argument = line.strip().partition(" ")
        print(f"ended {in_a_child({'pause': pause, 'work': work}[order], argument)}", flush=True)


if __name__ == "__main__":
    main()
