"""Whether a CA of ZORG-ID Mobiel issued a certificate to a person."""

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, VerificationError

from pki.domain.errors import Malformed, Refused
from pki.domain.reasons import RefusalReason
from pki.trust.path import CA_RULES, LEAF_RULES, read_pass_certificate, trusted_cas


class MobielChains:
    """The CAs of ZORG-ID Mobiel that an installation trusts, each for itself (docs/people.md)."""

    __slots__ = ("_store",)

    def __init__(self, issuers: Iterable[bytes]) -> None:
        """Take the certificates (DER) of the CAs that issue to telephones.

        Raises:
            ConfigurationInvalid: there is none, or one cannot be read or is no CA.
        """
        self._store = trusted_cas(
            issuers,
            key="mobiel.issuers",
            next_step="correct mobiel.issuers in the configuration",
        )

    def verify_mobiel(self, certificate: bytes, at: datetime, /) -> None:
        """Make sure that it is a person's: signed by one of the CAs, in time, for clients.

        Raises:
            Refused: MOBIEL_NOT_TRUSTED.
        """
        try:
            leaf = read_pass_certificate(certificate)
        except Malformed:
            raise _not_trusted("it cannot be read") from None
        _require_client(leaf)
        policies = PolicyBuilder().store(self._store).time(at)
        policies = policies.extension_policies(ca_policy=CA_RULES, ee_policy=LEAF_RULES)
        try:
            policies.build_client_verifier().verify(leaf, [])
        except VerificationError:
            raise _not_trusted("no CA of ZORG-ID Mobiel issued it, or its time is over") from None


def _require_client(leaf: x509.Certificate) -> None:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        raise _not_trusted("it does not say what its key is for") from None
    if not usage.digital_signature or ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        raise _not_trusted("its key is not for logging in")
    if usage.key_cert_sign:
        raise _not_trusted("it is a CA's")


def _not_trusted(why: str) -> Refused:
    return Refused(
        reason=RefusalReason.MOBIEL_NOT_TRUSTED,
        message=f"the certificate is not of ZORG-ID Mobiel: {why}",
        next_step="use the app ZORG-ID Mobiel",
    )
