"""Canonical JSON and Merkle trees: ours against other implementations."""

import hashlib

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from nodback.verify.hashes import canonical as canonical_in_sdk
from nodback.verify.hashes import leaf, root_by_path, tree_root
from nodback_core.domain.audit import merkle
from nodback_core.domain.shared.canonical import SAFE_INTEGER, canonical

KEYS = st.text(alphabet=st.characters(max_codepoint=0x7F), max_size=8)
TEXTS = st.text(alphabet=st.characters(exclude_categories=("Cs",)))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE_INTEGER, SAFE_INTEGER) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_an_entry_may_hold_has_exactly_the_form_of_rfc_8785(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]
    assert canonical_in_sdk(value) == canonical(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1.5, {"é": 1}, {1: 2}, 2**53, b"x", {"a": [object()]}, "\ud800"])
def test_what_has_no_such_form_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical(value)  # type: ignore[arg-type]


@given(st.lists(st.binary(max_size=4), max_size=40))
def test_a_tree_has_the_root_of_the_rfcs_recursion_and_every_path_leads_to_it(items: list[bytes]) -> None:
    leaves = [merkle.leaf_hash(item) for item in items]
    assert merkle.root(leaves).hex() == tree_root(leaves)
    for index, item in enumerate(leaves):
        path = merkle.path(leaves, index)
        assert root_by_path(item, index, len(leaves), path) == tree_root(leaves)
        assert root_by_path(item, index, len(leaves), [*path, b"x" * 32]) is None
        assert root_by_path(item, len(leaves), len(leaves), path) is None


def test_leaves_and_nodes_are_told_apart() -> None:
    two = [merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")]
    assert merkle.root(two) == hashlib.sha256(b"\x01" + two[0] + two[1]).digest()
    assert merkle.root([merkle.leaf_hash(two[0] + two[1])]) != merkle.root(two)
    assert merkle.root([]).hex() == hashlib.sha256(b"").hexdigest()
    with pytest.raises(IndexError):
        merkle.path(two, 2)


def test_the_known_answers_of_certificate_transparency_hold() -> None:
    items = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    leaves = [merkle.leaf_hash(bytes.fromhex(item)) for item in items]
    assert merkle.root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert leaf("a") == merkle.leaf_hash(b'"a"')
