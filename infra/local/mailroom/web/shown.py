"""Makes the HTML of a mail fit to be shown: nothing in it runs, loads or navigates, and `mailto:` opens our form.

The frame's sandbox and the Content-Security-Policy below already forbid scripts, requests and forms; removing them from
the markup as well means that neither has to be perfect.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

SANDBOX: Final = "allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"

SHOWN_POLICY: Final = (
    f"sandbox {SANDBOX}; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)

_REMOVED: Final = "script, iframe, frame, frameset, object, embed, applet, portal, base, link, form > input, template"
_KEPT_META: Final = ("color-scheme", "supported-color-schemes", "viewport")
_ADDRESS_ATTRIBUTES: Final = frozenset({"href", "src", "action", "formaction", "background", "poster", "xlink:href"})


def shown_html(html: str, *, reply_path: str = "", pictures: Sequence[tuple[str, str]] = (), shade: str = "") -> str:
    """The mail's HTML for the frame.

    Arguments:
        reply_path: the reply form that its `mailto:` links open; without one they lead nowhere.
        pictures: Content-ID and `data:` address of the pictures that it may show.
        shade: `light` or `dark` shows it as on a machine set to that; anything else, as this machine is set.
    """
    tree = LexborHTMLParser(html)
    for node in tree.css(_REMOVED):
        node.decompose()
    for node in tree.css("meta"):
        if (node.attributes.get("name") or "").lower() not in _KEPT_META:
            node.decompose()
    inline = {f"cid:{cid}": address for cid, address in pictures}
    for node in tree.css("*"):
        _disarm(node, inline)
    for node in tree.css("a, area"):
        _lead(node, reply_path)
    if shade in ("light", "dark"):
        _set_shade(tree, shade)
    return tree.html or ""


def _set_shade(tree: LexborHTMLParser, shade: str) -> None:
    # A frame's colour scheme cannot be set from outside, so the mail's own questions are answered in its style sheets.
    for sheet in tree.css("style"):
        text = sheet.text()
        for asked in ("light", "dark"):
            answer = "min-width: 0" if asked == shade else "max-width: 0"
            text = re.sub(rf"prefers-color-scheme\s*:\s*{asked}", answer, text)
        sheet.inner_html = text
    declared = " ".join(node.attributes.get("content") or "" for node in tree.css("meta[name='color-scheme']"))
    if tree.head and (shade == "light" or "dark" in declared):
        chosen = tree.create_node("style")
        chosen.inner_html = f":root {{ color-scheme: {shade}; }}"
        tree.head.insert_child(chosen)


def _disarm(node: LexborNode, inline: dict[str, str]) -> None:
    for name, value in list(node.attributes.items()):
        low = name.lower()
        if low.startswith("on") or low in ("srcdoc", "target", "ping", "srcset"):
            del node.attrs[name]
        elif low in _ADDRESS_ATTRIBUTES and low != "href":
            address = inline.get(unquote(value or ""), value or "")
            if address.lower().startswith("data:image/"):
                node.attrs[name] = address
            else:
                del node.attrs[name]


def _lead(node: LexborNode, reply_path: str) -> None:
    address = re.sub(r"[\x00-\x20]", "", node.attributes.get("href") or "")
    scheme = address.partition(":")[0].lower() if ":" in address else ""
    if scheme == "mailto" and reply_path:
        node.attrs["href"] = f"{reply_path}?{urlencode(mailto_fields(node.attributes.get('href') or ''))}"
        node.attrs["target"] = "_top"
    elif scheme in ("http", "https"):
        node.attrs["target"] = "_blank"
        node.attrs["rel"] = "noopener noreferrer"
    elif not address.startswith("#") and "href" in node.attributes:
        node.attrs["title"] = address
        del node.attrs["href"]


def mailto_fields(address: str) -> dict[str, str]:
    """What a `mailto:` address fills in (RFC 6068), as fields of the reply form."""
    parts = urlsplit(address.strip())
    # In mailto: a plus sign is a plus sign, not a space.
    given = {name.lower(): value for name, value in parse_qsl(parts.query.replace("+", "%2B"))}
    fields = {"to": unquote(parts.path) or given.get("to", ""), "as_new": "yes"}
    fields.update({name: given[name] for name in ("subject", "body") if name in given})
    return fields
