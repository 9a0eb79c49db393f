"""The test UZI register as a fixture, and fakes of its status services."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509

from pki.domain.errors import PassStatusUnavailable, Refused, ZorgidError
from pki.domain.reasons import RefusalReason
from pki.trust.path import Issuer, PathValidator
from pki.trust.settings import UziTrustSettings
from pki.trust.uzi_pass import UziTrust
from uzi_made import N_TEXT, NOW, Register, der, make_register


@dataclass(kw_only=True)
class FakeStatusHttp:
    """Answers from a dictionary, and remembers what it was asked; anything else is down."""

    answers: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def get(self, url: str, limit: int) -> bytes:
        self.asked.append(url)
        if len(self.answers.get(url, b"")) > limit:
            raise PassStatusUnavailable(message="the answer is too large")
        if url not in self.answers:
            raise PassStatusUnavailable(message="no answer in time")
        return self.answers[url]

    async def post(self, url: str, body: bytes, content_type: str, limit: int) -> bytes:
        self.bodies.append(body)
        return await self.get(url, limit)


def with_max_age(settings: UziTrustSettings, max_age: timedelta) -> UziTrustSettings:
    return replace(settings, status=replace(settings.status, crl_max_age=max_age))


class FakeStatusCheck:
    """A status service that says the same of every pass."""

    def __init__(self, failure: ZorgidError | None = None) -> None:
        self.failure = failure
        self.asked: list[int] = []

    async def require_good(
        self, certificate: x509.Certificate, issuer: Issuer, at: datetime
    ) -> None:
        self.asked.append(certificate.serial_number)
        if self.failure:
            raise self.failure


async def reason_for(
    register: Register,
    certificate: x509.Certificate,
    *,
    at: datetime = NOW,
    settings: UziTrustSettings | None = None,
) -> RefusalReason:
    status = FakeStatusCheck()
    with pytest.raises(Refused) as caught:
        await UziTrust(settings or register.settings, status).verify_pass(der(certificate), at)
    assert status.asked == []
    return caught.value.reason


async def accepts(trust: UziTrust, certificate: bytes, at: datetime) -> bool:
    return (await trust.verify_pass(certificate, at)).uzi_name.text == N_TEXT


@pytest.fixture(scope="session")
def uzi_register() -> Register:
    return make_register()


@pytest.fixture(scope="session")
def n_issuer(uzi_register: Register) -> Issuer:
    return issuer_in(uzi_register)


def issuer_in(register: Register) -> Issuer:
    return PathValidator(register.settings).issuer_of(register.issue(), NOW)
