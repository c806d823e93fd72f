"""What the templates promise, read from the templates."""

import json
import re

import pytest

from infra.settings import BadContext, read_settings
from infra.stacks.audit.jobs import SEAL_EVERY_MINUTES as STACK_SEAL_EVERY_MINUTES
from nodback_core.adapters.ses_feedback import EVENT_TYPES
from nodback_core.domain.audit.seals import SEAL_EVERY_MINUTES
from nodback_core.domain.audit.trail import KINDS
from nodback_core.domain.figures.facts import kind_of
from nodback_core.domain.letters.notifications import NEVER_ARRIVED
from nodback_core.domain.people.sessions import LINK_ASKED
from nodback_core.domain.reviews.deadlines import OVERDUE_EVENT
from nodback_core.domain.shared.entries import Action
from tests.infra.templates import Examined, as_list, environment, only, resources, statements

AUDIT = "Audit3D8ADE0A"
FUNCTIONS = (
    *("api", "relay", "notify", "inbound-mail", "mail-feedback", "rotate-keys", "deadline", "sweeper"),
    *("webhook-fanout", "webhook-delivery", "callbacks"),
    *("seal", "export", "metrics", "rebuild-metrics"),
    *("dashboard", "sign-in-mail"),
)


@pytest.fixture(scope="module")
def data(examined: Examined) -> dict:
    return examined.template("aws", "data")


@pytest.fixture(scope="module")
def service(examined: Examined) -> dict:
    return examined.template("aws", "service")


@pytest.fixture(scope="module")
def mail(examined: Examined) -> dict:
    return examined.template("aws", "mail")


def table(data: dict, name: str) -> dict:
    (found,) = [t for t in resources(data, "AWS::DynamoDB::Table").values() if t["TableName"] == name]
    return found


def schedule(service: dict, name: str) -> dict:
    (found,) = [
        s for s in resources(service, "AWS::Scheduler::Schedule").values() if s["Name"] == f"nodback-dev-{name}"
    ]
    return found


def a_bucket(data: dict, name: str) -> dict:
    (found,) = [b for b in resources(data, "AWS::S3::Bucket").values() if f"-{name}-" in json.dumps(b["BucketName"])]
    return found


def keys(schema: list[dict]) -> list[str]:
    return [entry["AttributeName"] for entry in schema]


def test_the_rules_of_the_pack_object_to_nothing(examined: Examined):
    assert examined.objections == []


def test_the_local_install_is_the_same_two_stacks_without_mail(examined: Examined):
    assert examined.stacks("aws") == ["nodback-dev-data", "nodback-dev-mail", "nodback-dev-service"]
    assert examined.stacks("local") == ["nodback-local-data", "nodback-local-service"]


def test_the_service_that_runs_locally_is_the_service_that_goes_to_aws(examined: Examined):
    """But for names, the processor and its packages, and the configuration set, which belongs to the mail stack."""

    def in_common(install: str, stage: str, domain: str) -> dict:
        text = json.dumps(examined.template(install, "service"))
        text = text.replace(f"nodback-{stage}", "nodback-X").replace(domain, "example.com")
        text = re.sub(r"[0-9a-f]{64}", "digest", text).replace("x86_64", "arm64").replace(f'"{stage}"', '"X"')
        text = re.sub(r'"NODBACK_(CONFIGURATION_SET|LOOPBACK_WEBHOOKS|ADMINS)": "[^"]*"', r'"NODBACK_\1": ""', text)
        # Layers carry a digest of their content in their logical ids, permissions one of their path.
        template = json.loads(re.sub(r"(CoreLayer|DepsLayer|AllowEventRule)\w+", r"\1", text))
        # The mail stack refers to a function of this one.
        return template | {"Outputs": {k: v for k, v in template["Outputs"].items() if not k.startswith("Exports")}}

    assert in_common("local", "local", "nodback.test") == in_common("aws", "dev", "nodback.example.com")


