"""A CRL held against the store: wrong, stale, forged or gone, each is found and named."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

import pytest
from cryptography import x509

from directories.material import START, TOKEN_CA, FixedClock, make_ca, published_crl
from pki.domain.errors import SignatureBroken, Unavailable, ZorgidError
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed
from pki.observe.views.expected import Expected
from pki.observe.views.looking import CrlView

CA = make_ca()
SERIAL = SerialNumber((1 << 156) + 7)
OTHER = SerialNumber((1 << 156) + 8)
AT = START - timedelta(days=2)
URL = "http://localhost/crl/token-ca.crl"
HELD = OnHold(since=AT)
REVOKED = Revoked(at=AT, reason=RevocationReason.KEY_COMPROMISE)
ON_HOLD = x509.ReasonFlags.certificate_hold
SAID_HELD = "on hold since 2025-12-30T00:00:00.000000Z"
SAID_REVOKED = "revoked 2025-12-30T00:00:00.000000Z, key_compromise"
COMPROMISE = x509.ReasonFlags.key_compromise

Address = Callable[[IssuerId, SerialNumber], str]


@dataclass
class Answer:
    """What the status service answers; also what is read of it."""

    body: bytes
    status: int = 200

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    @property
    def content(self) -> Self:
        return self

    async def iter_any(self) -> AsyncIterator[bytes]:
        yield self.body


class Service:
    """In place of an HTTP session."""

    def __init__(self, lists: Mapping[str, bytes]) -> None:
        self.lists = lists
        self.asked: list[str] = []

    def request(self, method: str, url: str, **_: object) -> Answer:
        assert method == "GET"
        self.asked.append(url)
        return Answer(self.lists.get(url, b""), 200 if url in self.lists else 404)


def listed(
    serial: SerialNumber, reason: x509.ReasonFlags | None, days: int = 0
) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial.value)
    builder = builder.revocation_date(AT + timedelta(days=days))
    if reason is not None:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    return builder.build()


def expected(status: CertificateStatus | None, serial: SerialNumber = SERIAL) -> Expected:
    return Expected(issuer=TOKEN_CA, serial=serial, status=status, since=AT, public=None)


def view(service: Service, hours: int = 1, address: Address = lambda *_: URL) -> CrlView:
    return CrlView(
        service,  # type: ignore[arg-type] # a stand-in
        address,
        {TOKEN_CA: CA.der},
        clock=FixedClock(START + timedelta(hours=hours)),
        lag=timedelta(0),
    )


def crl(*revoked: x509.RevokedCertificate) -> bytes:
    return published_crl(CA, 9, revoked).der


@pytest.mark.parametrize(
    ("status", "entries", "seen"),
    [
        (Good(), [], None),
        (Good(), [listed(SERIAL, COMPROMISE)], SAID_REVOKED),
        (Good(), [listed(SERIAL, ON_HOLD)], SAID_HELD),
        (HELD, [listed(SERIAL, ON_HOLD)], None),
        (HELD, [], "not listed"),
        (HELD, [listed(OTHER, ON_HOLD)], "not listed"),
        (HELD, [listed(SERIAL, COMPROMISE)], SAID_REVOKED),
        (HELD, [listed(SERIAL, ON_HOLD, 1)], "on hold since 2025-12-31T00:00:00.000000Z"),
        (REVOKED, [listed(SERIAL, COMPROMISE)], None),
        (REVOKED, [], "not listed"),
        (REVOKED, [listed(SERIAL, None)], "revoked 2025-12-30T00:00:00.000000Z, no reason"),
        (REVOKED, [listed(SERIAL, ON_HOLD)], SAID_HELD),
        (Unconfirmed(since=AT), [], None),
        (Unconfirmed(since=AT), [listed(SERIAL, ON_HOLD)], SAID_HELD),
        (None, [], None),
        (None, [listed(SERIAL, None)], "revoked 2025-12-30T00:00:00.000000Z, no reason"),
    ],
)
async def test_what_a_list_says_is_compared(
    status: CertificateStatus | None, entries: list[x509.RevokedCertificate], seen: str | None
) -> None:
    found = await view(Service({URL: crl(*entries)})).wrong([expected(status)])
    assert found == ({} if seen is None else {SERIAL: seen})


async def test_a_stale_list_is_wrong_about_all_that_it_speaks_of() -> None:
    stale = view(Service({URL: crl()}), hours=49)
    found = await stale.wrong([expected(Good()), expected(Good(), OTHER)])
    assert found == dict.fromkeys((SERIAL, OTHER), "a CRL out of date")


async def test_a_list_of_the_future_is_not_current() -> None:
    found = await view(Service({URL: crl()}), hours=-1).wrong([expected(Good())])
    assert found == {SERIAL: "a CRL out of date"}


@pytest.mark.parametrize(
    ("lists", "error"),
    [
        ({}, Unavailable),
        ({URL: b"<html>"}, ZorgidError),
        ({URL: published_crl(make_ca(), 9).der}, SignatureBroken),
        ({URL: published_crl(make_ca("Somebody Else"), 9).der}, SignatureBroken),
    ],
    ids=["gone", "no list", "namesake", "another CA"],
)
async def test_what_cannot_be_believed_is_no_view(
    lists: dict[str, bytes], error: type[ZorgidError]
) -> None:
    with pytest.raises(error):
        await view(Service(lists)).wrong([expected(Good())])


async def test_each_list_is_fetched_once_and_speaks_of_its_own() -> None:
    parts = {
        f"{URL}/0": crl(listed(OTHER, ON_HOLD)),
        f"{URL}/1": crl(listed(SERIAL, ON_HOLD)),
    }
    service = Service(parts)
    looking = view(service, address=lambda _, serial: f"{URL}/{serial.value % 2}")
    third = replace(expected(HELD), serial=SerialNumber(SERIAL.value + 2))
    found = await looking.wrong([expected(HELD), expected(HELD, OTHER), third])
    assert found == {third.serial: "not listed"}
    assert sorted(service.asked) == sorted(parts)
