"""What happens to texts and exports."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Action
from nodback_core.domain.shared.happenings import Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsErased(Happening):
    """The texts of a request were destroyed."""

    contents: Sequence[Json]

    action = Action.CONTENT_ERASED
    words = "Texts erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportStarted(Happening):
    export_id: str
    begin: str = field(metadata={"name": "from"})
    end: str = field(metadata={"name": "to"})

    action = Action.EXPORT_STARTED
    words = "Export started"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFinished(Happening):
    export_id: str
    entries: int
    subjects: int
    manifest_sha256: str

    action = Action.EXPORT_FINISHED
    words = "Export finished"
