"""Mail on AWS: the sending identity, its configuration set, and the rule that hands over inbound mail."""

from aws_cdk import Aws, CfnOutput, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ses as ses
from constructs import Construct

from infra.settings import Settings
from infra.stacks.data import DataStack
from infra.stacks.service import ServiceStack

# What SES is asked to tell of our mails; opens and clicks are nobody's business.
FEEDBACK = (
    ses.EmailSendingEvent.DELIVERY,
    ses.EmailSendingEvent.BOUNCE,
    ses.EmailSendingEvent.COMPLAINT,
    ses.EmailSendingEvent.REJECT,
    ses.EmailSendingEvent.RENDERING_FAILURE,
    ses.EmailSendingEvent.DELIVERY_DELAY,
)


class MailStack(Stack):
    """SES for one install. The embedded stack does without it, since nothing delivers mail to a laptop."""

    def __init__(self, scope: Construct, settings: Settings, data: DataStack, service: ServiceStack) -> None:
        super().__init__(
            scope,
            f"{settings.prefix}-mail",
            stack_name=f"{settings.prefix}-mail",
            description="Nodback: sending identity and inbound mail",
        )
        self.settings = settings
        self._sending()
        rule_set = self._inbound(data, service.inbound_mail)
        CfnOutput(
            self,
            "InboundMailExchanger",
            value=f"{settings.inbound_domain} MX 10 inbound-smtp.{Aws.REGION}.amazonaws.com",
            description="The DNS record that brings replies to SES",
        )
        CfnOutput(
            self,
            "ActivateInboundMail",
            value=f"aws ses set-active-receipt-rule-set --rule-set-name {rule_set}",
            description="One rule set is active in an account and region; run this once if another is, or none",
        )

    def _sending(self) -> None:
        settings = self.settings
        configuration_set = ses.ConfigurationSet(
            self,
            "ConfigurationSet",
            configuration_set_name=settings.configuration_set,
            reputation_metrics=True,
            suppression_reasons=ses.SuppressionReasons.BOUNCES_AND_COMPLAINTS,
            tls_policy=ses.ConfigurationSetTlsPolicy.REQUIRE,
        )
        # SES publishes to the default bus only; a rule of the service stack takes our events off it.
        configuration_set.add_event_destination(
            "Feedback",
            configuration_set_event_destination_name=f"{settings.prefix}-feedback",
            destination=ses.EventDestination.event_bus(
                events.EventBus.from_event_bus_name(self, "DefaultBus", "default")
            ),
            events=list(FEEDBACK),
        )
        identity = ses.EmailIdentity(
            self,
            "Identity",
            identity=ses.Identity.domain(settings.domain),
            configuration_set=configuration_set,
            dkim_signing=True,
        )
        for number, record in enumerate(identity.dkim_records, start=1):
            CfnOutput(
                self,
                f"DkimRecord{number}",
                value=f"{record.name} CNAME {record.value}",
                description="A DNS record that proves the sending domain",
            )

    def _inbound(self, data: DataStack, function: lambda_.Function) -> str:
        """Add the receipt rule; returns the name of its rule set."""
        settings = self.settings
        made = None if settings.rule_set else ses.CfnReceiptRuleSet(self, "RuleSet", rule_set_name=settings.prefix)
        rule_set = settings.rule_set or settings.prefix
        source = (
            f"arn:{Aws.PARTITION}:ses:{Aws.REGION}:{Aws.ACCOUNT_ID}:receipt-rule-set/{rule_set}"
            f":receipt-rule/{settings.receipt_rule}"
        )
        permission = lambda_.CfnPermission(
            self,
            "InvokePermission",
            action="lambda:InvokeFunction",
            function_name=function.function_arn,
            principal="ses.amazonaws.com",
            source_account=Aws.ACCOUNT_ID,
            source_arn=source,
        )
        rule = ses.CfnReceiptRule(
            self,
            "Rule",
            rule_set_name=rule_set,
            rule=ses.CfnReceiptRule.RuleProperty(
                name=settings.receipt_rule,
                enabled=True,
                recipients=[settings.inbound_domain],
                scan_enabled=True,
                tls_policy="Optional",
                actions=[
                    ses.CfnReceiptRule.ActionProperty(
                        s3_action=ses.CfnReceiptRule.S3ActionProperty(
                            bucket_name=data.bucket.bucket_name, object_key_prefix="inbound/"
                        )
                    ),
                    ses.CfnReceiptRule.ActionProperty(
                        lambda_action=ses.CfnReceiptRule.LambdaActionProperty(
                            function_arn=function.function_arn, invocation_type="Event"
                        )
                    ),
                ],
            ),
        )
        rule.add_resource_dependency(permission)
        if made:
            rule.add_resource_dependency(made)
        return rule_set
