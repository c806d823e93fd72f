"""Runs the pages in a thread of the mailroom's process."""

from __future__ import annotations

import threading
import time
from typing import Final

import uvicorn
from starlette.applications import Starlette

START_SECONDS: Final = 10.0


class WebServer:
    """One uvicorn server on loopback, in a thread."""

    def __init__(self, app: Starlette, port: int) -> None:
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._port = port
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="mailroom-web", daemon=True)

    def start(self) -> None:
        """Start and wait until the port answers; raises `OSError` when it is taken."""
        self._thread.start()
        end = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > end:
                raise OSError(f"the mailroom's pages cannot be served on port {self._port}; is it in use?")
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
