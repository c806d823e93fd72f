"""Sealing: every head, once, in time; whatever dies, races or comes late."""

import json
from datetime import timedelta

from support.world import World

from nodback_core.domain.audit.seals import Seal, SealState, fingerprint
from nodback_core.domain.shared.entries import SERVICE, Action, NewEntry, append
from nodback_core.usecases.audit.seal import sealed_groups, seals_between


def heads(world: World, seal: Seal) -> dict[str, int]:
    groups = sealed_groups(seal, objects=world.archive.objects)
    return {head.subject: head.seq for group in groups for head in group.heads}


def every_seal(world: World) -> list[Seal]:
    span = timedelta(days=400)
    return list(seals_between(world.now - span, world.now + span, store=world.store))


def test_a_seal_covers_every_head_that_moved_and_no_other() -> None:
    world = World()
    deployment = world.deployment()
    opened = world.pause(deployment).request
    first = world.seal()
    assert first is not None
    assert heads(world, first) == {f"deployment/{deployment.deployment_id}": 2, opened.subject: 2}
    world.pass_time(minutes=5)
    assert world.seal() is None, "nothing moved, so nothing is signed"
    world.pass_time(minutes=5)
    world.deliver()
    world.pass_time(seconds=1)
    world.pause(world.deployment(), flow_id="other")
    second = world.seal()
    assert second is not None
    assert heads(world, second)[opened.subject] == 3, "the mail that asks was sent"
    digest = json.loads(second.document)
    assert digest["number"] == 2
    assert digest["previous"] == first.hash
    assert digest["key"] == fingerprint(world.archive.signer.public_key())


def test_an_entry_that_was_written_late_is_in_the_next_seal() -> None:
    world = World()
    request = world.pause(world.deployment()).request
    world.pass_time(minutes=1)
    began = world.now
    world.pass_time(minutes=4)
    world.seal()
    entries, _ = append(world.request(request.request_id).head, [NewEntry(Action.REQUEST_REMINDED, SERVICE)], at=began)
    world.store.commit([], entries)
    world.pass_time(minutes=5)
    second = world.seal()
    assert second is not None
    assert heads(world, second) == {request.subject: 3}


def test_an_entry_that_was_listed_hours_late_is_sealed_the_next_day() -> None:
    world = World()
    request = world.pause(world.deployment()).request
    world.seal()
    began = world.now
    world.pass_time(hours=6)
    world.pause(world.deployment(), flow_id="another")
    world.seal()
    entries, _ = append(world.request(request.request_id).head, [NewEntry(Action.REQUEST_REMINDED, SERVICE)], at=began)
    world.store.commit([], entries)
    world.pass_time(minutes=5)
    assert world.seal() is None
    world.pass_time(days=1)
    late = world.seal()
    assert late is not None
    assert heads(world, late) == {request.subject: 3}


def test_two_runs_at_once_make_one_seal() -> None:
    world = World()
    world.pause(world.deployment())
    state = world.store.fetch(SealState.at())[SealState.at()]
    assert state is None
    before = dict(world.store.rows)
    first = world.seal()
    won = dict(world.store.rows)
    # The other run has read what was there before.
    fetch = world.store.fetch
    world.store.rows = before
    read = fetch(SealState.at())
    world.store.rows = won
    world.store.fetch = lambda *keys: read if keys == (SealState.at(),) else fetch(*keys)  # type: ignore[method-assign]
    assert world.seal() is None
    world.store.fetch = fetch  # type: ignore[method-assign]
    assert [s.number for s in every_seal(world)] == [1]
    assert first is not None


def test_a_run_that_died_before_the_archive_had_its_seal_is_finished_by_the_next() -> None:
    world = World()
    world.pause(world.deployment())
    seal = world.seal()
    assert seal is not None
    world.archive.objects.delete(seal.object_name)
    world.pass_time(minutes=5)
    assert world.seal() is None
    kept = world.archive.objects.get(seal.object_name, limit=10_000)
    assert kept is not None
    assert json.loads(kept)["digest"] == json.loads(seal.document)


def test_an_install_that_is_old_when_it_first_seals_seals_all_of_it() -> None:
    world = World()
    requests = []
    for number in range(3):
        requests.append(world.pause(world.deployment(), flow_id=f"flow-{number}").request.subject)
        world.pass_time(days=2)
    seal = world.seal()
    assert seal is not None
    assert set(requests) <= set(heads(world, seal))
