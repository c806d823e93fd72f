"""Settings: what is accepted, what is refused and how it is named, and what is worth a warning."""

import json
import math
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodback_core.domain.deployments.document import as_document, changes
from nodback_core.domain.deployments.fields import Problems, read_settings_of, setting, whole_number
from nodback_core.domain.deployments.parsing import InvalidSettings, merge, parse_settings, saved_settings
from nodback_core.domain.deployments.rules import MAX_RULES, Condition, Match, Operator, Rule
from nodback_core.domain.deployments.settings import DEFAULTS, AutoResponse, Escalation, Settings
from nodback_core.domain.deployments.warnings import looks_like_approval, warnings
from nodback_core.domain.shared.errors import FieldError, InvalidInput

EVERYTHING = {
    "email_notifications": False,
    "sla_minutes": 240,
    "auto_response": {"enabled": True, "timeout_minutes": 1440, "default_outcome": "needs_revision"},
    "reminder_minutes": [60, 0.5],
    "escalation": {"after_minutes": 480, "to_email": " Boss@Example.com "},
    "free_text": "ask",
    "reply_feedback": "whole",
    "reply_token_hours": 24,
    "sender_check": "aligned",
    "other_senders": [{"address": " John.Smith@Example.com ", "senders": ["john@example.com", "aide@example.org"]}],
    "rules": [
        {
            "name": "Approvals to Finance",
            "match": {
                "method_name": "approve_*",
                "state": {"invoice.amount": {"gte": 10000, "lt": 1e6}, "région": {"in": ["eu", None, 1, True]}},
            },
            "assign_to_email": "finance@company.com",
            "assign_from_input": "manager_email",
            "sender_check": "address",
        },
        {"name": "Sales", "match": {"method_name": "review_?"}, "assign_from_input": "sales_rep_email"},
    ],
    "resume": {"mode": "worker"},
    "sender_name": "Content reviews",
    "subject_prefix": "[review]",
    "footer": "Example Ltd\nLegal line",
    "approval_default_acknowledged": True,
}


def fields_refused(document: object, **more: str) -> list[str]:
    with pytest.raises(InvalidSettings) as refused:
        parse_settings(document, **more)  # type: ignore[arg-type]
    assert isinstance(refused.value, InvalidInput)
    assert all(error.message for error in refused.value.errors)
    return [error.field for error in refused.value.errors]


def test_an_empty_document_means_the_documented_defaults():
    settings = parse_settings({})
    assert settings == DEFAULTS == Settings()
    assert settings.email_notifications
    assert settings.sla_minutes is None
    assert not settings.auto_response.enabled
    assert settings.reply_token_hours == 168
    assert settings.sender_check == "dmarc"
    assert settings.resume.mode == "worker"


def test_every_setting_can_be_set_and_is_kept_in_its_normal_form():
    settings = parse_settings(EVERYTHING)
    assert settings.auto_response == AutoResponse(True, 1440, "needs_revision")
    assert settings.reminder_minutes == (0.5, 60)
    assert settings.escalation == Escalation(480, "boss@example.com")
    assert settings.rules[0] == Rule(
        "Approvals to Finance",
        Match(
            "approve_*",
            (
                Condition("invoice.amount", Operator.GTE, 10000),
                Condition("invoice.amount", Operator.LT, 1e6),
                Condition("région", Operator.IN, ("eu", None, 1, True)),
            ),
        ),
        "finance@company.com",
        "manager_email",
        "address",
    )


def test_settings_written_as_json_and_read_again_are_the_same():
    settings = parse_settings(EVERYTHING)
    assert parse_settings(json.loads(json.dumps(as_document(settings)))) == settings
    assert parse_settings(as_document(DEFAULTS)) == DEFAULTS


def test_saved_settings_are_read_once():
    text = json.dumps(as_document(parse_settings(EVERYTHING)))
    assert saved_settings(text) == parse_settings(EVERYTHING)
    assert saved_settings(text) is saved_settings(text)
    assert saved_settings("{}") == DEFAULTS


@pytest.mark.parametrize(("before", "now"), [("reject", "dmarc"), ("accept", "address")])
def test_documents_from_before_sender_check_are_read_in_todays_words(before: str, now: str):
    old = {"unauthenticated_domains": before}
    assert saved_settings(json.dumps(old)).sender_check == now
    assert parse_settings(old).sender_check == now
    assert merge(DEFAULTS, old).sender_check == now
    assert merge(parse_settings({"sender_check": "aligned"}), {"unauthenticated_domains": None}) == DEFAULTS
    assert "unauthenticated_domains" not in as_document(parse_settings(old))


