"""What the use cases need from outside, where two real implementations exist: AWS and memory."""

from nodback_core.domain.shared.records import Rows
from nodback_core.ports.bus import Bus, Event
from nodback_core.ports.counters import Counters, CountersPage
from nodback_core.ports.mailer import Mailer, MailNotTaken, MailRefused
from nodback_core.ports.objects import Objects
from nodback_core.ports.queue import Message, Queue
from nodback_core.ports.signer import Signer
from nodback_core.ports.storage import Storage
from nodback_core.ports.store import Changed, Entries, Page, RowUnreadable, Store, Unreadable
from nodback_core.ports.vault import ContentErased, DataKey, MasterKey, Vault

__all__ = [
    "Bus",
    "Changed",
    "ContentErased",
    "Counters",
    "CountersPage",
    "DataKey",
    "Entries",
    "Event",
    "MailNotTaken",
    "MailRefused",
    "Mailer",
    "MasterKey",
    "Message",
    "Objects",
    "Page",
    "Queue",
    "RowUnreadable",
    "Rows",
    "Signer",
    "Storage",
    "Store",
    "Unreadable",
    "Vault",
]
