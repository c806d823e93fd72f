"""Mail addresses: the one form in which Nodback stores and compares them."""

import re

# RFC 5321, 4.5.3.1: 64 octets before the @; a path of 256 with its brackets leaves 254.
MAX_LOCAL_PART_OCTETS = 64
MAX_ADDRESS_OCTETS = 254

# Printable ASCII of a dot-atom (RFC 5322, 3.2.3). Quoted local parts and domain literals are refused: nobody has
# one, and every parser reads them differently. SES takes no other characters; a domain may be written as xn--.
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?!\d+$){_LABEL}")
_WHITE_SPACE = " \t\r\n"
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class InvalidAddress(ValueError):
    """The text is not exactly one plain mail address."""


def normalise(address: str) -> str:
    """The address as it is stored and compared: lower case, nothing around it.

    Only ASCII letters are folded; the rest of the text must already be an address (`name@example.com`), without
    display name, comment, group or list. Raises InvalidAddress.
    """
    text = address.strip(_WHITE_SPACE).translate(_ASCII_LOWER)
    if len(text) > MAX_ADDRESS_OCTETS:
        raise InvalidAddress(f"an address has at most {MAX_ADDRESS_OCTETS} characters")
    local_part, at, domain = text.partition("@")
    if not at:
        raise InvalidAddress("an address has the form name@example.com")
    if len(local_part) > MAX_LOCAL_PART_OCTETS:
        raise InvalidAddress(f"an address has at most {MAX_LOCAL_PART_OCTETS} characters before the @")
    if not _LOCAL_PART.fullmatch(local_part) or not _DOMAIN.fullmatch(domain):
        raise InvalidAddress("exactly one plain address is needed, like name@example.com")
    return text