def test_every_physical_name_carries_the_stage(examined: Examined):
    named = re.compile(r"(Table|Function|Queue|Role|Api|Rule|StateMachine|LogGroup|EventBus|Layer|Set)?Name$|^Name$")
    for stack in ("data", "service", "mail"):
        for logical_id, resource in examined.template("aws", stack)["Resources"].items():
            for key, value in resource.get("Properties", {}).items():
                if named.search(key) and isinstance(value, str) and key not in ("StageName", "PolicyName"):
                    assert "nodback-dev" in value, f"{logical_id}.{key} = {value}"


class TestTheData:
    def test_requests_are_found_by_the_sparse_indexes_of_the_design(self, data: dict):
        requests = table(data, "nodback-dev-requests")

        assert keys(requests["KeySchema"]) == ["pk", "sk"]
        assert requests["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert {i["IndexName"]: keys(i["KeySchema"]) for i in requests["GlobalSecondaryIndexes"]} == {
            "pending_by_deployment": ["pending_deployment", "opened"],
            "pending_by_assignee": ["pending_assignee", "opened"],
            "ready_resumes": ["ready_deployment", "claimable_at"],
            "attention": ["attention_shard", "attention_at"],
            "by_month": ["month", "opened"],
            "by_responder": ["responder_key", "closed"],
        }
        assert {i["Projection"]["ProjectionType"] for i in requests["GlobalSecondaryIndexes"]} == {"KEYS_ONLY"}

    def test_the_audit_trail_is_ordered_by_number_and_streams_its_new_entries(self, data: dict):
        audit = table(data, "nodback-dev-audit")

        assert keys(audit["KeySchema"]) == ["subject", "seq"]
        assert {"AttributeName": "seq", "AttributeType": "N"} in audit["AttributeDefinitions"]
        assert audit["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
        assert "TimeToLiveSpecification" not in audit

    def test_both_tables_are_encrypted_recoverable_paid_by_use_and_outlive_the_stack(self, data: dict):
        for resource in data["Resources"].values():
            if resource["Type"] == "AWS::DynamoDB::Table":
                properties = resource["Properties"]
                assert properties["SSESpecification"]["SSEType"] == "KMS"
                assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
                assert properties["BillingMode"] == "PAY_PER_REQUEST"
                assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"

    def test_the_key_rotates(self, data: dict):
        keys = resources(data, "AWS::KMS::Key").values()

        assert [key.get("EnableKeyRotation") for key in keys if key.get("KeyUsage") != "SIGN_VERIFY"] == [True]

    def test_the_bucket_is_private_encrypted_and_forgets_raw_mail(self, data: dict):
        bucket = a_bucket(data, "content")
        rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}

        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        encryption = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
        assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
        assert rules["inbound-mail"]["Prefix"] == "inbound/"
        assert rules["inbound-mail"]["ExpirationInDays"] == 400
        assert "AbortIncompleteMultipartUpload" in rules["incomplete-uploads"]

    def test_secrets_are_made_by_the_service_and_never_stand_in_the_template(self, data: dict):
        made = {s["Name"]: s for s in resources(data, "AWS::SecretsManager::Secret").values()}

        assert set(made) == {"nodback-dev-key-ring", "nodback-dev-install-key"}
        assert all("SecretString" not in secret for secret in made.values())
        ring = made["nodback-dev-key-ring"]["GenerateSecretString"]
        assert (ring["SecretStringTemplate"], ring["GenerateStringKey"]) == ('{"kid": 1}', "secret")
        assert ring["PasswordLength"] == 64


