"""The worker's loop, its lease and its command line, without any flow."""

import os
import signal
import threading
import time

import pytest

import nodback
from nodback.lease import Lease
from nodback.reviews import Answer, Claim
from tests.sdk.service import MANAGE_KEY, RESPOND_KEY

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def worker_class(crewai):
    from nodback.worker import Worker

    return Worker


class NothingToDo:
    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    def claim(self, worker, flow_classes):
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


def run_for(worker, seconds):
    timer = threading.Timer(seconds, worker.stop)
    timer.start()
    worker.run()
    timer.join()


def test_a_stopped_worker_returns_at_once(worker_class):
    service = NothingToDo()
    worker = worker_class(service, [], name="host:1")
    run_for(worker, 0.2)
    assert service.asked == 1


def test_a_worker_outlives_an_unreachable_service(worker_class, monkeypatch, caplog):
    monkeypatch.setattr("nodback.worker.poll_seconds", lambda idle: 0.01)
    service = NothingToDo(*(nodback.ServiceUnreachable("away") for _ in range(3)))
    with caplog.at_level("INFO", logger="nodback.worker"):
        run_for(worker_class(service, [], name="host:1"), 0.3)
    assert service.asked > 4
    assert caplog.text.count("does not answer") == 1
    assert "answers again" in caplog.text


def test_a_worker_with_a_wrong_key_stops(worker_class):
    with pytest.raises(nodback.Unauthenticated):
        worker_class(NothingToDo(nodback.Unauthenticated("no")), [], name="host:1").run()


def test_a_silent_service_is_told_of_after_a_few_seconds(worker_class, monkeypatch, caplog):
    monkeypatch.setattr("nodback.worker.SILENCE_SECONDS", 0.05)
    may_answer = threading.Event()

    class Silent(NothingToDo):
        def claim(self, worker, flow_classes):
            may_answer.wait(30)
            return super().claim(worker, flow_classes)

    worker = worker_class(Silent(), [], name="host:1")
    running = threading.Thread(target=worker.run)
    with caplog.at_level("INFO", logger="nodback.worker"):
        running.start()
        until(lambda: "has not answered" in caplog.text)
        may_answer.set()
        until(lambda: "answers again" in caplog.text)
        worker.stop()
        running.join(30)
    assert caplog.text.count("has not answered") == 1


def until(what):
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_first_failure_of_a_claim_is_told_at_once(worker_class, service, client, caplog):
    service.failures.extend([(503, {})] * 100)
    worker = worker_class(client, [], name="host:1")
    running = threading.Thread(target=worker.run)
    with caplog.at_level("INFO", logger="nodback.worker"):
        running.start()
        until(lambda: "does not answer" in caplog.text)
        worker.stop()
        running.join(30)
    assert len(service.failures) == 99
    assert "gave up after 1 attempt" in caplog.text


@pytest.mark.parametrize("grace", [0.05])
def test_a_service_that_hangs_does_not_keep_a_worker_from_stopping(worker_class, monkeypatch, grace):
    monkeypatch.setattr("nodback.stopping.GRACE_SECONDS", grace)
    asked, may_answer = threading.Event(), threading.Event()

    class Hanging(NothingToDo):
        def claim(self, worker, flow_classes):
            asked.set()
            may_answer.wait(60)

    worker = worker_class(Hanging(), [], name="host:1")
    running = threading.Thread(target=worker.run)
    running.start()
    asked.wait(30)
    worker.stop()
    running.join(30)
    may_answer.set()
    assert not running.is_alive()


def test_a_stop_leaves_at_most_ten_seconds(worker_class):
    from nodback import stopping

    # At most two calls follow each other after a stop: the review that could not be opened, and the result.
    assert 2 * stopping.GRACE_SECONDS + 2 * stopping.LOOK_SECONDS < 10


def test_a_call_is_waited_for_without_a_stop_and_a_little_after_it():
    from nodback.stopping import Stop, StoppableService

    clock = Clock()
    stop = Stop(clock)

    class Service:
        def renew(self, *, answer):
            answer.wait(30)
            return "renewed"

        def fail(self):
            raise TimeoutError("its own")

    service = StoppableService(Service(), stop)
    late, never = threading.Event(), threading.Event()
    threading.Timer(0.3, late.set).start()
    assert service.renew(answer=late) == "renewed"
    with pytest.raises(TimeoutError, match="its own"):
        service.fail()
    stop.ask()
    clock.now += 60
    threading.Timer(0.3, lambda: setattr(clock, "now", clock.now + 60)).start()
    with pytest.raises(nodback.ServiceUnreachable, match="had to stop"):
        service.renew(answer=never)
    never.set()


