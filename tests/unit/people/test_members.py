"""Permissions of addresses, and what they open in the use cases."""

import pytest
from support.http import INSTALL_KEY, call, key_for
from support.meanwhile import Overtaken
from support.pauses import no_pauses
from support.world import INSTALL, World

from nodback_core.domain.people.members import Identity, Permission, Person
from nodback_core.domain.shared.errors import Forbidden, InvalidInput, NotFound, Refused
from nodback_core.usecases.deployments.settings import read_settings
from nodback_core.usecases.people.members import add_member, change_member, list_members, remove_member
from nodback_core.usecases.reviews.cancel_request import cancel_request
from nodback_core.usecases.reviews.list_requests import Question, Wanted, list_requests
from nodback_core.usecases.reviews.read_requests import read_request

MANAGE, RESPOND = Permission.MANAGE.value, Permission.RESPOND.value


def identity(world: World, address: str) -> Identity:
    person = world.store.fetch(Person.at(address))[Person.at(address)]
    return Identity(address, "s1", grants=person.grants if person else ())


def test_a_member_has_the_permissions_that_were_given_last() -> None:
    world = World()
    seven = world.deployment()
    given = {"caller": INSTALL, "store": world.store, "now": world.now}
    add_member(seven.deployment_id, "Ana@Example.com", [RESPOND], **given)

    change_member(seven.deployment_id, "ANA@example.com", [MANAGE, RESPOND], **given)

    (member,) = list_members(seven.deployment_id, caller=INSTALL, store=world.store).items
    assert member.address == "ana@example.com"
    assert identity(world, "ana@example.com").manages(seven.deployment_id)
    added, changed = world.store.chain(seven.subject).items[-2:]
    assert (added.action, changed.action) == ("member.added", "member.changed")
    assert changed.data["changes"] == {"permissions": {"before": [RESPOND], "after": [MANAGE, RESPOND]}}
    world.check_chains()


@pytest.mark.parametrize("address", ["ana@example.com", "Ana@EXAMPLE.com"])
def test_adding_a_member_again_takes_no_permission_away(address: str) -> None:
    world = World()
    seven = world.deployment()
    given = {"caller": INSTALL, "store": world.store, "now": world.now}
    add_member(seven.deployment_id, "ana@example.com", [MANAGE, RESPOND], **given)

    with pytest.raises(Refused, match="is a member already, with manage_human_feedback and") as refused:
        add_member(seven.deployment_id, address, [RESPOND], **given)

    assert refused.value.code == "member_exists"
    assert refused.value.detail.startswith("ana@example.com ")
    assert "change that member instead" in refused.value.detail
    assert identity(world, "ana@example.com").manages(seven.deployment_id)


def test_adding_a_member_with_the_same_permissions_and_changing_to_them_write_nothing() -> None:
    world = World()
    seven = world.deployment()
    for _ in range(2):
        for give in (add_member, change_member):
            give(seven.deployment_id, "ana@example.com", [RESPOND], caller=INSTALL, store=world.store, now=world.now)

    assert [e.action for e in world.store.chain(seven.subject).items].count("member.added") == 1
    assert "member.changed" not in [e.action for e in world.store.chain(seven.subject).items]


def test_only_a_member_can_be_changed() -> None:
    world = World()
    seven = world.deployment()

    with pytest.raises(NotFound):
        change_member(
            seven.deployment_id, "ana@example.com", [RESPOND], caller=INSTALL, store=world.store, now=world.now
        )

    assert not list_members(seven.deployment_id, caller=INSTALL, store=world.store).items


def test_of_two_who_add_the_same_address_the_second_is_told() -> None:
    world = World()
    seven = world.deployment()
    given = {"caller": INSTALL, "now": world.now}
    store = Overtaken(
        world.store, lambda: add_member(seven.deployment_id, "ana@example.com", [MANAGE], store=world.store, **given)
    )

    with no_pauses(), pytest.raises(Refused):
        add_member(seven.deployment_id, "ana@example.com", [RESPOND], store=store, **given)

    assert identity(world, "ana@example.com").manages(seven.deployment_id)


def test_a_removed_member_has_no_permission_left() -> None:
    world = World()
    seven = world.deployment()
    add_member(seven.deployment_id, "ana@example.com", [MANAGE], caller=INSTALL, store=world.store, now=world.now)

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
        add_member(seven.deployment_id, "ana@example.com", given, caller=INSTALL, store=world.store, now=world.now)

    assert refused.value.errors[0].field == "permissions"


def test_somebody_without_membership_sees_exactly_what_is_assigned_to_them() -> None:
    world = World()
    seven = world.deployment(creator_email="ana@example.com")
    other = world.deployment(creator_email="ben@example.com")
    mine, theirs = world.pause(seven).request, world.pause(other, flow_id="flow-2").request
    ana = identity(world, "ana@example.com")
    texts = {"storage": world.storage}

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
    add_member(seven.deployment_id, "ana@example.com", [MANAGE], caller=INSTALL, store=world.store, now=world.now)
    ana = identity(world, "ana@example.com")
    texts = {"storage": world.storage}

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
    assert call(world, "PATCH", f"{path}/ana@example.com", INSTALL_KEY, {"permissions": [MANAGE]}).status == 404
    assert call(world, "PUT", f"{path}/nobody", INSTALL_KEY, {"permissions": [MANAGE]}).fields == ["address"]
    assert call(world, "PUT", f"{path}/a@b.co", INSTALL_KEY, {"permissions": ["all"]}).status == 422
    for scope in ("flow", "respond"):
        assert call(world, "GET", path, key_for(world, seven, scope)).status == 403


def test_a_member_who_exists_is_changed_and_not_added_over_the_api() -> None:
    world = World()
    seven = world.deployment()
    path = f"/v1/deployments/{seven.deployment_id}/members"
    both = [MANAGE, RESPOND]
    assert call(world, "PUT", f"{path}/ana@example.com", INSTALL_KEY, {"permissions": both}).status == 200

    refused = call(world, "PUT", f"{path}/ANA@example.com", INSTALL_KEY, {"permissions": [RESPOND]})
    again = call(world, "PUT", f"{path}/Ana@example.com", INSTALL_KEY, {"permissions": both})
    kept = call(world, "GET", path, INSTALL_KEY)["members"]
    changed = call(world, "PATCH", f"{path}/Ana@example.com", INSTALL_KEY, {"permissions": [RESPOND]})

    assert (refused.status, refused["code"]) == (409, "member_exists")
    assert "PATCH" in refused["detail"]
    assert (again.status, [m["permissions"] for m in kept]) == (200, [both])
    assert (changed.status, changed["permissions"]) == (200, [RESPOND])
