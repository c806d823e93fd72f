"""Seals, receipts, exports and figures on the embedded stack: real functions with their own rights, real tables."""

import json
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.local.aws import client
from infra.local.house import House
from nodback.verify import Known, Verdict, verify
from nodback_core.domain.audit.seals import fingerprint


def until(look: Callable[[], Any], seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.3)
    return found


def api(house: House, method: str, path: str, body: object = None, *, key: str | None = None, status: int = 200) -> Any:
    answered = house.api(method, path, body, key=key or house.stack.addresses.install_key)
    assert answered.status_code == status, answered.text
    return answered.json() if answered.content else None


def invoke(house: House, function: str, event: object) -> Any:
    """Call a function as its schedule, or a person, would."""
    answer = client("lambda", house.stack.addresses.endpoint_url).invoke(
        FunctionName=f"nodback-local-{function}", Payload=json.dumps(event).encode()
    )
    payload = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, payload
    return payload


@pytest.fixture(scope="module")
def decided(house: House) -> tuple[int, list[str]]:
    """A deployment of its own with answered requests, sealed: its id and theirs."""
    settings = {"email_notifications": False, "sla_minutes": 60}
    body = {"name": "Audited", "creator_email": "auditor@example.com", "settings": settings}
    made = api(house, "POST", "/v1/deployments", body, status=201)
    deployment_id = made["deployment"]["id"]
    path = f"/v1/deployments/{deployment_id}/keys"
    respond = api(house, "POST", path, {"name": "answers", "scope": "respond"}, status=201)["key"]
    requests = []
    for number in range(3):
        request_id = str(uuid4())
        pause = {
            "request_id": request_id,
            "flow_id": f"flow-{number}",
            "flow_name": "AuditedFlow",
            "flow_class": "m.AuditedFlow",
            "method_name": "review",
            "message": "Please look:",
            "output": "Ünïcode " * 50,
            "emit": ["approved", "rejected"],
            "default_outcome": None,
            "metadata": {},
            "state": {},
            "history": [],
            "snapshot": {},
        }
        api(house, "POST", "/v1/requests", pause, key=made["flow_key"], status=201)
        api(house, "POST", f"/v1/requests/{request_id}/response", {"feedback": "approved"}, key=respond)
        requests.append(request_id)
    assert until(lambda: invoke(house, "seal", {})["seal"] or sealed(house, requests[-1]))
    return deployment_id, requests


def sealed(house: House, request_id: str) -> bool:
    """Whether the schedule was faster."""
    return api(house, "GET", f"/v1/requests/{request_id}/receipt")["seal"] is not None


def receipt(house: House, request_id: str, folder: Path) -> Path:
    file = folder / "receipt.json"
    file.write_text(json.dumps(api(house, "GET", f"/v1/requests/{request_id}/receipt")))
    return file


def export(house: House, deployment_id: int, folder: Path) -> Path:
    path = f"/v1/deployments/{deployment_id}/exports"
    begin = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    begun = api(house, "POST", path, {"from": begin}, status=202)
    one = f"{path}/{begun['export_id']}"
    done = until(lambda: (d := api(house, "GET", one))["status"] == "finished" and d)
    for file in done["files"]:
        with urllib.request.urlopen(file["url"], timeout=30) as answer:
            (folder / file["name"]).write_bytes(answer.read())
    return folder


@pytest.fixture(scope="module")
def told(house: House) -> Known:
    """The key's fingerprint, as an auditor gets it from KMS."""
    kms = client("kms", house.stack.addresses.endpoint_url)
    return Known(fingerprint(kms.get_public_key(KeyId=house.stack.addresses.outputs["SealKeyId"])["PublicKey"]))


def test_a_receipt_is_signed_by_kms_and_checked_without_the_service(
    house: House, decided: tuple[int, list[str]], told: Known, tmp_path: Path
) -> None:
    report = verify(receipt(house, decided[1][0], tmp_path), known=told)
    assert (report.verdict, report.reason) == (Verdict.INTACT, "")
    assert report.key == told.key


def test_an_export_is_complete_and_a_tampering_in_the_table_is_found(
    house: House, decided: tuple[int, list[str]], told: Known, tmp_path: Path
) -> None:
    deployment_id, requests = decided
    honest = verify(export(house, deployment_id, tmp_path), known=told)
    assert (honest.verdict, honest.reason) == (Verdict.INTACT, "")
    assert honest.subjects == len(requests) + 1

    table = client("dynamodb", house.stack.addresses.endpoint_url)
    where = {"subject": {"S": f"request/{requests[1]}"}, "seq": {"N": "3"}}
    name = house.stack.addresses.outputs["AuditTableName"]
    before = table.get_item(TableName=name, Key=where)["Item"]
    forged = {**before, "data": {"M": {**before["data"]["M"], "outcome": {"S": "rejected"}}}}
    table.put_item(TableName=name, Item=forged)
    try:
        (tmp_path / "forged").mkdir()
        report = verify(export(house, deployment_id, tmp_path / "forged"))
        assert report.verdict is Verdict.TAMPERED
        assert report.where == f"request/{requests[1]} entry 3"
        assert verify(receipt(house, requests[1], tmp_path)).where == report.where
        table.delete_item(TableName=name, Key=where)
        (tmp_path / "gone").mkdir()
        assert verify(export(house, deployment_id, tmp_path / "gone")).where == report.where
    finally:
        table.put_item(TableName=name, Item=before)
    (tmp_path / "again").mkdir()
    assert verify(export(house, deployment_id, tmp_path / "again"), known=told).verdict is Verdict.INTACT


def test_figures_come_by_the_bus_and_are_the_same_when_rebuilt(house: House, decided: tuple[int, list[str]]) -> None:
    deployment_id, requests = decided
    path = f"/v1/deployments/{deployment_id}/metrics?group_by=method"

    def counted() -> Any:
        found = api(house, "GET", path)
        return found if found["total"]["responded"] == len(requests) else None

    live = until(counted)
    assert live["total"]["opened"] == len(requests)
    assert live["total"]["outcomes"] == {"approved": len(requests)}
    assert live["total"]["sla"]["share"] == 1.0
    assert [g["name"] for g in live["groups"]] == ["review"]
    rebuilt = invoke(house, "rebuild-metrics", {"deployment_id": deployment_id})
    assert rebuilt == {"done": True, "counted": 2 * len(requests)}
    assert api(house, "GET", path) == live


def test_erased_texts_are_gone_and_the_receipt_still_holds(
    house: House, decided: tuple[int, list[str]], told: Known, tmp_path: Path
) -> None:
    request_id = decided[1][2]
    api(house, "DELETE", f"/v1/requests/{request_id}/content?force=true")
    assert api(house, "GET", f"/v1/requests/{request_id}")["content_erased"] is True
    until(lambda: invoke(house, "seal", {})["seal"] or True)
    report = verify(receipt(house, request_id, tmp_path), known=told)
    assert (report.verdict, report.reason) == (Verdict.INTACT, "")
