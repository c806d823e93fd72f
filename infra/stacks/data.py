"""What outlives every version of the code: the two tables, the buckets, the keys and the secrets."""

from aws_cdk import Aws, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.settings import Settings
from infra.stacks.audit.archive import SealArchive
from infra.stacks.shared.exceptions import accept

# Sparse indexes of the requests table, all keys only: (name, partition key, sort key).
# `ready_deployment` holds the flow class, too: CloudFormation cannot give an index another key in place.
REQUEST_INDEXES = (
    ("pending_by_deployment", "pending_deployment", "opened"),
    ("pending_by_assignee", "pending_assignee", "opened"),
    ("ready_resumes", "ready_deployment", "claimable_at"),
    ("attention", "attention_shard", "attention_at"),
    ("by_month", "month", "opened"),
    ("by_responder", "responder_key", "closed"),
)
INSTALL_KEY_CHARACTERS = 48
# As long as their rows are kept.
EXPORT_DAYS = 30
# One more than the table keeps the rows of saved states; each save writes both anew.
FLOW_STATE_DAYS = 401
# One more than the delivery log keeps its rows.
DELIVERY_DAYS = 31
KEY_RING_SECRET_CHARACTERS = 64
# The service adds the secret to it.
KEY_RING = '{"kid": 1}'
# Named one by one besides `exclude_punctuation`: not every implementation of the service knows that switch.
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

STRING = dynamodb.AttributeType.STRING
NUMBER = dynamodb.AttributeType.NUMBER


def bucket_name(settings: Settings) -> str:
    """The name of the bucket, with the deployment's own account and region in it."""
    return f"{settings.prefix}-content-{Aws.ACCOUNT_ID}-{Aws.REGION}"


