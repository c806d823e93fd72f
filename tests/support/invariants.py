"""What must hold after every step of any history, whatever was lost, repeated or killed."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import cast

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind, words_of
from nodback_core.domain.reviews.requests import Request, ResumeStatus, Status
from nodback_core.domain.shared.entries import Entry, check_chain, text_digest
from nodback_core.ports import Store
from nodback_core.usecases.shared.contents import open_key, read_content
from support.witness import CLOSING_ACTIONS, Witness
from support.world import World

SETTLED = {"notification.sent", "notification.failed", "notification.skipped"}


def check(
    world: World, witness: Witness, *, may_repeat: Collection[str] = (), only: Collection[str] | None = None
) -> None:
    """Raise AssertionError with every promise that is broken; `may_repeat` are notifications whose sender crashed.

    `only` limits it to these requests.
    """
    broken = [
        f"{request_id}: {problem}"
        for request_id in (witness.requests if only is None else only)
        for problem in _of_request(world, witness, request_id)
    ]
    broken += [f"notification {n} was mailed {times} times" for n, times in _repeated(world, may_repeat)]
    broken += [f"deployment {d}: {problem}" for d, problem in _of_deployments(world)]
    assert not broken, "\n".join(broken)


def nothing_owed(world: World, witness: Witness) -> None:
    """After the sweeps: no event waits, no effect is owed, no row is due for attention, no deadline has passed."""
    left = [
        f"{r.request_id}: {', '.join(e.id for e in r.effects)} still owed" for r in _rows(world, witness) if r.effects
    ]
    left += [
        f"{r.request_id}: attention was due at {r.attention_at}, it is {world.now}"
        for r in _rows(world, witness)
        if r.attention_at is not None and r.attention_at <= world.now
    ]
    left += [
        f"{r.request_id}: pending past its deadline"
        for r in _rows(world, witness)
        if r.status is Status.PENDING and r.wake_at is not None and r.wake_at <= world.now
    ]
    left += [f"event {e.name} was not delivered" for e in world.bus.events]
    assert not left, "\n".join(left)


def _rows(world: World, witness: Witness) -> Iterable[Request]:
    return [world.request(request_id) for request_id in witness.requests]


def _of_request(world: World, witness: Witness, request_id: str) -> Iterator[str]:
    store = cast("Store", world.store)
    row = Request.at(request_id)
    key, words = ContentKey.at(request_id), Content.at(request_id, ContentKind.RESPONSE)
    fetched = store.fetch(row, key, words)
    request = fetched[row]
    if request is None:
        yield "its row is gone"
        return
    entries = store.chain(request.subject).items
    fault = check_chain(request.organization_id, request.subject, [{**e.document(), "hash": e.hash} for e in entries])
    if fault:
        yield f"its chain breaks at {fault.seq}: {fault.reason}"
    if not entries or (entries[-1].seq, entries[-1].hash) != (request.last_seq, request.head_hash):
        yield "its head is not its last entry"
    closings = [e for e in entries if e.action.value in CLOSING_ACTIONS]
    if len(closings) != (request.status is not Status.PENDING):
        yield f"it is {request.status} with {len(closings)} closings"
    if (request.status is Status.RESPONDED) != (request.decision is not None):
        yield f"it is {request.status} with the decision {request.decision}"
    if (request.decision is None) != (request.resume.status is ResumeStatus.NONE):
        yield f"its resume is {request.resume.status} with the decision {request.decision}"
    if request.decision is not None:
        if [e.data.get("decision_id") for e in closings] != [request.decision.decision_id]:
            yield "its entry names another decision"
        yield from _of_words(world, fetched[key], fetched[words], closings[0])
    elif fetched[words] is not None:
        yield "it has words without a decision"
    yield from _of_effects(request, entries, witness)


def _of_words(world: World, key: ContentKey | None, words: Content | None, closing: Entry) -> Iterator[str]:
    if key is not None and key.erased_at is not None:
        return
    data_key = open_key(key, vault=world.vault)
    said = words_of(read_content(words, key=data_key, storage=world.storage))
    if closing.data["feedback_digest"] != text_digest(world.vault.salt(data_key), said.feedback):
        yield "the words are not those of the decision"


def _of_effects(request: Request, entries: tuple[Entry, ...], witness: Witness) -> Iterator[str]:
    """Each effect is owed by the row, or one entry says what became of it."""
    owed = {e.id for e in request.effects}
    recorded = Counter(f"mail:{e.data['for_seq']}:{e.data['letter']}" for e in entries if e.action.value in SETTLED)
    for effect_id in witness.effects(request.request_id):
        times = recorded[effect_id] + (effect_id in owed)
        if times != 1:
            yield f"the effect {effect_id} is owed {effect_id in owed}, recorded {recorded[effect_id]} times"


def _repeated(world: World, may_repeat: Collection[str]) -> list[tuple[str, int]]:
    """Mails that were sent more than once for one purpose."""
    sent = Counter(mailed_as(m.tags) for m in world.mailer.sent)
    return [(name, times) for name, times in sent.items() if times > 1 and name not in may_repeat]


def mailed_as(tags: Mapping[str, str]) -> str:
    """What a mail was for, from its tags."""
    return f"{tags.get('request_id', '')} {tags['notification']}"


def _of_deployments(world: World) -> Iterator[tuple[int, str]]:
    store = cast("Store", world.store)
    for deployment in store.children(Deployment, "deployments", "").items:
        entries = store.chain(deployment.subject).items
        if check_chain(1, deployment.subject, [{**e.document(), "hash": e.hash} for e in entries]):
            yield deployment.deployment_id, "its chain does not hold"
        if not entries or entries[-1].hash != deployment.head_hash:
            yield deployment.deployment_id, "its head is not its last entry"
