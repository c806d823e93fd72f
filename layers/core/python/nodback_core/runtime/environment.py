"""What a function reads from its environment, checked as a whole when it starts."""

from collections.abc import Mapping
from dataclasses import dataclass

from nodback_core.domain.shared.addresses import normalise
from nodback_core.version import PRODUCT


class MissingEnvironment(Exception):
    """One or more variables are missing or wrong; the text names every one of them."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Names of resources, and facts of the install; see infra/stacks for where they come from."""

    stage: str
    region: str
    organization_id: int
    requests_table: str
    audit_table: str
    bucket: str = ""
    kms_key_id: str = ""
    key_ring_secret: str = ""
    install_key_secret: str = ""
    bus_name: str = ""
    inbound_domain: str = ""
    mail_from: str = ""
    mail_from_name: str = PRODUCT
    configuration_set: str = ""
    public_url: str = ""
    webhook_queue: str = ""
    loopback_webhooks: str = ""
    """Any text lets webhooks go to loopback addresses: set on the embedded stack only."""
    seal_bucket: str = ""
    seal_key_id: str = ""
    export_queue: str = ""
    admins: str = ""
    """Addresses of those who manage everything, separated by spaces."""

    @property
    def admin_addresses(self) -> frozenset[str]:
        return frozenset(normalise(address) for address in self.admins.split())

    def need(self, *names: str) -> "Environment":
        """The same environment, once the named fields are there; raises MissingEnvironment otherwise."""
        missing = [_VARIABLES[name] for name in names if not getattr(self, name)]
        if missing:
            raise MissingEnvironment("set " + ", ".join(missing))
        return self


_VARIABLES: Mapping[str, str] = {
    "stage": "NODBACK_STAGE",
    "region": "AWS_REGION",
    "organization_id": "NODBACK_ORGANIZATION_ID",
    "requests_table": "NODBACK_REQUESTS_TABLE",
    "audit_table": "NODBACK_AUDIT_TABLE",
    "bucket": "NODBACK_BUCKET",
    "kms_key_id": "NODBACK_KMS_KEY_ID",
    "key_ring_secret": "NODBACK_KEY_RING_SECRET_ARN",
    "install_key_secret": "NODBACK_INSTALL_KEY_SECRET_ARN",
    "bus_name": "NODBACK_BUS_NAME",
    "inbound_domain": "NODBACK_INBOUND_DOMAIN",
    "mail_from": "NODBACK_MAIL_FROM",
    "mail_from_name": "NODBACK_MAIL_FROM_NAME",
    "configuration_set": "NODBACK_CONFIGURATION_SET",
    "public_url": "NODBACK_PUBLIC_URL",
    "webhook_queue": "NODBACK_WEBHOOK_QUEUE_URL",
    "loopback_webhooks": "NODBACK_LOOPBACK_WEBHOOKS",
    "seal_bucket": "NODBACK_SEAL_BUCKET",
    "seal_key_id": "NODBACK_SEAL_KEY_ID",
    "export_queue": "NODBACK_EXPORT_QUEUE_URL",
    "admins": "NODBACK_ADMINS",
}
_ALWAYS = ("stage", "region", "organization_id", "requests_table", "audit_table")


def read_environment(variables: Mapping[str, str]) -> Environment:
    """The environment from its variables; raises MissingEnvironment naming all that are missing or wrong."""
    wrong = [_VARIABLES[name] for name in _ALWAYS if not variables.get(_VARIABLES[name], "").strip()]
    number = variables.get("NODBACK_ORGANIZATION_ID", "")
    if number.strip() and not (number.isascii() and number.isdigit() and int(number) > 0):
        wrong.append("NODBACK_ORGANIZATION_ID as a whole number from 1")
    if wrong:
        raise MissingEnvironment("set " + ", ".join(wrong))
    texts = {
        name: variables[variable].strip()
        for name, variable in _VARIABLES.items()
        if name != "organization_id" and variables.get(variable, "").strip()
    }
    return Environment(organization_id=int(number), **texts)
