"""Webhooks: signing and verifying against `standardwebhooks`, cold starts, and what hanging receivers cost others.

Run: python bench/webhooks.py [--json]
"""

import argparse
import gc
import json
import os
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "layers/core/python"), str(ROOT / "sdk/src")]

from standardwebhooks.webhooks import Webhook  # noqa: E402

from nodback.webhooks import verify  # noqa: E402
from nodback_core.adapters.web_delivery import DeliveryLimits, deliver  # noqa: E402
from nodback_core.domain.webhooks.signature import (  # noqa: E402
    SECRET_BYTES,
    WebhookSecrets,
    make_secret,
    reference_signature,
    signed_headers,
)

ROUNDS = 31
CALLS = 1000
WEBHOOKS = 100
HANGING = 20
HANGING_LIMIT_SECONDS = 2.0
STORY_ROUNDS = 9
COLD_ROUNDS = 7

BARE_CLIENT = "import boto3; boto3.client('dynamodb')"
DELIVERY = "import functions.webhook_delivery.handler as h; from nodback_core.adapters import vault, web_delivery; "
COLD_STARTS = {
    "nothing": "pass",
    "bare client": BARE_CLIENT,
    "import": DELIVERY + "h.logger()",
    "import and clients": DELIVERY
    + "h.logger(); service = h.get_service(); service.store; service.vault; h.sender(service)",
}
# What the function is told, and nothing that could reach out.
COLD_ENVIRONMENT = {
    "PATH": os.environ.get("PATH", ""),
    "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers/core/python")]),
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "webhook_delivery",
    "NODBACK_STAGE": "bench",
    "NODBACK_ORGANIZATION_ID": "1",
    "NODBACK_REQUESTS_TABLE": "requests",
    "NODBACK_AUDIT_TABLE": "audit",
    "NODBACK_BUCKET": "content",
    "NODBACK_KMS_KEY_ID": "key",
    "NODBACK_PUBLIC_URL": "https://nodback.example.com",
}