@pytest.mark.parametrize(
    "document",
    [
        {"unauthenticated_domains": "accept", "sender_check": "dmarc"},
        {"unauthenticated_domains": "perhaps"},
        {"unauthenticated_domains": ["accept"]},
    ],
)
def test_what_was_never_a_setting_or_is_said_twice_is_refused(document: dict[str, object]):
    assert fields_refused(document) == ["unauthenticated_domains"]


def test_a_rule_may_ask_for_another_proof_of_the_sender_than_its_deployment():
    rules = [
        {"name": "strict", "match": {"method_name": "pay_*"}, "assign_to_email": "a@b.co", "sender_check": "dmarc"},
        {"name": "as all", "match": {"method_name": "*"}, "assign_to_email": "a@b.co"},
    ]
    settings = parse_settings({"sender_check": "aligned", "rules": rules})
    assert settings.sender_check_of("strict") == "dmarc"
    assert settings.sender_check_of("as all") == "aligned"
    assert settings.sender_check_of("gone since") == settings.sender_check_of(None) == "aligned"
    assert fields_refused({"rules": [{**rules[0], "sender_check": "none"}]}) == ["rules.0.sender_check"]


def test_aliases_and_stand_ins_are_read_by_assignee():
    settings = parse_settings(EVERYTHING)
    assert settings.senders_for("john.smith@example.com") == (
        "john.smith@example.com",
        "john@example.com",
        "aide@example.org",
    )
    assert settings.senders_for("ana@example.com") == ("ana@example.com",)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"a@b.co": ["c@d.co"]}, "other_senders"),
        ([{"address": "a@b.co", "senders": []}], "other_senders.0.senders"),
        ([{"address": "a@b.co", "senders": ["c@d.co"] * 11}], "other_senders.0.senders"),
        ([{"address": "a@b.co", "senders": ["*"]}], "other_senders.0.senders.0"),
        ([{"address": "*@b.co", "senders": ["c@d.co", "x"]}], "other_senders.0.senders.1"),
        ([{"address": "a@b.co", "senders": ["A@b.co"]}], "other_senders.0.senders"),
        (
            [{"address": "a@b.co", "senders": ["c@d.co"]}, {"address": "A@B.co", "senders": ["e@f.co"]}],
            "other_senders.1.address",
        ),
        ([{"address": "a@b.co", "senders": ["c@d.co"], "until": 1}], "other_senders.0.until"),
    ],
)
def test_a_mistake_in_the_further_senders_is_named(value: object, field: str):
    assert fields_refused({"other_senders": value})[-1] == field


def test_numbers_of_a_database_row_are_numbers_too():
    settings = parse_settings({"sla_minutes": Decimal("0.5"), "reminder_minutes": [Decimal(60)]})
    assert settings.sla_minutes == 0.5
    assert settings.reminder_minutes == (60,)


@dataclass(frozen=True, slots=True)
class WithQuietHours(Settings):
    quiet_hours: int = setting(partial(whole_number, least=0, most=23, unit="hours"), 0)


def test_a_new_setting_is_its_field_and_nothing_else():
    problems = Problems()
    document = as_document(read_settings_of(WithQuietHours, problems, {"quiet_hours": 8, "sla_minutes": 5}))
    assert not problems.found
    assert document == {**as_document(DEFAULTS), "sla_minutes": 5, "quiet_hours": 8}

    assert read_settings_of(WithQuietHours, problems, {"quiet_hours": 24}).quiet_hours == 0
    assert problems.found == [FieldError("quiet_hours", "must be a whole number of hours from 0 to 23")]


def test_mistakes_are_named_in_the_order_of_the_settings():
    assert fields_refused(dict.fromkeys(reversed(EVERYTHING), 0.5)) == [
        "email_notifications",
        *("auto_response", "reminder_minutes", "escalation", "free_text", "reply_feedback", "reply_token_hours"),
        *("sender_check", "other_senders", "rules", "resume", "sender_name", "subject_prefix", "footer"),
        "approval_default_acknowledged",
    ]


