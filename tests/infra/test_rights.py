import json

from infra.local.rights import enforceable
from tests.infra.templates import Examined, as_list, statements


def policies(*allowed: dict) -> str:
    document = {"PolicyDocument": {"Statement": list(allowed)}, "Roles": []}
    return json.dumps({"Resources": {"Policy": {"Type": "AWS::IAM::Policy", "Properties": document}}})


def left_of(statement: dict) -> list[dict]:
    return json.loads(enforceable(policies(statement)))["Resources"]["Policy"]["Properties"]["PolicyDocument"][
        "Statement"
    ]


def test_a_statement_that_the_emulator_can_judge_is_left_as_it_is():
    statement = {
        "Effect": "Allow",
        "Action": "dynamodb:PutItem",
        "Resource": "arn",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": "1"}},
    }

    assert left_of(statement) == [statement]


def test_a_condition_on_a_key_that_it_does_not_know_is_left_out():
    statement = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn"}

    assert left_of({**statement, "Condition": {"StringEquals": {"kms:ViaService": "s3"}}}) == [statement]


def test_plain_http_on_this_machine_is_not_denied():
    plain = {"Bool": {"aws:SecureTransport": "false"}}

    assert left_of({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": plain}) == []


def test_no_function_gains_an_action_by_it(examined: Examined):
    service = examined.template("local", "service")

    def actions(template: dict) -> set[tuple[str, str]]:
        return {(role, action) for role, s in statements(template) for action in as_list(s["Action"])}

    assert actions(json.loads(enforceable(json.dumps(service)))) == actions(service)


def test_sending_mail_is_the_one_thing_whose_resources_are_widened(examined: Examined):
    service = examined.template("local", "service")
    allowed = [(r, s) for r, s in statements(service) if s["Effect"] == "Allow"]
    left = [(r, s) for r, s in statements(json.loads(enforceable(json.dumps(service)))) if s["Effect"] == "Allow"]

    widened = [
        (role.partition("Role")[0], sorted(as_list(before["Action"])))
        for (role, before), (_, after) in zip(allowed, left, strict=True)
        if before["Resource"] != after["Resource"]
    ]

    sends = ["ses:SendEmail", "ses:SendRawEmail"]
    assert sorted(widened) == [("Notify", sends), ("SignInMail", sends)]


def test_another_right_on_ses_keeps_its_resources():
    statement = {"Effect": "Allow", "Action": ["ses:SendRawEmail", "ses:DeleteIdentity"], "Resource": "arn"}

    assert left_of(statement) == [statement]
