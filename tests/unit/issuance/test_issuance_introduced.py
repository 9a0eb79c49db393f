"""The line by which a proxy says for whom a connection is."""

import pytest

from issuance.http.introduced import read_line
from pki.domain.errors import Malformed


@pytest.mark.parametrize(
    ("line", "address"),
    [
        (b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 443", "192.0.2.7"),
        (b"PROXY TCP6 2001:DB8:0::7 2001:db8::1 65535 0", "2001:db8::7"),
        (b"PROXY UNKNOWN", None),
        (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535", None),
    ],
)
def test_a_line_names_a_peer(line: bytes, address: str | None) -> None:
    assert read_line(line) == address


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"PROXY",
        b"PROXY UNKNOWNS",
        b"proxy TCP4 192.0.2.7 198.51.100.1 50000 443",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 50000",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 443 ",
        b"PROXY  TCP4 192.0.2.7 198.51.100.1 50000 443",
        b"PROXY TCP4 192.0.2.7\t198.51.100.1 50000 443",
        b"PROXY TCP4 192.0.2.256 198.51.100.1 50000 443",
        b"PROXY TCP4 192.0.2.07 198.51.100.1 50000 443",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 443",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 -1 443",
        "PROXY TCP4 192.0.2.7 198.51.100.1 \u0661 443".encode(),
        b"PROXY TCP4 2001:db8::7 2001:db8::1 50000 443",
        b"PROXY TCP6 192.0.2.7 198.51.100.1 50000 443",
        b"PROXY TCP4 192.0.2.7 2001:db8::1 50000 443",
        b"PROXY TCP6 fe80::7%lo fe80::1 50000 443",
        b"PROXY TCP4 localhost 198.51.100.1 50000 443",
        b"PROXY UDP4 192.0.2.7 198.51.100.1 50000 443",
        b"GET / HTTP/1.1",
        b"\x16\x03\x01\x02\x00",
    ],
)
def test_nothing_else_does(line: bytes) -> None:
    with pytest.raises(Malformed, match="PROXY protocol"):
        read_line(line)