def test_all_mistakes_are_named_at_once():
    refused = fields_refused(
        {
            "email_notifications": "yes",
            "sla_minutes": 0,
            "auto_response": {"enabled": True, "timeout_minutes": 525601, "default_outcome": " ", "extra": 1},
            "reminder_minutes": [1, 1, True],
            "escalation": {"after_minutes": -1, "to_email": "nobody"},
            "free_text": "maybe",
            "rules": [
                {"name": "a", "match": {"method_name": "approve_[ab]"}, "assign_to_email": "x@y"},
                {"name": "a", "match": {"state": {"amount": {"above": 5}}}, "assign_from_input": "a..b"},
            ],
            "colour": "blue",
        }
    )
    assert sorted(refused) == sorted(
        [
            "email_notifications",
            "sla_minutes",
            "auto_response.timeout_minutes",
            "auto_response.default_outcome",
            "auto_response.extra",
            "reminder_minutes.1",
            "reminder_minutes.2",
            "escalation.after_minutes",
            "escalation.to_email",
            "free_text",
            "rules.0.match.method_name",
            "rules.0.assign_to_email",
            "rules.1.name",
            "rules.1.match.state.amount.above",
            "rules.1.assign_from_input",
            "colour",
        ]
    )


@pytest.mark.parametrize("minutes", [0, -1, 0.0, 1e-9, 525600.1, 10**400, math.inf, math.nan, True, "60", [], None])
def test_a_timeout_is_a_positive_number_of_minutes_up_to_a_year(minutes: object):
    document = {"auto_response": {"enabled": True, "timeout_minutes": minutes, "default_outcome": "ok"}}
    assert fields_refused(document) == ["auto_response.timeout_minutes"]


@pytest.mark.parametrize("minutes", [0.01, 1, 525600])
def test_fractions_of_minutes_and_a_whole_year_are_durations(minutes: float):
    assert parse_settings({"sla_minutes": minutes}).sla_minutes == minutes


def test_an_enabled_auto_response_needs_its_timeout_and_outcome():
    assert fields_refused({"auto_response": {"enabled": True}}) == [
        "auto_response.timeout_minutes",
        "auto_response.default_outcome",
    ]
    assert parse_settings({"auto_response": {"timeout_minutes": 5}}).auto_response.timeout_minutes == 5


def test_at_most_five_reminders_are_kept():
    assert fields_refused({"reminder_minutes": [1, 2, 3, 4, 5, 6]}) == ["reminder_minutes"]


@pytest.mark.parametrize("pattern", ["", "approve_[a]", "a b", "approve-*", "a.b", "*" * 201, 5, None, "{a,b}"])
def test_a_glob_that_no_method_could_match_is_invalid(pattern: object):
    rule = {"name": "r", "match": {"method_name": pattern}, "assign_to_email": "a@example.com"}
    assert fields_refused({"rules": [rule]}) == ["rules.0.match.method_name"]


@pytest.mark.parametrize(
    ("state", "field"),
    [
        ({"amount": {"gte": "10"}}, "amount.gte"),
        ({"amount": {"lt": True}}, "amount.lt"),
        ({"amount": {"gt": math.nan}}, "amount.gt"),
        ({"amount": {"eq": [1]}}, "amount.eq"),
        ({"amount": {"in": []}}, "amount.in"),
        ({"amount": {"in": [{}]}}, "amount.in.0"),
        ({"amount": {"exists": 1}}, "amount.exists"),
        ({"amount": {"~": 1}}, "amount.~"),
        ({"amount": {}}, "amount"),
        ({"amount": 5}, "amount"),
        ({".amount": {"eq": 5}}, ".amount"),
    ],
)
def test_a_condition_that_could_never_be_checked_is_refused(state: object, field: str):
    rule = {"name": "r", "match": {"state": state}, "assign_to_email": "a@example.com"}
    assert fields_refused({"rules": [rule]}) == [f"rules.0.match.state.{field}"]


def test_a_rule_needs_a_match_and_somebody_to_assign_to():
    assert fields_refused({"rules": [{"name": "r", "match": {}}]}) == ["rules.0.match", "rules.0.assign_to_email"]
    assert fields_refused({"rules": [{}]}) == ["rules.0.name", "rules.0.match", "rules.0.assign_to_email"]
    assert fields_refused({"rules": ["r"]}) == ["rules.0"]


