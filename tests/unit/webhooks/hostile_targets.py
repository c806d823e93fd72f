"""URLs and DNS answers that try to lead a delivery to where it must never go.

Each entry is a URL and what its name resolves to. For URLs that hide an address in themselves, the resolver answers as
a careless one would: with the hidden address.
"""

import ipaddress
from collections.abc import Iterator

PUBLIC_V4 = "93.184.215.14"
PUBLIC_V6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"

INNER_V4 = (
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "169.254.170.2",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.100.100.200",
    "0.0.0.0",
)
INNER_BLOCKS = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
    "::/128", "::1/128", "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64",
    "100:0:0:1::/64", "2001::/32", "2001:2::/48", "2001:10::/28", "2001:20::/28", "2001:db8::/32", "2002::/16",
    "2620:4f:8000::/48", "3ffe::/16", "3fff::/20", "4000::/3", "5f00::/16", "fc00::/7", "fd00:ec2::254/128",
    "fe80::/10", "fec0::/10", "ff00::/8", "2001:1::1/128",
)  # fmt: skip


def embedded_in_v6(v4: str) -> Iterator[str]:
    """Every known way to carry an IPv4 address inside an IPv6 one."""
    number = int(ipaddress.IPv4Address(v4))
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    inverted = number ^ 0xFFFF_FFFF
    yield f"::ffff:{v4}"
    yield f"::ffff:{high}:{low}"
    yield f"0:0:0:0:0:ffff:{high}:{low}"
    yield f"0000:0000:0000:0000:0000:FFFF:{high}:{low}"
    yield f"::{v4}"
    yield f"::{high}:{low}"
    yield f"::ffff:0:{v4}"
    yield f"64:ff9b::{v4}"
    yield f"64:ff9b::{high}:{low}"
    yield f"64:ff9b:1::{v4}"
    yield f"64:ff9b:1:ffff:ffff:ffff:{high}:{low}"
    yield f"2002:{high}:{low}::1"
    yield f"2001:0:{high}:{low}::1"
    yield f"2001:0:4136:e378:8000:63bf:{inverted >> 16:x}:{inverted & 0xFFFF:x}"
    yield f"2606:4700::5efe:{v4}"
    yield f"2606:4700::200:5efe:{v4}"
    yield f"fe80::5efe:{v4}"


def spellings_of_v4(v4: str) -> Iterator[str]:
    """Other ways to write an IPv4 address that some resolver, browser or library understands."""
    a, b, c, d = (int(part) for part in v4.split("."))
    number = int(ipaddress.IPv4Address(v4))
    yield from (str(number), hex(number), hex(number).upper(), f"0{number:o}", f"0x{number:08x}", str(number + 2**32))
    yield from (f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"{a:03}.{b:03}.{c:03}.{d:03}")
    yield from (f"{a}.{(b << 16) + (c << 8) + d}", f"{a}.{b}.{(c << 8) + d}", f"0x{a:x}.{(b << 16) + (c << 8) + d}")
    yield from (f"{a}.{b}.{c}.0x{d:x}", f"0{a:o}.{b}.{c}.{d}", f"{a}.{b}.{c}.{d}.", f"{a}.{b}.{c}.{d + 256}")
    yield from (f"{a}.{b}.{c}", f"{a}..{b}.{c}.{d}", f"{a}.{b}.{c}.{d}.0x0", f"0000{a}.{b}.{c}.{d}")
    yield "".join(chr(ord(letter) + 0xFEE0) if letter.isdigit() else letter for letter in v4)
    yield v4.replace(".", "\u3002")
    yield v4.replace(".", "\uff0e")
    yield v4.replace("1", "\u2460")
    yield "".join(f"%{ord(letter):02x}" for letter in v4)
    yield v4.replace(".", "%2e")
    yield v4.replace(".", "%00.")


