"""The store's contract: what holds in memory holds in DynamoDB."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import boto3
import pytest
from moto import mock_aws
from support.lost_answers import losing_answers
from support.rows import NOW, a_request
from support.tables import AUDIT_TABLE, REQUESTS_TABLE, create_tables
from support.unreadable import spoiled

from nodback_core.adapters.dynamodb.store import DynamoDbStore
from nodback_core.adapters.memory import MemoryStore
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind
from nodback_core.domain.reviews.requests import (
    Assignment,
    Decision,
    Effect,
    Request,
    Resume,
    ResumeStatus,
    Source,
    Status,
)
from nodback_core.domain.shared.cursors import cursor_at
from nodback_core.domain.shared.entries import SERVICE, Action, NewEntry, append, check_chain
from nodback_core.domain.shared.errors import InvalidInput, TooLarge
from nodback_core.domain.shared.records import MAX_PARTITION_BYTES, Index, Record
from nodback_core.ports import Changed, Counters, RowUnreadable, Store, Unreadable


@pytest.fixture
def told() -> list[Unreadable]:
    """What whoever runs the service hears of rows that were skipped."""
    return []


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest, told: list[Unreadable]) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore(report=told.append)
        return
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        yield DynamoDbStore(client, REQUESTS_TABLE, AUDIT_TABLE, sleep=lambda _: None, report=told.append)


def test_a_record_comes_back_as_it_was_written(store: Store) -> None:
    full = a_request(
        status=Status.RESPONDED,
        closed_at=NOW,
        decision=Decision("mail:1", NOW, Source.EMAIL, "a@example.com", "token", "approved", None, 12),
        resume=Resume(ResumeStatus.CLAIMED, 2, "c1", "w1", NOW, None, None),
        effects=(Effect("mail", 1, "review_request", NOW, "a@example.com", due=NOW),),
        earlier=(Assignment(1, "b@example.com"),),
        done_steps=("reminder-1",),
        sla_due_at=NOW,
        email_notifications=False,
    )
    content = Content(full.request_id, ContentKind.SHOWN, b"\x00\xff", None, 2)
    store.commit([full, content, ContentKey(full.request_id, b"wrapped")])
    fetched = store.fetch(full.key, content.key, ContentKey.at(full.request_id), Request.at("none"))
    assert fetched[full.key] == replace(full, version=1)
    assert fetched[content.key] == replace(content, version=1)
    assert fetched[Request.at("none")] is None


def test_a_record_is_written_only_over_the_version_that_was_read(store: Store) -> None:
    store.commit([a_request()])
    with pytest.raises(Changed):
        store.commit([a_request()])
    read = store.fetch(a_request().key)[a_request().key]
    assert read is not None
    store.commit([replace(read, last_seq=1)])
    with pytest.raises(Changed):
        store.commit([replace(read, last_seq=2)])


def test_all_is_written_or_nothing(store: Store) -> None:
    store.commit([a_request(1)])
    entries, _ = append(a_request(2).head, [NewEntry(Action.REQUEST_OPENED, SERVICE)], at=NOW)
    with pytest.raises(Changed):
        store.commit([a_request(2), a_request(1)], entries)
    assert store.fetch(a_request(2).key)[a_request(2).key] is None
    assert store.chain(a_request(2).subject).items == ()


def test_an_entry_is_never_overwritten(store: Store) -> None:
    request = a_request()
    entries, _ = append(request.head, [NewEntry(Action.REQUEST_OPENED, SERVICE, {"number": 1})], at=NOW)
    store.commit([request], entries)
    forged, _ = append(request.head, [NewEntry(Action.REQUEST_CANCELLED, SERVICE)], at=NOW)
    with pytest.raises(Changed):
        store.commit([], forged)
    assert store.chain(request.subject).items == entries


def test_a_chain_is_read_in_order_and_in_parts(store: Store) -> None:
    request = a_request()
    happenings = [NewEntry(Action.REQUEST_REMINDED, SERVICE, {"n": n, "list": ["x", None, True]}) for n in range(5)]
    entries, _ = append(request.head, happenings, at=NOW)
    store.commit([request], entries)
    first = store.chain(request.subject, limit=3)
    assert first.items == entries[:3]
    assert first.cursor == "3"
    assert store.chain(request.subject, after_seq=3, limit=3).items == entries[3:]


def test_a_record_stands_in_its_lists_only_while_it_says_so(store: Store) -> None:
    pending = a_request(1)
    store.commit([pending, a_request(2), a_request(3, assignment=Assignment(1, "other@example.com"))])
    mine = store.list(Request, Index.PENDING_BY_ASSIGNEE, "a@example.com")
    assert [r.number for r in mine.items] == [1, 2]
    read = mine.items[0]
    store.commit([replace(read, status=Status.CANCELLED, closed_at=NOW)])
    assert [r.number for r in store.list(Request, Index.PENDING_BY_ASSIGNEE, "a@example.com").items] == [2]


def test_lists_are_paged_in_both_directions(store: Store) -> None:
    store.commit([a_request(n) for n in range(1, 8)])
    for newest_first, expected in ((False, [1, 2, 3, 4, 5, 6, 7]), (True, [7, 6, 5, 4, 3, 2, 1])):
        seen: list[int] = []
        cursor = None
        while True:
            page = store.list(Request, Index.BY_MONTH, "7#2026-03", newest_first=newest_first, limit=3, cursor=cursor)
            seen += [r.number for r in page.items]
            cursor = page.cursor
            if cursor is None:
                break
        assert seen == expected


def test_a_part_of_a_list_may_be_longer_than_one_read_of_the_table(store: Store) -> None:
    requests = [a_request(n, effects=(Effect("mail", 1, "review_request", NOW, due=NOW),)) for n in range(1, 500)]
    shard = requests[0].indexes[Index.ATTENTION].partition
    same = [r for r in requests if r.indexes[Index.ATTENTION].partition == shard][:101]
    assert len(same) == 101
    for start in range(0, len(same), 50):
        store.commit(same[start : start + 50])
    found = store.list(Request, Index.ATTENTION, shard, limit=200).items
    assert sorted(r.number for r in found) == [r.number for r in same]


def test_a_list_can_be_cut_by_its_sort_text(store: Store) -> None:
    store.commit([a_request(n) for n in range(1, 6)])
    third = a_request(3).indexes[Index.BY_MONTH].sort
    early = store.list(Request, Index.BY_MONTH, "7#2026-03", before=third)
    late = store.list(Request, Index.BY_MONTH, "7#2026-03", after=third)
    assert [r.number for r in early.items] == [1, 2]
    assert [r.number for r in late.items] == [3, 4, 5]


def test_a_list_is_read_on_behind_a_place(store: Store) -> None:
    store.commit([a_request(n) for n in range(1, 6)])
    second = a_request(2).indexes[Index.BY_MONTH].sort
    rest = store.list(Request, Index.BY_MONTH, "7#2026-03", after=f"{second}!")
    assert [r.number for r in rest.items] == [3, 4, 5]
    back = store.list(Request, Index.BY_MONTH, "7#2026-03", after="2026-03-01", before=second, newest_first=True)
    assert [r.number for r in back.items] == [1]


def test_contents_of_one_kind_are_told_apart_by_their_entry(store: Store) -> None:
    rows = [Content("r1", ContentKind.REASON, bytes([seq]), None, 1, seq=seq) for seq in (3, 12)]
    store.commit(rows)
    fetched = store.fetch(*(row.key for row in rows))
    assert [fetched[row.key] for row in rows] == [replace(row, version=1) for row in rows]
    assert rows[1].name == "reason-12"


def test_children_are_found_by_the_beginning_of_their_key(store: Store) -> None:
    rows = [Content("r1", ContentKind(kind), b"x", None, 1) for kind in ("shown", "snapshot", "response")]
    store.commit([*rows, ContentKey("r1", b"w"), Content("r2", ContentKind.SHOWN, b"x", None, 1)])
    page = store.children(Content, "request/r1", "content/", limit=2)
    rest = store.children(Content, "request/r1", "content/", limit=2, cursor=page.cursor)
    assert [c.kind.value for c in (*page.items, *rest.items)] == ["response", "shown", "snapshot"]


def test_everything_begins_with_nothing(store: Store) -> None:
    store.commit([ContentKey("r1", b"w")])
    assert [row.wrapped for row in store.children(ContentKey, "request/r1", "").items] == [b"w"]


def test_removals_are_conditional_too(store: Store) -> None:
    row = ContentKey("r1", b"w")
    store.commit([row])
    with pytest.raises(Changed):
        store.commit([], removals=[replace(row, version=5)])
    store.commit([], removals=[replace(row, version=1)])
    assert store.fetch(row.key)[row.key] is None


def test_a_day_lists_its_entries_over_its_shards(store: Store) -> None:
    from nodback_core.domain.audit.day_lists import DAY_SHARDS

    written = []
    for number in range(1, 9):
        request = a_request(number)
        entries, _ = append(request.head, [NewEntry(Action.REQUEST_OPENED, SERVICE)], at=NOW)
        store.commit([request], entries)
        written += entries
    found = [e for shard in range(DAY_SHARDS) for e in store.day(7, "2026-03-02", shard=shard).items]
    assert sorted(e.subject for e in found) == sorted(e.subject for e in written)


def test_a_write_whose_answer_was_lost_is_known_as_ones_own() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        store = DynamoDbStore(client, REQUESTS_TABLE, AUDIT_TABLE, sleep=lambda _: None)
        request = a_request()
        entries, head = append(request.head, [NewEntry(Action.REQUEST_OPENED, SERVICE, {"number": 1})], at=NOW)
        sent = losing_answers(client)
        store.commit([replace(request, last_seq=head.last_seq, head_hash=head.hash)], entries)
        assert len(sent) == 2, "the first answer was lost, so it was sent again"
        assert store.chain(request.subject).items == entries
        sent.clear()
        other, _ = append(request.head, [NewEntry(Action.REQUEST_CANCELLED, SERVICE)], at=NOW)
        with pytest.raises(Changed):
            store.commit([request], other)
        sent.clear()
        with pytest.raises(Changed):
            store.commit([ContentKey("r1", b"w")])


def test_a_write_that_was_lost_is_not_known_by_its_first_entry_alone() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        store = DynamoDbStore(client, REQUESTS_TABLE, AUDIT_TABLE, sleep=lambda _: None)
        request = a_request()
        first = NewEntry(Action.REQUEST_OPENED, SERVICE, {"number": 1})
        theirs, _ = append(request.head, [first, NewEntry(Action.REQUEST_CANCELLED, SERVICE)], at=NOW)
        ours, _ = append(request.head, [first, NewEntry(Action.REQUEST_REMINDED, SERVICE)], at=NOW)
        assert theirs[0].hash == ours[0].hash
        store.commit([request], theirs)
        with pytest.raises(Changed):
            store.commit([request], ours)
        assert store.chain(request.subject).items == theirs


def test_children_are_paged_in_both_directions(store: Store) -> None:
    store.commit([Content(f"r{n}", ContentKind.REASON, b"x", None, 1, seq=n) for n in range(3)])
    rows = [Content("r", ContentKind.REASON, b"x", None, 1, seq=n) for n in range(1, 8)]
    store.commit([*rows, ContentKey("r", b"wrapped")])
    for newest_first, expected in ((False, [1, 2, 3, 4, 5, 6, 7]), (True, [7, 6, 5, 4, 3, 2, 1])):
        seen: list[int | None] = []
        cursor = None
        while True:
            page = store.children(Content, "request/r", "content/", newest_first=newest_first, limit=3, cursor=cursor)
            seen += [c.seq for c in page.items]
            if (cursor := page.cursor) is None:
                break
        assert seen == expected


@pytest.mark.parametrize("cursor", ["", "x", "é", "Y29udGVudC8", "YWxpZW4vMQ", "Y29udGVudC94==", "\udcff"])
def test_a_cursor_that_no_list_gave_out_is_refused(store: Store, cursor: str) -> None:
    store.commit([Content("r", ContentKind.REASON, b"x", None, 1, seq=n) for n in range(3)])
    with pytest.raises(InvalidInput):
        store.children(Content, "request/r", "content/", cursor=cursor)


def test_a_cursor_fits_only_the_list_that_gave_it_out(store: Store) -> None:
    store.commit([a_request(n) for n in range(1, 6)])
    store.commit([a_request(n, deployment_id=8) for n in range(6, 11)])
    store.commit([Content(r, ContentKind.REASON, b"x", None, 1, seq=n) for n in range(3) for r in ("r1", "r2")])
    listed = store.list(Request, Index.BY_MONTH, "7#2026-03", limit=2).cursor
    child = store.children(Content, "request/r1", "content/", limit=2).cursor
    for cursor in (listed, child):
        assert cursor is not None
        with pytest.raises(InvalidInput):
            store.list(Request, Index.BY_MONTH, "8#2026-03", cursor=cursor)
        with pytest.raises(InvalidInput):
            store.list(Request, Index.PENDING_BY_DEPLOYMENT, "7#2026-03", cursor=cursor)
        with pytest.raises(InvalidInput):
            store.children(Content, "request/r2", "content/", cursor=cursor)
        with pytest.raises(InvalidInput):
            store.children(Content, "request/r1", "content", cursor=cursor)


@pytest.mark.parametrize(
    "place",
    [
        "7",
        '"text"',
        "[]",
        '["2026-03-02", "request/1"]',
        '["2026-03-02", "", "request"]',
        '["2026-03-02", "request/1", ""]',
        '["2026-03-02", 1, "request"]',
        '[["2026-03-02"], "request/1", "request"]',
        '["2026-03-02", "request/\\ud800", "request"]',
        '["2026-03-01", "request/1", "request"]',
        '["2026-03-03", "request/1", "request"]',
        f'["2026-03-02", "{"r" * 2049}", "request"]',
        f'["2026-03-02", "request/1", "{"r" * 1025}"]',
        f'["2026-03-02{"r" * 1025}", "request/1", "request"]',
    ],
)
def test_a_forged_cursor_brings_no_key_to_dynamodb_that_it_would_refuse(place: str) -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        store = DynamoDbStore(client, REQUESTS_TABLE, AUDIT_TABLE, sleep=lambda _: None)
        store.commit([a_request(n) for n in range(1, 6)])
        forged = cursor_at(place, of="by_month 7#2026-03")
        with pytest.raises(InvalidInput):
            store.list(Request, Index.BY_MONTH, "7#2026-03", after="2026-03-02", before="2026-03-03", cursor=forged)
        right = cursor_at('["2026-03-02", "request/1", "request"]', of="by_month 7#2026-03")
        found = store.list(Request, Index.BY_MONTH, "7#2026-03", after="2026-03-02", before="2026-03-03", cursor=right)
        assert len(found.items) == 5


@pytest.mark.parametrize("place", ["", "content/", "key/1", "content/" + "x" * 1024])
def test_a_forged_place_beside_the_list_is_refused(store: Store, place: str) -> None:
    with pytest.raises(InvalidInput):
        store.children(Content, "request/r", "content/", cursor=cursor_at(place, of="request/r content/"))


def test_counters_without_an_amount_add_nothing_and_hinder_nothing(store: Store) -> None:
    mark = ContentKey("r1", b"w")
    nothing = Counters("tally", "2026-03-02#cut", {}, {"flow": "a long name"})
    store.increment([nothing, Counters("tally", "2026-03-02", {"opened": 1})], [mark])
    store.increment([nothing], [ContentKey("r2", b"w")])

    assert store.counters(("tally", "2026-03-02#cut"), ("tally", "2026-03-02")) == [
        Counters("tally", "2026-03-02#cut"),
        Counters("tally", "2026-03-02", {"opened": 1}),
    ]
    with pytest.raises(Changed):
        store.increment([nothing], [ContentKey("r2", b"w")])


def test_numbers_are_added_once_for_each_mark(store: Store) -> None:
    mark, other = ContentKey("r1", b"w"), ContentKey("r2", b"w")
    store.increment([Counters("tally", "2026-03-02", {"opened": 1, "o:yes, but": 2})], [mark])
    with pytest.raises(Changed):
        store.increment([Counters("tally", "2026-03-02", {"opened": 5})], [other, mark])
    store.increment(
        [Counters("tally", "2026-03-02", {"opened": 2}), Counters("tally", "2026-03-04", {"x": 1})], [other]
    )
    found = store.counters(("tally", "2026-03-02"), ("tally", "2026-03-03"), ("tally", "2026-03-04"))
    assert [dict(row.amounts) for row in found] == [{"opened": 3, "o:yes, but": 2}, {}, {"x": 1}]
    assert store.fetch(other.key)[other.key] == replace(other, version=1)


def test_counters_are_read_by_range_and_in_parts(store: Store) -> None:
    for day in range(1, 8):
        row = Counters("tally", f"2026-03-0{day}#a", {"n": day})
        store.increment([row], [ContentKey(f"r{day}", b"w")])
    seen: list[int] = []
    cursor = None
    while True:
        page = store.counters_between("tally", after="2026-03-02", before="2026-03-06$", limit=2, cursor=cursor)
        seen += [row.amounts["n"] for row in page.items]
        if (cursor := page.cursor) is None:
            break
    assert seen == [2, 3, 4, 5, 6]
    many = store.counters(*[("tally", f"2026-03-{day:02d}#a") for day in range(150)])
    assert sum(row.amounts.get("n", 0) for row in many) == 28


def test_a_day_is_read_from_a_moment_on(store: Store) -> None:
    from nodback_core.domain.shared.times import stamp

    request = a_request()
    head = request.head
    for minute in range(4):
        entries, head = append(head, [NewEntry(Action.REQUEST_REMINDED, SERVICE)], at=NOW + timedelta(minutes=minute))
        store.commit([], entries)
    from nodback_core.domain.audit.day_lists import DAY_SHARDS

    after = stamp(NOW + timedelta(minutes=2))
    found = [e.seq for shard in range(DAY_SHARDS) for e in store.day(7, "2026-03-02", shard=shard, after=after).items]
    assert found == [3, 4]


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_list_gives_what_can_be_read_and_names_what_cannot(
    store: Store, told: list[Unreadable], newest_first: bool
) -> None:
    store.commit([a_request(n) for n in (1, 3, 5, 6)] + [spoiled(a_request(n)) for n in (2, 4)])
    seen, named, cursor = [], [], None
    while True:
        page = store.list(Request, Index.BY_MONTH, "7#2026-03", limit=2, cursor=cursor, newest_first=newest_first)
        seen += [r.number for r in page.items]
        named += list(page.unreadable)
        if (cursor := page.cursor) is None:
            break
    assert sorted(seen) == [1, 3, 5, 6]
    assert sorted(u.partition for u in named) == [a_request(n).key.partition for n in (2, 4)]
    assert told == named
    assert {(u.kind, u.sort) for u in named} == {("Request", "request")}


def test_a_page_of_unreadable_rows_alone_is_not_the_end(store: Store) -> None:
    store.commit([spoiled(a_request(n)) for n in (1, 2)] + [a_request(3)])
    page = store.list(Request, Index.BY_MONTH, "7#2026-03", limit=2)
    assert (page.items, len(page.unreadable)) == ((), 2)
    rest = store.list(Request, Index.BY_MONTH, "7#2026-03", limit=2, cursor=page.cursor)
    assert [r.number for r in rest.items] == [3]


def test_children_give_what_can_be_read_and_name_what_cannot(store: Store, told: list[Unreadable]) -> None:
    rows = [Content("r", ContentKind.REASON, b"x", None, 1, seq=n) for n in range(1, 6)]
    store.commit([rows[0], spoiled(rows[1]), *rows[2:]])
    page = store.children(Content, "request/r", "content/", limit=2)
    rest = store.children(Content, "request/r", "content/", cursor=page.cursor)
    assert [c.seq for c in (*page.items, *rest.items)] == [1, 3, 4, 5]
    assert [u.sort for u in told] == ["content/reason-2"]
    with pytest.raises(RowUnreadable, match="Content request/r content/reason-2"):
        assert page.whole
    assert rest.whole == rest.items


def test_a_row_that_cannot_be_read_is_an_error_that_names_it_to_who_asks_for_it(store: Store) -> None:
    store.commit([spoiled(a_request(1)), a_request(2)])
    for keys in ([a_request(1).key], [a_request(2).key, a_request(1).key]):
        with pytest.raises(RowUnreadable, match=f"Request {a_request(1).key.partition} request"):
            store.fetch(*keys)


def test_a_row_that_cannot_be_read_stays_as_it_is(store: Store) -> None:
    store.commit([spoiled(a_request(1))])
    store.list(Request, Index.BY_MONTH, "7#2026-03")
    with pytest.raises(Changed):
        store.commit([a_request(1)])


def _without(name: str) -> Callable[[dict[str, object]], object]:
    return lambda data: data.pop(name)


def _with(name: str, value: object) -> Callable[[dict[str, object]], object]:
    return lambda data: data.update({name: value})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_with("status", {"S": "secretly paused"}), "status is no Status"),
        (_without("flow_name"), "flow_name is missing"),
        (_with("opened_at", {"S": "secret"}), "opened_at is no datetime"),
        (_with("assignment", {"M": {"round": {"N": "1"}}}), "assignment.address is missing"),
        (_with("effects", {"L": [{"M": {"kind": {"S": "secret"}}}]}), "effects.seq is missing"),
        (_with("effects", {"M": {"secret": {"S": "x"}}}), "effects is no tuple"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_without_what_it_holds(
    change: Callable[[dict[str, object]], object], reason: str
) -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        store = DynamoDbStore(client, REQUESTS_TABLE, AUDIT_TABLE, sleep=lambda _: None)
        store.commit([a_request(1), a_request(2)])
        _alter(client, a_request(1), change)
        page = store.list(Request, Index.BY_MONTH, "7#2026-03")
        assert [r.number for r in page.items] == [2]
        assert [u.reason for u in page.unreadable] == [reason]
        with pytest.raises(RowUnreadable, match=reason) as told:
            store.fetch(a_request(1).key)
        assert (told.value.__cause__, told.value.__context__) == (None, None)
        assert "secret" not in str(told.value)


def test_a_field_of_a_newer_version_is_read_past() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        store = DynamoDbStore(client, REQUESTS_TABLE, AUDIT_TABLE, sleep=lambda _: None)
        store.commit([a_request(1)])
        _alter(client, a_request(1), _with("of_tomorrow", {"S": "x"}))
        assert store.fetch(a_request(1).key)[a_request(1).key] == a_request(1, version=1)


def test_counters_among_rows_are_told_and_skipped() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        store = DynamoDbStore(client, REQUESTS_TABLE, AUDIT_TABLE, sleep=lambda _: None)
        store.increment(
            [Counters("request/r1", "content/", {"n": 1})], [Content("r1", ContentKind.SHOWN, b"x", None, 1)]
        )
        page = store.children(Content, "request/r1", "content/")
        assert [c.kind for c in page.items] == [ContentKind.SHOWN]
        assert [u.reason for u in page.unreadable] == ["it is no record"]


def _alter(client: object, record: Record, change: Callable[[dict[str, object]], object]) -> None:
    """The stored row, changed as a newer version of the service would have written it."""
    key = {"pk": {"S": record.key.partition}, "sk": {"S": record.key.sort}}
    item = client.get_item(TableName=REQUESTS_TABLE, Key=key)["Item"]
    change(item["data"]["M"])
    client.put_item(TableName=REQUESTS_TABLE, Item=item)


def test_an_entry_of_a_newer_version_is_read_as_it_stands(store: Store) -> None:
    request = a_request()
    opened, head = append(request.head, [NewEntry(Action.REQUEST_OPENED, SERVICE)], at=NOW)
    newer, _ = append(head, [NewEntry(Action("request.snoozed"), SERVICE, {"until": "x"})], at=NOW)
    store.commit([request], [*opened, *newer])
    found = store.chain(request.subject).items
    assert [e.action.value for e in found] == ["request.opened", "request.snoozed"]
    documents = [{**e.document(), "hash": e.hash} for e in found]
    assert check_chain(1, request.subject, documents) is None


def test_what_is_too_long_for_a_key_is_refused_before_anything_is_written(store: Store) -> None:
    fits = Content("r" * (MAX_PARTITION_BYTES - len("request/")), ContentKind.SHOWN, b"x", None, 1)
    store.commit([fits])
    too_long = replace(fits, request_id=fits.request_id + "r")
    for records in ([too_long], [a_request(1), a_request(2, assignment=Assignment(1, "é" * 1025))]):
        with pytest.raises(ValueError, match="too long"):
            store.commit(records)
    assert store.fetch(a_request(1).key)[a_request(1).key] is None
    with pytest.raises(ValueError, match="too long"):
        store.increment([Counters("tally", "東" * 342, {"n": 1})], [ContentKey("r1", b"w")])
    assert store.fetch(ContentKey.at("r1"))[ContentKey.at("r1")] is None
    store.increment([Counters("tally", "東" * 341, {"n": 1})], [ContentKey("r1", b"w")])


def test_under_a_key_that_no_record_can_have_there_is_none(store: Store) -> None:
    store.commit([a_request(1)])
    nowhere = [Request.at("r" * 3000), ContentKey.at("é" * 1500)]
    for keys in ([nowhere[0]], [*nowhere, a_request(1).key]):
        assert [*store.fetch(*keys).found] == [key for key in keys if key not in nowhere]


def test_a_row_of_numbers_keeps_what_it_is_called(store: Store) -> None:
    names = {"l:1": "東" * 200, "l:2": "a method"}
    for mark in ("r1", "r2"):
        store.increment([Counters("tally", "2026-03-02#cut", {"n": 2}, names)], [ContentKey(mark, b"w")])
    (found,) = store.counters(("tally", "2026-03-02#cut"))
    assert (found.amounts, found.names) == ({"n": 4}, names)
    page = store.counters_between("tally", after="2026-03-02", before="2026-03-02$")
    assert [row.names for row in page.items] == [names]


def test_a_row_that_is_larger_than_dynamodb_keeps_is_named_and_nothing_is_written() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        store = DynamoDbStore(client, REQUESTS_TABLE, AUDIT_TABLE, sleep=lambda _: None)
        large = Content("r1", ContentKind.SHOWN, b"secret" * 70_000, None, 1)
        with pytest.raises(TooLarge, match="request/r1 content/shown would take 420") as refused:
            store.commit([ContentKey("r1", b"w"), large])
        assert refused.value.code == "row_too_large"
        assert "secret" not in str(refused.value)
        entries, _ = append(a_request().head, [NewEntry(Action.REQUEST_OPENED, SERVICE, {"x": "y" * 420_000})], at=NOW)
        with pytest.raises(TooLarge, match=r"request\.opened"):
            store.commit([a_request()], entries)
        assert store.fetch(ContentKey.at("r1"), a_request().key).found == {}
