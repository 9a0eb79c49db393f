"""Verifies UZI passes: the authenticity certificate of a valid pass on name, and whose it is."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from cryptography import x509

from pki.domain.errors import Refused
from pki.domain.reasons import RefusalReason
from pki.domain.records import PassHolder
from pki.domain.uzi import UziName
from pki.trust.pass_fields import (
    require_authenticity,
    require_on_name,
    require_person,
    require_person_issuer,
    subject_of,
    uzi_name_of,
)
from pki.trust.path import Issuer, PathValidator, read_pass_certificate
from pki.trust.settings import UziTrustSettings


class StatusCheck(Protocol):
    """Asks the UZI register whether a pass is revoked."""

    async def require_good(
        self, certificate: x509.Certificate, issuer: Issuer, at: datetime
    ) -> None:
        """Return when the register vouches for the pass.

        Raises:
            Refused: PASS_REVOKED or PASS_STATUS_UNKNOWN.
            PassStatusUnavailable: the register cannot be heard.
        """
        ...


class UziTrust:
    """Verifies passes. The first rule that is broken gives the reason, in this order.

    Readable; path and signature; authenticity; name; type N; dates; revocation. So a Zorgverlener
    pass is refused as such even when it is late or revoked. That the pass is in hand is proven
    apart, by `proofs.verify_challenge`.
    """

    __slots__ = ("_paths", "_status")

    def __init__(self, settings: UziTrustSettings, status: StatusCheck) -> None:
        """Read the settings' certificates; raises ConfigurationInvalid (see `PathValidator`)."""
        self._paths = PathValidator(settings)
        self._status = status

    async def verify_pass(self, certificate_der: bytes, at: datetime) -> PassHolder:
        """Verify the authenticity certificate of a pass on name at the moment ``at``.

        Raises:
            Malformed: the octets are no certificate.
            Refused: with a reason ``PASS_…``.
            PassStatusUnavailable: its revocation status could not be had.
        """
        return await self._verify(certificate_der, at, require_on_name)

    async def verify_representative(self, certificate_der: bytes, at: datetime) -> PassHolder:
        """As `verify_pass`, of a Zorgverlener pass too: its holder may speak for an organisation.

        Raises:
            Malformed, Refused, PassStatusUnavailable: as `verify_pass`.
        """
        return await self._verify(certificate_der, at, require_person)

    async def _verify(
        self, certificate_der: bytes, at: datetime, require_type: Callable[[UziName], None]
    ) -> PassHolder:
        certificate = read_pass_certificate(certificate_der)
        issuer = self._paths.issuer_of(certificate, at)
        require_person_issuer(issuer)
        require_authenticity(certificate, issuer)
        uzi_name = uzi_name_of(certificate, issuer)
        require_type(uzi_name)
        name, organisation = subject_of(certificate, uzi_name)
        _require_dates(certificate, at)
        await self._status.require_good(certificate, issuer, at)
        return PassHolder(
            uzi_name=uzi_name,
            name=name,
            organisation_name=organisation,
            certificate_sha256=hashlib.sha256(certificate_der).digest(),
            not_after=certificate.not_valid_after_utc,
        )

    def unusable_issuers(self, at: datetime) -> tuple[str, ...]:
        """Names of issuing CAs whose own path is not valid at ``at``: no pass of theirs passes."""
        return self._paths.unusable_issuers(at)


def _require_dates(certificate: x509.Certificate, at: datetime) -> None:
    # Both ends belong to the validity period (RFC 5280 4.1.2.5).
    if at < certificate.not_valid_before_utc:
        raise Refused(reason=RefusalReason.PASS_NOT_YET_VALID, message="the pass is not yet valid")
    if at > certificate.not_valid_after_utc:
        raise Refused(reason=RefusalReason.PASS_EXPIRED, message="the pass has expired")
