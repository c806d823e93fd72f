"""The offers of the sales department: a flow whose class has a namesake in another module."""

from crewai.flow.flow import Flow, listen, start
from crewai.flow.human_feedback import human_feedback

import nodback


class ApprovalFlow(Flow):
    @start()
    @human_feedback(message="May this offer go out?", emit=["approved", "rejected"])
    def review(self):
        return "One offer"

    @listen("approved")
    def go(self, result):
        print(f"the offer goes out: {result.feedback}", flush=True)
        return "offer"


if __name__ == "__main__":
    nodback.enable()
    print(ApprovalFlow().kickoff())
