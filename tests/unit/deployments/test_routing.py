"""Routing: who is asked, by which rule, and why not by the ones before it."""

import json
import math
import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.steps import steps_of

from nodback_core.domain.deployments.parsing import parse_settings
from nodback_core.domain.deployments.routing import Routing, as_document, assign
from nodback_core.domain.deployments.rules import Condition, Match, Operator, Rule
from nodback_core.domain.shared.canonical import canonical

CREATOR = "creator@company.com"
FINANCE = "finance@company.com"


def route(*rules: dict[str, object], method_name: str = "approve_payment", state: object = None) -> Routing:
    settings = parse_settings({"rules": list(rules)})
    return assign(rules=settings.rules, method_name=method_name, state=state, creator_email=CREATOR)


def rule(name: str = "r", **more: object) -> dict[str, object]:
    return {"name": name, "match": {"method_name": "approve_*"}, "assign_to_email": FINANCE, **more}


def outcomes(found: Routing) -> list[tuple[str, str]]:
    return [(verdict.name, verdict.outcome) for verdict in found.considered]


def test_without_rules_the_creator_is_asked():
    found = route()
    assert (found.address, found.rule, found.considered) == (CREATOR, None, ())


def test_no_rule_matches_so_the_creator_is_asked():
    found = route(rule("a"), rule("b"), method_name="review_article")
    assert (found.address, found.rule) == (CREATOR, None)
    assert outcomes(found) == [("a", "method_differs"), ("b", "method_differs")]


def test_the_first_rule_that_matches_wins_and_later_ones_are_not_asked():
    found = route(
        rule("other", match={"method_name": "review_?"}),
        rule("first"),
        rule("second", assign_to_email="second@company.com"),
    )
    assert (found.address, found.rule) == (FINANCE, "first")
    assert outcomes(found) == [("other", "method_differs"), ("first", "won_by_email")]


def test_the_address_of_the_sales_representative_comes_from_the_state():
    sales = {"name": "Route to Sales Rep", "match": {"method_name": "review_*"}, "assign_from_input": "sales_rep_email"}
    found = route(sales, method_name="review_offer", state={"sales_rep_email": "alice@company.com"})
    assert (found.address, found.rule) == ("alice@company.com", "Route to Sales Rep")
    assert outcomes(found) == [("Route to Sales Rep", "won_by_input")]


def test_the_address_from_the_state_goes_before_the_rules_own():
    found = route(rule(assign_from_input="manager.email"), state={"manager": {"email": " Boss@Company.com "}})
    assert found.address == "boss@company.com"


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({}, "is missing from the state"),
        ({"manager_email": None}, "is missing from the state"),
        ({"manager_email": ""}, "is missing from the state"),
        ({"manager_email": "not an address"}, "of the state is no valid address"),
        ({"manager_email": "a@example.com, b@example.com"}, "of the state is no valid address"),
        ({"manager_email": 7}, "of the state is no valid address"),
        ({"manager_email": ["a@example.com"]}, "of the state is no valid address"),
        (None, "is missing from the state"),
    ],
)
def test_a_state_without_a_valid_address_leaves_the_word_to_the_rules_own(state: object, why: str):
    found = route(rule(assign_from_input="manager_email"), state=state)
    assert found.address == FINANCE
    assert found.reason == f"the address is the rule's own; manager_email {why}"


def test_a_matching_rule_that_yields_no_address_leaves_the_word_to_the_next():
    dynamic = {"name": "dynamic", "match": {"method_name": "*"}, "assign_from_input": "owner"}
    found = route(dynamic, rule("static"), state={"owner": "nobody"})
    assert (found.address, found.rule) == (FINANCE, "static")
    assert outcomes(found) == [("dynamic", "input_is_no_address"), ("static", "won_by_email")]
    alone = route(dynamic, state={})
    assert (alone.address, outcomes(alone)) == (CREATOR, [("dynamic", "input_missing")])


def test_amount_thresholds_are_rules():
    rules = [
        rule("large", match={"state": {"amount": {"gte": 10000}}}, assign_to_email="cfo@company.com"),
        rule("small", match={"state": {"amount": {"lt": 10000}}}),
    ]
    assert route(*rules, state={"amount": 10000}).rule == "large"
    assert route(*rules, state={"amount": 9999.99}).rule == "small"
    assert route(*rules, state={"amount": Decimal("10000.01")}).rule == "large"
    as_text = route(*rules, state={"amount": "20000"})
    assert outcomes(as_text) == [("large", "state_type_differs"), ("small", "state_type_differs")]
    assert outcomes(route(*rules, state={})) == [("large", "state_missing"), ("small", "state_missing")]


