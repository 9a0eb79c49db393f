"""Verifies UZI server certificates: whose organisation's they are (CPS UZI-register 10.3, 7.1)."""

from datetime import datetime
from typing import Protocol

from cryptography import x509

from pki.domain.errors import Malformed, Refused
from pki.domain.identifiers import Ura
from pki.domain.reasons import RefusalReason
from pki.domain.uzi import PassType
from pki.trust.pass_fields import uzi_name_of
from pki.trust.path import Issuer, PathValidator, read_pass_certificate


class StatusCheck(Protocol):
    """Asks the UZI register whether a certificate is revoked."""

    async def require_good(
        self, certificate: x509.Certificate, issuer: Issuer, at: datetime
    ) -> None:
        """Return when the register vouches for it.

        Raises:
            Refused: PASS_REVOKED or PASS_STATUS_UNKNOWN.
            PassStatusUnavailable: the register cannot be heard.
        """
        ...


class ServerTrust:
    """Verifies the certificate that signed a document."""

    __slots__ = ("_paths", "_status")

    def __init__(self, paths: PathValidator, status: StatusCheck) -> None:
        self._paths = paths
        self._status = status

    async def ura_of(self, certificate_der: bytes, at: datetime) -> Ura:
        """The organisation whose UZI server certificate this is, valid and not revoked at ``at``.

        It may sign (keyUsage has digitalSignature) and carries a server policy of its CA.

        Raises:
            Refused: DOCUMENT_NOT_TRUSTED, whatever is wrong with it.
            PassStatusUnavailable: its revocation status could not be had.
        """
        try:
            certificate = read_pass_certificate(certificate_der)
            issuer = self._paths.issuer_of(certificate, at)
            if issuer.pass_type is not PassType.SERVER:
                raise not_trusted("it was not issued by a CA for servers")
            _require_signing(certificate, issuer)
            name = uzi_name_of(certificate, issuer)
            if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
                raise not_trusted("it is not within its dates")
            await self._status.require_good(certificate, issuer, at)
        except (Refused, Malformed) as error:
            raise not_trusted(f"server certificate: {error.message}") from None
        return name.ura


def not_trusted(why: str) -> Refused:
    """The refusal of a document; ``why`` is for the log."""
    return Refused(
        reason=RefusalReason.DOCUMENT_NOT_TRUSTED,
        message=f"the document is not trusted: {why}",
        next_step="have it signed with the organisation's valid UZI server certificate",
    )


def _require_signing(certificate: x509.Certificate, issuer: Issuer) -> None:
    extensions = certificate.extensions
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        policies = extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        raise not_trusted("it has no key usage or no policy") from None
    if not usage.digital_signature or usage.key_cert_sign:
        raise not_trusted("its key may not sign, or signs certificates")
    if issuer.policies.isdisjoint(each.policy_identifier.dotted_string for each in policies):
        raise not_trusted("it has no server policy")
