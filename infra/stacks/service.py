"""What runs: the HTTP API, the functions, the bus with its rules, and the state machine that waits for deadlines."""

import json
from pathlib import Path

from aws_cdk import CfnCondition, CfnOutput, CfnParameter, Duration, Fn, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.settings import Settings
from infra.stacks.audit.jobs import add_audit, erasure, export_links, export_queue, read_seals, sending_exports
from infra.stacks.data import DataStack
from infra.stacks.people.dashboard import add_dashboard
from infra.stacks.shared import hearing, needs
from infra.stacks.shared.exceptions import accept
from infra.stacks.shared.functions import Functions, retention
from infra.stacks.shared.schedules import run_every
from infra.stacks.webhooks.delivery import add_webhooks, webhook_queue

SOURCE = "nodback"
# What SES tells of our mails, as its events name it.
FEEDBACK_EVENTS = ("Delivery", "Bounce", "Complaint", "Reject", "Rendering Failure", "DeliveryDelay")
RELAY_RETRIES = 10
RELAY_BATCH = 100
RULE_RETRIES = 20
RULE_EVENT_AGE_HOURS = 12
SWEEP_EVERY_MINUTES = 1
API_TIMEOUT_SECONDS = 29
API_REQUESTS_PER_SECOND = 500
API_BURST = 1000
DEADLINES = Path(__file__).parent.parent / "deadlines.asl.json"


