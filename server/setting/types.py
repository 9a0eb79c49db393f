"""Types of values that only a server has: each says what it refuses."""

import ipaddress
from typing import Annotated, Final

from pydantic import AfterValidator, Field

_FORBIDDEN_IN_NAMES: Final = frozenset(",=\"'+<>;\\#\x7f") | {chr(code) for code in range(32)}

_PORT_MAX: Final = 65535


def _safe_name(value: str) -> str:
    """Relying parties split DN text at commas and equals signs, so no value may hold one."""
    found = sorted(_FORBIDDEN_IN_NAMES & set(value))
    if found or not value.strip() or value != value.strip():
        raise ValueError(f"a CA name may not hold {' '.join(map(repr, found)) or 'outer spaces'}")
    return value


def _plain_http(value: str) -> str:
    if not value.startswith("http://") or value.endswith("/"):
        raise ValueError(
            "must start with http:// (status services are not behind TLS) and not end in /"
        )
    return value


def _loopback(value: str) -> str:
    host, _, port = value.rpartition(":")
    host = host.strip("[]")
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"is not meant for the network: give a loopback address, 127.0.0.1:{port}")
    return value


def _usable_port(value: str) -> str:
    if int(value.rpartition(":")[2]) > _PORT_MAX:
        raise ValueError(f"a port is at most {_PORT_MAX}")
    return value


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError as error:
        raise ValueError(
            f"{value} is neither an address nor a network such as 192.0.2.0/24"
        ) from error
    return value


CaName = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_safe_name)]
HttpUrl = Annotated[str, Field(max_length=60), AfterValidator(_plain_http)]
Address = Annotated[
    str,
    Field(pattern=r"^(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"),
    AfterValidator(_usable_port),
]
NetworkText = Annotated[str, AfterValidator(_network)]
LoopbackAddress = Annotated[Address, AfterValidator(_loopback)]