def test_answers_are_carried_out_side_by_side_as_far_as_allowed(flows, service, enabled):
    from nodback.worker import Worker

    together = threading.Barrier(3)
    flows.MeetingFlow.meet = staticmethod(lambda: together.wait(30))
    for _ in range(3):
        flows.MeetingFlow().kickoff()
    for request_id in list(service.rows):
        service.answer(request_id, outcome="go")
    worker = Worker(enabled, [flows.MeetingFlow], name="host:1", concurrency=3)
    running = threading.Thread(target=worker.run)
    running.start()
    until(lambda: all(row.resume in {"succeeded", "failed"} for row in service.rows.values()))
    worker.stop()
    running.join(30)
    assert [row.resume for row in service.rows.values()] == ["succeeded"] * 3
    assert {row.attempt for row in service.rows.values()} == {1}


@pytest.mark.parametrize("ended_by", ["a stop", "a refusal"])
def test_a_worker_that_ends_sleeps_until_its_last_answer_is_carried_out(worker_class, monkeypatch, ended_by):
    claim, in_hand, may_end = object(), threading.Event(), threading.Event()
    service = NothingToDo(claim, nodback.Unauthenticated("revoked")) if ended_by == "a refusal" else NothingToDo(claim)
    worker = worker_class(service, [], name="host:1", concurrency=2)
    monkeypatch.setattr(worker, "_carry_out", lambda *_: (in_hand.set(), may_end.wait(30)))
    turns, next_of = [], worker._next
    monkeypatch.setattr(worker, "_next", lambda seconds: (turns.append(seconds), next_of(seconds))[1])
    ended = []

    def run():
        try:
            worker.run()
        except nodback.Unauthenticated:
            ended.append("a refusal")
        else:
            ended.append("a stop")

    running = threading.Thread(target=run)
    running.start()
    in_hand.wait(30)
    until(lambda: service.asked == 2)
    if ended_by == "a stop":
        worker.stop()
    until(lambda: turns[-1] is None or len(turns) > 100)
    turns_before = len(turns)
    time.sleep(0.1)
    may_end.set()
    running.join(30)
    assert ended == [ended_by]
    assert turns_before <= 10
    assert len(turns) <= turns_before + 1


def test_one_at_a_time_is_the_default(flows, service, enabled):
    from nodback.worker import Worker

    inside, most = [], []

    def meet():
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.05)
        inside.pop()

    flows.MeetingFlow.meet = staticmethod(meet)
    for _ in range(2):
        flows.MeetingFlow().kickoff()
    for request_id in list(service.rows):
        service.answer(request_id, outcome="go")
    worker = Worker(enabled, [flows.MeetingFlow], name="host:1")
    running = threading.Thread(target=worker.run)
    running.start()
    until(lambda: all(row.resume == "succeeded" for row in service.rows.values()))
    worker.stop()
    running.join(30)
    assert most == [1, 1]


def test_a_worker_that_is_stopped_in_an_outage_leaves_its_answer_to_the_lease(flows, service, enabled, monkeypatch):
    from nodback.worker import Worker

    monkeypatch.setattr("nodback.stopping.GRACE_SECONDS", 0.2)
    flows.ContentFlow().kickoff()
    (row,) = service.rows.values()
    service.answer(row.body["request_id"], outcome="approved")
    reached, may_go = threading.Event(), threading.Event()
    service.before["consumed"] = lambda: (reached.set(), may_go.wait(30))
    worker = Worker(enabled, [flows.ContentFlow], name="host:1")
    running = threading.Thread(target=worker.run)
    running.start()
    reached.wait(30)
    worker.stop()
    running.join(30)
    may_go.set()
    assert not running.is_alive()
    assert flows.ran == [], "no listener ran"


