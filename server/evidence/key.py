"""The evidence key as the configuration names it."""

from pki.der.certificate import read_certificate
from pki.der.extensions import KeyUsage
from pki.domain.errors import ConfigurationInvalid
from pki.keys.evidence import EvidenceKey
from pki.trust.signatures import verify_signature
from server.roles.keys import load_signer, read_certificate_file
from server.setting.evidence import EvidenceSettings
from server.settings import Settings


def open_evidence(settings: Settings, section: EvidenceSettings) -> EvidenceKey:
    """The key, checked against its certificate, which the Services CA must have signed.

    Raises:
        ConfigurationInvalid: a file cannot be used, or the certificate is not of an evidence key.
        KeyMismatch: key and certificate do not belong together.
        EnvironmentMissing, SignerUnavailable, SignerBusy: the key is in a token that is not there.
    """
    own = read_certificate_file(section.certificate)
    above = read_certificate_file(settings.services_ca.certificate)
    certificate, issuer = read_certificate(own), read_certificate(above)
    if not verify_signature(
        issuer.content.public_key,
        certificate.content.algorithm,
        certificate.tbs,
        certificate.signature,
    ):
        raise _unusable("was not signed by the Services CA of this configuration")
    if KeyUsage.NON_REPUDIATION not in (certificate.key_usage or ()):
        raise _unusable("is not that of an evidence key (nonRepudiation)")
    return EvidenceKey(load_signer(section.key, own, settings.limits), (own, above))


def _unusable(why: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key="evidence.certificate",
        message=f"setting evidence.certificate: the certificate {why}",
        next_step="name the certificate of the ceremony that made the evidence key",
    )
