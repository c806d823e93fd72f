"""What the real logger writes: lines of JSON that nobody can act with or know people from."""

import json
import os
import subprocess
import sys

import pytest

from nodback_core.runtime.logs import redact

TOKEN = "abcdefgh" * 7
SECRETS = {
    "a key": "nodback_flow_1_k9_s3cretS3cret",
    "the install key": "nodback_install_" + "i" * 48,
    "a reply address": f"r-{TOKEN}@reply.acme.test",
    "a reply token": TOKEN,
    "an address": "max.mustermann+x@acme.test",
    "a subject": "person/rita@acme.test",
    "a webhook's secret": "whsec_c2VjcmV0c2VjcmV0",
    "a callback's token": "eyJhbGciOiJIUzI1NiJ9.eyJyIjoxfQ.c2lnbmF0dXJl",
}
PROGRAM = """
import json, sys
from nodback_core.runtime.logs import logger

secrets = json.loads(sys.argv[1])
for secret in secrets:
    logger().info(f"told {secret} so", extra={"subject": secret, "deep": [{"x": (secret,)}], secret: 1})
    logger().info({"mail": secret, "to": {secret}})
    try:
        raise ValueError(f"no such thing: <{secret}>\\n{secret}")
    except ValueError as error:
        logger().exception("it broke", extra={"error": error})
"""


def test_no_secret_and_no_address_reaches_a_line_of_the_log() -> None:
    made = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps([*SECRETS.values()])],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    lines = made.stdout.splitlines()
    assert len(lines) == 3 * len(SECRETS)
    for line in lines:
        read = json.loads(line)
        assert read["level"] in ("INFO", "ERROR")
        assert read["level"] == "INFO" or "ValueError" in read["exception"]
    written = made.stdout + made.stderr
    for what, secret in SECRETS.items():
        kept = secret.partition("/")[2] or secret
        assert kept not in written, what
    for part in ("mustermann", "rita", "acme.test", "s3cret", "iiii", "abcdefgh"):
        assert part not in written, part


UNREADABLE = """
from nodback_core.ports import Unreadable
from nodback_core.runtime.logs import report_unreadable

report_unreadable(Unreadable("Session", "person/rita@acme.test", "session/s1", "signed_in_at is missing"))
"""


def test_a_row_that_cannot_be_read_is_a_line_that_names_it_and_a_count() -> None:
    made = subprocess.run(
        [sys.executable, "-c", UNREADABLE],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "POWERTOOLS_SERVICE_NAME": "sweeper"},
    )
    line, count = (json.loads(text) for text in made.stdout.splitlines())
    assert line["level"] == "ERROR"
    assert (line["kind"], line["partition"], line["sort"]) == ("Session", "person/***@***", "session/s1")
    assert line["reason"] == "signed_in_at is missing"
    assert count["UnreadableRows"] == [1.0]


def test_the_kind_of_a_subject_stays_to_be_read() -> None:
    assert redact("person/rita@acme.test#3 session.opened") == "person/***@***#3 session.opened"
    assert redact(f"r-{TOKEN}@reply.acme.test") == "r-***@***"


@pytest.mark.parametrize(
    "text",
    [
        "request/6f1b1c1e-8a4e-4d0a-9a2e-1f6f4b1f0a11#3 request.opened",
        "3 of 4 done; retried in 5 s (worker:17)",
        "arn:aws:lambda:us-east-1:123456789012:function:nodback-dev-api",
    ],
)
def test_what_helps_to_find_a_fault_is_left_alone(text: str) -> None:
    assert redact(text) == text
