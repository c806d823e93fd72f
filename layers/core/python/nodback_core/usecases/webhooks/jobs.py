"""What one delivery sends: sealed under a key of its own, and opened by the function that sends it."""

import hashlib
import json
from dataclasses import dataclass, field

from nodback_core.domain.webhooks.deliveries import INLINE_JOB_BYTES, Delivery, DeliveryJob
from nodback_core.domain.webhooks.signature import SigningSecret, WebhookSecrets
from nodback_core.ports import ContentErased, DataKey, Storage, Vault

JOB = "job"
ANSWER = "answer"
MAX_JOB_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Job:
    """The exact bytes to send, the URL that they go to, and the secrets that sign them."""

    url: str
    secrets: WebhookSecrets
    body: bytes = field(repr=False)


def seal_job(job: Job, delivery: Delivery, *, storage: Storage) -> DeliveryJob:
    """The sealed job. A large one is written to the bucket at once; if its row never follows, it expires there."""
    key = storage.vault.create(delivery.owner)
    secrets = [s.reveal() for s in (job.secrets.current, job.secrets.upcoming) if s is not None]
    document = {"url": job.url, "secrets": secrets, "body": job.body.decode("ascii")}
    sealed = storage.vault.seal(key, JOB, json.dumps(document, separators=(",", ":")).encode())
    made = DeliveryJob(
        delivery.webhook_id, delivery.delivery_id, delivery.created_at, key.wrapped, sealed, object_key=None
    )
    if len(sealed) <= INLINE_JOB_BYTES:
        return made
    name = f"deliveries/{delivery.webhook_id}/{delivery.delivery_id}-{hashlib.sha256(sealed).hexdigest()[:32]}"
    storage.objects.put(name, sealed)
    return DeliveryJob(
        delivery.webhook_id, delivery.delivery_id, delivery.created_at, key.wrapped, sealed=None, object_key=name
    )


def open_job(row: DeliveryJob | None, *, storage: Storage) -> tuple[Job, DataKey]:
    """The job and the key that it was sealed with; raises ContentErased when either is gone."""
    key = job_key(row, vault=storage.vault)
    assert row is not None
    sealed = row.sealed
    if sealed is None:
        sealed = storage.objects.get(row.object_key or "", limit=MAX_JOB_BYTES)
        if sealed is None:
            raise ContentErased
    document = json.loads(storage.vault.unseal(key, JOB, sealed))
    secrets = WebhookSecrets(*(SigningSecret(text) for text in document["secrets"]))
    return Job(document["url"], secrets, document["body"].encode("ascii")), key


def job_key(row: DeliveryJob | None, *, vault: Vault) -> DataKey:
    """The key of one delivery; raises ContentErased when its job was removed."""
    if row is None:
        raise ContentErased
    return vault.open(row.owner, row.wrapped)


def seal_answer(text: str, *, key: DataKey, vault: Vault) -> bytes | None:
    """The start of a receiver's answer, sealed like the job, since it may repeat what was sent; None when empty."""
    return vault.seal(key, ANSWER, text.encode()) if text else None


def read_answer_text(delivery: Delivery, *, key: DataKey, vault: Vault) -> str:
    """The start of the receiver's answer in plain text; empty when there was none."""
    return "" if delivery.answer is None else vault.unseal(key, ANSWER, delivery.answer).decode()
