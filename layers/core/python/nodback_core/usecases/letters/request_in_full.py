"""A request with what surrounds it: its deployment and its texts, as one read finds them."""

from dataclasses import dataclass

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.deployments.settings import Settings
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind
from nodback_core.domain.reviews.requests import Request
from nodback_core.ports import DataKey, Store, Vault
from nodback_core.usecases.deployments.register import settings_of
from nodback_core.usecases.shared.contents import open_key
from nodback_core.usecases.shared.reading import read_one


@dataclass(frozen=True, slots=True)
class RequestInFull:
    """A request with its deployment, and its texts, which are still sealed."""

    request: Request
    deployment: Deployment
    settings: Settings
    content_key: ContentKey | None
    shown: Content | None
    response: Content | None
    sent: Content | None

    @property
    def is_readable(self) -> bool:
        """Whether the texts were not erased."""
        return self.content_key is not None and self.content_key.erased_at is None

    def data_key(self, vault: Vault) -> DataKey:
        """The key of the texts; raises ContentErased when it was destroyed."""
        return open_key(self.content_key, vault=vault)


def fetch_in_full(request_id: str, *, store: Store, deployment_id: int | None = None) -> RequestInFull | None:
    """The request with what surrounds it, in two reads, or in one where the deployment is known; None without one."""
    row, key = Request.at(request_id), ContentKey.at(request_id)
    shown, response, sent = (
        Content.at(request_id, kind) for kind in (ContentKind.SHOWN, ContentKind.RESPONSE, ContentKind.SENT)
    )
    guessed = [] if deployment_id is None else [Deployment.at(deployment_id)]
    rows = store.fetch(row, key, shown, response, sent, *guessed)
    request = rows[row]
    if request is None:
        return None
    address = Deployment.at(request.deployment_id)
    deployment = rows[address] if address in guessed else read_one(address, store=store)
    if deployment is None:
        return None
    return RequestInFull(
        request=request,
        deployment=deployment,
        settings=settings_of(deployment),
        content_key=rows[key],
        shown=rows[shown],
        response=rows[response],
        sent=rows[sent],
    )