def sign_and_verify(body_bytes: int, *, both_schemes: bool) -> dict[str, float]:
    """Microseconds to sign and verify one message, in one run.

    both_schemes: make every header of a delivery (two signatures) instead of the one that is verified.
    """
    body = json.dumps({"event": "new_request", "message": "x" * (body_bytes - 44)}).encode()
    text = body.decode()
    secret = make_secret(bytes(range(SECRET_BYTES)))
    secrets, revealed = WebhookSecrets(secret), secret.reveal()
    package = Webhook(revealed)
    now = datetime.now(UTC)
    seconds = int(now.timestamp())

    def ours() -> None:
        verify(body, reference_signature(body, timestamp=seconds, secret=secret), seconds, revealed)

    def ours_with_all_headers() -> None:
        headers = signed_headers(body, event_id="evt_1", delivery_id="d-1", timestamp=seconds, secrets=secrets)
        verify(body, headers, secret=revealed)

    def theirs() -> None:
        signature = package.sign("evt_1", now, text)
        headers = {"webhook-id": "evt_1", "webhook-timestamp": str(seconds), "webhook-signature": signature}
        package.verify(body, headers, json_parse=False)

    calls = max(100, CALLS * 1024 // max(1024, body_bytes))
    times: dict[str, list[float]] = {"nodback": [], "standardwebhooks": []}
    for _ in range(ROUNDS):
        times["nodback"].append(_microseconds(ours_with_all_headers if both_schemes else ours, calls))
        times["standardwebhooks"].append(_microseconds(theirs, calls))
    # The least disturbed round of each.
    result = {name: min(values) for name, values in times.items()}
    return result | {"ratio": result["nodback"] / result["standardwebhooks"]}


def cold_start(of: str) -> dict[str, float]:
    """Milliseconds of CPU, net of an empty interpreter: the delivery function against one bare boto3 client."""
    best = {name: float("inf") for name in COLD_STARTS}
    for _ in range(COLD_ROUNDS):
        for name, code in COLD_STARTS.items():
            best[name] = min(best[name], _child_milliseconds(code))
    ours, theirs = best[of] - best["nothing"], best["bare client"] - best["nothing"]
    return {"webhook_delivery": ours, "boto3 client": theirs, "ratio": ours / theirs}


def _child_milliseconds(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], env=COLD_ENVIRONMENT, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def hanging_receivers() -> dict[str, float]:
    """Seconds until the healthy 80 of 100 have their webhook, with and without 20 that never answer."""
    with _Receivers() as receivers:
        _time_to_healthy(receivers, hanging=0)
        alone, beside = [], []
        for _ in range(STORY_ROUNDS):
            alone.append(_time_to_healthy(receivers, hanging=0))
            beside.append(_time_to_healthy(receivers, hanging=HANGING))
    result = {"none hanging": statistics.median(alone), "20 hanging": statistics.median(beside)}
    return result | {"ratio": result["20 hanging"] / result["none hanging"]}


def _time_to_healthy(receivers: "_Receivers", *, hanging: int) -> float:
    """One message per webhook, each consumed on its own, as the queue hands them to the delivery function."""
    healthy = WEBHOOKS - HANGING
    urls = [receivers.hanging_url] * hanging + [receivers.healthy_url] * (WEBHOOKS - hanging)
    done = threading.Semaphore(0)
    limits = DeliveryLimits(wall_clock_seconds=HANGING_LIMIT_SECONDS)

    def deliver_one(url: str, is_watched: bool) -> None:
        deliver(url, b'{"event":"new_request"}', {}, limits=limits, allow_loopback_http=True)
        if is_watched:
            done.release()

    # The same 80 are watched in both stories; the other 20 come first and hang in one of them.
    workers = [threading.Thread(target=deliver_one, args=(url, n >= HANGING)) for n, url in enumerate(urls)]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for _ in range(healthy):
        done.acquire()
    took = time.perf_counter() - started
    for worker in workers:
        worker.join()
    return took


class _Receivers:
    """Two listeners: one answers at once, the other accepts and says nothing."""

    def __enter__(self) -> "_Receivers":
        self._healthy = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._hanging = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.healthy_url = f"http://127.0.0.1:{self._healthy.getsockname()[1]}/"
        self.hanging_url = f"http://127.0.0.1:{self._hanging.getsockname()[1]}/"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._healthy.close()
        self._hanging.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._healthy, selectors.EVENT_READ)
            while not self._stopping.is_set():
                for key, _ in selector.select(0.1):
                    if key.fileobj is self._healthy:
                        selector.register(self._healthy.accept()[0], selectors.EVENT_READ)
                        continue
                    connection = key.fileobj
                    assert isinstance(connection, socket.socket)
                    selector.unregister(connection)
                    with connection:
                        connection.recv(65536)
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def _microseconds(call: Callable[[], None], calls: int) -> float:
    gc.disable()
    try:
        started = time.process_time()
        for _ in range(calls):
            call()
        return (time.process_time() - started) / calls * 1e6
    finally:
        gc.enable()


def measure() -> dict[str, dict[str, float]]:
    """All measurements of this file."""
    return {
        "sign and verify, 1 KB body (aim 0.6)": sign_and_verify(1024, both_schemes=False),
        "sign and verify, 16 KB body": sign_and_verify(16 * 1024, both_schemes=False),
        "sign with all headers (two signatures) and verify, 1 KB body": sign_and_verify(1024, both_schemes=True),
        "cold import of the delivery function (aim 0.9)": cold_start("import"),
        "the same with its two AWS clients made": cold_start("import and clients"),
        "100 webhooks, 20 hanging: healthy 80 (aim 1.2)": hanging_receivers(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    # Names of benchmarks may stand there too: they are for whoever calls this.
    arguments, _ = parser.parse_known_args()
    results = measure()
    if arguments.json:
        print(json.dumps(results, indent=1))
        return
    for name, result in results.items():
        details = ", ".join(f"{key} {value:.3g}" for key, value in result.items() if key != "ratio")
        print(f"{result['ratio']:6.2f}  {name}  ({details})")


if __name__ == "__main__":
    main()
