"""The `nodback` command: run a worker, look at requests, retry a resume, find out what is wrong."""

import contextlib
import functools
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from nodback import enabling
from nodback.client import Client
from nodback.doctor import examine
from nodback.errors import BadSetting, Conflict, InvalidRequest, NodbackError, NotFound
from nodback.loading import load_factory, load_flows, offline
from nodback.logs import FORMATS, log_to_stderr
from nodback.names import served
from nodback.settings import MANAGE_KEY_VARIABLE, read_settings
from nodback.version import __version__

if TYPE_CHECKING:
    from nodback.lint import Finding

MAX_CONCURRENCY = 64
DOCTOR_GIVE_UP_AFTER_SECONDS = 10.0
URL_HELP = "Address of the service; NODBACK_URL when left out. The API key always comes from NODBACK_API_KEY."
FACTORY_HELP = (
    "A function that is given a flow class and returns the arguments of its constructor as a dict. A resume makes the "
    "flow anew, and has no other way to them."
)
OUTCOME_HELP = (
    "Go on with this emit option, when the reply was unclear free text. That is to decide: it needs a key of scope "
    f"`manage`, from {MANAGE_KEY_VARIABLE}."
)

P = ParamSpec("P")
R = TypeVar("R")


def _plain_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Our errors as one line for a person instead of a traceback; exit code 2 when the command was given wrongly."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except BadSetting as error:
            raise click.UsageError(str(error)) from error
        except NodbackError as error:
            raise click.ClickException(f"{error} [{error.code}]") from error

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nodback")
def main() -> None:
    """Human review for CrewAI flows: pause, ask a person by email, go on with the answer."""


@main.command()
@click.argument("targets", metavar="PACKAGE.MODULE[:FLOWCLASS]...", nargs=-1, required=True)
@click.option("--url", help=URL_HELP)
@click.option("--once", is_flag=True, help="Resume at most one flow, then stop; exit code 1 when that failed.")
@click.option(
    "--main",
    "serves_scripts",
    is_flag=True,
    help="Also carry on what was started as a script, `python flow.py`: there a flow is called __main__.FlowClass, "
    "whatever the file. Only for a deployment in which one script has a class of that name.",
)
@click.option(
    "--learn-from-replies",
    is_flag=True,
    help="Let methods with learn=True remember lessons from replies. Anybody with an email address can be a reviewer, "
    "so this lets outsiders write to your agents' memory.",
)
@click.option("--factory", "factory_target", metavar="PACKAGE.MODULE:FUNCTION", help=FACTORY_HELP)
@click.option(
    "--concurrency",
    type=click.IntRange(1, MAX_CONCURRENCY),
    default=1,
    show_default=True,
    help="How many answers are carried out at the same time.",
)
@click.option(
    "--log",
    "log_format",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="Lines for people, or one JSON object per line, on standard error.",
)
@_plain_errors
def worker(
    targets: tuple[str, ...],
    url: str | None,
    once: bool,
    serves_scripts: bool,
    learn_from_replies: bool,
    factory_target: str | None,
    concurrency: int,
    log_format: str,
) -> None:
    """Carry answers back into the flows of modules until stopped.

    Ctrl-C or SIGTERM finishes the flows that are being resumed, then stops; a second one stops at once.
    """
    log_to_stderr(log_format)
    settings = read_settings(url)
    os.environ["NODBACK_URL"] = settings.url
    # Before the flows are imported: @persist chooses its persistence when the class is defined.
    enabling.enable(settings.url)
    flows = _load_all(targets)
    factory = load_factory(factory_target, folder=Path.cwd()) if factory_target else None

    from nodback.lint import lint_flows
    from nodback.resume import Ending
    from nodback.worker import Worker

    name = f"{socket.gethostname()}:{os.getpid()}"
    running = Worker(
        enabling.enabled_service(),
        flows,
        name=name,
        serves_scripts=serves_scripts,
        learn_from_replies=learn_from_replies,
        factory=factory,
        concurrency=concurrency,
    )
    # After crewai was imported, since it installs handlers of its own.
    _stop_on_signals(running.stop)
    for finding in lint_flows(flows, factory=factory):
        logging.getLogger("nodback.lint").warning("%s", _line_of(finding))
    logging.getLogger("nodback.worker").info("%s serves %s for %s", name, ", ".join(running.serves), settings.url)
    if not once:
        running.run()
        return
    resumed = running.once()
    if resumed is None:
        click.echo("nothing to resume")
    elif resumed.ending in {Ending.FAILED, Ending.LEFT}:
        sys.exit(1)


