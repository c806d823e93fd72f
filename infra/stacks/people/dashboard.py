"""The dashboard, and the mails by which people sign in."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_

from infra.settings import Settings
from infra.stacks.shared import hearing, needs
from infra.stacks.shared.functions import Functions

SOURCE = "nodback"
PAGE_TIMEOUT_SECONDS = 29
# Whoever asked to sign in waits for ten minutes at most: what is later helps nobody.
MAIL_RETRIES = 3
MAIL_AGE_MINUTES = 5


def add_dashboard(
    stack: Stack, *, functions: Functions, bus: events.EventBus, api: apigateway.HttpApi, settings: Settings
) -> None:
    """Add the function of the dashboard, for every path that is not the API's, and the one that mails sign-in links."""
    pages = functions.add(
        "dashboard",
        memory_mb=1024,
        timeout_seconds=PAGE_TIMEOUT_SECONDS,
        needs=[
            needs.requests_table,
            needs.audit_trail,
            needs.content,
            needs.key_ring,
            needs.bus,
            needs.public_url,
            needs.delivery_bodies,
            needs.webhook_queue,
            needs.loopback_webhooks,
        ],
    )
    mail = functions.add(
        "sign_in_mail",
        needs=[needs.requests_table, needs.key_ring, needs.outgoing_mail, needs.public_url],
        called_asynchronously=True,
    )
    for function in (pages, mail):
        _name_admins(function, settings)
    integration = integrations.HttpLambdaIntegration("DashboardIntegration", pages)
    for path in ("/", "/{proxy+}"):
        api.add_routes(path=path, methods=[apigateway.HttpMethod.ANY], integration=integration)
    rule = events.Rule(
        stack,
        "SignInRule",
        rule_name=f"{settings.prefix}-sign-in",
        event_bus=bus,
        event_pattern=events.EventPattern(source=[SOURCE], detail_type=hearing.SIGN_IN),
    )
    rule.add_target(
        targets.LambdaFunction(
            mail,
            dead_letter_queue=functions.dead_letters("sign_in_rule"),
            retry_attempts=MAIL_RETRIES,
            max_event_age=Duration.minutes(MAIL_AGE_MINUTES),
        )
    )


def _name_admins(function: lambda_.Function, settings: Settings) -> None:
    function.add_environment("NODBACK_ADMINS", " ".join(settings.admins))
