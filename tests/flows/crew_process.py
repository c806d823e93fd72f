"""The other side of crew.py: crewAI is imported once, flows run here, a worker thread carries answers back."""

import json
import logging
import sys
import threading

from crewai.flow.flow import Flow, listen, or_, start
from crewai.flow.human_feedback import human_feedback

import nodback
from examples.content_approval import ContentApprovalFlow
from nodback import enabling
from nodback.worker import Worker


class PaymentFlow(Flow):
    """Routed by its state; each branch prints what it was told, with the flow's tag."""

    @start()
    def prepare(self):
        return f"Pay invoice {self.state.get('tag')}"

    @human_feedback(message="May this be paid?", emit=["paid", "refused", "again"])
    @listen(or_("prepare", "again"))
    def approve_payment(self):
        return f"Pay invoice {self.state.get('tag')}"

    @listen("paid")
    def pay(self, result):
        print(f"[{self.state.get('tag')}] paid: {result.feedback}", flush=True)

    @listen("refused")
    def refuse(self, result):
        print(f"[{self.state.get('tag')}] refused: {result.feedback}", flush=True)


class FreeTextFlow(Flow):
    """No options: whatever is said is the answer."""

    @start()
    @human_feedback(message="What do you think?")
    def ask(self):
        return "An open question"

    @listen("ask")
    def note(self, result):
        print(f"[{self.state.get('tag')}] said: {result.feedback}", flush=True)


FLOWS = {kind.__name__: kind for kind in (ContentApprovalFlow, PaymentFlow, FreeTextFlow)}


def main() -> None:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
    nodback.enable()
    worker = Worker(enabling.enabled_service(), FLOWS.values(), name="crew")
    thread = threading.Thread(target=worker.run, name="worker")
    thread.start()
    print("crew is ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        try:
            flow = FLOWS[order["flow"]]()
            flow.kickoff(inputs=order["inputs"])
            answer = {"flow_id": flow.flow_id}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print("\n" + json.dumps(answer), flush=True)
    worker.stop("end of orders")
    thread.join()


if __name__ == "__main__":
    main()
