"""Settings of a deployment, one form."""

from collections.abc import Mapping

from nodback_core.dashboard.visits import SEEN_HEADER, Visit, digest_of
from nodback_core.dashboard.web import HttpRequest, HttpResponse
from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.deployments.settings import Settings
from nodback_core.domain.shared.errors import FieldError, InvalidInput, Refused, VersionDiffers
from nodback_core.statuses import status_of
from nodback_core.usecases.deployments.register import change_deployment, read_deployment
from nodback_core.usecases.deployments.settings import SavedSettings, change_settings, read_settings
from nodback_core.usecases.letters.mail_tests import open_mail_test, read_mail_test
from nodback_core.usecases.replies.words import WORDS

FLAGS = ("email_notifications", "auto_enabled", "approval_default_acknowledged")
TEXTS = (
    *("sla_minutes", "auto_timeout", "auto_outcome", "reminders", "escalate_after", "escalate_to", "free_text"),
    *("reply_feedback", "aliases", "reply_token_hours", "sender_check", "other_senders"),
    *("sender_name", "subject_prefix", "footer"),
)


def page(visit: Visit) -> HttpResponse:
    return _page(visit, done="Saved." if visit.http_request.get("saved") else "")


def save(visit: Visit) -> HttpResponse:
    version = visit.http_request.field("version")
    try:
        change_settings(
            visit.deployment_id,
            _patch(visit.http_request),
            expected_version=int(version) if version.isascii() and version.isdigit() else None,
            caller=visit.who.within(visit.deployment_id),
            store=visit.store,
            now=visit.now,
        )
    except InvalidInput as error:
        return _page(visit, status=status_of(error), errors=error.errors, typed=_typed(visit.http_request))
    except VersionDiffers as error:
        problem = FieldError("", "somebody else saved these settings meanwhile; what follows is as they left it")
        return _page(visit, status=status_of(error), errors=(problem,))
    return visit.redirect(f"/deployments/{visit.deployment_id}/settings", saved="yes")


def rename(visit: Visit) -> HttpResponse:
    try:
        change_deployment(
            visit.deployment_id,
            name=visit.http_request.field("name") or None,
            creator_email=visit.http_request.field("creator_email") or None,
            caller=visit.who.within(visit.deployment_id),
            store=visit.store,
            now=visit.now,
        )
    except InvalidInput as error:
        return _page(visit, status=status_of(error), errors=error.errors)
    return visit.redirect(f"/deployments/{visit.deployment_id}/settings", saved="yes")


def test_mail(visit: Visit) -> HttpResponse:
    """A harmless review by mail, that shows whether it arrives and whether replies come back."""
    try:
        opened = open_mail_test(
            visit.deployment_id,
            request_id=visit.service.new_id(),
            to_email=visit.http_request.field("to_email") or visit.who.address,
            caller=visit.who.within(visit.deployment_id),
            now=visit.now,
            storage=visit.storage,
        )
    except InvalidInput as error:
        return _page(visit, status=status_of(error), errors=error.errors)
    except Refused as error:
        return _page(visit, status=status_of(error), errors=(FieldError("", error.detail),))
    return visit.redirect(f"/deployments/{visit.deployment_id}/test-mail/{opened.request.request_id}")


def test_mail_page(visit: Visit) -> HttpResponse:
    """How far the test came."""
    caller = visit.who.within(visit.deployment_id)
    test = read_mail_test(visit.deployment_id, visit.parts["request_id"], caller=caller, storage=visit.storage)
    digest = digest_of([test.stage.value, len(test.replies)])
    if visit.http_request.headers.get(SEEN_HEADER) == digest:
        return HttpResponse(204)
    deployment = read_deployment(visit.deployment_id, caller=caller, store=visit.store)
    return visit.page("letters/test_mail.html", deployment=deployment, test=test, digest=digest, reply_words=WORDS)


def _page(
    visit: Visit,
    *,
    status: int = 200,
    errors: tuple[FieldError, ...] = (),
    typed: Mapping[str, str] | None = None,
    done: str = "",
) -> HttpResponse:
    caller = visit.who.within(visit.deployment_id)
    deployment: Deployment = read_deployment(visit.deployment_id, caller=caller, store=visit.store)
    saved: SavedSettings = read_settings(visit.deployment_id, caller=caller, store=visit.store)
    return visit.page(
        "deployments/settings.html",
        status=status,
        deployment=deployment,
        values=_values(saved.settings) if typed is None else typed,
        version=saved.version,
        warnings=saved.warnings,
        errors=errors,
        done=done,
    )