@main.group()
def resumes() -> None:
    """Answers on their way back into flows."""


@resumes.command()
@click.argument("request_id")
@click.option("--outcome", help=OUTCOME_HELP)
@click.option("--url", help=URL_HELP)
@_plain_errors
def retry(request_id: str, outcome: str | None, url: str | None) -> None:
    """Try a failed resume again, once you know that running the flow's listeners (again) is right."""
    deciding = os.environ.get(MANAGE_KEY_VARIABLE) if outcome else None
    client = Client(read_settings(url, deciding or None))
    try:
        client.retry_resume(request_id, outcome)
    except NotFound as error:
        raise click.ClickException(f"There is no request {request_id} in this deployment. {error}") from error
    except (InvalidRequest, Conflict) as error:
        raise click.ClickException(f"The resume of {request_id} cannot be retried like this. {error}") from error
    click.echo(f"request {request_id} is ready again: a worker takes it from here")


@main.group()
def requests() -> None:
    """Reviews that flows have asked for."""


@requests.command("list")
@click.option("--status", type=click.Choice(["pending", "responded", "cancelled", "superseded"]))
@click.option("--assigned-to", help="Email address of the reviewer.")
@click.option("--cursor", help="Where the page before ended.")
@click.option("--url", help=URL_HELP)
@_plain_errors
def list_requests(status: str | None, assigned_to: str | None, cursor: str | None, url: str | None) -> None:
    """List reviews: pending ones oldest first, closed ones newest first. Needs a `respond` or `manage` key."""
    filters = {"status": status, "assigned_to": assigned_to, "cursor": cursor}
    page = Client(read_settings(url)).list_requests(**{key: value for key, value in filters.items() if value})
    for request in page.get("requests", ()):
        click.echo(
            f"{request.get('request_id')}  {request.get('status', ''):<10}  {request.get('created_at', ''):<24}  "
            f"{request.get('flow_name', '')}.{request.get('method_name', '')}  {request.get('assigned_to_email', '')}"
        )
    if page.get("next_cursor"):
        click.echo(f"more: nodback requests list --cursor {page['next_cursor']}", err=True)


@requests.command()
@click.argument("request_id")
@click.option("--url", help=URL_HELP)
@_plain_errors
def show(request_id: str, url: str | None) -> None:
    """Show one review as JSON, with the state of its resume."""
    click.echo(json.dumps(Client(read_settings(url)).get_request(request_id), indent=2, ensure_ascii=False))


@main.command()
@click.argument("path", metavar="FOLDER_OR_RECEIPT", type=click.Path(path_type=Path))
@click.option("--key", metavar="FINGERPRINT", help="The fingerprint of the public key, as you know it by another way.")
@click.option(
    "--known",
    "known_path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="An earlier receipt, or the folder or manifest of an earlier export: what was sealed then must still be "
    "sealed, and what was sealed since must follow it.",
)
def verify(path: Path, key: str | None, known_path: Path | None) -> None:
    """Check an audit export or a receipt, offline.

    Exit code 0: intact, and held against the key or what you kept. 1: tampered with, naming the first bad entry.
    2: incomplete. 3: not readable as either. 4: incomplete, because nothing ties it to what you kept. 5: consistent,
    but not anchored: neither --key nor --known says whose signature that is.
    """
    from nodback.verify import Known, Verdict, read_known, size_of
    from nodback.verify import verify as check

    length = size_of(path) + (size_of(known_path) if known_path else 0)
    try:
        with click.progressbar(length=length, label="checking", file=sys.stderr) as bar:
            known = read_known(known_path, key, tell=bar.update) if known_path else Known(key)
            report = check(path, known=known, tell=bar.update)
    except ValueError as error:
        click.echo(f"UNREADABLE  {error}", err=True)
        sys.exit(Verdict.UNREADABLE)
    counted = f"{report.entries} entries of {report.subjects} subjects, {report.seals} seals"
    if report.verdict is Verdict.INTACT:
        click.echo(f"INTACT  {counted}")
    else:
        where = f"{report.where}: " if report.where else ""
        click.echo(f"{report.verdict.name}  {where}{report.reason}")
    if report.key:
        click.echo(f"key     {report.key}")
    if report.verdict is Verdict.UNANCHORED:
        click.echo("note    give the fingerprint that you were told by another way (--key), or what you kept (--known)")
    if known_path and report.verdict is Verdict.INTACT:
        link = "; its seals and those that you kept follow each other" if report.adjoins else ""
        click.echo(f"known   {report.compared} seals and {report.compared_entries} entries are as you kept them{link}")
    elif report.verdict is Verdict.INTACT:
        click.echo("note    not proved: that whoever may sign with this key has not made it all anew (see --known)")
    for note in report.notes:
        click.echo(f"note    {note}")
    sys.exit(report.verdict)


