"""Templates as pages: everything is escaped, and what is missing is an error."""

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from nodback_core.dashboard.assets import assets
from nodback_core.dashboard.words import action_words, duration, minutes_words, moment_words, percent, source_words
from nodback_core.domain.shared.times import stamp
from nodback_core.mail.letters.wording import label, one_line
from nodback_core.usecases.reviews.inbox import MAX_CHOICES
from nodback_core.version import PRODUCT

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "pages"


def render(template: str, values: Mapping[str, object]) -> str:
    """The page of a template."""
    return _template(template).render(values)


def markdown(text: str) -> "Markup":
    """Safe HTML of a stranger's Markdown."""
    from markupsafe import Markup

    from nodback_core.mail.letters.markdown import to_html

    return Markup(to_html(text, "dashboard"))  # noqa: S704 - sanitised


@lru_cache(maxsize=64)
def _template(name: str) -> "Template":
    return environment().get_template(name)


@cache
def environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "label": label,
        "line": one_line,
        "stamp": stamp,
        "moment": moment_words,
        "duration": duration,
        "minutes": minutes_words,
        "percent": percent,
        "source": source_words,
        "action": action_words,
        "markdown": markdown,
    }
    made.globals |= {"product": PRODUCT, "asset": _asset_name, "max_choices": MAX_CHOICES}
    return made


def _asset_name(name: str) -> str | None:
    found = assets().get(name)
    return found.name if found else None