class TestRights:
    def test_no_role_may_change_or_delete_an_audit_entry(self, service: dict):
        allowed = {
            action
            for _, statement in statements(service)
            if AUDIT in json.dumps(statement["Resource"]) and "Stream" not in json.dumps(statement["Resource"])
            for action in as_list(statement["Action"])
        }

        assert allowed == {"dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:Query"}

    def test_no_role_may_do_everything_or_reach_everything(self, service: dict):
        without_resource = {"dynamodb:ListStreams"}
        log_delivery = re.compile(r"^logs:(\w*LogDeliver\w*|\w*ResourcePolic\w*|DescribeLogGroups)$")
        for role, statement in statements(service):
            actions = set(as_list(statement["Action"]))
            assert not [action for action in actions if "*" in action], role
            if "*" in as_list(statement["Resource"]):
                assert all(action in without_resource or log_delivery.match(action) for action in actions), role

    def test_whoever_reads_objects_may_list_that_prefix_and_no_other(self, service: dict):
        reads, lists = set(), set()
        for role, statement in statements(service):
            if "s3:GetObject" in as_list(statement["Action"]):
                named = json.dumps(statement["Resource"])
                reads |= {(role, p) for p in ("content/", "inbound/", "deliveries/", "exports/") if f"/{p}*" in named}
            if (
                "s3:ListBucket" in as_list(statement["Action"])
                and "seal" not in json.dumps(statement["Resource"]).lower()
            ):
                prefixes = statement["Condition"]["StringLike"]["s3:prefix"]
                lists |= {(role, prefix.removesuffix("*")) for prefix in as_list(prefixes)}

        assert {prefix for _, prefix in reads} == {"content/", "inbound/", "deliveries/", "exports/"}
        assert lists == reads

    def test_the_sweeper_opens_no_text(self, service: dict):
        allowed = {
            action
            for role, statement in statements(service)
            if "sweeper" in role.lower()
            for action in as_list(statement["Action"])
        }

        assert "dynamodb:Query" in allowed
        assert not {action for action in allowed if action.startswith("s3:")}

    def test_nobody_scans(self, service: dict):
        assert "dynamodb:Scan" not in {a for _, s in statements(service) for a in as_list(s["Action"])}

    def test_the_key_is_used_through_a_service_or_for_something_that_has_an_owner(self, service: dict):
        uses = [s for _, s in statements(service) if any(a.startswith("kms:") for a in as_list(s["Action"]))]

        assert uses
        for statement in uses:
            if set(as_list(statement["Action"])) <= {"kms:Sign", "kms:GetPublicKey"}:
                assert "SealArchive" in json.dumps(statement["Resource"])
                continue
            conditions = statement["Condition"]
            assert "kms:ViaService" in conditions.get("StringEquals", {}) or conditions in (
                {"Null": {"kms:EncryptionContext:owner": "false"}},
                {"StringLike": {"kms:EncryptionContext:owner": "delivery/*"}},
            )
            assert set(as_list(statement["Action"])) <= {"kms:Decrypt", "kms:GenerateDataKey"}

    def test_two_functions_send_mail_and_only_from_the_installs_address(self, service: dict):
        senders = {r: s for r, s in statements(service) if "ses:SendRawEmail" in as_list(s["Action"])}

        assert sorted(role.partition("Role")[0] for role in senders) == ["Notify", "SignInMail"]
        for statement in senders.values():
            assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": "nodback@nodback.example.com"}}
            # A recipient that is verified in the account is authorised as an identity too.
            assert ":identity/*" in json.dumps(statement["Resource"])
            assert ":configuration-set/nodback-dev" in json.dumps(statement["Resource"])
            assert '"*"' not in json.dumps(statement["Resource"])

    def test_only_the_function_for_it_writes_the_key_ring(self, service: dict):
        writers = [(r, s) for r, s in statements(service) if "secretsmanager:PutSecretValue" in as_list(s["Action"])]

        ((role, statement),) = writers
        assert role.startswith("RotateKeysRole")
        assert "KeyRing" in json.dumps(statement["Resource"])

    def test_only_the_api_reads_the_install_key(self, service: dict):
        readers = {r for r, s in statements(service) if "InstallKey" in json.dumps(s["Resource"])}

        assert len(readers) == 1
        assert readers.pop().startswith("ApiRole")

    def test_no_function_has_a_managed_policy(self, service: dict):
        assert not [name for name, r in resources(service, "AWS::IAM::Role").items() if r.get("ManagedPolicyArns")]


