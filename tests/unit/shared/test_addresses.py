import pytest

from nodback_core.domain.shared.addresses import InvalidAddress, normalise


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("ana@example.com", "ana@example.com"),
        (" Ana.Lima@Example.COM\n", "ana.lima@example.com"),
        ("o'hara+x@mail.example.co.uk", "o'hara+x@mail.example.co.uk"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
        ("bounce+{x}=y@nodback.test", "bounce+{x}=y@nodback.test"),
    ],
)
def test_an_address_has_one_stored_form(written: str, stored: str) -> None:
    assert normalise(written) == stored
    assert normalise(stored) == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "ana",
        "ana@",
        "@example.com",
        "ana@example",
        "ana@@example.com",
        "ana@example.com@evil.com",
        "Ana <ana@example.com>",
        "<ana@example.com>",
        "ana@example.com, bo@example.com",
        "ana@example.com;bo@example.com",
        "ana@example.com (the boss)",
        "boss@corp.com <evil@x.com>",
        '"ana lima"@example.com',
        "ana lima@example.com",
        "ana@exam ple.com",
        "ana@example.com\r\nBcc: x@evil.com",
        "ana\x00@example.com",
        ".ana@example.com",
        "ana.@example.com",
        "a..b@example.com",
        "ana@-example.com",
        "ana@example-.com",
        "ana@.example.com",
        "ana@example.com.",
        "ana@[127.0.0.1]",
        "ana@127.0.0.1",
        "undisclosed-recipients:;",
        "ana@exämple.com",
        "änä@example.com",
        "ſana@example.com",
        "ana@example.\u212aom",
        "\u00a0ana@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 63 + ("." + "c" * 63) * 3 + ".com",
    ],
)
def test_anything_but_one_plain_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidAddress):
        normalise(text)


def test_letters_outside_ascii_are_never_folded_into_an_address() -> None:
    with pytest.raises(InvalidAddress):
        normalise("\u212aim@example.com")  # the Kelvin sign is not a k


def test_a_very_long_text_is_refused_quickly() -> None:
    with pytest.raises(InvalidAddress):
        normalise("a." * 1_000_000)