class DataStack(Stack):
    """The data of the install. All of it is kept when the stack is deleted."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(
            scope,
            f"{settings.prefix}-data",
            stack_name=f"{settings.prefix}-data",
            description="Nodback: tables, content, keys and secrets",
        )
        self.settings = settings
        self.key = kms.Key(
            self,
            "Key",
            alias=f"alias/{settings.prefix}",
            description=f"Nodback {settings.stage}: tables, content and secrets",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.requests = self._requests_table()
        self.audit = self._audit_table()
        self.bucket = self._bucket()
        self.seals = SealArchive(self, settings)
        self.key_ring = self._key_ring()
        self.install_key = self._install_key()
        self._outputs()

    def _requests_table(self) -> dynamodb.Table:
        table = self._table(
            "Requests",
            "requests",
            partition_key=dynamodb.Attribute(name="pk", type=STRING),
            sort_key=dynamodb.Attribute(name="sk", type=STRING),
            time_to_live_attribute="expires_at",
        )
        for name, partition, sort in REQUEST_INDEXES:
            table.add_global_secondary_index(
                index_name=name,
                partition_key=dynamodb.Attribute(name=partition, type=STRING),
                sort_key=dynamodb.Attribute(name=sort, type=STRING),
                projection_type=dynamodb.ProjectionType.KEYS_ONLY,
            )
        return table

    def _audit_table(self) -> dynamodb.Table:
        table = self._table(
            "Audit",
            "audit",
            partition_key=dynamodb.Attribute(name="subject", type=STRING),
            sort_key=dynamodb.Attribute(name="seq", type=NUMBER),
            stream=dynamodb.StreamViewType.NEW_IMAGE,
        )
        table.add_global_secondary_index(
            index_name="by_day",
            partition_key=dynamodb.Attribute(name="day", type=STRING),
            sort_key=dynamodb.Attribute(name="at_key", type=STRING),
            projection_type=dynamodb.ProjectionType.ALL,
        )
        return table

    def _table(
        self,
        construct_id: str,
        name: str,
        *,
        partition_key: dynamodb.Attribute,
        sort_key: dynamodb.Attribute,
        time_to_live_attribute: str | None = None,
        stream: dynamodb.StreamViewType | None = None,
    ) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            construct_id,
            table_name=f"{self.settings.prefix}-{name}",
            partition_key=partition_key,
            sort_key=sort_key,
            time_to_live_attribute=time_to_live_attribute,
            stream=stream,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=RemovalPolicy.RETAIN,
        )

    def _bucket(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Content",
            bucket_name=bucket_name(self.settings),
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=[
                s3.LifecycleRule(id="incomplete-uploads", abort_incomplete_multipart_upload_after=Duration.days(1)),
                s3.LifecycleRule(id="exports", prefix="exports/", expiration=Duration.days(EXPORT_DAYS)),
                s3.LifecycleRule(
                    id="inbound-mail", prefix="inbound/", expiration=Duration.days(self.settings.inbound_mail_days)
                ),
                s3.LifecycleRule(id="flow-states", prefix="content/flow/", expiration=Duration.days(FLOW_STATE_DAYS)),
                s3.LifecycleRule(id="deliveries", prefix="deliveries/", expiration=Duration.days(DELIVERY_DAYS)),
            ],
        )
        accept(
            bucket,
            "AwsSolutions-S1",
            "Only this install's roles reach it, and what they do is in the audit trail",
        )
        if not self.settings.is_local:
            self._let_ses_store_mail(bucket)
        return bucket

    def _let_ses_store_mail(self, bucket: s3.Bucket) -> None:
        """The receipt rule belongs to a stack that depends on this one, so it is given by name."""
        ours = {
            "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            "ArnLike": {
                "aws:SourceArn": (
                    f"arn:{Aws.PARTITION}:ses:{Aws.REGION}:{Aws.ACCOUNT_ID}:receipt-rule-set/"
                    f"{self.settings.rule_set or self.settings.prefix}:receipt-rule/{self.settings.receipt_rule}"
                )
            },
        }
        ses = iam.ServicePrincipal("ses.amazonaws.com")
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="StoreInboundMail",
                principals=[ses],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects("inbound/*")],
                conditions=ours,
            )
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EncryptInboundMail",
                principals=[ses],
                actions=["kms:GenerateDataKey", "kms:Decrypt"],
                resources=["*"],
                conditions=ours,
            )
        )

    def _key_ring(self) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            "KeyRing",
            secret_name=f"{self.settings.prefix}-key-ring",
            description="Signs reply addresses, links and callback URLs",
            encryption_key=self.key,
            removal_policy=RemovalPolicy.RETAIN,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=KEY_RING,
                generate_string_key="secret",
                password_length=KEY_RING_SECRET_CHARACTERS,
                exclude_punctuation=True,
                exclude_characters=PUNCTUATION,
            ),
        )
        accept(
            secret,
            "AwsSolutions-SMG4",
            "The function rotate_keys rotates it: old keys stay until the last mail that they signed has expired",
        )
        return secret

    def _install_key(self) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            "InstallKey",
            secret_name=f"{self.settings.prefix}-install-key",
            description="The API key that creates deployments and the first members",
            encryption_key=self.key,
            removal_policy=RemovalPolicy.RETAIN,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=INSTALL_KEY_CHARACTERS, exclude_punctuation=True, exclude_characters=PUNCTUATION
            ),
        )
        accept(
            secret,
            "AwsSolutions-SMG4",
            "A person holds this key and replaces it; rotation by schedule locks them out",
        )
        return secret

    def _outputs(self) -> None:
        for name, value, description in (
            ("InstallKeySecretArn", self.install_key.secret_arn, "Secret with the key that creates deployments"),
            ("KeyRingSecretArn", self.key_ring.secret_arn, "Secret with the signing keys"),
            ("SealBucketName", self.seals.bucket.bucket_name, "Seals over the audit trail, under Object Lock"),
            ("SealKeyId", self.seals.key.key_id, "The key that signs seals: its public half is what auditors pin"),
            ("BucketName", self.bucket.bucket_name, "Content of requests, and inbound mail"),
            ("RequestsTableName", self.requests.table_name, "Deployments, requests and what belongs to them"),
            ("AuditTableName", self.audit.table_name, "The audit trail"),
            ("KeyId", self.key.key_id, "The KMS key of this install"),
        ):
            CfnOutput(self, name, value=value, description=description)