@pytest.mark.parametrize(
    ("operator", "wanted", "met_by", "unmet_by"),
    [
        (Operator.EQ, 1, [1, 1.0, Decimal(1)], [True, "1", 2, None, [1]]),
        (Operator.EQ, True, [True], [1, "true", False]),
        (Operator.EQ, None, [None], [0, "", False]),
        (Operator.EQ, "eu", ["eu"], ["EU", ["eu"], None]),
        (Operator.NE, 1, [2, True, "1", None, [1], {}], [1, 1.0]),
        (Operator.GT, 5, [6, 5.1, 10**400], [5, True, "6", None, math.nan, [], {}, Decimal("sNaN")]),
        (Operator.GTE, 5, [5], [4.9, math.inf]),
        (Operator.LT, 5, [4, -(10**400)], [5, "4", None]),
        (Operator.LTE, 5, [5, 0], [5.1, {}]),
        (Operator.IN, ("eu", 1, None), ["eu", 1, 1.0, None], ["us", True, 0, []]),
        (Operator.EXISTS, True, [0, None, "", {}], []),
        (Operator.EXISTS, False, [], [0, None, "", {}]),
    ],
)
def test_conditions_compare_values_of_one_kind(
    operator: Operator, wanted: object, met_by: list[object], unmet_by: list[object]
):
    condition = Condition("value", operator, wanted)  # type: ignore[arg-type]
    rules = (Rule("r", Match(state=(condition,)), FINANCE),)
    for value in met_by:
        found = assign(rules=rules, method_name="m", state={"value": value}, creator_email=CREATOR)
        assert found.rule == "r", value
    for value in unmet_by:
        found = assign(rules=rules, method_name="m", state={"value": value}, creator_email=CREATOR)
        assert found.rule is None, value


@pytest.mark.parametrize("operator", [o for o in Operator if o is not Operator.EXISTS])
def test_what_is_not_there_meets_no_comparison_not_even_ne(operator: Operator):
    rules = (Rule("r", Match(state=(Condition("value", operator, 1),)), FINANCE),)
    assert assign(rules=rules, method_name="m", state={}, creator_email=CREATOR).rule is None


def test_what_is_not_there_can_be_asked_for():
    match = {"state": {"owner": {"exists": False}}}
    assert route(rule(match=match), state={"other": 1}).rule == "r"
    assert route(rule(match=match), state={"owner": None}).rule is None


def test_all_conditions_of_a_rule_must_hold():
    match = {"method_name": "approve_*", "state": {"amount": {"gte": 1, "lt": 5}, "region": {"in": ["eu"]}}}
    assert route(rule(match=match), state={"amount": 3, "region": "eu"}).rule == "r"
    assert route(rule(match=match), state={"amount": 5, "region": "eu"}).considered[0].detail == "amount lt"
    assert route(rule(match=match), state={"amount": 3, "region": "us"}).considered[0].detail == "region in"


def test_a_dotted_path_leads_through_objects_and_lists():
    state = {"owners": [{"email": "a@example.com"}, {"email": "b@example.com"}]}
    assert route(rule(assign_from_input="owners.1.email"), state=state).address == "b@example.com"
    for path in ("owners.2.email", "owners.-1.email", "owners.x.email", "owners.email", "owners.1.email.0", "9" * 50):
        assert route(rule(assign_from_input=path), state=state).address == FINANCE


def test_what_was_considered_can_be_an_audit_entry_and_repeats_no_value_of_the_state():
    found = route(
        rule("Région", match={"state": {"secret": {"eq": "x"}}}),
        rule(assign_from_input="manager_email"),
        state={"secret": "hunter2", "manager_email": "hunter3"},
    )
    assert json.loads(canonical(as_document(found))) == {
        "assigned_to_email": FINANCE,
        "rule": "r",
        "reason": "the address is the rule's own; manager_email of the state is no valid address",
        "considered": [
            {"rule": "Région", "outcome": "state_differs", "detail": "secret eq"},
            {
                "rule": "r",
                "outcome": "won_by_email",
                "detail": "the address is the rule's own; manager_email of the state is no valid address",
            },
        ],
    }
    assert "hunter" not in str(as_document(found))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "0"]), inner, max_size=3),
    max_leaves=10,
)
CONDITIONS = st.builds(
    Condition,
    st.sampled_from(["a", "a.b", "0", "b.0.a"]),
    st.sampled_from(Operator),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.tuples(st.integers()),
)
RULES = st.builds(
    Rule,
    st.text(max_size=3),
    st.builds(Match, st.sampled_from(["*", "m?", "x"]), st.lists(CONDITIONS, max_size=3).map(tuple)),
    st.none() | st.just(FINANCE),
    st.none() | st.sampled_from(["a", "a.b", "b.0"]),
)


@given(st.lists(RULES, max_size=4), JSON_VALUES)
def test_no_state_makes_routing_fail(rules: list[Rule], state: object):
    found = assign(rules=rules, method_name="m1", state=state, creator_email=CREATOR)
    assert "@" in found.address
    assert (found.rule is None) == (found.address == CREATOR)
    if found.rule is not None:
        assert found.considered[-1].name == found.rule


def test_five_hundred_rules_take_a_few_steps_each():
    numbers = random.Random(5)
    rules = tuple(
        Rule(f"rule {n}", Match(f"*step_{numbers.randrange(1000)}_?_*", (Condition("a.b", Operator.GT, n),)), FINANCE)
        for n in range(500)
    )
    state = {"a": {"b": 0}}

    def route() -> Routing:
        return assign(rules=rules, method_name="review_step_x", state=state, creator_email=CREATOR)

    assert route().rule is None
    steps_of(route, limit=50 * len(rules))
