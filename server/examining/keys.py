"""Keys and secrets: whether each can be used here, and who else could read it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from pki.der.certificate import read_certificate
from pki.domain.errors import ZorgidError
from pki.keys.sealing import BirthDateSealer
from pki.ports import SystemEntropy
from server.commands.findings import Finding, ok, problem, warning
from server.evidence.key import open_evidence
from server.roles.issuance_desk import SEALING_FILE, read_salt
from server.roles.keys import load_signer, read_certificate_file, responder_keys
from server.setting.issuers import IssuerSettings
from server.setting.keys import CaKeySettings
from server.settings import Settings

_CEREMONY: Final = timedelta(days=90)
"""Before an end that needs a ceremony."""


def examine_keys(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Those of the CAs; one that cannot be used does not hide the others."""
    del now
    for each in settings.published:
        if each.key is not None:
            yield from _key(settings, each, each.key)
    keys = [each.key for each in settings.published if each.key is not None]
    if settings.evidence is not None:
        keys.append(settings.evidence.key)
    named = [each.file for each in keys if each.file is not None]
    for path in sorted({*settings.secrets.glob("*"), *named, settings.api.key.file}):
        if path.stat().st_mode & 0o077:
            yield problem("keys", f"{path.name} may be read by others", f"chmod 600 {path}")


def examine_evidence(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Statements that were made stay good; after the end of its certificate none can be made."""
    if settings.evidence is None:
        yield warning(
            "evidence", "no evidence key: no status can be stated", "add the section [evidence]"
        )
        return
    open_evidence(settings, settings.evidence)
    certificate = read_certificate(read_certificate_file(settings.evidence.certificate))
    begins, ends = certificate.content.not_before, certificate.content.not_after
    another = "have the Services CA certify another evidence key (docs/ceremony.md)"
    if not begins <= now <= ends:
        yield problem(
            "evidence", f"its certificate is good {begins:%Y-%m-%d} – {ends:%Y-%m-%d} only", another
        )
    elif ends - now < _CEREMONY:
        yield warning("evidence", f"no status can be stated after {ends:%Y-%m-%d}", another)
    else:
        yield ok("evidence", f"the key belongs to its certificate, good until {ends:%Y-%m-%d}")


def _key(settings: Settings, issuer: IssuerSettings, key: CaKeySettings) -> Iterator[Finding]:
    """Whether it can be used; a token key was then reached, logged in to, and found."""
    try:
        load_signer(key, read_certificate_file(issuer.certificate), settings.limits)
    except ZorgidError as error:
        yield problem("keys", f"{issuer.id}: {error.message}", error.next_step)
        return
    yield ok("keys", f"the key of {issuer.id} belongs to its certificate")
    if key.pkcs11 is not None:
        at = f"token {key.pkcs11.token}, id {key.pkcs11.key_id}"
        yield ok("keys", f"the key of {issuer.id} is in an HSM that answers ({at})")
    elif settings.installation.kind == "production":
        yield problem(
            "keys",
            f"the key of {issuer.id} is a file",
            "production keys belong in an HSM: make them in a key ceremony",
        )


def examine_responder_key(settings: Settings, now: datetime) -> Iterator[Finding]:
    """That of OCSP answers, where it is in a token."""
    del now
    key = settings.status.responder_key.pkcs11
    if key is not None:
        responder_keys(settings.status.responder_key, settings.limits)
        at = f"token {key.token}, id {key.key_id}"
        yield ok("keys", f"the key of the OCSP responder is in an HSM that answers ({at})")


def examine_secrets(settings: Settings, now: datetime) -> Iterator[Finding]:
    """What the role issuance needs besides keys; a node that issues nothing has none."""
    del now
    if all(each.key is None for each in settings.generations):
        return
    BirthDateSealer.load(settings.secrets / SEALING_FILE, SystemEntropy())
    read_salt(settings)
    yield ok("keys", "what birth dates and passes are hidden with is there")
