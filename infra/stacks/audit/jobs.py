"""Jobs for proofs and figures: the schedule of the seals, exports step by step, metrics from the bus."""

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.settings import Settings
from infra.stacks.audit.archive import seal_bucket_name
from infra.stacks.shared import hearing, needs
from infra.stacks.shared.exceptions import accept
from infra.stacks.shared.functions import Functions, dead_letters
from infra.stacks.shared.needs import Need, Surroundings
from infra.stacks.shared.schedules import run_every

SOURCE = "nodback"
SEAL_EVERY_MINUTES = 5
SEAL_TIMEOUT_SECONDS = 300
EXPORT_TIMEOUT_SECONDS = 600
EXPORT_TRIES = 5
EXPORTS_AT_ONCE = 2
RULE_RETRIES = 20
RULE_EVENT_AGE_HOURS = 12
REBUILD_TIMEOUT_SECONDS = 900
METRICS_TIMEOUT_SECONDS = 30
METRICS_TRIES = 10
METRICS_BATCH = 40
METRICS_WINDOW_SECONDS = 5
METRICS_AT_ONCE = 2


def export_queue(scope: Construct, settings: Settings) -> sqs.Queue:
    """One message for each stretch of an export. A message whose function crashed comes again."""
    return _queue(scope, settings, "exports", EXPORT_TIMEOUT_SECONDS, EXPORT_TRIES)


def add_audit(stack: Stack, *, functions: Functions, bus: events.EventBus, exports: sqs.Queue) -> None:
    """Add the functions for seals, exports and metrics, and what calls them."""
    settings = functions.here.settings
    seal = functions.add(
        "seal",
        memory_mb=1024,
        timeout_seconds=SEAL_TIMEOUT_SECONDS,
        needs=[needs.requests_table, needs.audit_trail, seal_archive],
    )
    run_every(functions, "seal", seal, Duration.minutes(SEAL_EVERY_MINUTES), why="Seals what moved in the audit trail")
    export = functions.add(
        "export",
        memory_mb=1769,
        timeout_seconds=EXPORT_TIMEOUT_SECONDS,
        needs=[needs.requests_table, needs.audit_trail, seal_archive, export_objects, sending_exports(exports)],
    )
    _consume(exports, export, "Exports", batch=1, at_once=EXPORTS_AT_ONCE)
    queue = _queue(stack, settings, "metrics", METRICS_TIMEOUT_SECONDS, METRICS_TRIES)
    metrics = functions.add("metrics", timeout_seconds=METRICS_TIMEOUT_SECONDS, needs=[needs.requests_table])
    _consume(queue, metrics, "Metrics", batch=METRICS_BATCH, at_once=METRICS_AT_ONCE, window=METRICS_WINDOW_SECONDS)
    rule = events.Rule(
        stack,
        "MetricsRule",
        rule_name=f"{settings.prefix}-metrics",
        event_bus=bus,
        event_pattern=events.EventPattern(source=[SOURCE], detail_type=hearing.COUNTED),
    )
    rule.add_target(
        targets.SqsQueue(
            queue,
            dead_letter_queue=functions.dead_letters("metrics_rule"),
            retry_attempts=RULE_RETRIES,
            max_event_age=Duration.hours(RULE_EVENT_AGE_HOURS),
        )
    )
    # Called by a person, with a deployment's id; a second call goes on where the first one ended.
    functions.add(
        "rebuild_metrics",
        memory_mb=1769,
        timeout_seconds=REBUILD_TIMEOUT_SECONDS,
        needs=[needs.requests_table, needs.audit_trail],
    )


def _queue(scope: Construct, settings: Settings, name: str, timeout_seconds: int, tries: int) -> sqs.Queue:
    return sqs.Queue(
        scope,
        f"{name.capitalize()}Queue",
        queue_name=f"{settings.prefix}-{name}",
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        # Six times the function's own limit, as SQS and Lambda want it.
        visibility_timeout=Duration.seconds(6 * timeout_seconds),
        dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=tries, queue=dead_letters(scope, settings, name)),
    )


def _consume(
    queue: sqs.Queue, function: lambda_.Function, name: str, *, batch: int, at_once: int, window: int | None = None
) -> None:
    function.add_event_source_mapping(
        name,
        event_source_arn=queue.queue_arn,
        batch_size=batch,
        max_concurrency=at_once,
        max_batching_window=Duration.seconds(window) if window else None,
    )
    queue.grant_consume_messages(function)


def seal_archive(here: Surroundings, function: lambda_.Function) -> None:
    """Add to the archive and sign; nobody can replace what is in it."""
    seals = here.data.seals
    _reach_seals(here, function, ["s3:GetObject", "s3:PutObject"])
    needs.allow(function, ["s3:ListBucket"], [seals.bucket.bucket_arn])
    needs.allow(function, ["kms:Sign", "kms:GetPublicKey"], [seals.key.key_arn])


def read_seals(here: Surroundings, function: lambda_.Function) -> None:
    """Read seals and the public key, for receipts."""
    _reach_seals(here, function, ["s3:GetObject"])
    needs.allow(function, ["kms:GetPublicKey"], [here.data.seals.key.key_arn])


def export_objects(here: Surroundings, function: lambda_.Function) -> None:
    """Write the files of exports."""
    needs.allow_objects(here, function, ["s3:GetObject", "s3:PutObject"], "exports/*")
    needs.allow_key_through(here, function, "s3")
    function.add_environment("NODBACK_BUCKET", here.data.bucket.bucket_name)


def export_links(here: Surroundings, function: lambda_.Function) -> None:
    """Create links to the files of exports; a link has the rights of the function that creates it."""
    needs.allow_objects(here, function, ["s3:GetObject"], "exports/*")


def erasure(here: Surroundings, function: lambda_.Function) -> None:
    """Find and delete the objects of one request: its texts, the mails that answered it, bodies sent to webhooks."""
    for prefix in ("content/*", "inbound/*", "deliveries/*"):
        needs.allow_objects(here, function, ["s3:DeleteObject"], prefix)
    needs.allow(
        function,
        ["s3:ListBucket"],
        [here.data.bucket.bucket_arn],
        {"StringLike": {"s3:prefix": ["content/*"]}},
    )


def sending_exports(queue: sqs.Queue) -> Need:
    """Send the messages that continue exports."""

    def need(_: Surroundings, function: lambda_.Function) -> None:
        needs.allow(function, ["sqs:SendMessage"], [queue.queue_arn])
        function.add_environment("NODBACK_EXPORT_QUEUE_URL", queue.queue_url)

    return need


def _reach_seals(here: Surroundings, function: lambda_.Function, actions: list[str]) -> None:
    name = seal_bucket_name(here.settings)
    needs.allow(function, actions, [f"arn:{Aws.PARTITION}:s3:::{name}/*"])
    told = f"arn:<AWS::Partition>:s3:::{here.settings.prefix}-seals-<AWS::AccountId>-<AWS::Region>/*"
    accept(function.role or function, f"AwsSolutions-IAM5[Resource::{told}]", "Seals are made at run time")
    function.add_environment("NODBACK_SEAL_BUCKET", here.data.seals.bucket.bucket_name)
    function.add_environment("NODBACK_SEAL_KEY_ID", here.data.seals.key.key_id)
