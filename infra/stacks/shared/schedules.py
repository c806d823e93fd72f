"""Functions that run on a schedule."""

from collections.abc import Mapping

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets

from infra.stacks.shared.exceptions import accept
from infra.stacks.shared.functions import Functions


def run_every(
    functions: Functions,
    name: str,
    function: lambda_.Function,
    interval: Duration,
    *,
    why: str,
    event: Mapping[str, object] | None = None,
) -> None:
    """Call `function` every `interval` with `event`. The next run makes up for a failed one, so none is retried."""
    scope, prefix = functions.scope, functions.here.settings.prefix
    construct_id = "".join(part.capitalize() for part in name.split("_"))
    role = iam.Role(
        scope,
        f"{construct_id}ScheduleRole",
        assumed_by=iam.ServicePrincipal(
            "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        ),
        description=f"Lets the schedule call {name}",
    )
    resource = function.node.default_child
    assert isinstance(resource, lambda_.CfnFunction)
    accept(
        role,
        f"AwsSolutions-IAM5[Resource::<{function.stack.get_logical_id(resource)}.Arn>:*]",
        "The CDK's target grants the function's versions too; there is none",
    )
    scheduler.Schedule(
        scope,
        f"{construct_id}Schedule",
        schedule_name=f"{prefix}-{name.replace('_', '-')}",
        description=why,
        schedule=scheduler.ScheduleExpression.rate(interval),
        target=targets.LambdaInvoke(
            function,
            role=role,
            retry_attempts=0,
            dead_letter_queue=functions.dead_letters(name),
            input=scheduler.ScheduleTargetInput.from_object(dict(event)) if event is not None else None,
        ),
    )
