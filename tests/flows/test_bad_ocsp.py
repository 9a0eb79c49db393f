"""Whatever is sent to the OCSP responder, it answers as RFC 6960 and HTTP say, and lives on."""

import asyncio
import base64
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from installed.practice import Practice, employee
from installed.program import exchanged

pytestmark = pytest.mark.slow

KIND = "application/ocsp-request"
NEGATIVE = {ocsp.OCSPResponseStatus.MALFORMED_REQUEST, ocsp.OCSPResponseStatus.UNAUTHORIZED}
Ask = Callable[[Practice, bytes], tuple[int, bytes]]


def post(practice: Practice, body: bytes) -> tuple[int, bytes]:
    return exchanged(practice.ocsp_url, body, KIND)


def get(practice: Practice, body: bytes) -> tuple[int, bytes]:
    return exchanged(f"{practice.ocsp_url}/{quote(base64.b64encode(body), safe='')}")


@pytest.fixture(scope="module")
def card(running_practice: Practice) -> x509.Certificate:
    made = asyncio.run(running_practice.make_card(employee(1)))
    return x509.load_der_x509_certificate(made.certificate)


@pytest.fixture
def request_der(running_practice: Practice, card: x509.Certificate) -> Iterator[bytes]:
    """A sound request; afterwards it is answered as before."""
    pem = running_practice.layout.certificate("token-ca-g1").read_bytes()
    issuer = x509.load_pem_x509_certificate(pem)
    builder = ocsp.OCSPRequestBuilder().add_certificate(card, issuer, hashes.SHA256())
    der = builder.build().public_bytes(Encoding.DER)
    yield der
    for ask in (post, get):
        status, body = ask(running_practice, der)
        answer = ocsp.load_der_ocsp_response(body)
        assert (status, answer.certificate_status) == (200, ocsp.OCSPCertStatus.GOOD)


def statuses(answered: tuple[int, bytes]) -> ocsp.OCSPResponseStatus | int:
    """The protocol's own status, or HTTP's where it said no."""
    status, body = answered
    if status == 200:
        return ocsp.load_der_ocsp_response(body).response_status
    assert 400 <= status < 500, body
    return status


@pytest.mark.parametrize("ask", [post, get])
def test_a_truncated_request_is_malformed(
    running_practice: Practice, request_der: bytes, ask: Ask
) -> None:
    for length in range(len(request_der)):
        found = statuses(ask(running_practice, request_der[:length]))
        assert found in NEGATIVE | {400, 404}, length


@pytest.mark.parametrize("ask", [post, get])
def test_random_octets_are_malformed(
    running_practice: Practice, request_der: bytes, ask: Ask
) -> None:
    chance = random.Random(20261122)
    for length in [*range(1, 100), 500, 2000]:
        found = statuses(ask(running_practice, chance.randbytes(length)))
        assert found in NEGATIVE | {400, 414}, length


@pytest.mark.parametrize("ask", [post, get])
def test_a_flipped_bit_never_makes_another_serial_good(
    running_practice: Practice, request_der: bytes, card: x509.Certificate, ask: Ask
) -> None:
    chance = random.Random(6960)
    for place in range(len(request_der)):
        changed = bytearray(request_der)
        changed[place] ^= 1 << chance.randrange(8)
        status, body = ask(running_practice, bytes(changed))
        found = statuses((status, body))
        if found is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            assert found in NEGATIVE | {400}
            continue
        answer = ocsp.load_der_ocsp_response(body)
        if answer.certificate_status is ocsp.OCSPCertStatus.GOOD:
            assert answer.serial_number == card.serial_number


@pytest.mark.parametrize(
    "path", ["/ocsp/!!!!", "/ocsp/%00%00", "/ocsp/MA", "/ocsp/" + "A" * 4000, "/ocsp/%zz", "/ocspx"]
)
def test_a_path_that_is_no_request_is_not_found_or_malformed(
    running_practice: Practice, request_der: bytes, path: str
) -> None:
    found = statuses(exchanged(running_practice.base_url + path))
    assert found in NEGATIVE | {400, 404, 414}


def test_too_much_or_of_another_kind_is_refused(
    running_practice: Practice, request_der: bytes
) -> None:
    url = running_practice.ocsp_url
    assert statuses(exchanged(url, b"\x30" * 200_000, KIND)) == 413
    assert statuses(exchanged(url, request_der, "text/plain")) in NEGATIVE | {415}
    assert statuses(exchanged(running_practice.base_url + "/", request_der, KIND)) == 404


@pytest.mark.parametrize(
    "octets",
    [
        b"\0" * 100,
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /ocsp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /ocsp/" + b"A" * 100_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"",
    ],
    ids=["zeros", "version", "negative", "twice", "chunks", "endless", "tls", "nothing"],
)
def test_what_is_not_http_gets_400_or_nothing(
    running_practice: Practice, request_der: bytes, octets: bytes
) -> None:
    address = ("127.0.0.1", running_practice.ports.base)
    with closing(socket.create_connection(address, timeout=60)) as connection:
        connection.sendall(octets)
        connection.shutdown(socket.SHUT_WR)
        try:
            answer = connection.recv(100)
        except ConnectionResetError:
            answer = b""
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