class ServiceStack(Stack):
    """The service on top of the data."""

    def __init__(self, scope: Construct, settings: Settings, data: DataStack) -> None:
        super().__init__(
            scope,
            f"{settings.prefix}-service",
            stack_name=f"{settings.prefix}-service",
            description="Nodback: API, functions, events and deadlines",
        )
        self.settings = settings
        self.data = data
        self.bus = events.EventBus(
            self, "Bus", event_bus_name=settings.prefix, description="What the audit trail says, as events"
        )
        self.api = apigateway.HttpApi(self, "Api", api_name=settings.prefix, create_default_stage=False)
        self.public_url = self._public_url()
        queue = webhook_queue(self, settings)
        self.functions = Functions(
            self,
            needs.Surroundings(
                settings=settings, data=data, bus=self.bus, public_url=self.public_url, webhook_queue=queue
            ),
        )
        self.exports = export_queue(self, settings)
        self._http_api()
        self._relay()
        self._notify()
        self.inbound_mail = self._inbound_mail()
        self._mail_feedback()
        self._deadlines()
        self._sweeper()
        self._key_rotation()
        add_dashboard(self, functions=self.functions, bus=self.bus, api=self.api, settings=settings)
        add_webhooks(self, functions=self.functions, bus=self.bus, queue=queue, api=self.api, settings=settings)
        add_audit(self, functions=self.functions, bus=self.bus, exports=self.exports)
        CfnOutput(self, "ApiUrl", value=self.public_url, description="NODBACK_URL of flows, and the base of the API")
        CfnOutput(self, "BusName", value=self.bus.event_bus_name, description="The bus with the audit trail as events")
        CfnOutput(
            self,
            "InboundFunctionName",
            value=self.inbound_mail.function_name,
            description="The function that reads inbound mail",
        )

    def _public_url(self) -> str:
        """The address in mails and answers: that of the API, unless the install has a domain of its own."""
        given = CfnParameter(
            self,
            "PublicUrl",
            default="",
            allowed_pattern=r"^(https?://.*[^/])?$",
            description="Base address of the API, without a slash at the end; empty: the API's own",
        )
        is_own = CfnCondition(self, "HasOwnUrl", expression=Fn.condition_equals(given.value_as_string, ""))
        return Fn.condition_if(is_own.logical_id, self.api.api_endpoint, given.value_as_string).to_string()

    def _http_api(self) -> None:
        function = self.functions.add(
            "api",
            memory_mb=1024,
            timeout_seconds=API_TIMEOUT_SECONDS,
            needs=[
                needs.requests_table,
                needs.audit_trail,
                needs.content,
                needs.key_ring,
                needs.install_key,
                needs.public_url,
                needs.delivery_bodies,
                needs.webhook_queue,
                needs.loopback_webhooks,
                *(read_seals, export_links, erasure, sending_exports(self.exports)),
            ],
        )
        access = logs.LogGroup(
            self,
            "ApiAccessLogs",
            log_group_name=f"/aws/apigateway/{self.settings.prefix}",
            retention=retention(self.settings),
            removal_policy=RemovalPolicy.DESTROY,
        )
        # The route, never the path: a path may carry a callback token.
        line = {
            "request_id": "$context.requestId",
            "time": "$context.requestTime",
            "route": "$context.routeKey",
            "status": "$context.status",
            "bytes": "$context.responseLength",
            "milliseconds": "$context.responseLatency",
            "integration_error": "$context.integrationErrorMessage",
        }
        stage = apigateway.HttpStage(
            self,
            "ApiStage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=API_REQUESTS_PER_SECOND, burst_limit=API_BURST),
        )
        default_stage = stage.node.default_child
        assert isinstance(default_stage, apigateway.CfnStage)
        default_stage.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=access.log_group_arn, format=json.dumps(line)
        )
        integration = integrations.HttpLambdaIntegration("ApiIntegration", function)
        self.api.add_routes(path="/v1/{proxy+}", methods=[apigateway.HttpMethod.ANY], integration=integration)
        self.api.add_routes(path="/health", methods=[apigateway.HttpMethod.GET], integration=integration)
        accept(self.api, "AwsSolutions-APIG4", "The function checks the key and its scope, route by route")

    def _relay(self) -> None:
        function = self.functions.add("relay", needs=[needs.audit_stream, needs.bus])
        function.add_event_source_mapping(
            "AuditStream",
            event_source_arn=self.data.audit.table_stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=RELAY_BATCH,
            bisect_batch_on_error=True,
            retry_attempts=RELAY_RETRIES,
            filters=[
                lambda_.FilterCriteria.filter(
                    {
                        "eventName": lambda_.FilterRule.is_equal("INSERT"),
                        "dynamodb": {"NewImage": {"action": {"S": [{"anything-but": hearing.BOOKKEEPING}]}}},
                    }
                )
            ],
            on_failure=sources.SqsDlq(self.functions.dead_letters("relay")),
        )

    def _notify(self) -> None:
        function = self.functions.add(
            "notify",
            needs=[
                needs.requests_table,
                needs.audit_trail,
                needs.content,
                needs.key_ring,
                needs.outgoing_mail,
                needs.public_url,
            ],
            called_asynchronously=True,
        )
        rule = self._rule("notify", detail_type=hearing.NOTIFIED)
        rule.add_target(
            targets.LambdaFunction(
                function,
                dead_letter_queue=self.functions.dead_letters("notify_rule"),
                retry_attempts=RULE_RETRIES,
                max_event_age=Duration.hours(RULE_EVENT_AGE_HOURS),
            )
        )

    def _inbound_mail(self) -> lambda_.Function:
        return self.functions.add(
            "inbound_mail",
            memory_mb=1024,
            needs=[needs.requests_table, needs.audit_trail, needs.content, needs.inbound_mail, needs.key_ring],
            called_asynchronously=True,
        )

    def _mail_feedback(self) -> None:
        function = self.functions.add(
            "mail_feedback", needs=[needs.requests_table, needs.audit_trail], called_asynchronously=True
        )
        # On the account's default bus, where SES publishes; the tag tells our mails from those of others.
        rule = events.Rule(
            self,
            "MailFeedbackRule",
            rule_name=f"{self.settings.prefix}-mail-feedback",
            description="What became of our mails, told by SES",
            event_pattern=events.EventPattern(
                source=["aws.ses"],
                detail={
                    "eventType": list(FEEDBACK_EVENTS),
                    "mail": {"tags": {"ses:configuration-set": [self.settings.prefix]}},
                },
            ),
        )
        rule.add_target(
            targets.LambdaFunction(
                function,
                dead_letter_queue=self.functions.dead_letters("mail_feedback_rule"),
                retry_attempts=RULE_RETRIES,
                max_event_age=Duration.hours(RULE_EVENT_AGE_HOURS),
            )
        )

    def _deadlines(self) -> None:
        function = self.functions.add("deadline", needs=[needs.requests_table, needs.audit_trail, needs.content])
        machine_logs = logs.LogGroup(
            self,
            "DeadlinesLogs",
            log_group_name=f"/aws/vendedlogs/states/{self.settings.prefix}-deadlines",
            retention=retention(self.settings),
            removal_policy=RemovalPolicy.DESTROY,
        )
        machine = stepfunctions.StateMachine(
            self,
            "Deadlines",
            state_machine_name=f"{self.settings.prefix}-deadlines",
            definition_body=stepfunctions.DefinitionBody.from_string(DEADLINES.read_text()),
            definition_substitutions={"DeadlineFunctionArn": function.function_arn},
            logs=stepfunctions.LogOptions(
                destination=machine_logs, level=stepfunctions.LogLevel.ERROR, include_execution_data=False
            ),
        )
        machine.add_to_role_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn])
        )
        accept(machine, "AwsSolutions-IAM5[Resource::*]", "The actions that set up a log delivery know no resource")
        accept(machine, "AwsSolutions-SF1", "Its steps say nothing that the audit trail does not; errors are logged")
        accept(machine, "AwsSolutions-SF2", "Tracing costs more than the waiting; the audit trail tells the story")
        rule = self._rule("deadlines", detail_type=hearing.WAITED_FOR, detail={"wake_at": events.Match.exists()})
        rule.add_target(
            targets.SfnStateMachine(
                machine,
                input=events.RuleTargetInput.from_event_path("$.detail"),
                dead_letter_queue=self.functions.dead_letters("deadlines_rule"),
                retry_attempts=RULE_RETRIES,
                max_event_age=Duration.hours(RULE_EVENT_AGE_HOURS),
            )
        )

    def _sweeper(self) -> None:
        function = self.functions.add("sweeper", needs=[needs.requests_table, needs.audit_trail, needs.bus])
        every = Duration.minutes(SWEEP_EVERY_MINUTES)
        run_every(self.functions, "sweeper", function, every, why="Finds what the bus may have lost")

    def _key_rotation(self) -> None:
        function = self.functions.add("rotate_keys", needs=[needs.rotating_key_ring])
        run_every(
            self.functions,
            "rotate_keys",
            function,
            Duration.days(1),
            why="Gives the key ring a fresh signing key when it is time",
            event={"after_days": self.settings.key_rotation_days},
        )

    def _rule(self, name: str, *, detail_type: list[str], detail: dict[str, object] | None = None) -> events.Rule:
        """A rule of the install's bus."""
        return events.Rule(
            self,
            f"{name.capitalize()}Rule",
            rule_name=f"{self.settings.prefix}-{name}",
            event_bus=self.bus,
            event_pattern=events.EventPattern(source=[SOURCE], detail_type=detail_type, detail=detail),
        )
