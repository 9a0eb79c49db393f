"""Whether a chain of certificates proves that a key was made on a card.

A card makes an X.509 certificate for the key, signed by a key of its own that its maker certified
(https://docs.yubico.com/hardware/oid/oid-piv-arc.html). Makers' certificates lack much that RFC
5280 asks for, so what counts is said here: the key, the signatures, the dates, and who is a CA.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    VerificationError,
)

from pki.domain.errors import Refused
from pki.domain.evidence.attestation import MOST_CERTIFICATES
from pki.domain.reasons import RefusalReason
from pki.trust.path import UNREADABLE, public_key_of, trusted_cas

_OCTETS_MAX: Final = 8 * 1024
_YUBICO_POLICIES: Final = x509.ObjectIdentifier("1.3.6.1.4.1.41482.3.8")
"""Two octets: when the key wants the PIN, and when a touch."""
_PIN_NEVER: Final = 1
_NEXT: Final = "take a card whose maker this installation trusts"


class AttestationTrust:
    """The makers of cards that an installation trusts."""

    __slots__ = ("_store",)

    def __init__(self, roots: Iterable[bytes]) -> None:
        """Take the makers' CA certificates (DER): roots, or what stands below them.

        Raises:
            ConfigurationInvalid: there is none, or one cannot be read or is no CA.
        """
        self._store = trusted_cas(
            roots,
            key="attestation.roots",
            next_step="name files with the CA certificates of the makers of your cards",
        )

    def judge(self, chain: tuple[bytes, ...], public_key: bytes, at: datetime) -> None:
        """Make sure that ``chain`` proves where ``public_key`` (SPKI DER) was made.

        ``chain`` is DER, the certificate of the key first.

        Raises:
            Refused: ATTESTATION_NOT_TRUSTED: it is of another key, ends at no trusted CA, is out of
                its dates, or says that the key works without a PIN.
        """
        if len(chain) > MOST_CERTIFICATES:
            raise _not_trusted("more certificates than a card has")
        leaf, *between = map(_read, chain)
        if public_key_of(leaf) != public_key:
            raise _not_trusted("it is of another key than the request")
        _refuse_without_pin(leaf)
        policies = PolicyBuilder().store(self._store).time(at).max_chain_depth(MOST_CERTIFICATES)
        policies = policies.extension_policies(ca_policy=_MAKERS, ee_policy=_KEYS)
        try:
            policies.build_client_verifier().verify(leaf, between)
        except VerificationError:
            raise _not_trusted("no valid path to a maker that is trusted") from None


def _is_ca(
    _policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints
) -> None:
    if not constraints.ca:
        raise ValueError("an issuer that is no CA")


_MAKERS: Final = ExtensionPolicy.permit_all().require_present(
    x509.BasicConstraints, Criticality.AGNOSTIC, _is_ca
)
_KEYS: Final = ExtensionPolicy.permit_all()


def _read(der: bytes) -> x509.Certificate:
    try:
        if len(der) > _OCTETS_MAX:
            raise _not_trusted("a certificate in it is too large")
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.extensions, certificate.subject, certificate.issuer
        _ = public_key_of(certificate)
    except UNREADABLE:
        raise _not_trusted("a certificate in it cannot be read") from None
    return certificate


def _refuse_without_pin(leaf: x509.Certificate) -> None:
    try:
        told = leaf.extensions.get_extension_for_oid(_YUBICO_POLICIES).value
    except x509.ExtensionNotFound:
        return
    if isinstance(told, x509.UnrecognizedExtension) and told.value[:1] == bytes([_PIN_NEVER]):
        raise _not_trusted("the key signs without a PIN")


def _not_trusted(why: str) -> Refused:
    return Refused(
        reason=RefusalReason.ATTESTATION_NOT_TRUSTED,
        message=f"the proof that the key was made on the card does not hold: {why}",
        next_step=_NEXT,
    )
