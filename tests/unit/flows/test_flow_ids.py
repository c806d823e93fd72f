"""Which flow ids are taken: those that every route can carry."""

import pytest

from nodback_core.domain.flows.flow import check_flow_id
from nodback_core.domain.shared.errors import InvalidInput

CARRIED = [
    "6f1b1c1e-8a4e-4d0a-9a2e-1f6f4b1f0a11",
    "order/7",
    "order/7/state-machine",
    "order/7/state",
    "team:a+b=c,d;e&f@g!h$i'j(k)*~_.-",
    '"quoted"<id>',
    "flüge/東京",
    "...",
    "a.b/..c",
    "東" * 200,
]
REFUSED = [
    ("", "1 to 200 characters"),
    ("x" * 201, "1 to 200 characters"),
    (".", "part"),
    ("..", "part"),
    ("a/../b", "part"),
    ("a/.", "part"),
    ("/a", "part"),
    ("a/", "part"),
    ("a//b", "part"),
    ("a b", "white space"),
    ("a\nb", "control"),
    ("a\x00b", "control"),
    ("a\u200bb", "control"),
    ("a\u00a0b", "white space"),
    ("a?b", "?"),
    ("a#b", "#"),
    ("100%", "%"),
    ("a%2Fb", "%"),
    ("a\\b", "\\"),
    ("a\ud800b", "control"),
    ("a\ufffdb", "control"),
]


@pytest.mark.parametrize("flow_id", CARRIED)
def test_what_a_route_can_carry_is_taken(flow_id: str) -> None:
    check_flow_id(flow_id)


@pytest.mark.parametrize(("flow_id", "reason"), REFUSED)
def test_what_no_route_can_carry_is_refused_with_the_reason(flow_id: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_flow_id(flow_id)
    ((field, message),) = [(error.field, error.message) for error in refused.value.errors]
    assert field == "flow_id"
    assert reason in message
