"""Where seals are kept and what signs them: an archive that replaces nothing, and a key that never leaves KMS."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.settings import Settings
from infra.stacks.shared.exceptions import accept


def seal_bucket_name(settings: Settings) -> str:
    """The name of the archive, with the deployment's own account and region in it."""
    return f"{settings.prefix}-seals-{Aws.ACCOUNT_ID}-{Aws.REGION}"


class SealArchive(Construct):
    """The bucket with Object Lock and the signing key. Both are kept when the stack is deleted."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "SealArchive")
        self.key = kms.Key(
            self,
            "Key",
            alias=f"alias/{settings.prefix}-seals",
            description=f"Nodback {settings.stage}: signs the seals over the audit trail",
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            removal_policy=RemovalPolicy.RETAIN,
        )
        accept(self.key, "AwsSolutions-KMS5", "KMS rotates no asymmetric key; seals name the key that signed them")
        span = Duration.days(settings.seal_lock_days)
        is_final = settings.seal_lock == "compliance"
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=seal_bucket_name(settings),
            versioned=True,
            object_lock_enabled=True,
            object_lock_default_retention=(
                s3.ObjectLockRetention.compliance(span) if is_final else s3.ObjectLockRetention.governance(span)
            ),
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            # An auditor may be given a seal: it holds hashes and ids, and needs no key to be read.
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=RemovalPolicy.RETAIN,
        )
        accept(self.bucket, "AwsSolutions-S1", "Nothing in it can be replaced, and two functions of ours alone write")
