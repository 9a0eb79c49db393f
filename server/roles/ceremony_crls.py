"""CRLs of CAs that sign by ceremony: checked when brought in, then published like any other."""

import logging
from pathlib import Path
from typing import Final

from pki.der.certificate import read_certificate
from pki.der.crl import Crl, read_crl
from pki.domain.errors import ConfigurationInvalid, Malformed
from pki.domain.identifiers import IssuerId
from pki.domain.records import PublishedCrl
from pki.store.writing import Store, WriteSession
from pki.trust.signatures import verify_signature
from server.roles.keys import read_certificate_file
from server.roles.write_ports import record_crl
from server.settings import IssuerSettings

_log: Final = logging.getLogger(__name__)


async def bring_in(settings: IssuerSettings, store: Store) -> None:
    """Publish the CRL file of a CA if it is newer than the one held.

    Raises:
        ConfigurationInvalid: not a CRL of this CA, or older than the one that is published.
    """
    if settings.crl is None:
        return
    der, found = _read(settings, settings.crl)
    issuer = IssuerId(settings.id)
    published = PublishedCrl(
        issuer=issuer,
        number=found.number,
        this_update=found.this_update,
        next_update=found.next_update,
        der=der,
        entries=len(found.entries),
        upto=0,
    )
    if await store.write(lambda session: _publish(session, published, settings.crl)):
        _log.info("CRL of a ceremony published", extra={"issuer": issuer.value})


def revoked_serials(settings: IssuerSettings) -> frozenset[int]:
    """Which certificates of this CA its ceremonies have revoked; none when it names no CRL.

    Raises:
        ConfigurationInvalid: not a CRL of this CA.
    """
    if settings.crl is None:
        return frozenset()
    _, found = _read(settings, settings.crl)
    return frozenset(found.entries)


def _read(settings: IssuerSettings, path: Path) -> tuple[bytes, Crl]:
    try:
        der = path.read_bytes()
    except OSError as error:
        raise _invalid(path, f"cannot be read: {error.strerror}") from error
    return der, _checked(der, read_certificate_file(settings.certificate), path)


def _publish(session: WriteSession, crl: PublishedCrl, path: Path | None) -> bool:
    held = session.latest_crl(crl.issuer)
    if held is not None and held.der == crl.der:
        return False
    if held is not None and crl.number <= held.number:
        raise _invalid(path, f"has number {crl.number}; number {held.number} is published already")
    record_crl(session, crl, 0 if held is None else held.number)
    return True


def _checked(der: bytes, certificate: bytes, path: Path) -> Crl:
    try:
        crl = read_crl(der)
    except Malformed as error:
        raise _invalid(path, "is not a CRL in DER") from error
    issuer = read_certificate(certificate).content
    signed = verify_signature(issuer.public_key, crl.algorithm, crl.tbs, crl.signature)
    if not signed or crl.issuer_der != issuer.subject_der:
        raise _invalid(path, "is not signed by the CA it is configured for")
    return crl


def _invalid(path: Path | None, why: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key=str(path),
        message=f"CRL file {path} {why}",
        next_step="put the CRL of the last ceremony there",
    )
