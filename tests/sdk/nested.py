"""Flow classes inside of other classes, which have one name and are two flows."""

from crewai.flow.flow import Flow, listen, start
from crewai.flow.human_feedback import human_feedback

ran: list[str] = []


class Sales:
    class ApprovalFlow(Flow):
        @start()
        @human_feedback(message="May this offer go out?", emit=["approved", "rejected"])
        def review(self):
            return "An offer"

        @listen("approved")
        def go(self):
            ran.append("sales")


class Gdpr:
    class ApprovalFlow(Flow):
        @start()
        @human_feedback(message="May this be erased?", emit=["approved", "rejected"])
        def review(self):
            return "An erasure"

        @listen("approved")
        def go(self):
            ran.append("gdpr")

    Other = Sales.ApprovalFlow


def made(kind):
    class MadeFlow(Flow):
        @start()
        def begin(self):
            ran.append(kind)

    return MadeFlow