def test_more_rules_than_are_kept_are_refused_by_number_and_by_size():
    rule = {"match": {"method_name": "*"}, "assign_to_email": "a@example.com"}
    few = [{**rule, "name": str(n)} for n in range(MAX_RULES)]
    assert len(parse_settings({"rules": few}).rules) == MAX_RULES
    assert fields_refused({"rules": [*few, {**rule, "name": "one more"}]}) == ["rules"]
    long = [{**rule, "name": str(n), "match": {"state": {"a": {"eq": "x" * 1000}}}} for n in range(MAX_RULES)]
    assert fields_refused({"rules": long}) == ["rules"]


def test_an_escalation_to_the_person_who_has_the_request_already_is_refused():
    to_boss = {"after_minutes": 5, "to_email": "BOSS@example.com"}
    rule = {"name": "r", "match": {"method_name": "*"}, "assign_to_email": "boss@example.com"}
    assert fields_refused({"escalation": to_boss, "rules": [rule]}) == ["escalation.to_email"]
    assert fields_refused({"escalation": to_boss}, creator_email=" Boss@Example.com") == ["escalation.to_email"]


def test_an_escalation_from_a_rule_to_the_creator_is_allowed_with_a_warning():
    rule = {"name": "r", "match": {"method_name": "*"}, "assign_to_email": "finance@example.com"}
    document = {"escalation": {"after_minutes": 5, "to_email": "boss@example.com"}, "rules": [rule]}
    settings = parse_settings(document, creator_email="boss@example.com")
    assert [w.code for w in warnings(settings, creator_email="boss@example.com")] == ["escalation_to_creator"]


@pytest.mark.parametrize(
    ("resume", "field"),
    [
        ({"mode": "push"}, "resume.mode"),
        ({"mode": "push", "resume_url": None}, "resume.mode"),
        ({"resume_url": "https://flows.example.com/resume"}, "resume.resume_url"),
        ({"mode": "worker", "resume_url": "https://flows.example.com/resume"}, "resume.resume_url"),
    ],
)
def test_a_push_is_refused_with_what_to_use_instead(resume: dict[str, object], field: str):
    for change in (parse_settings, lambda document: merge(DEFAULTS, document)):
        with pytest.raises(InvalidSettings) as refused:
            change({"resume": resume})
        (error,) = refused.value.errors
        assert error.field == field
        assert 'a webhook with "resumes": true' in error.message
        assert "`nodback worker package.module`" in error.message
    assert fields_refused({"resume": {"mode": "push", "resume_url": "x"}}) == ["resume.resume_url", "resume.mode"]


def test_no_mistake_in_the_settings_offers_a_push():
    with pytest.raises(InvalidSettings) as refused:
        parse_settings({"resume": {"mode": "pigeon", "url": 1}})
    assert [error.message for error in refused.value.errors] == ["is unknown; known are mode", "must be worker"]


@pytest.mark.parametrize("mode", ["push", "worker"])
def test_settings_that_were_saved_with_a_push_mean_the_worker(mode: str):
    url = "https://flows.example.com/resume"
    saved = saved_settings(json.dumps({"sla_minutes": 5, "resume": {"mode": mode, "resume_url": url}}))
    assert saved == parse_settings({"sla_minutes": 5})
    assert parse_settings(as_document(saved)) == saved
    assert merge(saved, {"resume": {"resume_url": None}, "sla_minutes": 6}).sla_minutes == 6


@pytest.mark.parametrize("field", ["sender_name", "subject_prefix", "footer"])
@pytest.mark.parametrize("text", ["a\r\nBcc: x@example.com", "\ud800", "x" * 1001, 5])
def test_texts_for_mails_hold_no_control_characters_and_have_an_end(field: str, text: object):
    assert fields_refused({field: text}) == [field]


def test_a_change_names_only_what_changes():
    settings = merge(parse_settings(EVERYTHING), {"sla_minutes": 30, "auto_response": {"enabled": False}})
    assert settings.sla_minutes == 30
    assert settings.auto_response == AutoResponse(False, 1440, "needs_revision")
    assert settings.rules == parse_settings(EVERYTHING).rules


def test_null_in_a_change_goes_back_to_the_default():
    settings = merge(parse_settings(EVERYTHING), {"escalation": None, "rules": None, "auto_response": None})
    assert settings.escalation is None
    assert settings.rules == ()
    assert settings.auto_response == AutoResponse()
    half = merge(parse_settings(EVERYTHING), {"auto_response": {"enabled": False, "default_outcome": None}})
    assert half.auto_response == AutoResponse(False, 1440, None)


