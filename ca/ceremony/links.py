"""Links between two generations of the root: who trusts one of them reaches both (RFC 9810 4.4)."""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.x509 import load_der_x509_certificate

from ca.ceremony.describe import Fields
from ca.ceremony.reading import invalid
from ca.issuer import Issuer
from ca.practice import Moment
from ca.prepare import Prepared, Request, prepare
from ca.profile import CertificateKind, Profile
from ca.validity import Window
from pki.der.certificate import Certificate, read_certificate

NEW_WITH_OLD: Final = "NewWithOld: the old root signs the new root's key"
OLD_WITH_NEW: Final = "OldWithNew: the new root signs the old root's key"


def prepare_link(profile: Profile, linked: bytes, issuer: Issuer, moment: Moment) -> Prepared:
    """A link certificate for the key of the root certificate ``linked`` (DER), linted.

    Raises:
        ConfigurationInvalid: not two roots of one name with different keys that are both valid now.
        Malformed: not a certificate.
        KeyRejected, LintFailed: as `ca.prepare.prepare`.
    """
    other = read_certificate(linked)
    _check_roots(other, issuer)
    life = link_window(other, issuer)
    if issuer.window is None or not (
        max(life.not_before, issuer.window.not_before) <= moment.now <= life.not_after
    ):
        raise invalid("link", "both roots must be valid on the day of the ceremony")
    request = Request(public_key=other.content.public_key, window=life)
    return prepare(request, profile=profile, issuer=issuer, now=moment.now, entropy=moment.entropy)


def link_window(linked: Certificate, issuer: Issuer) -> Window:
    """From the linked root's start to the end of whichever root ends first.

    For OldWithNew that is the old root's own life, for NewWithOld it starts with the new root and
    ends with the old one at the latest (RFC 9810 4.4.1).
    """
    own, content = issuer.window, linked.content
    ends = content.not_after if own is None else min(content.not_after, own.not_after)
    return Window(not_before=content.not_before, not_after=ends)


def link_fields(linked: bytes, issuer: Issuer) -> Fields:
    """Which way the link goes, for people to read."""
    own = issuer.window
    is_newer = own is not None and read_certificate(linked).content.not_before > own.not_before
    return (("Link", NEW_WITH_OLD if is_newer else OLD_WITH_NEW),)


def _check_roots(linked: Certificate, issuer: Issuer) -> None:
    if issuer.profile.kind is not CertificateKind.ROOT:
        raise invalid("issuer", "is no root: links are between two generations of the root")
    certificate = load_der_x509_certificate(linked.der)
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature):
        raise invalid("link.certificate", "is no root: it did not sign itself") from None
    if linked.content.subject_der != issuer.name_der:
        raise invalid(
            "link.certificate",
            "has another name; the roots' path length leaves room for a link of the same name only",
        )
    if linked.content.public_key == issuer.public_key:
        raise invalid("link.certificate", "has the issuer's own key: there is nothing to link")