def tricky_urls(v4: str) -> Iterator[str]:
    """URLs that two parsers read differently, one of them as the address."""
    public = "hooks.example.com"
    yield from (f"https://{public}@{v4}/", f"https://{public}:443@{v4}/", f"https://{v4}@{public}@{v4}/")
    yield from (f"https://{v4}\\@{public}/", f"https://{public}\\@{v4}/", f"https://{public}\\.{v4}/")
    yield from (f"https://{v4}#@{public}/", f"https://{public}#@{v4}/", f"https://{v4}?@{public}/#")
    yield from (f"https://{v4}%23@{public}/", f"https://{v4}%2f@{public}/", f"https://{public}%00.{v4}/")
    yield from (f"https:///{v4}/", f"https:{v4}/", f"https:/{v4}/", f"//{v4}/", f"https:\\\\{v4}\\")
    yield from (f"http://{v4}/", f"HTTP://{v4}/", f"ftp://{v4}/", f"file://{v4}/etc/passwd", f"gopher://{v4}:70/_x")
    yield from (f"dict://{v4}:11211/stat", f"ldap://{v4}/", f"jar:https://{v4}!/", f"data:,{v4}", f"unix://{v4}/")
    yield from (f" https://{v4}/", f"https://{v4} /", f"https://{v4}\t/", f"ht\ntps://{v4}/", f"https://{v4}\r\nX: y/")
    yield from (f"https://{public}/ HTTP/1.1\r\nHost: {v4}\r\n\r\n", f"https://{v4}:443:80/", f"https://{v4}:0/")
    yield from (
        f"https://{v4}:99999/",
        f"https://{v4}:-1/",
        f"https://{v4}:４４３/",
        f"https://{v4}:/",
        f"https://[{v4}]/",
    )
    yield from (
        f"https://[::ffff:{v4}%25lo]/",
        "https://[fe80::1%25eth0]/",
        f"https://[::1]@{v4}/",
        f"https://[::1/{v4}",
    )
    yield from (f"https://\u202e{v4}/", f"https://{v4}\u200b/", f"https://{v4}\u00ad/", f"https://\ufeff{v4}/")


INNER_NAMES = (
    "localhost", "LOCALHOST", "localhost.", "LocalHost", "localhost.localhost", "foo.localhost", "foo.localhost.",
    "metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal", "printer.local",
    "router.lan", "wiki.intranet", "db.home.arpa", "ip-10-0-0-1.ec2.internal", "kubernetes", "abcdefg.onion",
    "loc\u212alhost", "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3", "local%68ost", "loca\u00adlhost",
    "localhost\u3002", "-a.example.com", "a_b.example.com", "a..example.com", ".example.com", "ex ample.com", "",
    "*.example.com", "example.com,localhost", "example.com;localhost", "xn--", "a" * 64 + ".example.com",
    "nodback.example.net", "NODBACK.example.net", "nodback.example.net.", "api.nodback.example.net",
)  # fmt: skip
UNCLEAR_ANSWERS = (
    "fe80::1%eth0", "::1%lo", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "localhost", "", " 127.0.0.1",
    "127.0.0.1\n", PUBLIC_V6 + "%lo",
)  # fmt: skip
OWN_DOMAINS = ("nodback.example.net",)


def hostile_targets() -> list[tuple[str, list[str]]]:
    """Every hostile URL with the addresses that its name has."""
    targets: list[tuple[str, list[str]]] = []
    for v4 in INNER_V4:
        targets += [(f"https://{v4}/hook", [v4]), (f"https://{v4}:8443/hook", [v4])]
        targets += [(f"https://{spelling}/hook", [v4]) for spelling in spellings_of_v4(v4)]
        targets += [(f"https://[{form}]/hook", [form]) for form in embedded_in_v6(v4)]
        # The same forms as answers of a resolver, alone and hidden among good ones.
        targets += [("https://hooks.example.com/", [form]) for form in embedded_in_v6(v4)]
        targets += [("https://hooks.example.com/", answer) for answer in ([v4], [PUBLIC_V4, v4], [v4, PUBLIC_V4])]
    for v4 in INNER_V4[:3]:
        targets += [(url, [v4]) for url in tricky_urls(v4)]
    for block in INNER_BLOCKS:
        network = ipaddress.ip_network(block)
        for address in {network[0], network[network.num_addresses // 2], network[-1]}:
            literal = f"[{address}]" if address.version == 6 else str(address)
            targets.append((f"https://{literal}/", [str(address)]))
            targets.append(("https://hooks.example.com/", [PUBLIC_V4, PUBLIC_V6, str(address)]))
    targets += [(f"https://{name}/", ["127.0.0.1"]) for name in INNER_NAMES]
    targets += [("https://hooks.example.com/", [answer]) for answer in UNCLEAR_ANSWERS]
    return targets
