"""Which of a UZI pass's certificates is the one that logs in."""

from collections.abc import Iterable
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from card_writer.wrong_card import Mismatch, WrongCard

UNREADABLE: Final = (
    ValueError,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises of a certificate that has no such extension, or that it cannot read."""


def is_authenticity(der: bytes) -> bool:
    """Whether it signs challenges, and nothing else: the CPS UZI-register gives each its own use.

    Anything that is no such certificate, or cannot be read, is not.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except UNREADABLE:
        return False
    others = usage.content_commitment or usage.key_encipherment or usage.key_cert_sign
    wanted = usage.digital_signature and not others
    return wanted and ExtendedKeyUsageOID.CLIENT_AUTH in purposes


def authenticity_of(certificates: Iterable[tuple[str, bytes]]) -> tuple[str, bytes]:
    """The id and DER of the one authenticity certificate among those on a pass.

    Raises:
        WrongCard: there is none, or more than one.
    """
    found = [(name, der) for name, der in certificates if is_authenticity(der)]
    if len(found) != 1:
        what = "no" if not found else "more than one"
        raise WrongCard(
            message=f"the card has {what} certificate to log in with",
            next_step="put a UZI pass in",
            why=Mismatch.NO_PASS,
        )
    return found[0]
