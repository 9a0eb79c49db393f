"""Whether the UZI register has revoked a pass: its CRL, else OCSP, else nobody gets in."""

import logging
from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from pki.domain.errors import PassStatusUnavailable, Refused
from pki.domain.reasons import RefusalReason
from pki.domain.status import Good
from pki.ports import Entropy
from pki.trust.fetch import StatusHttp, is_allowed
from pki.trust.pass_crl import CrlCache
from pki.trust.pass_ocsp import OcspAsker
from pki.trust.path import Issuer
from pki.trust.settings import UziTrustSettings

_LOG = logging.getLogger(__name__)


class PassStatus:
    """Asks at the addresses in the pass's own certificate, as far as the settings allow them.

    The CRL comes first: it needs no question about a person and serves everybody until it is old.
    """

    __slots__ = ("_crls", "_hosts", "_ocsp")

    def __init__(self, settings: UziTrustSettings, http: StatusHttp, entropy: Entropy) -> None:
        self._hosts = settings.status.hosts
        self._crls = CrlCache(http, settings.status, settings.algorithms)
        self._ocsp = OcspAsker(http, settings.status, settings.algorithms, entropy)

    async def require_good(
        self, certificate: x509.Certificate, issuer: Issuer, at: datetime
    ) -> None:
        """Return when CRL or OCSP shows the pass as not revoked at ``at``.

        Raises:
            Refused: PASS_REVOKED, or PASS_STATUS_UNKNOWN when OCSP does not know the pass.
            PassStatusUnavailable: neither could be had and believed.
        """
        if await self._ask_crl(certificate, issuer, at):
            return
        if await self._ask_ocsp(certificate, issuer, at):
            return
        raise PassStatusUnavailable(
            message="neither CRL nor OCSP of the UZI register could be had and believed",
            next_step="see the log for the reasons; check uzi.status_hosts and the network",
        )

    async def _ask_crl(self, certificate: x509.Certificate, issuer: Issuer, at: datetime) -> bool:
        for url in self._allowed(_crl_urls(certificate)):
            try:
                crl = await self._crls.current(url, issuer, at)
            except PassStatusUnavailable as failure:
                _warn("CRL", url, failure)
                continue
            if certificate.serial_number in crl.serials:
                raise _revoked()
            return True
        return False

    async def _ask_ocsp(self, certificate: x509.Certificate, issuer: Issuer, at: datetime) -> bool:
        for url in self._allowed(_ocsp_urls(certificate)):
            try:
                status = await self._ocsp.status(url, certificate, issuer, at)
            except PassStatusUnavailable as failure:
                _warn("OCSP", url, failure)
                continue
            if status is None:
                raise Refused(
                    reason=RefusalReason.PASS_STATUS_UNKNOWN,
                    message="the UZI register does not know the pass",
                )
            if not isinstance(status, Good):
                raise _revoked()
            return True
        return False

    def _allowed(self, urls: Iterable[str]) -> list[str]:
        found = []
        for url in urls:
            if is_allowed(url, self._hosts):
                found.append(url)
            else:
                _LOG.warning(
                    "a pass names a status address that is not allowed", extra={"url": url}
                )
        return found


def _revoked() -> Refused:
    return Refused(reason=RefusalReason.PASS_REVOKED, message="the pass was revoked")


def _warn(what: str, url: str, failure: PassStatusUnavailable) -> None:
    _LOG.warning("%s of the UZI register: %s", what, failure, extra={"url": url})


def _crl_urls(certificate: x509.Certificate) -> list[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    # Partial CRLs and those of another issuer prove nothing about this pass.
    whole = [point for point in points if point.reasons is None and point.crl_issuer is None]
    return _uris(name for point in whole for name in point.full_name or ())


def _ocsp_urls(certificate: x509.Certificate) -> list[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except x509.ExtensionNotFound:
        return []
    ocsp = AuthorityInformationAccessOID.OCSP
    return _uris(each.access_location for each in access.value if each.access_method == ocsp)


def _uris(names: Iterable[x509.GeneralName]) -> list[str]:
    return [each.value for each in names if isinstance(each, x509.UniformResourceIdentifier)]
