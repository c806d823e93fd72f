"""An author's application with a receiver in it, as an ASGI server runs it."""

from starlette.applications import Starlette

import nodback

app = Starlette()
app.mount("/nodback", nodback.receiver(flows=["tests.flows.sales"]))