@pytest.mark.parametrize("patch", [{"colour": None}, {"colour": 1}, {"escalation": {"to_email": "x"}}, {"rules": {}}])
def test_a_change_is_checked_as_a_whole(patch: dict[str, object]):
    with pytest.raises(InvalidSettings):
        merge(parse_settings(EVERYTHING), patch)


def test_a_change_is_recorded_with_before_and_after_as_text():
    before = parse_settings(EVERYTHING)
    after = merge(before, {"sla_minutes": 0.5, "rules": []})
    recorded = changes(before, after)
    assert recorded["sla_minutes"] == {"before": "240", "after": "0.5"}
    assert json.loads(recorded["rules"]["before"]) == as_document(before)["rules"]
    assert set(recorded) == {"sla_minutes", "rules"}
    assert changes(before, before) == {}


@pytest.mark.parametrize("outcome", ["approved", "Auto-Approve", "looks_ok", "publish", "Yes", "accepted_as_is"])
def test_an_outcome_that_says_yes_looks_like_an_approval(outcome: str):
    assert looks_like_approval(outcome)


@pytest.mark.parametrize(
    "outcome", ["rejected", "not approved", "needs_revision", "escalate", "no_go", "don't publish"]
)
def test_an_outcome_that_says_no_does_not_look_like_an_approval(outcome: str):
    assert not looks_like_approval(outcome)


def test_a_default_that_approves_is_warned_about_until_it_is_acknowledged():
    document = {"auto_response": {"enabled": True, "timeout_minutes": 5, "default_outcome": "approved"}}
    (warning,) = warnings(parse_settings(document))
    assert (warning.field, warning.code) == ("auto_response.default_outcome", "default_outcome_approves")
    assert warnings(parse_settings({**document, "approval_default_acknowledged": True})) == ()


def test_what_would_never_happen_is_warned_about():
    settings = parse_settings(
        {
            "email_notifications": False,
            "auto_response": {"enabled": True, "timeout_minutes": 5, "default_outcome": "rejected"},
            "reminder_minutes": [4, 5],
            "escalation": {"after_minutes": 6, "to_email": "boss@example.com"},
            "sender_check": "address",
        }
    )
    assert [(w.field, w.code) for w in warnings(settings)] == [
        ("reminder_minutes.1", "reminder_after_timeout"),
        ("escalation.after_minutes", "escalation_after_timeout"),
        ("reminder_minutes", "reminders_not_mailed"),
        ("sender_check", "token_alone_authorises"),
    ]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KNOWN = st.sampled_from([*EVERYTHING, "enabled", "timeout_minutes", "to_email", "mode", "match", "state", "name"])
DOCUMENTS = st.dictionaries(
    KNOWN, JSON_VALUES | st.dictionaries(KNOWN, JSON_VALUES, max_size=4) | st.lists(JSON_VALUES, max_size=3), max_size=6
)


@given(DOCUMENTS, DOCUMENTS)
def test_any_document_is_either_read_whole_or_refused_by_field(document: dict[str, object], patch: dict[str, object]):
    settings = DEFAULTS
    with suppress(InvalidSettings):
        settings = parse_settings(document)
    assert parse_settings(as_document(settings)) == settings
    with suppress(InvalidSettings):
        settings = merge(settings, patch)
    assert parse_settings(as_document(settings)) == settings


@pytest.mark.parametrize(
    ("aliases", "field"),
    [
        ("LGTM", "aliases"),
        ([{"option": "approved"}], "aliases.0.words"),
        ([{"option": "approved", "words": []}], "aliases.0.words"),
        ([{"option": "", "words": ["LGTM"]}], "aliases.0.option"),
        ([{"option": "approved", "words": [7]}], "aliases.0.words.0"),
        ([{"option": "approved", "words": ["x" * 61]}], "aliases.0.words.0"),
        ([{"option": "approved", "words": ["LGTM"], "more": 1}], "aliases.0.more"),
        ([{"option": "approved", "words": ["ok"]}, {"option": "rejected", "words": ["OK!"]}], "aliases"),
        ([{"option": f"o{n}", "words": [f"w{n}"]} for n in range(51)], "aliases"),
    ],
)
def test_aliases_that_cannot_be_read_or_told_apart_are_refused(aliases: object, field: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        parse_settings({"aliases": aliases})
    assert [error.field for error in refused.value.errors] == [field]


def test_aliases_are_kept_as_they_were_written() -> None:
    document = {"aliases": [{"option": "approved", "words": ["LGTM", "ship it"]}]}
    assert as_document(parse_settings(document))["aliases"] == document["aliases"]
