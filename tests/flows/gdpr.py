"""The erasures of the data protection officer: a flow whose class has a namesake in another module."""

from crewai.flow.flow import Flow, listen, start
from crewai.flow.human_feedback import human_feedback

import nodback


class ApprovalFlow(Flow):
    @start()
    @human_feedback(message="May this erasure go out?", emit=["approved", "rejected"])
    def review(self):
        return "One erasure"

    @listen("approved")
    def go(self, result):
        print(f"the erasure goes out: {result.feedback}", flush=True)
        return "erasure"


if __name__ == "__main__":
    nodback.enable()
    print(ApprovalFlow().kickoff())