def _values(settings: Settings) -> dict[str, str]:
    """The settings as the fields of the form hold them."""
    auto, escalation = settings.auto_response, settings.escalation
    return {
        "email_notifications": "yes" if settings.email_notifications else "",
        "sla_minutes": _number(settings.sla_minutes),
        "auto_enabled": "yes" if auto.enabled else "",
        "auto_timeout": _number(auto.timeout_minutes),
        "auto_outcome": auto.default_outcome or "",
        "approval_default_acknowledged": "yes" if settings.approval_default_acknowledged else "",
        "reminders": ", ".join(_number(m) for m in settings.reminder_minutes),
        "escalate_after": _number(escalation.after_minutes if escalation else None),
        "escalate_to": escalation.to_email if escalation else "",
        "free_text": settings.free_text,
        "reply_feedback": settings.reply_feedback,
        "aliases": "\n".join(f"{alias.option}: {', '.join(alias.words)}" for alias in settings.aliases),
        "reply_token_hours": str(settings.reply_token_hours),
        "sender_check": settings.sender_check,
        "other_senders": "\n".join(f"{one.address}: {', '.join(one.senders)}" for one in settings.other_senders),
        "sender_name": settings.sender_name or "",
        "subject_prefix": settings.subject_prefix,
        "footer": settings.footer,
    }


def _typed(http_request: HttpRequest) -> dict[str, str]:
    return {name: http_request.field(name) for name in (*FLAGS, *TEXTS)}


def _patch(http_request: HttpRequest) -> dict[str, object]:
    """The form as a change of the settings document; what cannot be read is passed on, and refused with its name."""
    after, to = http_request.field("escalate_after"), http_request.field("escalate_to")
    return {
        "email_notifications": bool(http_request.field("email_notifications")),
        "sla_minutes": _minutes(http_request.field("sla_minutes")),
        "auto_response": {
            "enabled": bool(http_request.field("auto_enabled")),
            "timeout_minutes": _minutes(http_request.field("auto_timeout")),
            "default_outcome": http_request.field("auto_outcome") or None,
        },
        "approval_default_acknowledged": bool(http_request.field("approval_default_acknowledged")),
        "reminder_minutes": [
            _minutes(part) for part in http_request.field("reminders").replace(";", ",").split(",") if part.strip()
        ],
        "escalation": {"after_minutes": _minutes(after), "to_email": to} if after or to else None,
        "free_text": http_request.field("free_text", "pass"),
        "reply_feedback": http_request.field("reply_feedback", "first_line"),
        "aliases": [_alias(line) for line in http_request.field("aliases").splitlines() if line.strip()],
        "reply_token_hours": _minutes(http_request.field("reply_token_hours", "168")),
        "sender_check": http_request.field("sender_check", "dmarc"),
        "other_senders": [_senders(line) for line in http_request.field("other_senders").splitlines() if line.strip()],
        "sender_name": http_request.field("sender_name") or None,
        "subject_prefix": http_request.field("subject_prefix"),
        "footer": http_request.field("footer").replace("\r\n", "\n"),
        # The form has no such fields. What an older page sends is read, so that a push is refused with a sentence.
        "resume": {
            "mode": http_request.field("resume_mode", "worker"),
            "resume_url": http_request.field("resume_url") or None,
        },
    }


def _alias(line: str) -> dict[str, object]:
    """A line such as "approved: LGTM, ship it"."""
    option, _, words = line.rpartition(":")
    return {"option": option.strip(), "words": [word.strip() for word in words.split(",") if word.strip()]}


def _senders(line: str) -> dict[str, object]:
    """One line of the field: an assignee, a colon, and who else may answer for them."""
    address, _, senders = line.partition(":")
    return {"address": address.strip(), "senders": [one for one in senders.replace(",", " ").split() if one]}


def _minutes(text: str) -> object:
    """A number where there is one; otherwise the text, which the settings refuse."""
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
