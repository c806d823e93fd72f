"""A process that takes one answer by its receiver and comes to its end while the flow still runs."""

import sys

from support.asgi import SECRET, post, signed

import nodback

app = nodback.receiver(["tests.sdk.flows:ContentFlow"], secret=SECRET)
body = sys.stdin.buffer.read()
print("told", post(app, body, signed(body)).status, flush=True)
