"""The content approval flow: a person approves, rejects or sends back what was written.

Run it with `python -m examples.content_approval`: it returns as soon as the review is open. The answer is carried back
by `nodback worker examples.content_approval`. Both read NODBACK_URL and NODBACK_API_KEY.
"""

from crewai.flow.flow import Flow, listen, or_, start
from crewai.flow.human_feedback import HumanFeedbackResult, human_feedback

import nodback

nodback.enable()


class ContentApprovalFlow(Flow):
    @start()
    def generate_content(self):
        return "Generated marketing copy for Q1 campaign..."

    @human_feedback(
        message="Please review this content for brand compliance:",
        emit=["approved", "rejected", "needs_revision"],
    )
    @listen(or_("generate_content", "needs_revision"))
    def review_content(self):
        return "Marketing copy for review..."

    @listen("approved")
    def publish_content(self, result: HumanFeedbackResult):
        print(f"Publishing approved content. Reviewer notes: {result.feedback}")

    @listen("rejected")
    def archive_content(self, result: HumanFeedbackResult):
        print(f"Content rejected. Reason: {result.feedback}")


if __name__ == "__main__":
    print(ContentApprovalFlow().kickoff())
