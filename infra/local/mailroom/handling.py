"""What a developer may decide about one mail on its way to the service: verdicts, delay, duplicates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, cast, get_args

Verdict = Literal["PASS", "FAIL", "GRAY", "PROCESSING_FAILED"]
DmarcPolicy = Literal["none", "quarantine", "reject"]
CheckName = Literal["spam", "virus", "spf", "dkim", "dmarc"]

VERDICTS: Final = cast("tuple[Verdict, ...]", get_args(Verdict))
DMARC_POLICIES: Final = cast("tuple[DmarcPolicy, ...]", get_args(DmarcPolicy))
CHECKS: Final = cast("tuple[CheckName, ...]", get_args(CheckName))

CONTROL_PREFIX: Final = "x-mailroom-"
"""Headers with this prefix control the mailroom and are removed before anybody else sees the mail."""

MAX_DELAY_SECONDS: Final = 3600.0
MAX_DUPLICATES: Final = 20


class UnknownHandling(ValueError):
    """A verdict, delay or number of duplicates that the mailroom cannot act on."""


@dataclass(frozen=True)
class Verdicts:
    """The five verdicts of SES inbound, as SES writes them."""

    spam: Verdict = "PASS"
    virus: Verdict = "PASS"
    spf: Verdict = "PASS"
    dkim: Verdict = "PASS"
    dmarc: Verdict = "PASS"
    dmarc_policy: DmarcPolicy = "reject"
    """The policy of the sender's domain; SES reports it only when DMARC failed."""

    def of(self, check: CheckName) -> Verdict:
        return cast("Verdict", getattr(self, check))

    @property
    def all_pass(self) -> bool:
        return all(self.of(check) == "PASS" for check in CHECKS)


@dataclass(frozen=True)
class Handling:
    """How one mail to the service is treated.

    `delay_seconds` holds it back; `duplicates` delivers it that many times more: as new deliveries with an SES
    message id of their own or, with `same_event`, as the very same event again (a repeated asynchronous invoke).
    """

    verdicts: Verdicts = Verdicts()
    delay_seconds: float = 0.0
    duplicates: int = 0
    same_event: bool = False

    def headers(self) -> list[tuple[str, str]]:
        """The control headers that carry this handling over SMTP."""
        named = [(f"X-Mailroom-Verdict-{check.title()}", str(self.verdicts.of(check))) for check in CHECKS]
        return [
            *named,
            ("X-Mailroom-Dmarc-Policy", self.verdicts.dmarc_policy),
            ("X-Mailroom-Delay", f"{self.delay_seconds:g}"),
            ("X-Mailroom-Duplicates", str(self.duplicates)),
            ("X-Mailroom-Same-Event", "yes" if self.same_event else "no"),
        ]


def handling_from_headers(fields: Iterable[tuple[str, str]], default: Handling) -> Handling:
    """Read control headers over a default; an unknown name or value raises `UnknownHandling` naming it."""
    handling = default
    for name, value in fields:
        if name.lower().startswith(CONTROL_PREFIX):
            handling = with_setting(handling, name.lower().removeprefix(CONTROL_PREFIX), value)
    return handling


def handling_from_settings(settings: Mapping[str, str], default: Handling) -> Handling:
    """Read settings named like the control headers without their prefix, as forms and stored settings hold them."""
    handling = default
    for name, value in settings.items():
        handling = with_setting(handling, name, value)
    return handling


def with_setting(handling: Handling, name: str, value: str) -> Handling:
    """One setting (`verdict-dmarc`, `dmarc-policy`, `delay`, `duplicates`, `same-event`) put into a handling."""
    text = value.strip()
    if name == "dmarc-policy" and text.lower() in DMARC_POLICIES:
        policy = cast("DmarcPolicy", text.lower())
        return replace(handling, verdicts=replace(handling.verdicts, dmarc_policy=policy))
    if name == "delay":
        return replace(handling, delay_seconds=_number(name, text, MAX_DELAY_SECONDS))
    if name == "duplicates":
        return replace(handling, duplicates=int(_number(name, text, MAX_DUPLICATES)))
    if name == "same-event" and text.lower() in ("yes", "no"):
        return replace(handling, same_event=text.lower() == "yes")
    check = name.removeprefix("verdict-")
    if name.startswith("verdict-") and check in CHECKS and text.upper() in VERDICTS:
        return replace(handling, verdicts=_with_verdict(handling.verdicts, check, cast("Verdict", text.upper())))
    raise UnknownHandling(f"the mailroom does not know {name!r} with the value {value!r}")


def _with_verdict(verdicts: Verdicts, check: str, verdict: Verdict) -> Verdicts:
    chosen: dict[str, Verdict] = {each: verdicts.of(each) for each in CHECKS}
    chosen[check] = verdict
    return Verdicts(
        spam=chosen["spam"],
        virus=chosen["virus"],
        spf=chosen["spf"],
        dkim=chosen["dkim"],
        dmarc=chosen["dmarc"],
        dmarc_policy=verdicts.dmarc_policy,
    )


def _number(name: str, text: str, limit: float) -> float:
    try:
        number = float(text or "0")
    except ValueError:
        raise UnknownHandling(f"{name} wants a number, not {text!r}") from None
    if not 0 <= number <= limit:
        raise UnknownHandling(f"{name} wants a number from 0 to {limit:g}, not {text!r}")
    return number
