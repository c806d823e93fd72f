"""Turning the bytes of a text part into text, whatever charset it claims."""

import base64
import binascii
import codecs
import re
from urllib.parse import unquote_to_bytes

MAX_ENCODED_WORDS = 50

# What mail programs say, and the wider set that they mean (as in the WHATWG encoding standard).
_MEANT = {
    "ascii": "utf-8", "us-ascii": "utf-8", "ansi-x3.4-1968": "utf-8", "utf8": "utf-8", "unicode-1-1-utf-8": "utf-8",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "iso8859-1": "cp1252",
    "iso-8859-8-i": "iso8859-8", "iso-8859-8-e": "iso8859-8", "iso-8859-9": "cp1254", "iso-8859-11": "cp874",
    "windows-874": "cp874", "tis-620": "cp874", "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030",
    "shift-jis": "cp932", "shift_jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932",
    "ks-c-5601-1987": "cp949", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "big5": "big5hkscs",
    "iso-2022-jp": "iso2022_jp_ext", "x-mac-roman": "mac_roman", "macintosh": "mac_roman",
    "unicode-1-1-utf-7": "utf-7",
}  # fmt: skip
# Other codecs of Python are no charsets of mails, and some of them take very long on hostile input.
_KNOWN = re.compile(
    r"utf-?(?:7|8|8-sig|16|16-?le|16-?be|32|32-?le|32-?be)|iso-?8859-?\d{1,2}|cp\d{3,4}|windows-?125\d|koi8-?[rut]|gb18030|hz"
    r"|big5|big5hkscs|euc-?(?:jp|kr)|iso-?2022-?(?:jp|jp-?[123]|kr)|iso2022_jp_ext|mac_?(?:roman|cyrillic|greek|turkish)"
)
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\s]{0,2000})\?=(?:\s+(?==\?))?")


def decode_text(raw: bytes, charset: str | None) -> str:
    """The text of these bytes; never fails. An unknown or wrong charset is read as UTF-8, then as Windows-1252."""
    name = _codec(charset)
    if name is not None and name != "utf-8":
        try:
            return raw.decode(name)
        except (UnicodeError, ValueError):
            pass
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    text = raw.decode(name or "utf-8", errors="replace")
    # A few broken bytes in good text stay visible as such; text without one good letter was another charset.
    broken = text.count("\ufffd")
    if sum(not character.isascii() for character in text) - broken > broken:
        return text
    return raw.decode("cp1252", errors="replace")


def decode_transfer(raw: bytes, encoding: str | None) -> bytes:
    """Undo the content transfer encoding; broken base64 gives what can be read of it."""
    kind = (encoding or "").strip().lower()
    if kind == "quoted-printable":
        return binascii.a2b_qp(raw)
    if kind != "base64":
        return raw
    packed = re.sub(rb"[^A-Za-z0-9+/]", b"", raw.partition(b"=")[0] if b"=" in raw else raw)
    packed = packed[: len(packed) - (len(packed) % 4 == 1)]
    return base64.b64decode(packed + b"=" * (-len(packed) % 4))


def decode_words(value: str) -> str:
    """A header value with its encoded words (RFC 2047) read."""
    return _ENCODED_WORD.sub(_word, value, count=MAX_ENCODED_WORDS) if "=?" in value else value


def _word(found: re.Match[str]) -> str:
    charset, kind, text = found.groups()
    if kind in "bB":
        raw = decode_transfer(text.encode("ascii", "ignore"), "base64")
    else:
        raw = unquote_to_bytes(text.replace("_", " ").replace("%", "%25").replace("=", "%"))
    return decode_text(raw, charset.partition("*")[0])


def _codec(charset: str | None) -> str | None:
    if not charset:
        return None
    name = charset.strip(" '\"").lower()
    name = _MEANT.get(name, name)
    if not _KNOWN.fullmatch(name):
        return None
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None
