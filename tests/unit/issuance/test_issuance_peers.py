"""Whose client certificate counts."""

import ssl
from types import SimpleNamespace
from typing import Any

import pytest

from issuance.http.peers import peer_certificate


def request(connection: object) -> Any:
    transport = SimpleNamespace(get_extra_info=lambda name: connection)
    return SimpleNamespace(transport=transport)


def connection(mode: ssl.VerifyMode) -> ssl.SSLObject:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = mode
    return context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True)


def test_without_tls_nobody_has_a_certificate() -> None:
    assert peer_certificate(request(None)) is None
    assert peer_certificate(request("a lie")) is None
    gone: Any = SimpleNamespace(transport=None)
    assert peer_certificate(gone) is None


def test_a_certificate_that_nobody_verified_counts_for_nothing() -> None:
    assert peer_certificate(request(connection(ssl.CERT_NONE))) is None


def test_a_verifying_connection_is_asked() -> None:
    with pytest.raises(ValueError, match="handshake not done"):
        peer_certificate(request(connection(ssl.CERT_OPTIONAL)))
