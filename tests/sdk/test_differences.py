"""What old versions of crewAI do differently; `make test-crewai-matrix` runs whole flows on them."""

import asyncio

import pytest


@pytest.fixture
def differences(crewai):
    from nodback import differences

    return differences


def test_without_a_factory_the_class_is_replaced_by_name_and_given_back(differences, monkeypatch, tmp_path):
    from crewai.flow import persistence
    from crewai.flow.persistence import SQLiteFlowPersistence, decorators

    monkeypatch.setattr(differences, "factory", None)
    monkeypatch.setattr(decorators, "SQLiteFlowPersistence", SQLiteFlowPersistence, raising=False)
    ours = object()
    before = differences.use_persistence(ours)
    assert before is SQLiteFlowPersistence
    assert differences.default_persistence() is ours
    assert decorators.SQLiteFlowPersistence() is ours
    own = persistence.SQLiteFlowPersistence(str(tmp_path / "flows.db"))
    assert isinstance(own, SQLiteFlowPersistence), "who names a file gets it"
    differences.give_back(before)
    assert persistence.SQLiteFlowPersistence is decorators.SQLiteFlowPersistence is SQLiteFlowPersistence


def test_methods_are_found_without_a_definition_of_the_class(differences):
    class Old:
        _start_methods = ("begin", "again")
        _listeners = {  # noqa: RUF012 - as crewAI has it
            "again": ("OR", ["redo"]),
            "review": ("OR", ["begin", "again"]),
            "join": {"type": "AND", "conditions": ["review", {"type": "OR", "methods": ["a", "b"]}]},
        }
        _router_paths = {"review": ["yes", "no"]}  # noqa: RUF012

        def begin(self): ...
        def again(self): ...
        def review(self): ...
        def join(self): ...
        def helper(self): ...

    assert list(differences.definitions_of(Old)) == [
        ("begin", True, None, None, frozenset()),
        ("again", False, "redo", None, frozenset()),
        ("review", False, None, {"or": ["begin", "again"]}, frozenset({"yes", "no"})),
        ("join", False, None, {"and": ["review", {"or": ["a", "b"]}]}, frozenset()),
    ]


def test_the_running_method_is_named_where_crewai_does_not(differences):
    async def execute(flow, method_name, told):
        told.append(differences.running_method())

    told = []
    asyncio.run(differences.naming_methods(execute)(None, "review", told))
    assert told == ["review"]
    assert differences.running_method() is None


def test_a_resume_gives_what_the_last_method_gave_where_crewai_gives_the_answer(differences, monkeypatch):
    class Old:
        method_outputs = ("approved", "published")

    class Unheard:
        method_outputs = ()

    monkeypatch.setattr(differences, "Flow", Old)
    assert differences.returned(Old(), "the answer") == "published"
    assert differences.returned(Unheard(), "the answer") == "the answer"


def test_a_newer_crewai_is_asked_itself(differences):
    assert differences.returned(None, "published") == "published"
