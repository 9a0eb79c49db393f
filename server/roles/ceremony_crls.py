"""CRLs of CAs that sign by ceremony: checked when brought in, then published like any other."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from crl.build import CrlIssuer, imported
from pki.der.crl import read_crl
from pki.domain.errors import ConfigurationInvalid, Malformed, SignatureBroken, ZorgidError
from pki.domain.identifiers import IssuerId
from pki.domain.records import PublishedCrl
from pki.store.writing import Store, WriteSession
from pki.trust.signatures import verify_signature
from server.roles.keys import read_certificate_file
from server.roles.write_ports import record_crl
from server.setting.issuers import IssuerSettings

_log: Final = logging.getLogger(__name__)

LOOK_SECONDS: Final = 30.0
"""How often a ceremony's CRL is looked for: a revoked administrator waits no longer."""


class CeremonyCrls:
    """Keeps the CRL files of these CAs published; a new file is seen within `LOOK_SECONDS`."""

    def __init__(
        self,
        issuers: Sequence[IssuerSettings],
        store: Store,
        *,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._issuers = [each for each in issuers if each.crl is not None]
        self._look_seconds = look_seconds
        self._store = store
        self._revoked: dict[str, frozenset[int]] = {}
        self.latest: dict[str, PublishedCrl] = {}

    def revoked(self, issuer: str) -> frozenset[int]:
        """Serials that the CRL in use lists; none for a CA without one."""
        return self._revoked.get(issuer, frozenset())

    async def bring_in(self) -> None:
        """Publish every file that is newer than what is held.

        Raises:
            ConfigurationInvalid: not a CRL of its CA, or older than the one that is published.
            StoreUnavailable: the store cannot be written.
        """
        for each in self._issuers:
            await self._bring_in(each)

    async def run(self) -> None:
        """Look for new files until cancelled; a bad one is said and the old one stays."""
        while True:
            await asyncio.sleep(self._look_seconds)
            try:
                await self.bring_in()
            except ZorgidError as error:
                _log.exception("no new CRL of a ceremony", extra={"next_step": error.next_step})

    async def _bring_in(self, settings: IssuerSettings) -> None:
        if settings.crl is None:
            return
        published = _read(settings, settings.crl)
        if await self._store.write(lambda session: _publish(session, published, settings.crl)):
            _log.info("CRL of a ceremony published", extra={"issuer": settings.id})
        self.latest[settings.id] = published
        self._revoked[settings.id] = frozenset(read_crl(published.der).entries)


def _read(settings: IssuerSettings, path: Path) -> PublishedCrl:
    issuer = CrlIssuer.of(IssuerId(settings.id), read_certificate_file(settings.certificate))
    try:
        return imported(issuer, path.read_bytes(), verify_signature)
    except OSError as error:
        raise _invalid(path, f"cannot be read: {error.strerror}") from error
    except Malformed as error:
        raise _invalid(path, "is not a CRL in DER") from error
    except SignatureBroken as error:
        raise _invalid(path, "is not signed by the CA it is configured for") from error


def _publish(session: WriteSession, crl: PublishedCrl, path: Path | None) -> bool:
    held = session.latest_crl(crl.issuer)
    if held is not None and held.der == crl.der:
        return False
    if held is not None and crl.number <= held.number:
        raise _invalid(path, f"has number {crl.number}; number {held.number} is published already")
    record_crl(session, crl, 0 if held is None else held.number)
    return True


def _invalid(path: Path | None, why: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key=str(path),
        message=f"CRL file {path} {why}",
        next_step="put the CRL of the last ceremony there",
    )
