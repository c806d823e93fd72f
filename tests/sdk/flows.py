"""Flows that the tests pause and resume; `ran` records which of their listeners ran."""

import enum
import os
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from crewai.flow.flow import Flow, and_, listen, or_, start
from crewai.flow.human_feedback import HumanFeedbackConfig, HumanFeedbackResult
from crewai.flow.persistence import persist
from crewai.llms.base_llm import BaseLLM
from pydantic import BaseModel, SecretStr

from tests.sdk.decorating import human_feedback

ran: list = []
METADATA = {"team": "brand"}
# Old versions of crewAI know no `learn=`.
LEARN = {"learn": True} if "learn" in HumanFeedbackConfig.__dataclass_fields__ else {}


class ContentFlow(Flow):
    @start()
    def generate_content(self):
        return "Generated marketing copy"

    @human_feedback(
        message="Please review this content:",
        emit=["approved", "rejected", "needs_revision"],
        metadata=METADATA,
    )
    @listen(or_("generate_content", "needs_revision"))
    def review_content(self):
        self.state["drafts"] = self.state.get("drafts", 0) + 1
        return f"Draft {self.state['drafts']}"

    @listen("approved")
    def publish_content(self, result: HumanFeedbackResult):
        ran.append(("published", result))
        _wait_if_asked()
        return "published"

    @listen("rejected")
    def archive_content(self, result: HumanFeedbackResult):
        ran.append(("archived", result))
        return "archived"


def _wait_if_asked():
    """For processes that a test kills while their listener runs."""
    marker = os.environ.get("TEST_HANG_MARKER")
    if marker:
        Path(marker).touch()
        time.sleep(60)


class CommentFlow(Flow):
    @start()
    @human_feedback(message="Anything to add?")
    def draft(self):
        return {"title": "Draft", "at": datetime(2026, 11, 22, tzinfo=UTC)}

    @listen(draft)
    def collect(self, result: HumanFeedbackResult):
        ran.append(("collected", result))
        return result.feedback


class Priority(enum.Enum):
    LOW = 1
    HIGH = 2


class Order(BaseModel):
    id: str = ""
    total: Decimal = Decimal("12.30")
    placed: datetime = datetime(2026, 11, 22, 10, tzinfo=UTC)
    customer: UUID = UUID(int=7)
    priority: Priority = Priority.HIGH
    tags: set[str] = {"a", "b"}
    raw: bytes = b"\x00\xff"
    pair: tuple[int, str] = (1, "x")
    token: SecretStr = SecretStr("hidden")


class OrderFlow(Flow[Order]):
    @start()
    @human_feedback(message="Ship it?", emit=["ship", "hold"], default_outcome="hold")
    def check(self):
        return self.state.total

    @listen("ship")
    def shipped(self, result: HumanFeedbackResult):
        ran.append(("shipped", result, self.state.model_dump()))
        return "shipped"


class FailingFlow(Flow):
    @start()
    @human_feedback(message="Go?", emit=["go", "stop"])
    def ask(self):
        return "?"

    @listen("go")
    def print_it(self, result: HumanFeedbackResult):
        ran.append(("went", result))
        raise RuntimeError("the printer is on fire")


class Scripted(BaseLLM):
    says: str = ""

    def call(self, messages, *args, **kwargs):
        ran.append(("asked", messages))
        if self.says == "fail":
            raise ConnectionError("no route to the model")
        return self.says


LLM = Scripted(model="scripted", says="")


class FreeTextFlow(Flow):
    @start()
    @human_feedback(message="OK?", emit=["approved", "rejected"], llm=LLM, default_outcome="approved")
    def ask(self):
        return "text"

    @listen("approved")
    def yes(self, result: HumanFeedbackResult):
        ran.append(("yes", result))
        return "yes"

    @listen("rejected")
    def no(self, result: HumanFeedbackResult):
        ran.append(("no", result))
        return "no"


def persisted_flow():
    """Defined when it is asked for: @persist chooses its persistence at that moment."""

    @persist()
    class PersistedFlow(Flow):
        @start()
        def first(self):
            self.state["when"] = datetime(2026, 11, 22, tzinfo=UTC)

        @listen(first)
        @human_feedback(message="OK?", emit=["ok", "no"])
        def ask(self):
            return "?"

        @listen("ok")
        def done(self):
            ran.append(("done", self.state["when"]))
            return self.state["when"]

    return PersistedFlow


class TwiceFlow(Flow):
    """Its second review pauses while a sibling lets a heart beat on, in the flow's own loop."""

    heart = None

    @start()
    @human_feedback(message="Go?", emit=["go"])
    def first(self):
        return 1

    @listen("go")
    async def beside(self):
        await self.heart.beat()

    @listen("go")
    @human_feedback(message="Anything else?")
    def second(self):
        return 2


class MeetingFlow(Flow):
    """Its listener does what the test says."""

    meet = None

    @start()
    @human_feedback(message="Go?", emit=["go"])
    def ask(self):
        return 1

    @listen("go")
    def come(self):
        self.meet()


class ParallelFlow(Flow):
    @start()
    @human_feedback(message="A?", emit=["a_ok"])
    def ask_a(self):
        return "a"

    @start()
    @human_feedback(message="B?", emit=["b_ok"])
    def ask_b(self):
        return "b"


class JoiningFlow(Flow):
    @start()
    def begin(self):
        return 1

    @listen(begin)
    def beside(self):
        return 2

    @listen(begin)
    @human_feedback(message="OK?", emit=["ok", "no"], **LEARN)
    def review(self):
        return 3

    @listen(and_(beside, "ok"))
    def join(self):
        return 4


def flow_with(*, emit, metadata=None, default_outcome=None):
    class Special(Flow):
        @start()
        @human_feedback(message="?", emit=emit, metadata=metadata, default_outcome=default_outcome)
        def ask(self):
            return "?"

    return Special
