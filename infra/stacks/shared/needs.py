"""The rights of functions: each need grants the least that is enough and names the resource in the environment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs

from infra.settings import Settings
from infra.stacks.data import REQUEST_INDEXES, DataStack, bucket_name
from infra.stacks.shared.exceptions import accept


@dataclass(frozen=True)
class Surroundings:
    """The resources that needs grant rights on."""

    settings: Settings
    data: DataStack
    bus: events.EventBus
    public_url: str
    webhook_queue: sqs.Queue


Need = Callable[[Surroundings, lambda_.Function], None]


def requests_table(here: Surroundings, function: lambda_.Function) -> None:
    """Read and change deployments, requests and what belongs to them; never scan."""
    table = here.data.requests
    allow(
        function,
        [
            *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:ConditionCheckItem"),
            *("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
        ],
        [table.table_arn],
    )
    allow(function, ["dynamodb:Query"], [f"{table.table_arn}/index/{name}" for name, _, _ in REQUEST_INDEXES])
    allow_key_through(here, function, "dynamodb")


def audit_trail(here: Surroundings, function: lambda_.Function) -> None:
    """Append to the audit trail and read it. No function may ever update or delete an entry."""
    table = here.data.audit
    allow(function, ["dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:Query"], [table.table_arn])
    allow(function, ["dynamodb:Query"], [f"{table.table_arn}/index/by_day"])
    allow_key_through(here, function, "dynamodb")


def audit_stream(here: Surroundings, function: lambda_.Function) -> None:
    """Follow the stream of new entries."""
    stream = here.data.audit.table_stream_arn
    assert stream, "the audit table has a stream"
    allow(function, ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], [stream])
    allow(function, ["dynamodb:ListStreams"], ["*"])
    accept(function.role or function, "AwsSolutions-IAM5[Resource::*]", "dynamodb:ListStreams knows no resource")
    allow_key_through(here, function, "dynamodb")


def content(here: Surroundings, function: lambda_.Function) -> None:
    """Read and write the content of requests, and open and make the data keys that encrypt it."""
    allow_objects(here, function, ["s3:GetObject", "s3:PutObject"], "content/*")
    allow_key_through(here, function, "s3")
    # With an encryption context only: a data key is bound to its owner, what other services encrypt is not reached.
    allow(
        function,
        ["kms:GenerateDataKey", "kms:Decrypt"],
        [here.data.key.key_arn],
        {"Null": {"kms:EncryptionContext:owner": "false"}},
    )
    function.add_environment("NODBACK_BUCKET", here.data.bucket.bucket_name)
    function.add_environment("NODBACK_KMS_KEY_ID", here.data.key.key_id)


def inbound_mail(here: Surroundings, function: lambda_.Function) -> None:
    """Read the raw mails that SES stored."""
    allow_objects(here, function, ["s3:GetObject"], "inbound/*")
    allow_key_through(here, function, "s3")
    function.add_environment("NODBACK_BUCKET", here.data.bucket.bucket_name)


def key_ring(here: Surroundings, function: lambda_.Function) -> None:
    """Read the signing keys of reply addresses, links and callback URLs."""
    arn = _allow_secret(here, function, here.data.key_ring)
    function.add_environment("NODBACK_KEY_RING_SECRET_ARN", arn)


def rotating_key_ring(here: Surroundings, function: lambda_.Function) -> None:
    """Read the signing keys and write the ring with a new one."""
    key_ring(here, function)
    resource = here.data.key_ring.node.default_child
    assert isinstance(resource, secretsmanager.CfnSecret)
    allow(function, ["secretsmanager:PutSecretValue"], [resource.attr_id])


def install_key(here: Surroundings, function: lambda_.Function) -> None:
    """Read the install key, to compare a caller's with it."""
    arn = _allow_secret(here, function, here.data.install_key)
    function.add_environment("NODBACK_INSTALL_KEY_SECRET_ARN", arn)


def bus(here: Surroundings, function: lambda_.Function) -> None:
    """Put events on the install's own bus."""
    allow(function, ["events:PutEvents"], [here.bus.event_bus_arn])
    function.add_environment("NODBACK_BUS_NAME", here.bus.event_bus_name)