class TestFunctions:
    def test_each_has_its_layers_its_processor_and_a_log_that_ends(self, service: dict):
        functions = resources(service, "AWS::Lambda::Function")

        assert {f["FunctionName"] for f in functions.values()} == {f"nodback-dev-{name}" for name in FUNCTIONS}
        for function in functions.values():
            assert function["Handler"] == "handler.handler"
            assert function["Architectures"] == ["arm64"]
            assert re.fullmatch(r"python3\.1[1-3]", function["Runtime"])
            assert len(function["Layers"]) == 2
            assert "LogGroup" in function["LoggingConfig"]
        assert all(group["RetentionInDays"] == 30 for group in resources(service, "AWS::Logs::LogGroup").values())

    def test_every_function_knows_the_install(self, service: dict):
        for name in FUNCTIONS:
            variables = environment(service, name)
            assert variables["NODBACK_STAGE"] == "dev"
            assert variables["NODBACK_ORGANIZATION_ID"] == "1"
            assert variables["NODBACK_MAIL_FROM"] == "nodback@nodback.example.com"
            assert variables["NODBACK_INBOUND_DOMAIN"] == "reply.nodback.example.com"
            assert {"NODBACK_REQUESTS_TABLE", "NODBACK_AUDIT_TABLE"} <= set(variables)

    @pytest.mark.parametrize(
        ("function", "wanted"),
        [
            (
                "api",
                "BUCKET KMS_KEY_ID KEY_RING_SECRET_ARN INSTALL_KEY_SECRET_ARN PUBLIC_URL WEBHOOK_QUEUE_URL "
                "LOOPBACK_WEBHOOKS SEAL_BUCKET SEAL_KEY_ID EXPORT_QUEUE_URL",
            ),
            ("webhook-fanout", "BUCKET KMS_KEY_ID KEY_RING_SECRET_ARN PUBLIC_URL WEBHOOK_QUEUE_URL"),
            ("webhook-delivery", "BUCKET KMS_KEY_ID PUBLIC_URL LOOPBACK_WEBHOOKS"),
            ("callbacks", "BUCKET KMS_KEY_ID KEY_RING_SECRET_ARN PUBLIC_URL"),
            (
                "dashboard",
                "BUCKET KMS_KEY_ID KEY_RING_SECRET_ARN BUS_NAME PUBLIC_URL WEBHOOK_QUEUE_URL LOOPBACK_WEBHOOKS ADMINS",
            ),
            ("sign-in-mail", "KEY_RING_SECRET_ARN CONFIGURATION_SET PUBLIC_URL ADMINS"),
            ("relay", "BUS_NAME"),
            ("notify", "BUCKET KMS_KEY_ID KEY_RING_SECRET_ARN CONFIGURATION_SET PUBLIC_URL"),
            ("inbound-mail", "BUCKET KMS_KEY_ID KEY_RING_SECRET_ARN"),
            ("mail-feedback", ""),
            ("rotate-keys", "KEY_RING_SECRET_ARN"),
            ("seal", "SEAL_BUCKET SEAL_KEY_ID"),
            ("export", "SEAL_BUCKET SEAL_KEY_ID EXPORT_QUEUE_URL BUCKET"),
            ("metrics", ""),
            ("rebuild-metrics", ""),
            ("deadline", "BUCKET KMS_KEY_ID"),
            ("sweeper", "BUS_NAME"),
        ],
    )
    def test_each_is_given_what_it_needs_and_no_more(self, service: dict, function: str, wanted: str):
        known = "STAGE ORGANIZATION_ID REQUESTS_TABLE AUDIT_TABLE INBOUND_DOMAIN MAIL_FROM MAIL_FROM_NAME"
        given = {name for name in environment(service, function) if name.startswith("NODBACK_")}

        assert given == {f"NODBACK_{name}" for name in (known + " " + wanted).split()}