@pytest.fixture
def utc(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def record(level="INFO", **extra):
    import logging

    made = logging.LogRecord("nodback.worker", getattr(logging, level), "f.py", 1, "%s is here", ("review 1",), None)
    made.created = 1764018000.25
    for name, value in extra.items():
        setattr(made, name, value)
    return made


def test_a_line_of_the_log_has_date_and_zone(utc):
    from nodback.logs import Readable

    assert Readable().format(record()) == "2025-11-24T21:00:00.250+00:00 INFO    review 1 is here"


def test_a_line_of_json_carries_the_fields(utc):
    import json
    import sys

    from nodback.logs import Json, fields

    line = json.loads(Json().format(record(**fields(request_id="r1", number=None))))
    assert line == {
        "time": "2025-11-24T21:00:00.250+00:00",
        "level": "INFO",
        "logger": "nodback.worker",
        "message": "review 1 is here",
        "request_id": "r1",
    }
    try:
        raise ValueError("boom")
    except ValueError:
        assert "ValueError: boom" in json.loads(Json().format(record(exc_info=sys.exc_info())))["error"]


def test_the_command_logs_json_and_carries_out_one_answer(flows, service, enabled, command):
    import json

    flows.ContentFlow().kickoff()
    (request_id,) = service.rows
    service.answer(request_id, outcome="approved")
    done = command("worker", "tests.sdk.flows:ContentFlow", "--once", "--log", "json", "--concurrency", "2")
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    events = [(line["event"], line["request_id"]) for line in lines if "event" in line]
    assert events == [("claimed", request_id), ("succeeded", request_id)]


def test_a_fault_of_our_own_ends_the_worker_instead_of_silencing_it(worker_class):
    with pytest.raises(KeyError, match="claim_id"):
        worker_class(NothingToDo(KeyError("claim_id")), [], name="host:1").run()


def test_a_flow_that_tries_to_leave_fails_and_the_worker_goes_on(flows, service, enabled, caplog):
    from nodback.worker import Worker

    def leave():
        raise SystemExit(3)

    flows.MeetingFlow.meet = staticmethod(leave)
    flows.MeetingFlow().kickoff()
    flows.ContentFlow().kickoff()
    first, second = service.rows.values()
    service.answer(first.body["request_id"], outcome="go")
    worker = Worker(enabled, [flows.MeetingFlow, flows.ContentFlow], name="host:1")
    running = threading.Thread(target=worker.run)
    running.start()
    until(lambda: first.resume == "failed")
    service.answer(second.body["request_id"], outcome="approved")
    until(lambda: second.resume == "succeeded")
    worker.stop()
    running.join(30)
    assert "SystemExit" in first.error


def test_polling_is_each_second_for_five_minutes_and_backs_off_to_fifteen(crewai):
    from nodback.worker import poll_seconds

    assert {poll_seconds(idle) for idle in (0, 1, 150, 300)} == {1.0}
    assert 1 < poll_seconds(310) < poll_seconds(400) < 15
    assert poll_seconds(440) == poll_seconds(10**6) == 15.0


CLAIM = Claim("r1", "c1", 30.0, 1, "f1", "F", "m.F", "ask", 1, Answer("ok", "ok"), {})


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


class Renewals:
    def __init__(self, *answers):
        self.answers = list(answers)

    def renew(self, request_id, claim_id):
        answer = self.answers.pop(0)
        if answer:
            raise answer


def test_a_lease_ends_by_our_own_clock_when_nobody_confirms_it():
    clock = Clock()
    lease = Lease(Renewals(nodback.ServiceUnreachable("away")), CLAIM, claimed_at=100.0, clock=clock)
    lease.renew()
    clock.now = 129.0
    lease.require()
    clock.now = 130.0
    with pytest.raises(nodback.ClaimLost, match="another worker"):
        lease.require()


def test_a_confirmed_renewal_counts_from_the_moment_it_was_asked():
    clock = Clock()
    lease = Lease(Renewals(None), CLAIM, claimed_at=100.0, clock=clock)
    clock.now = 120.0
    lease.renew()
    clock.now = 149.0
    lease.require()
    clock.now = 150.0
    assert not lease.is_held


def test_a_lease_that_was_taken_is_lost_at_once():
    lease = Lease(Renewals(nodback.ClaimLost("taken")), CLAIM, claimed_at=100.0, clock=Clock())
    lease.renew()
    assert not lease.is_held


def output(result):
    return " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("target", "advice"),
    [
        ("no_such_module", "no module 'no_such_module'"),
        ("tests.no_such_module", "no module 'tests.no_such_module'"),
        ("examples/content_approval.py", "examples.content_approval"),
        ("tests.sdk.flows:Missing", "it has CommentFlow"),
        ("tests.sdk.flows:", "package.module:FlowClass"),
        ("json", "defines no flow"),
    ],
)
def test_a_worker_that_was_started_wrongly_says_what_to_write(crewai, command, target, advice):
    result = command("worker", target)
    assert result.exit_code == 2
    assert advice in output(result)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import json\n\n1 / 0\n", "ZeroDivisionError: division by zero (broken_flows.py, line 3)"),
        ("class Flow(:\n", "SyntaxError: invalid syntax (broken_flows.py, line 1)"),
        (
            "import no_such_library\n",
            "ModuleNotFoundError: No module named 'no_such_library' (broken_flows.py, line 1)",
        ),
        ("import sys\n\nsys.exit('no')\n", "SystemExit: no (broken_flows.py, line 3)"),
        ("from helper import go\n", "ValueError: two\nlines (helper.py, line 1)"),
        (
            "raise ValueError('llm is required when emit is specified. Provide one.')\n",
            "ValueError: llm is required when emit is specified. Provide one. crewAI below 1.10 wants llm= in each "
            "@human_feedback with emit=. It is asked only about answers in free text. Name one, or install crewAI 1.10 "
            "or newer (broken_flows.py, line 1)",
        ),
    ],
)
@pytest.mark.parametrize("asked", ["worker", "doctor"])
def test_a_module_that_fails_to_import_is_told_in_a_sentence(crewai, command, tmp_path, asked, source, told):
    (tmp_path / "broken_flows.py").write_text(source)
    (tmp_path / "helper.py").write_text("raise ValueError('two\\nlines')\n")
    result = command(asked, "broken_flows")
    assert result.exit_code == (2 if asked == "worker" else 1), result.output
    assert f"The module broken_flows cannot be imported: {' '.join(told.split())}" in output(result)
    assert "Traceback" not in result.output


