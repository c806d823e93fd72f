"""Mails and texts made to be slow to read, for what counts the steps and for what takes the time."""

HTML = "From: a@b.co\nContent-Type: text/html\n\n"

HOSTILE_MAILS: list[bytes] = [
    b"A: b\n" * 1_000_000,
    b"From: " + b'"' * 1_000_000,
    b"From: " + b"(" * 1_000_000,
    b"Subject: " + b"=?utf-8?q?a?= " * 100_000,
    b"Content-Type: text/plain; " + b'a="b\\' * 100_000,
    b"Subject: a\n" + b" \n" * 1_000_000,
    b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x" * 3_000_000,
    b"References: " + b"<a@b> " * 100_000,
    *(
        (HTML + text).encode()
        for text in (
            "<div>" * 100_000,
            "<b><p>" * 50_000,
            "<font>x</p>" * 40_000,
            "<nobr><b><i>" * 30_000,
            "<" * 500_000,
            "<!--" * 100_000,
            "<style>" * 70_000,
            "<blockquote>" * 30_000,
            "a &amp; <br>" * 40_000,
            "<div " + " ".join(f"a{n}=1" for n in range(60_000)) + ">",
        )
    ),
    *(
        b"Content-Type: text/plain; charset=" + charset + b"\n\n" + b"\x1b$B+~{-&\xff\x81" * 50_000
        for charset in (b"utf-7", b"hz", b"iso-2022-jp", b"big5", b"utf-16", b"punycode", b"idna", b"zlib")
    ),
]


def hostile_texts(our_mail: str) -> list[str]:
    """Texts of replies; `our_mail` is the text that they may quote."""
    return [
        "On " * 30_000,
        "\n" * 100_000,
        ">" * 100_000,
        "> " * 50_000,
        "-" * 100_000,
        ("-" * 900 + "\n") * 100,
        "On 2026 " * 10_000 + ":",
        ("On 2026 10:00\n") * 8_000,
        ("From: a@b.co\n") * 8_000,
        ("From: Nodback\n") * 8_000,
        ("a:" * 400 + "\n") * 100,
        ("[EXTERNAL]" * 90 + "\n") * 100,
        "<" * 100_000,
        ("approved\n") * 10_000,
        our_mail * 100,
        ("Sent from my iPhone\n") * 5_000,
        ("Best regards,\n") * 5_000,
        ("confidential message " * 40 + "\n\n") * 100,
        "\u0301" * 100_000,
        "ﷺ" * 70_000,
    ]
