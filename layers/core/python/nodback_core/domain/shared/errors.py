"""Every error that a use case may raise, as one tree.

    NodbackError                 code
    ├── Unauthenticated          unauthenticated
    ├── Forbidden                wrong_scope, not_yours
    ├── NotFound                 not_found
    ├── InvalidInput             invalid_request (with one FieldError per field)
    ├── TooLarge                 snapshot_too_large, row_too_large, ...
    ├── Gone                     callback_expired, webhook_removed, request_closed, sign_in_over
    ├── TooManyAttempts          too_many_attempts, too_many_sign_ins
    ├── VersionDiffers           version_differs
    ├── Busy                     try_again
    └── Refused                  request_id_reused, already_decided, request_closed, claim_lost, ...

`statuses.py` gives each class one HTTP status, for the API and the pages; the code is stable and stands in docs/api.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: its dotted path, and a sentence that says what to do."""

    field: str
    message: str


class NodbackError(Exception):
    """Base of all errors that are an answer, not an accident."""

    code = "error"

    def __init__(self, detail: str, *, code: str | None = None, facts: Mapping[str, str | int | None] | None = None):
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.facts = dict(facts or {})


class Unauthenticated(NodbackError):
    code = "unauthenticated"


class Forbidden(NodbackError):
    code = "wrong_scope"


class NotFound(NodbackError):
    code = "not_found"


class InvalidInput(NodbackError):
    """The input breaks a rule of its own; carries every broken field at once."""

    code = "invalid_request"

    def __init__(self, errors: tuple[FieldError, ...], *, detail: str | None = None, code: str | None = None):
        super().__init__(detail or "; ".join(f"{e.field}: {e.message}" for e in errors), code=code)
        self.errors = errors


class TooLarge(NodbackError):
    code = "snapshot_too_large"


class Gone(NodbackError):
    code = "request_closed"


class Refused(NodbackError):
    """The input is fine, but the state of the subject does not allow it."""

    code = "refused"


class VersionDiffers(NodbackError):
    """The caller changed something that somebody else had changed meanwhile; nothing was written."""

    code = "version_differs"


class TooManyAttempts(NodbackError):
    """The caller was refused again and again, and has to wait for `seconds`."""

    code = "too_many_attempts"

    def __init__(self, detail: str, *, seconds: int, code: str | None = None):
        super().__init__(detail, code=code, facts={"retry_after_seconds": seconds})
        self.seconds = seconds


class Busy(NodbackError):
    """The same row was changed by others again and again; nothing was written."""

    code = "try_again"