def test_the_doctor_says_that_crewai_is_missing_and_looks_at_no_flow(command, monkeypatch):
    monkeypatch.setattr("nodback.crew.crewai_version", lambda: None)
    result = command("doctor", "tests.sdk.no_matter_which")
    assert result.exit_code == 1
    assert "FIX  crewai: crewai is not installed" in result.output
    assert "FIX  flows: crewai is not installed" in result.output
    assert "Traceback" not in result.output


def test_a_worker_without_settings_says_which(command, monkeypatch):
    monkeypatch.delenv("NODBACK_API_KEY")
    result = command("worker", "tests.sdk.flows")
    assert result.exit_code == 1
    assert "NODBACK_API_KEY" in result.output
    assert "[missing_setting]" in result.output


def test_once_with_nothing_to_resume_is_no_failure(crewai, command):
    result = command("worker", "tests.sdk.flows:ContentFlow", "--once")
    assert (result.exit_code, "nothing to resume" in result.output) == (0, True), result.output


def test_retrying_what_does_not_exist_says_so(command):
    result = command("resumes", "retry", "7e1c3f0e-7a0a-4b52-8f6a-0e6a5a1b2c3d")
    assert result.exit_code == 1
    assert "There is no request" in result.output


def test_retrying_what_has_not_failed_says_why_not(command, client, service):
    from tests.sdk.test_client import request

    request_id = client.open_request(request()).request_id
    result = command("resumes", "retry", request_id)
    assert result.exit_code == 1
    assert "nothing to retry" in result.output


def test_a_retry_with_an_outcome_uses_the_manage_key_and_says_when_there_is_none(command, client, service, monkeypatch):
    from tests.sdk.test_client import request

    request_id = client.open_request(request()).request_id
    result = command("resumes", "retry", request_id, "--outcome", "approved")
    assert "[wrong_scope]" in result.output
    monkeypatch.setenv("NODBACK_MANAGE_KEY", MANAGE_KEY)
    assert "nothing to retry" in command("resumes", "retry", request_id, "--outcome", "approved").output


def test_listing_with_a_flow_key_says_that_the_scope_is_wrong(command, monkeypatch):
    result = command("requests", "list")
    assert result.exit_code == 1
    assert "[wrong_scope]" in result.output
    monkeypatch.setenv("NODBACK_API_KEY", RESPOND_KEY)
    assert command("requests", "list", "--status", "pending").exit_code == 0


def test_the_doctor_finds_nothing_when_all_is_well(crewai, command):
    result = command("doctor", "tests.sdk.flows:ContentFlow")
    assert result.exit_code == 0, result.output
    assert result.output.count("ok ") == 5


def test_the_doctor_names_what_is_wrong_and_what_to_do(crewai, command, monkeypatch):
    monkeypatch.setenv("NODBACK_API_KEY", "nodback_flow_1_wrong_0123456789")
    result = command("doctor", "tests.sdk.flows:JoiningFlow")
    assert result.exit_code == 1
    assert "FIX  api key" in result.output
    assert "FIX  JoiningFlow.join" in result.output
    monkeypatch.setenv("NODBACK_URL", "http://nodback.example.com")
    assert "https://" in command("doctor").output


def test_a_stop_signal_lets_the_current_resume_finish(crewai):
    from nodback.cli import _stop_on_signals

    reasons = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        _stop_on_signals(reasons.append)
        os.kill(os.getpid(), signal.SIGTERM)
        assert reasons == ["SIGTERM"]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
