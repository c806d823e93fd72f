import os
import signal
import warnings

import pytest

os.environ["CREWAI_DISABLE_TELEMETRY"] = "true"
os.environ["OTEL_SDK_DISABLED"] = "true"
os.environ["CREWAI_TRACING_ENABLED"] = "false"
# A key in the developer's own environment must not let a test reach for a real LLM.
for name in ("OPENAI_API_KEY", "MODEL", "MODEL_NAME", "OPENAI_MODEL_NAME", "NODBACK_URL", "NODBACK_API_KEY"):
    os.environ.pop(name, None)

from tests.sdk.service import FLOW_KEY, MANAGE_KEY, Service, serving  # noqa: E402


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def url(service):
    with serving(service) as address:
        yield address


@pytest.fixture
def manager(url):
    """A client with a `manage` key."""
    from nodback.client import Client
    from nodback.settings import read_settings

    manager = Client(read_settings(url, MANAGE_KEY, give_up_after_seconds=5))
    yield manager
    manager.close()


@pytest.fixture
def client(url):
    from nodback.client import Client
    from nodback.settings import read_settings

    client = Client(read_settings(url, FLOW_KEY, give_up_after_seconds=5))
    yield client
    client.close()


@pytest.fixture(scope="session")
def crewai():
    """The real crewai, imported once: it costs seconds, and warns about its own dependencies."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import crewai.flow.flow

        import tests.sdk.decorating  # noqa: F401
    return crewai


@pytest.fixture
def flows(crewai):
    from tests.sdk import flows

    flows.ran.clear()
    return flows


@pytest.fixture
def enabled(crewai, url):
    """Nodback switched on against the service in memory, for real flows in this process."""
    import nodback
    from nodback.enabling import enabled_service

    nodback.enable(url, FLOW_KEY, give_up_after_seconds=1)
    yield enabled_service()
    nodback.disable()


@pytest.fixture
def command(url, monkeypatch, tmp_path):
    """Runs the `nodback` command in this process, in an empty folder."""
    from click.testing import CliRunner

    import nodback
    from nodback.cli import main

    monkeypatch.setenv("NODBACK_URL", url)
    monkeypatch.setenv("NODBACK_API_KEY", FLOW_KEY)
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield lambda *arguments: CliRunner().invoke(main, arguments)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    nodback.disable()
