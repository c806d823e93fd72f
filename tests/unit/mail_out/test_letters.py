"""Every mail that goes out: what it says, how big it is, and that it loads nothing."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from signoff_core.mail import letter_kinds
from signoff_core.mail.letter_kinds import Letter
from signoff_core.mail.render import HTML_MAX_BYTES, render
from signoff_core.mail.samples import letters

LETTERS = dict(letters())
every_letter = pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS.keys())


def test_there_is_a_sample_of_every_kind() -> None:
    kinds = {kind.__name__ for kind in letter_kinds.Letter.__args__}

    assert {type(letter).__name__ for letter in LETTERS.values()} == kinds


@every_letter
def test_it_says_the_same_in_text_and_html_and_fits(letter: Letter) -> None:
    rendered = render(letter)

    assert rendered.subject
    assert "\n" not in rendered.subject
    assert "{{" not in rendered.text + rendered.html
    assert len(rendered.html.encode()) <= HTML_MAX_BYTES
    assert "\n\n\n\n" not in rendered.text


@every_letter
def test_it_loads_nothing_and_runs_nothing(letter: Letter) -> None:
    page = LexborHTMLParser(render(letter).html)

    assert not page.css("img, script, link, iframe, object, embed, svg, form, input, video, audio, base")
    assert "url(" not in page.html
    assert "@import" not in page.html
    assert not page.css("[src], [srcset], [background], [onclick], [onload], [onerror]")