@main.command("test-mail")
@click.option("--to", "to_email", help="Who gets the test; the deployment's creator when left out.")
@click.option("--deployment", type=click.IntRange(min=1), help="Its id; needed with the install key only.")
@click.option("--wait", "wait_seconds", type=click.FloatRange(min=0), default=300.0, show_default=True)
@click.option("--url", help=URL_HELP)
@_plain_errors
def test_mail(to_email: str | None, deployment: int | None, wait_seconds: float, url: str | None) -> None:
    """Send a test review by mail, then wait for your reply and show what SES found out about it.

    Needs a key of scope `manage`, or the install key. Exit code 1 when no reply was recorded in time.
    """
    from nodback.mail_test import deployment_of, watch

    settings = read_settings(url)
    number = deployment or deployment_of(settings.api_key.reveal())
    client = Client(settings)
    asked = client.open_mail_test(number, to_email)
    if not watch(client, number, asked, wait_seconds=wait_seconds, tell=click.echo):
        sys.exit(1)


@main.command()
@click.argument("targets", metavar="PACKAGE.MODULE[:FLOWCLASS]...", nargs=-1, required=True)
@click.option("--factory", "factory_target", metavar="PACKAGE.MODULE:FUNCTION", help=FACTORY_HELP)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON list.")
@_plain_errors
def lint(targets: tuple[str, ...], factory_target: str | None, as_json: bool) -> None:
    """Find what the flows of modules would lose across a review, offline.

    Exit code 0: nothing was found. 1: something was, or crewai is missing. 2: a module cannot be imported, or has no
    flow. Accept a finding by a comment where it stands: # nodback: ignore[code].
    """
    from nodback.lint import lint_flows

    with offline():
        flows = _load_all(targets)
        factory = load_factory(factory_target, folder=Path.cwd()) if factory_target else None
        findings = lint_flows(flows, factory=factory)
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in findings], indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(_line_of(finding))
    if findings:
        sys.exit(1)
    click.echo(f"nothing that a review would lose, in {len(flows)} flow{'s' * (len(flows) != 1)}", err=True)


@main.command()
@click.argument("targets", metavar="[PACKAGE.MODULE[:FLOWCLASS]]...", nargs=-1)
@click.option("--factory", "factory_target", metavar="PACKAGE.MODULE:FUNCTION", help=FACTORY_HELP)
@click.option("--url", help=URL_HELP)
def doctor(targets: tuple[str, ...], factory_target: str | None, url: str | None) -> None:
    """Check crewai, address and key; with modules, also what their flows would lose across a review."""
    with contextlib.ExitStack() as stack:

        def load() -> list[type[Any]]:
            stack.enter_context(offline())
            return _load_all(targets)

        checks = list(
            examine(
                lambda: read_settings(url, give_up_after_seconds=DOCTOR_GIVE_UP_AFTER_SECONDS),
                Client,
                load if targets else None,
                None if factory_target is None else lambda: load_factory(factory_target, folder=Path.cwd()),
            )
        )
    for check in checks:
        click.echo(f"{'ok ' if check.is_fine else 'FIX'}  {check.name}: {check.text}")
    if not all(check.is_fine for check in checks):
        sys.exit(1)


def _load_all(targets: tuple[str, ...]) -> list[type[Any]]:
    found = [flow for target in targets for flow in load_flows(target, folder=Path.cwd())]
    served(found)
    return list(dict.fromkeys(found))


def _line_of(finding: "Finding") -> str:
    path = Path(finding.path)
    name = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    place = f"{name}:{finding.line}: " if finding.line else ""
    return f"{place}{finding.where}: {finding.text} [{finding.code}]"


def _stop_on_signals(stop: Callable[[str], None]) -> None:
    def on_signal(number: int, _frame: Any) -> None:
        name = signal.Signals(number).name
        click.echo(f"{name}: finishing what is being resumed; once more stops at once", err=True)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        stop(name)

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    if hasattr(signal, "SIGHUP"):
        # crewAI's telemetry takes this signal and goes on: a closed terminal would leave a worker that cannot print.
        signal.signal(signal.SIGHUP, on_signal)


if __name__ == "__main__":
    main()
