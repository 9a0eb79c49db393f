"""The approvals that were given with the command: whose, when, and whether they count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from issuance.emergency.carrying_out import was_begun
from issuance.emergency.order import RevocationOrder
from pki.der.crl import read_crl
from pki.domain.errors import ConfigurationInvalid, Forbidden
from pki.domain.identifiers import IssuerId
from pki.store.reading import ReadStore
from pki.store.writing import WriteSession
from pki.trust.evidence import Approval, verify_approval
from server.roles.keys import read_certificate_file
from server.settings import Settings

FRESH: Final = timedelta(hours=24)
"""An order that nobody carried out for so long may be about another situation."""

_AHEAD: Final = timedelta(minutes=5)
"""How far the clock of whoever signed may be ahead of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """Signatures that verify; ``revoked`` are the serials that the Services CA's CRL lists."""

    given: tuple[Approval, ...]
    revoked: frozenset[int]

    @classmethod
    def read(
        cls, settings: Settings, reader: ReadStore, files: Sequence[Path], order: RevocationOrder
    ) -> Self:
        """Read and verify them.

        Raises:
            ConfigurationInvalid: a file cannot be read.
            Malformed, SignatureBroken: as `verify_approval`.
        """
        issuer = read_certificate_file(settings.services_ca.certificate)
        crl_of = IssuerId(settings.services_ca.id)
        crl = reader.read_sync(lambda session: session.latest_crl(crl_of))
        given = (verify_approval(_octets(file), order.octets, issuer) for file in files)
        revoked = frozenset[int]() if crl is None else frozenset(read_crl(crl.der).entries)
        return cls(given=tuple(given), revoked=revoked)

    def counted(
        self, session: WriteSession, order: RevocationOrder, now: datetime
    ) -> tuple[bytes, ...]:
        """Digests of the certificates whose signatures count now.

        One that is old counts only for an order that was begun in time: then it goes on.

        Raises:
            Forbidden: one does not count.
        """
        begun = was_begun(session, order)
        for each in self.given:
            if each.serial in self.revoked or not each.not_before <= now <= each.not_after:
                raise _no("its certificate was revoked, or is not valid now")
            if each.signed_at > now + _AHEAD:
                raise _no("it is signed at a time to come; see the clock of whoever signed")
            if not begun and each.signed_at < now - FRESH:
                raise _no("it was signed more than 24 hours ago")
        return tuple(each.certificate_sha256 for each in self.given)


def _octets(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationInvalid(
            key="--approval",
            message=f"{path} cannot be read: {error.strerror}",
            next_step="name the signed order (CMS, DER)",
        ) from error


def _no(why: str) -> Forbidden:
    return Forbidden(
        message=f"an approval does not count: {why}",
        next_step="have the order signed anew by two of the ZORG-ID team",
    )
