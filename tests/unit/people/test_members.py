"""Permissions of addresses, and what they open in the use cases."""

import pytest
from support.http import INSTALL_KEY, call, key_for
from support.world import INSTALL, World

from signoff_core.domain.errors import Forbidden, InvalidInput, NotFound
from signoff_core.domain.members import Identity, Permission, Person
from signoff_core.usecases.cancel_request import cancel_request
from signoff_core.usecases.list_requests import Question, Wanted, list_requests
from signoff_core.usecases.members import list_members, remove_member, set_member
from signoff_core.usecases.read_requests import read_request
from signoff_core.usecases.settings import read_settings

MANAGE, RESPOND = Permission.MANAGE.value, Permission.RESPOND.value


def identity(world: World, address: str) -> Identity:
    person = world.store.fetch(Person.at(address))[Person.at(address)]
    return Identity(address, "s1", grants=person.grants if person else ())


def test_a_member_has_the_permissions_that_were_given_last() -> None:
    world = World()
    seven = world.deployment()
    for given in ([RESPOND], [MANAGE, RESPOND]):
        set_member(seven.deployment_id, "Ana@Example.com", given, caller=INSTALL, store=world.store, now=world.now)

    (member,) = list_members(seven.deployment_id, caller=INSTALL, store=world.store).items

    assert member.address == "ana@example.com"
    assert identity(world, "ana@example.com").manages(seven.deployment_id)
    assert [e.action for e in world.store.chain(seven.subject).items][-2:] == ["member.added", "member.added"]
    world.check_chains()


def test_a_removed_member_has_no_permission_left() -> None:
    world = World()
    seven = world.deployment()
    set_member(seven.deployment_id, "ana@example.com", [MANAGE], caller=INSTALL, store=world.store, now=world.now)

    remove_member(seven.deployment_id, "ana@example.com", caller=INSTALL, store=world.store, now=world.now)

    assert not identity(world, "ana@example.com").is_manager
    assert not list_members(seven.deployment_id, caller=INSTALL, store=world.store).items
    with pytest.raises(NotFound):
        remove_member(seven.deployment_id, "ana@example.com", caller=INSTALL, store=world.store, now=world.now)


@pytest.mark.parametrize("given", [[], ["everything"], [MANAGE, "root"]])
def test_permissions_are_the_two_that_exist(given: list[str]) -> None:
    world = World()
    seven = world.deployment()

    with pytest.raises(InvalidInput) as refused:
        set_member(seven.deployment_id, "ana@example.com", given, caller=INSTALL, store=world.store, now=world.now)

    assert refused.value.errors[0].field == "permissions"


def test_somebody_without_membership_sees_exactly_what_is_assigned_to_them() -> None:
    world = World()
    seven = world.deployment(creator_email="ana@example.com")
    other = world.deployment(creator_email="ben@example.com")
    mine, theirs = world.pause(seven).request, world.pause(other, flow_id="flow-2").request
    ana = identity(world, "ana@example.com")
    texts = {"store": world.store, "vault": world.vault, "objects": world.objects}

    listed = list_requests(Question(), caller=ana.anywhere(), store=world.store, now=world.now)
    asked_for_others = list_requests(
        Question(assigned_to="ben@example.com"), caller=ana.anywhere(), store=world.store, now=world.now
    )

    assert [r.request_id for r in listed.items] == [mine.request_id]
    assert [r.request_id for r in asked_for_others.items] == [mine.request_id]
    assert read_request(mine.request_id, caller=ana.within(mine.deployment_id), **texts).shown is not None
    with pytest.raises(NotFound):
        read_request(theirs.request_id, caller=ana.within(theirs.deployment_id), **texts)
    with pytest.raises(Forbidden, match="manage_human_feedback"):
        cancel_request(mine.request_id, reason=None, caller=ana.within(mine.deployment_id), now=world.now, **texts)


def test_a_manager_of_one_deployment_is_nobody_in_another() -> None:
    world = World()
    seven, other = world.deployment(), world.deployment(creator_email="ben@example.com")
    theirs = world.pause(other).request
    set_member(seven.deployment_id, "ana@example.com", [MANAGE], caller=INSTALL, store=world.store, now=world.now)
    ana = identity(world, "ana@example.com")
    texts = {"store": world.store, "vault": world.vault, "objects": world.objects}

    assert read_settings(seven.deployment_id, caller=ana.within(seven.deployment_id), store=world.store)
    with pytest.raises(Forbidden):
        read_settings(other.deployment_id, caller=ana.within(other.deployment_id), store=world.store)
    with pytest.raises(NotFound):
        read_request(theirs.request_id, caller=ana.within(other.deployment_id), **texts)
    closed = Question(Wanted.CLOSED, deployment_id=other.deployment_id)
    caller = ana.within(other.deployment_id)
    assert not list_requests(closed, caller=caller, store=world.store, now=world.now).items


def test_members_are_managed_over_the_api() -> None:
    world = World()
    seven = world.deployment()
    path = f"/v1/deployments/{seven.deployment_id}/members"

    given = call(world, "PUT", f"{path}/Ana%40example.com", INSTALL_KEY, {"permissions": [MANAGE]})
    listed = call(world, "GET", path, key_for(world, seven, "manage"))
    gone = call(world, "DELETE", f"{path}/ana@example.com", key_for(world, seven, "manage"))

    assert (given.status, given["address"]) == (200, "ana@example.com")
    assert [m["permissions"] for m in listed["members"]] == [[MANAGE]]
    assert gone.status == 204
    assert call(world, "DELETE", f"{path}/ana@example.com", INSTALL_KEY).status == 404
    assert call(world, "PUT", f"{path}/nobody", INSTALL_KEY, {"permissions": [MANAGE]}).fields == ["address"]
    assert call(world, "PUT", f"{path}/a@b.co", INSTALL_KEY, {"permissions": ["all"]}).status == 422
    for scope in ("flow", "respond"):
        assert call(world, "GET", path, key_for(world, seven, scope)).status == 403
