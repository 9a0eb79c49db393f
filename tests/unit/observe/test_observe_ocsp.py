from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from directories.material import START, FixedClock, make_ca
from pki.domain.errors import Malformed, SignatureBroken, Unavailable, ZorgidError
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import Good, OnHold, Revoked
from pki.observe.ocsp import OcspQuestion, OcspView
from status_side.material import Answering, Responder, error_answer, make_responder

CA = make_ca()
RESPONDER = make_responder(CA)
RIGHT = Answering(ca=CA, responder=RESPONDER)
SERIAL = SerialNumber(1 << 157)
NONCE = bytes(range(32))


def question(nonce: bytes | None = NONCE) -> OcspQuestion:
    return OcspQuestion(issuer=CA.der, serial=SERIAL, nonce=nonce)


def ask(answering: Answering, nonce: bytes | None = NONCE, minutes: int = 1) -> OcspView:
    asked = question(nonce)
    now = FixedClock(START + timedelta(minutes=minutes)).now()
    return asked.read(answering.answer(asked.request()), now)


STATUS = ocsp.OCSPCertStatus


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (STATUS.GOOD, None, Good()),
        (STATUS.UNKNOWN, None, None),
        (STATUS.REVOKED, x509.ReasonFlags.certificate_hold, OnHold(since=START)),
        (STATUS.REVOKED, None, Revoked(at=START, reason=None)),
        (
            STATUS.REVOKED,
            x509.ReasonFlags.superseded,
            Revoked(at=START, reason=RevocationReason.SUPERSEDED),
        ),
    ],
)
def test_it_says_what_the_responder_says(
    status: STATUS, reason: x509.ReasonFlags | None, expected: Good | OnHold | Revoked | None
) -> None:
    view = ask(replace(RIGHT, status=status, reason=reason))
    assert view.status == expected
    assert view.has_nonce
    assert view.next_update == START + timedelta(minutes=15)


def test_without_nonce_none_comes_back() -> None:
    assert not ask(RIGHT, nonce=None).has_nonce


def test_the_issuer_may_answer_itself() -> None:
    own = Answering(ca=CA, responder=Responder(CA.key, CA.certificate), by_name=True)
    assert ask(own).status == Good()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda: replace(RIGHT, nonce=bytes(32)), "nonce"),
        (lambda: replace(RIGHT, minutes=0), "nextUpdate"),
        (lambda: with_responder(make_responder(make_ca())), "another issuer"),
        (lambda: with_responder(make_responder(CA, no_check=False)), "no OCSP responder"),
        (
            lambda: with_responder(make_responder(CA, usage=ExtendedKeyUsageOID.CLIENT_AUTH)),
            "may not sign",
        ),
        (
            lambda: with_responder(make_responder(CA, start=START - timedelta(days=60))),
            "not valid now",
        ),
        (lambda: replace(RIGHT, certificates=[CA.certificate]), "not the issuer's"),
    ],
)
def test_what_may_not_be_believed_is_not(wrong: Callable[[], Answering], why: str) -> None:
    with pytest.raises(SignatureBroken, match=why):
        ask(wrong())


def with_responder(responder: Responder) -> Answering:
    return replace(RIGHT, responder=responder)


def test_an_answer_about_another_certificate_is_malformed() -> None:
    with pytest.raises(Malformed, match="another question"):
        ask(replace(RIGHT, serial=SERIAL.value + 1))


@pytest.mark.parametrize(
    "status", [each for each in ocsp.OCSPResponseStatus if each.name != "SUCCESSFUL"]
)
def test_an_error_answer_is_no_status(status: ocsp.OCSPResponseStatus) -> None:
    with pytest.raises(Unavailable, match=status.name.lower()):
        question().read(error_answer(status), START)


@given(st.binary(max_size=200))
def test_arbitrary_octets_are_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed):
        question().read(octets, START)


def test_a_wrong_signature_is_not_believed() -> None:
    asked = question()
    answer = RIGHT.answer(asked.request())
    signature = ocsp.load_der_ocsp_response(answer).signature
    wrong = signature[:-1] + bytes([signature[-1] ^ 1])
    with pytest.raises(SignatureBroken, match="does not verify"):
        asked.read(answer.replace(signature, wrong), START)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_answer_never_says_something_else(place: int, change: int) -> None:
    asked = question()
    answer = bytearray(RIGHT.answer(asked.request()))
    answer[place % len(answer)] ^= change
    try:
        view = asked.read(bytes(answer), START)
    except ZorgidError:
        return
    assert view.status == Good()
