"""Makes a Lambda function: adding one to the service is a folder under functions/ and one call of `add`."""

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra import build
from infra.settings import Settings
from infra.stacks.shared.exceptions import accept
from infra.stacks.shared.needs import Need, Surroundings

DEAD_LETTER_DAYS = 14
ASYNC_RETRIES = 2
ASYNC_EVENT_AGE_HOURS = 6


class Functions:
    """The functions of one stack. They share runtime and layers; each has its own role and log group."""

    def __init__(self, scope: Construct, here: Surroundings) -> None:
        self.scope = scope
        self.here = here
        settings = here.settings
        self.runtime = lambda_.Runtime(f"python{settings.python}", lambda_.RuntimeFamily.PYTHON)
        self.architecture = (
            lambda_.Architecture.ARM_64 if settings.architecture == "arm64" else lambda_.Architecture.X86_64
        )
        deps = build.deps_layer(settings.architecture, for_aws=not settings.is_local)
        self.layers = [
            self._layer("CoreLayer", "core", str(build.core_layer(settings.code.core))),
            self._layer("DepsLayer", "deps", str(deps)),
        ]

    def add(
        self,
        name: str,
        *,
        needs: Sequence[Need],
        memory_mb: int = 512,
        timeout_seconds: int = 60,
        called_asynchronously: bool = False,
    ) -> lambda_.Function:
        """The function of the folder functions/<name>.

        `needs` are its rights and its environment (see needs.py). With `called_asynchronously`, an event that keeps
        failing goes to a dead-letter queue of its own.
        """
        settings = self.here.settings
        construct_id = "".join(part.capitalize() for part in name.split("_"))
        physical_name = f"{settings.prefix}-{name.replace('_', '-')}"
        log_group = logs.LogGroup(
            self.scope,
            f"{construct_id}Logs",
            log_group_name=f"/aws/lambda/{physical_name}",
            retention=retention(settings),
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(
            self.scope,
            f"{construct_id}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What the function {physical_name} may do",
        )
        log_group.grant_write(role)
        function = lambda_.Function(
            self.scope,
            f"{construct_id}Function",
            function_name=physical_name,
            runtime=self.runtime,
            architecture=self.architecture,
            handler="handler.handler",
            code=lambda_.Code.from_asset(str(build.function_asset(settings.code.functions / name))),
            layers=self.layers,
            role=role,
            log_group=log_group,
            memory_size=memory_mb,
            timeout=Duration.seconds(timeout_seconds),
            environment={**self._facts(), "POWERTOOLS_SERVICE_NAME": name, "LOG_LEVEL": "INFO"},
        )
        accept(
            function,
            "AwsSolutions-L1",
            "The runtime is the Python that compiled the code: compiled files load in no other minor version",
        )
        if called_asynchronously:
            function.configure_async_invoke(
                retry_attempts=ASYNC_RETRIES,
                max_event_age=Duration.hours(ASYNC_EVENT_AGE_HOURS),
                on_failure=destinations.SqsDestination(self.dead_letters(name)),
            )
        for need in needs:
            need(self.here, function)
        return function

    def _facts(self) -> dict[str, str]:
        """What every function knows about the install: names, which grant no rights."""
        settings, data = self.here.settings, self.here.data
        return {
            "NODBACK_STAGE": settings.stage,
            "NODBACK_ORGANIZATION_ID": str(settings.organization_id),
            "NODBACK_REQUESTS_TABLE": data.requests.table_name,
            "NODBACK_AUDIT_TABLE": data.audit.table_name,
            "NODBACK_INBOUND_DOMAIN": settings.inbound_domain,
            "NODBACK_MAIL_FROM": settings.mail_from,
            "NODBACK_MAIL_FROM_NAME": settings.mail_from_name,
        }

    def dead_letters(self, consumer: str) -> sqs.Queue:
        """A dead-letter queue for what one consumer could not handle."""
        return dead_letters(self.scope, self.here.settings, consumer)

    def _layer(self, construct_id: str, name: str, folder: str) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self.scope,
            construct_id,
            layer_version_name=f"{self.here.settings.prefix}-{name}",
            code=lambda_.Code.from_asset(folder),
            compatible_runtimes=[self.runtime],
            compatible_architectures=[self.architecture],
        )


def dead_letters(scope: Construct, settings: Settings, consumer: str) -> sqs.Queue:
    """A queue that keeps what `consumer` could not handle, until a person looks at it."""
    construct_id = "".join(part.capitalize() for part in consumer.split("_"))
    queue = sqs.Queue(
        scope,
        f"{construct_id}DeadLetters",
        queue_name=f"{settings.prefix}-{consumer.replace('_', '-')}-dead-letters",
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(DEAD_LETTER_DAYS),
    )
    accept(queue, "AwsSolutions-SQS3", "It is a dead-letter queue itself")
    return queue


def retention(settings: Settings) -> logs.RetentionDays:
    """How long logs are kept, as the CDK names it."""
    for days in sorted(RETENTION):
        if days >= settings.log_days:
            return RETENTION[days]
    return logs.RetentionDays.TEN_YEARS


# CloudWatch keeps logs for these numbers of days only; a number between two is rounded up.
RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    731: logs.RetentionDays.TWO_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
}