def outgoing_mail(here: Surroundings, function: lambda_.Function) -> None:
    """Send mail from the install's one address, to anybody.

    SES also authorises the identity of a recipient if it is verified in the account, as it always is in the sandbox. So
    every identity is allowed, and only the condition restricts the sender.
    """
    settings = here.settings
    identities = f"arn:{Aws.PARTITION}:ses:{Aws.REGION}:{Aws.ACCOUNT_ID}:identity/*"
    sets = f"arn:{Aws.PARTITION}:ses:{Aws.REGION}:{Aws.ACCOUNT_ID}:configuration-set/{settings.prefix}"
    allow(
        function,
        ["ses:SendEmail", "ses:SendRawEmail"],
        [identities, sets],
        {"StringEquals": {"ses:FromAddress": settings.mail_from}},
    )
    accept(
        function.role or function,
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:identity/*]",
        "SES authorises recipients that are verified here too; ses:FromAddress says who may be the sender",
    )
    function.add_environment("NODBACK_CONFIGURATION_SET", settings.configuration_set)


def webhook_queue(here: Surroundings, function: lambda_.Function) -> None:
    """Queue webhook deliveries."""
    allow(function, ["sqs:SendMessage"], [here.webhook_queue.queue_arn])
    function.add_environment("NODBACK_WEBHOOK_QUEUE_URL", here.webhook_queue.queue_url)


def delivery_bodies(here: Surroundings, function: lambda_.Function) -> None:
    """Store the bodies of deliveries that are too large for a row, and read them for a redelivery."""
    allow_objects(here, function, ["s3:GetObject", "s3:PutObject"], "deliveries/*")


def own_deliveries(here: Surroundings, function: lambda_.Function) -> None:
    """Read and change the rows of deliveries, and open their bodies: no request, no webhook, no other data key."""
    allow(
        function,
        ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem"],
        [here.data.requests.table_arn],
        {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["delivery/*"]}},
    )
    allow_key_through(here, function, "dynamodb")
    allow_objects(here, function, ["s3:GetObject"], "deliveries/*")
    allow_key_through(here, function, "s3")
    allow(
        function,
        ["kms:Decrypt"],
        [here.data.key.key_arn],
        {"StringLike": {"kms:EncryptionContext:owner": "delivery/*"}},
    )
    function.add_environment("NODBACK_BUCKET", here.data.bucket.bucket_name)
    function.add_environment("NODBACK_KMS_KEY_ID", here.data.key.key_id)


def loopback_webhooks(here: Surroundings, function: lambda_.Function) -> None:
    """Allow webhooks to loopback addresses, only on the developer's own machine."""
    function.add_environment("NODBACK_LOOPBACK_WEBHOOKS", "true" if here.settings.is_local else "")


def public_url(here: Surroundings, function: lambda_.Function) -> None:
    """Know the public address of the install."""
    function.add_environment("NODBACK_PUBLIC_URL", here.public_url)


def allow(
    function: lambda_.Function,
    actions: list[str],
    resources: list[str],
    conditions: Mapping[str, object] | None = None,
) -> None:
    function.add_to_role_policy(
        iam.PolicyStatement(actions=actions, resources=resources, conditions=dict(conditions) if conditions else None)
    )


def allow_objects(here: Surroundings, function: lambda_.Function, actions: list[str], objects: str) -> None:
    """Use the objects under one prefix of the bucket. A reader may list them: else S3 denies a missing object."""
    bucket = f"arn:{Aws.PARTITION}:s3:::{bucket_name(here.settings)}"
    allow(function, actions, [f"{bucket}/{objects}"])
    if "s3:GetObject" in actions:
        allow(function, ["s3:ListBucket"], [bucket], {"StringLike": {"s3:prefix": [objects]}})
    account, region, partition = "<AWS::AccountId>", "<AWS::Region>", "<AWS::Partition>"
    name = f"{here.settings.prefix}-content-{account}-{region}"
    accept(
        function.role or function,
        f"AwsSolutions-IAM5[Resource::arn:{partition}:s3:::{name}/{objects}]",
        "Objects are made at run time; the prefix is all that can be named beforehand",
    )


def allow_key_through(here: Surroundings, function: lambda_.Function, service: str) -> None:
    """Use the install's key, but only through a service that stores what it encrypts."""
    allow(
        function,
        ["kms:Decrypt", "kms:GenerateDataKey"],
        [here.data.key.key_arn],
        {"StringEquals": {"kms:ViaService": f"{service}.{Aws.REGION}.amazonaws.com"}},
    )


def _allow_secret(here: Surroundings, function: lambda_.Function, secret: secretsmanager.Secret) -> str:
    """Allow reading a secret; returns its ARN."""
    resource = secret.node.default_child
    assert isinstance(resource, secretsmanager.CfnSecret)
    # `Ref` is a secret's ARN on AWS, but its name elsewhere; `Id` is its ARN everywhere.
    arn = resource.attr_id
    allow(function, ["secretsmanager:GetSecretValue"], [arn])
    allow_key_through(here, function, "secretsmanager")
    return arn
