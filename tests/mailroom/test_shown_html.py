"""The HTML of a mail is shown without letting it do anything."""

from __future__ import annotations

import pytest

from infra.local.mailroom.web.shown import mailto_fields, shown_html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<body onload=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href=" java\nscript:alert(1)">x</a>',
        '<svg><a xlink:href="javascript:alert(1)">x</a></svg>',
        '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
        '<object data="javascript:alert(1)"></object>',
        '<meta http-equiv="refresh" content="0;url=javascript:alert(1)">',
        '<form action="javascript:alert(1)"><button formaction="javascript:alert(1)">x</button></form>',
        "<template><script>alert(1)</script></template>",
    ],
)
def test_nothing_that_could_run_is_left(hostile: str) -> None:
    shown = shown_html(f"<p>before</p>{hostile}<p>after</p>", reply_path="/mail/1/reply")

    for part in ("<script", "onerror", "onload", "srcdoc", "<object", "http-equiv", "action="):
        assert part not in shown
    assert 'href="java' not in shown
    assert "after" in shown


def test_a_base_address_and_links_into_the_mailroom_lead_nowhere() -> None:
    shown = shown_html('<base href="http://evil/"><a href="/handling">a</a><a href="//evil/x" target=_top>b</a>')

    assert "<base" not in shown
    assert "href=" not in shown
    assert "_top" not in shown


def test_a_web_link_opens_a_new_page_that_knows_nothing_of_this_one() -> None:
    shown = shown_html('<a href="https://example.com/a" target="_top">a</a>')

    assert '<a href="https://example.com/a" target="_blank" rel="noopener noreferrer">' in shown


def test_a_mailto_button_opens_the_reply_form_filled_in() -> None:
    shown = shown_html(
        '<a href="mailto:r-x@reply.test?subject=Re%3A%20A%20%26%20B&amp;body=approved">ok</a>',
        reply_path="/mail/7/reply",
    )

    assert "/mail/7/reply?to=r-x%40reply.test&amp;as_new=yes&amp;subject=Re%3A+A+%26+B&amp;body=approved" in shown
    assert 'target="_top"' in shown


def test_a_plus_sign_in_a_mailto_address_stays_one() -> None:
    assert mailto_fields("mailto:a+b@x.org?body=1+1")["body"] == "1+1"


def test_pictures_of_the_mail_are_shown_and_those_of_the_web_are_not_fetched() -> None:
    shown = shown_html(
        '<img src="cid:logo"><img src="http://tracker/1.gif">', pictures=[("logo", "data:image/png;base64,AA==")]
    )

    assert 'src="data:image/png;base64,AA=="' in shown
    assert "tracker" not in shown


def test_a_mail_can_be_shown_as_in_the_dark_whatever_this_machine_is_set_to() -> None:
    html = (
        '<html><head><meta name="color-scheme" content="light dark">'
        "<style>@media (prefers-color-scheme: dark) { p > b { color: white } }</style></head><p><b>x</b></p></html>"
    )

    dark, light = shown_html(html, shade="dark"), shown_html(html, shade="light")

    assert "@media (min-width: 0) { p > b" in dark
    assert "color-scheme: dark" in dark
    assert "@media (max-width: 0) { p > b" in light
    assert "color-scheme: light" in light