class TestSeals:
    def test_the_archive_replaces_nothing_and_the_key_only_signs(self, data: dict):
        archive = a_bucket(data, "seals")
        rule = archive["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
        (key,) = [k for k in resources(data, "AWS::KMS::Key").values() if k.get("KeyUsage") == "SIGN_VERIFY"]

        assert archive["ObjectLockEnabled"] is True
        assert archive["VersioningConfiguration"] == {"Status": "Enabled"}
        assert rule == {"Mode": "GOVERNANCE", "Days": 1}
        assert set(archive["PublicAccessBlockConfiguration"].values()) == {True}
        assert key["KeySpec"] == "ECC_NIST_P256"

    def test_production_chooses_compliance_and_for_how_long(self):
        context = {
            "domain": "example.com",
            "admins": "ana@example.com",
            "seal_lock": "compliance",
            "seal_lock_days": 3650,
        }
        settings = read_settings(context.get)

        assert (settings.seal_lock, settings.seal_lock_days) == ("compliance", 3650)
        with pytest.raises(BadContext):
            read_settings({**context, "seal_lock": "none"}.get)

    def test_two_functions_sign_and_none_deletes_or_loosens_a_seal(self, service: dict):
        def may(action: str) -> set[str]:
            return {role for role, s in statements(service) if action in as_list(s["Action"])}

        assert {re.sub(r"Role\w*", "", role) for role in may("kms:Sign")} == {"Seal", "Export"}
        for role, statement in statements(service):
            if "-seals-" in json.dumps(statement["Resource"]):
                assert set(as_list(statement["Action"])) <= {"s3:GetObject", "s3:PutObject"}, role
        assert not may("s3:BypassGovernanceRetention") | may("s3:PutObjectRetention") | may("s3:DeleteObjectVersion")

    def test_they_are_made_every_five_minutes_and_docs_say_so(self, service: dict):
        every = [s["ScheduleExpression"] for s in resources(service, "AWS::Scheduler::Schedule").values()]

        assert f"rate({SEAL_EVERY_MINUTES} minutes)" in every
        assert SEAL_EVERY_MINUTES == STACK_SEAL_EVERY_MINUTES

    def test_metrics_count_what_the_code_counts(self, service: dict):
        (rule,) = [r for r in resources(service, "AWS::Events::Rule").values() if r["Name"].endswith("-metrics")]

        assert set(rule["EventPattern"]["detail-type"]) == {a.value for a in Action if kind_of(a)}


class TestEvents:
    def test_the_relay_never_retries_for_ever_and_loses_no_entry_silently(self, service: dict):
        (mapping,) = [
            m for m in resources(service, "AWS::Lambda::EventSourceMapping").values() if "StartingPosition" in m
        ]

        assert mapping["BisectBatchOnFunctionError"] is True
        assert "FunctionResponseTypes" not in mapping, "the function answers for its whole batch"
        assert 0 < mapping["MaximumRetryAttempts"] < 100
        assert "Fn::GetAtt" in mapping["DestinationConfig"]["OnFailure"]["Destination"]
        assert mapping.get("MaximumBatchingWindowInSeconds", 0) == 0
        assert mapping["StartingPosition"] == "TRIM_HORIZON"
        (wanted,) = [json.loads(f["Pattern"]) for f in mapping["FilterCriteria"]["Filters"]]
        assert wanted["eventName"] == ["INSERT"]
        (rule,) = wanted["dynamodb"]["NewImage"]["action"]["S"]
        assert set(rule["anything-but"]) == {kind.action.value for kind in KINDS if not kind.is_event}

    def test_every_rule_listens_to_our_bus_and_keeps_what_it_could_not_deliver(self, service: dict):
        for rule in resources(service, "AWS::Events::Rule").values():
            if rule["EventPattern"]["source"] != ["aws.ses"]:
                assert rule["EventPattern"]["source"] == ["nodback"]
                assert "Ref" in rule["EventBusName"]
            for target in rule["Targets"]:
                assert target["DeadLetterConfig"]["Arn"]
                assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0

    def test_notify_hears_of_the_actions_that_somebody_gets_a_mail_about(self, service: dict):
        (rule,) = [r for r in resources(service, "AWS::Events::Rule").values() if r["Name"].endswith("-notify")]

        assert set(rule["EventPattern"]["detail-type"]) == {
            *(f"request.{action}" for action in ("opened", "responded", "auto_responded", "reassigned", "escalated")),
            *("request.reminded", "request.cancelled", "reply.rejected"),
            *(f"notification.{status}" for status in NEVER_ARRIVED),
        }
        assert set(rule["EventPattern"]["detail-type"]) == {k.action.value for k in KINDS if k.calls_for_mail}

    def test_no_rule_waits_for_an_event_that_nothing_tells(self, service: dict):
        told = {kind.action.value for kind in KINDS if kind.is_event} | {OVERDUE_EVENT, LINK_ASKED}
        for rule in resources(service, "AWS::Events::Rule").values():
            assert set(rule["EventPattern"].get("detail-type", [])) <= told, rule["Name"]

    def test_what_ses_tells_of_our_mails_alone_reaches_the_function_for_it(self, service: dict, mail: dict):
        (rule,) = [r for r in resources(service, "AWS::Events::Rule").values() if r["Name"].endswith("-mail-feedback")]
        told = only(mail, "AWS::SES::ConfigurationSetEventDestination")["EventDestination"]

        assert "EventBusName" not in rule, "SES publishes to the default bus and to no other"
        assert rule["EventPattern"]["source"] == ["aws.ses"]
        assert rule["EventPattern"]["detail"]["mail"] == {"tags": {"ses:configuration-set": ["nodback-dev"]}}
        assert set(rule["EventPattern"]["detail"]["eventType"]) == set(EVENT_TYPES)
        assert json.dumps(told["EventBridgeDestination"]).count(":event-bus/default") == 1
        assert set(told["MatchingEventTypes"]) == {
            *("delivery", "bounce", "complaint", "reject", "renderingFailure", "deliveryDelay")
        }

    def test_a_deadline_and_a_lost_wait_start_the_machine_with_their_detail_alone(self, service: dict):
        (rule,) = [r for r in resources(service, "AWS::Events::Rule").values() if r["Name"].endswith("-deadlines")]

        assert rule["EventPattern"]["detail-type"] == ["request.opened", OVERDUE_EVENT]
        assert rule["EventPattern"]["detail"] == {"wake_at": [{"exists": True}]}
        assert rule["Targets"][0]["InputPath"] == "$.detail"

    def test_the_machine_waits_by_a_path_and_loops_until_nothing_is_due(self, service: dict):
        machine = only(service, "AWS::StepFunctions::StateMachine")
        states = json.loads(machine["DefinitionString"])["States"]

        assert machine["StateMachineName"] == "nodback-dev-deadlines"
        assert states["Wait"]["TimestampPath"] == "$.wake_at"
        assert states["Wait"]["Next"] == "Deadline"
        assert states["Deadline"]["Next"] == "More"
        assert states["More"]["Choices"] == [{"Variable": "$.wake_at", "IsPresent": True, "Next": "Wait"}]
        assert states["Deadline"]["Resource"] == "${DeadlineFunctionArn}"
        assert "DeadlineFunctionArn" in machine["DefinitionSubstitutions"]

    def test_the_sweeper_runs_each_minute(self, service: dict):
        assert schedule(service, "sweeper")["ScheduleExpression"] == "rate(1 minute)"

    def test_keys_are_looked_at_each_day_and_rotated_after_ninety(self, service: dict):
        daily = schedule(service, "rotate-keys")

        assert daily["ScheduleExpression"] == "rate(1 day)"
        assert json.loads(daily["Target"]["Input"]) == {"after_days": 90}

    def test_every_function_that_is_called_asynchronously_keeps_its_failures(self, service: dict):
        kept = resources(service, "AWS::Lambda::EventInvokeConfig").values()

        assert len(kept) == 5
        assert all(config["DestinationConfig"]["OnFailure"]["Destination"] for config in kept)

    def test_queues_are_encrypted_and_keep_for_two_weeks(self, service: dict):
        for queue in resources(service, "AWS::SQS::Queue").values():
            assert queue["SqsManagedSseEnabled"] is True
            if queue["QueueName"].endswith("-dead-letters"):
                assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
            else:
                assert queue["RedrivePolicy"]["deadLetterTargetArn"]


class TestTheApi:
    def test_it_serves_the_versioned_paths_health_and_the_pages_beside_them(self, service: dict):
        routes = {route["RouteKey"] for route in resources(service, "AWS::ApiGatewayV2::Route").values()}

        assert routes == {"ANY /v1/{proxy+}", "ANY /v1/callbacks/{token}", "GET /health", "ANY /", "ANY /{proxy+}"}

    def test_its_access_log_has_the_route_and_never_the_path(self, service: dict):
        line = only(service, "AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["Format"]

        assert "$context.routeKey" in line
        assert not re.search(r"\$context\.(path|domain|identity|authorizer)", line)

    def test_the_outputs_say_where_everything_is(self, data: dict, service: dict):
        assert {"ApiUrl", "BusName", "InboundFunctionName"} <= set(service["Outputs"])
        assert {"InstallKeySecretArn", "BucketName", "RequestsTableName", "AuditTableName"} <= set(data["Outputs"])


class TestMail:
    def test_a_reply_is_stored_before_the_function_hears_of_it(self, mail: dict):
        rule = only(mail, "AWS::SES::ReceiptRule")["Rule"]

        assert rule["Recipients"] == ["reply.nodback.example.com"]
        assert [list(action) for action in rule["Actions"]] == [["S3Action"], ["LambdaAction"]]
        assert rule["Actions"][0]["S3Action"]["ObjectKeyPrefix"] == "inbound/"
        assert rule["Actions"][1]["LambdaAction"]["InvocationType"] == "Event"
        assert rule["ScanEnabled"] is True

    def test_ses_may_store_mail_for_this_rule_of_this_account_only(self, data: dict):
        policy = json.dumps(resources(data, "AWS::S3::BucketPolicy"))

        assert "nodback-dev:receipt-rule/nodback-dev-inbound" in policy
        assert "aws:SourceAccount" in policy

    def test_the_function_listens_to_this_rule_only(self, mail: dict):
        permission = only(mail, "AWS::Lambda::Permission")

        assert permission["Principal"] == "ses.amazonaws.com"
        assert "nodback-dev:receipt-rule/nodback-dev-inbound" in json.dumps(permission["SourceArn"])
        assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}

    def test_a_rule_set_that_others_use_is_added_to_and_never_made(self, examined: Examined):
        shared = examined.template("shared", "mail")

        assert resources(shared, "AWS::SES::ReceiptRuleSet") == {}
        assert only(shared, "AWS::SES::ReceiptRule")["RuleSetName"] == "mail-of-the-company"
        assert "mail-of-the-company:receipt-rule/nodback-prod-inbound" in json.dumps(
            resources(examined.template("shared", "data"), "AWS::S3::BucketPolicy")
        )

    def test_the_domain_is_signed_and_its_records_are_told(self, mail: dict):
        assert only(mail, "AWS::SES::EmailIdentity")["EmailIdentity"] == "nodback.example.com"
        assert only(mail, "AWS::SES::ConfigurationSet")["Name"] == "nodback-dev"
        assert {"DkimRecord1", "DkimRecord2", "DkimRecord3", "InboundMailExchanger"} <= set(mail["Outputs"])
