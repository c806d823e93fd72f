"""Outgoing webhooks: bus -> fan-out -> queue -> one delivery at a time. Also the route of callback URLs."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.settings import Settings
from infra.stacks.shared import hearing, needs
from infra.stacks.shared.functions import Functions, dead_letters

SOURCE = "nodback"
RULE_RETRIES = 20
RULE_EVENT_AGE_HOURS = 12
# An attempt takes 30 seconds at most; the rest is for the rows before and after it.
DELIVERY_TIMEOUT_SECONDS = 45
# Six times the function's own limit, as SQS and Lambda want it.
VISIBILITY_SECONDS = 6 * DELIVERY_TIMEOUT_SECONDS
DELIVERY_TRIES = 5
# Hanging receivers may use this many of the account's concurrent executions, and leave the others to the service.
DELIVERIES_AT_ONCE = 250


def webhook_queue(scope: Construct, settings: Settings) -> sqs.Queue:
    """One message for each delivery. A message that arrives again finds its delivery claimed and sends nothing."""
    return sqs.Queue(
        scope,
        "WebhookDeliveries",
        queue_name=f"{settings.prefix}-webhook-deliveries",
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        visibility_timeout=Duration.seconds(VISIBILITY_SECONDS),
        dead_letter_queue=sqs.DeadLetterQueue(
            max_receive_count=DELIVERY_TRIES, queue=dead_letters(scope, settings, "webhook_deliveries")
        ),
    )


def add_webhooks(
    stack: Stack,
    *,
    functions: Functions,
    bus: events.EventBus,
    queue: sqs.Queue,
    api: apigateway.HttpApi,
    settings: Settings,
) -> None:
    """Add the functions for webhooks and callbacks, and what calls them."""
    fan_out = functions.add(
        "webhook_fanout",
        needs=[
            needs.requests_table,
            needs.audit_trail,
            needs.content,
            needs.key_ring,
            needs.public_url,
            needs.delivery_bodies,
            needs.webhook_queue,
        ],
        called_asynchronously=True,
    )
    # Only entries that a webhook of their deployment wants to be told of are marked: without webhooks, nothing runs.
    rule = events.Rule(
        stack,
        "WebhooksRule",
        rule_name=f"{settings.prefix}-webhooks",
        event_bus=bus,
        event_pattern=events.EventPattern(source=[SOURCE], detail={hearing.WEBHOOK_MARK: events.Match.exists()}),
    )
    rule.add_target(
        targets.LambdaFunction(
            fan_out,
            dead_letter_queue=functions.dead_letters("webhooks_rule"),
            retry_attempts=RULE_RETRIES,
            max_event_age=Duration.hours(RULE_EVENT_AGE_HOURS),
        )
    )
    delivery = functions.add(
        "webhook_delivery",
        needs=[needs.own_deliveries, needs.public_url, needs.loopback_webhooks],
        timeout_seconds=DELIVERY_TIMEOUT_SECONDS,
    )
    delivery.add_event_source_mapping(
        "Deliveries", event_source_arn=queue.queue_arn, batch_size=1, max_concurrency=DELIVERIES_AT_ONCE
    )
    queue.grant_consume_messages(delivery)
    callbacks = functions.add(
        "callbacks", needs=[needs.requests_table, needs.audit_trail, needs.content, needs.key_ring, needs.public_url]
    )
    # Any method, so that the function itself refuses all but POST and nothing falls through to another route.
    api.add_routes(
        path="/v1/callbacks/{token}",
        methods=[apigateway.HttpMethod.ANY],
        integration=integrations.HttpLambdaIntegration("CallbacksIntegration", callbacks),
    )
