"""Flows with one mistake each, and flows that look wrong and are fine; `expected` holds what is found in them."""

import contextvars
from typing import ClassVar

from crewai import Task
from crewai.flow.flow import Flow, and_, listen, or_, router, start
from crewai.flow.human_feedback import human_feedback


class Good(Flow):
    expected: ClassVar = set()

    @start()
    @human_feedback(message="?", emit=["yes", "no"])
    def ask(self):
        return "?"

    @listen(or_("yes", "no"))
    def go(self):
        return "done"


class TwoBranches(Flow):
    expected: ClassVar = {("parallel-review", "ask_left"), ("parallel-review", "ask_right")}

    @start()
    def begin(self):
        return 1

    @listen(begin)
    def left(self):
        return 1

    @listen(begin)
    def right(self):
        return 1

    @listen(left)
    @human_feedback(message="?")
    def ask_left(self):
        return 1

    @listen(right)
    @human_feedback(message="?")
    def ask_right(self):
        return 1


class ExclusiveBranches(Flow):
    expected: ClassVar = set()

    @start()
    def begin(self):
        return 1

    @router(begin)
    def choose(self):
        return "left"

    @listen("left")
    @human_feedback(message="?")
    def ask_left(self):
        return 1

    @listen("right")
    @human_feedback(message="?")
    def ask_right(self):
        return 1


class Beside(Flow):
    expected: ClassVar = {("beside-review", "ask")}

    @start()
    def begin(self):
        return 1

    @listen(begin)
    def log(self):
        return 1

    @listen(begin)
    @human_feedback(message="?")
    def ask(self):
        return 1


class ReviewOfAJoinInALoop(Flow):
    expected: ClassVar = set()

    @start("again")
    def unused(self):
        return 1

    @start()
    def begin(self):
        return 1

    @listen(or_(begin, "again"))
    def draft(self):
        return 1

    @listen(draft)
    def text(self):
        return 1

    @listen(draft)
    def picture(self):
        return 1

    @human_feedback(message="?", emit=["again", "good"])
    @listen(and_(text, picture))
    def ask(self):
        return 1

    @listen("good")
    def publish(self):
        return 1


class JoinAfterTheReview(Flow):
    expected: ClassVar = set()

    @start()
    @human_feedback(message="?", emit=["good"])
    def ask(self):
        return 1

    @listen("good")
    def text(self):
        return 1

    @listen("good")
    def picture(self):
        return 1

    @listen(and_(text, picture))
    def publish(self):
        return 1


class JoinAcross(Flow):
    expected: ClassVar = {("join-across-review", "publish")}

    @start()
    def begin(self):
        return 1

    @listen(begin)
    @human_feedback(message="?", emit=["good"])
    def ask(self):
        return 1

    @listen(and_(begin, "good"))
    def publish(self):
        return 1


class Unheard(Flow):
    expected: ClassVar = {("unheard-outcome", "ask")}

    @start()
    @human_feedback(message="?", emit=["yes", "no"])
    def ask(self):
        return 1

    @listen("yes")
    def go(self):
        return 1


class Accepted(Flow):
    expected: ClassVar = set()

    @start()
    @human_feedback(message="?", emit=["yes", "no"], learn=True)  # nodback: ignore[unheard-outcome, learn]
    def ask(self):
        return 1

    @listen("yes")
    def go(self):
        return self.ask_politely() or self.ask("?")  # nodback: ignore[ask]

    def ask_politely(self):
        return None


class StartedByAnOutcome(Flow):
    expected: ClassVar = {("conditional-start", "ask")}

    @start()
    @human_feedback(message="?", emit=["yes"])
    def ask(self):
        return 1

    @start("yes")
    def go(self):
        return 1


class Parent(Flow):
    expected: ClassVar = {("child-flow", "begin")}

    @start()
    def begin(self):
        return Good().kickoff()


class IndirectParent(Flow):
    expected: ClassVar = {("child-flow", "begin")}

    @start()
    async def begin(self):
        child = Good()
        return await child.kickoff_async()


class Starter(Flow):
    expected: ClassVar = set()

    @start()
    def begin(self):
        return contextvars.Context().run(Good().kickoff)


class Base(Flow):
    expected: ClassVar = set()

    @start()
    @human_feedback(message="?")
    def ask(self):
        return 1


class Inheriting(Base):
    expected: ClassVar = {("inherited-review", "ask")}

    @start()
    def begin(self):
        return 1


class Needing(Flow):
    expected: ClassVar = {("constructor-arguments", "")}

    def __init__(self, printer, **kwargs):
        super().__init__(**kwargs)

    @start()
    @human_feedback(message="?")
    def ask(self):
        return 1


class Wanting(Flow):
    expected: ClassVar = {("constructor-arguments", "")}

    def __init__(self, printer=None, **kwargs):
        super().__init__(**kwargs)

    @start()
    @human_feedback(message="?")
    def ask(self):
        return 1


class WantingAndAccepted(Flow):  # nodback: ignore[constructor-arguments]
    expected: ClassVar = set()

    def __init__(self, printer=None, **kwargs):
        super().__init__(**kwargs)

    @start()
    @human_feedback(message="?")
    def ask(self):
        return 1


class Alike(Flow):
    expected: ClassVar = {("options", "ask"), ("metadata-key", "ask"), ("learn", "ask")}

    @start()
    @human_feedback(message="?", emit=["Yes", "yes"], metadata={"nodback": 1}, learn=True)
    def ask(self):
        return 1

    @listen(or_("yes", "Yes"))
    def go(self):
        return 1


class Provider:
    def request_feedback(self, context, flow):
        return "yes"


class OwnProvider(Flow):
    expected: ClassVar = {("provider", "ask")}

    @start()
    @human_feedback(message="?", provider=Provider())
    def ask(self):
        return 1


class Asking(Flow):
    expected: ClassVar = {("ask", "begin")}

    @start()
    def begin(self):
        return self.ask("Which topic?")


def task():
    return Task(description="Write", expected_output="A text", human_input=True)


def quiet_task():
    return Task(description="Write", expected_output="A text", human_input=False)


def accepted_task():
    return Task(description="Write", expected_output="A text", human_input=True)  # nodback: ignore[human-input]
