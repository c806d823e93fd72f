"""What sending a letter needs: where rows, texts and keys are, who sends, and by which mail service."""

from dataclasses import dataclass

from nodback_core.domain.shared.key_ring import KeyRing
from nodback_core.ports import Mailer, Storage


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose mails these are: display name, address, the domain that replies go to, and the install's public URL."""

    name: str
    address: str
    reply_domain: str
    public_url: str = ""

    def review_url(self, request_id: str) -> str | None:
        """Where a request is answered in a browser, if the install has pages."""
        return f"{self.public_url}/review/{request_id}" if self.public_url else None


@dataclass(frozen=True, slots=True)
class Post:
    """Everything that sending a letter needs."""

    storage: Storage
    mailer: Mailer
    ring: KeyRing
    sender: Sender
