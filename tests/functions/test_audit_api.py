"""Receipts, erasure and exports over HTTP."""

import json
from pathlib import Path

from support.exports import TOLD, fetch_export, finish_export
from support.http import call, key_for
from support.world import FLOW_CLASS, REVIEWER, World

from nodback.verify import Verdict, verify
from nodback_core.domain.audit.exports import Export
from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.usecases.figures.metrics import count_events


def answered(world: World) -> tuple[str, str]:
    """A request that was answered by mail and taken; and a key that may manage."""
    deployment = world.deployment()
    request = world.pause(deployment).request
    world.deliver()
    world.reply("What about the price?", to=world.reply_address(), sender="other@example.com")
    world.reply("approved\n\nSecret words.", to=world.reply_address())
    world.deliver()
    return request.request_id, key_for(world, deployment, "manage")


def test_a_receipt_is_fetched_and_checked(tmp_path: Path) -> None:
    world = World()
    request_id, key = answered(world)
    world.seal()
    answer = call(world, "GET", f"/v1/requests/{request_id}/receipt", key)
    assert answer.status == 200
    (tmp_path / "receipt.json").write_text(json.dumps(answer.json))
    report = verify(tmp_path / "receipt.json", known=TOLD)
    assert (report.verdict, report.reason) == (Verdict.INTACT, "")
    other = key_for(world, world.deployment(), "manage")
    assert call(world, "GET", f"/v1/requests/{request_id}/receipt", other).status == 404


def test_erased_texts_are_gone_everywhere_and_every_proof_still_holds(tmp_path: Path) -> None:
    world = World()
    request_id, key = answered(world)
    assert any(name.startswith("inbound/") for name in world.objects.objects)
    refused = call(world, "DELETE", f"/v1/requests/{request_id}/content", key)
    assert (refused.status, refused["code"]) == (409, "resume_not_finished")
    gone = call(world, "DELETE", f"/v1/requests/{request_id}/content?force=true", key)
    assert (gone.status, gone["content_erased"]) == (200, True)
    assert call(world, "DELETE", f"/v1/requests/{request_id}/content", key).status == 200, "again changes nothing"
    row = world.store.fetch(ContentKey.at(request_id))[ContentKey.at(request_id)]
    assert row is not None
    assert row.wrapped == b""
    assert not any(name.startswith(("inbound/", f"content/{request_id}")) for name in world.objects.objects)
    assert not any("content/" in sort for partition, sort in world.store.rows if partition == f"request/{request_id}")

    seen = call(world, "GET", f"/v1/requests/{request_id}", key)
    assert (seen["content_erased"], seen["message"], seen["feedback"]) == (True, None, None)
    timeline = call(world, "GET", f"/v1/requests/{request_id}/timeline", key)
    assert [e["action"] for e in timeline["entries"]].count("content.erased") == 1
    world.seal()
    (tmp_path / "receipt.json").write_text(
        json.dumps(call(world, "GET", f"/v1/requests/{request_id}/receipt", key).json)
    )
    report = verify(tmp_path / "receipt.json", known=TOLD)
    assert (report.verdict, report.reason) == (Verdict.INTACT, "")
    assert report.notes
    assert "Secret words" not in json.dumps([str(row) for row in world.store.rows.values()])
    world.deliver()
    flow = key_for(world, world.deployment(), "flow")
    assert call(world, "POST", "/v1/resumes/claim", flow, {"worker": "w", "flow_classes": [FLOW_CLASS]}).status == 204
    world.check_chains()


def test_a_pending_request_is_not_erased_and_only_managers_erase() -> None:
    world = World()
    deployment = world.deployment()
    request_id = world.pause(deployment).request.request_id
    path = f"/v1/requests/{request_id}/content"
    refused = call(world, "DELETE", path, key_for(world, deployment, "manage"))
    assert (refused.status, refused["code"]) == (409, "request_pending")
    assert call(world, "DELETE", path, key_for(world, deployment, "respond")).status == 403
    assert call(world, "DELETE", path, key_for(world, world.deployment(), "manage")).status == 404


def test_a_late_reply_to_an_erased_request_is_told_so_and_breaks_nothing() -> None:
    world = World()
    request_id, key = answered(world)
    address = world.reply_address(REVIEWER)
    assert call(world, "DELETE", f"/v1/requests/{request_id}/content?force=true", key).status == 200
    assert world.reply("rejected", to=address) == "request_closed"
    world.deliver()
    assert "Secret words" not in str(world.mails_to(REVIEWER)[-1])
    world.check_chains()


def test_an_export_is_begun_followed_and_fetched(tmp_path: Path) -> None:
    world = World()
    _, key = answered(world)
    path = "/v1/deployments/1/exports"
    begun = call(world, "POST", path, key, {"from": "2026-01-01T00:00:00Z"})
    assert (begun.status, begun["status"], begun["percent"]) == (202, "seals", 0)
    assert call(world, "POST", path, key, {"from": "2026-01-01T00:00:00"}).fields == ["from"]
    assert call(world, "POST", path, key, {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}).fields
    one = f"{path}/{begun['export_id']}"
    assert call(world, "GET", one, key)["files"] == []
    assert call(world, "POST", f"{one}/resume", key).status == 202
    (message, again) = world.export_queue.messages
    assert message.body == again.body
    address = Export.at(1, message.body["export_id"])
    export = world.store.fetch(address)[address]
    assert export is not None
    fetch_export(world, finish_export(world, export), tmp_path)
    done = call(world, "GET", one, key)
    assert (done["status"], done["percent"]) == ("finished", 100)
    assert [f["name"] for f in done["files"]] == [
        "manifest.json",
        "entries-00001.csv",
        "entries-00001.ndjson",
        "seals-00001.ndjson",
    ]
    assert verify(tmp_path, known=TOLD).verdict is Verdict.INTACT
    assert [e["export_id"] for e in call(world, "GET", path, key)["exports"]] == [begun["export_id"]]
    assert call(world, "GET", f"{path}/nothing", key).status == 404
    assert call(world, "POST", path, key_for(world, world.deployment(), "manage"), {"from": "2026-01-01Z"}).status in (
        404,
        422,
    )


def test_figures_are_read_by_range_and_group() -> None:
    world = World()
    request_id, key = answered(world)
    counted = [(request_id, "request.opened"), (request_id, "request.responded")]
    count_events(counted * 2, store=world.store, now=world.now)
    found = call(world, "GET", "/v1/deployments/1/metrics?group_by=reviewer", key)
    assert found.status == 200
    assert (found["total"]["opened"], found["total"]["outcomes"]) == (1, {"approved": 1})
    assert [g["name"] for g in found["groups"]] == [REVIEWER]
    assert found["from"] < found["to"]
    for group_by in ("method", "flow", "day", "hour", "source", "outcome"):
        assert call(world, "GET", f"/v1/deployments/1/metrics?group_by={group_by}", key).status == 200
    assert call(world, "GET", "/v1/deployments/1/metrics?group_by=mood", key).status == 422
    assert call(world, "GET", "/v1/deployments/1/metrics?from=2026-03-02&to=2026-03-01", key).fields == ["from"]
    assert call(world, "GET", "/v1/deployments/2/metrics", key).status == 404
