"""Stands in where the configuration names no CA of ZORG-ID Mobiel: no certificate is of it."""

from datetime import datetime

from issuance.steps.standing import refuse
from pki.domain.reasons import RefusalReason


class NoMobielTrusted:
    """Trusts nobody."""

    def verify_mobiel(self, certificate: bytes, at: datetime, /) -> None:
        """Refuse.

        Raises:
            Refused: MOBIEL_NOT_TRUSTED.
        """
        del certificate, at
        refuse(RefusalReason.MOBIEL_NOT_TRUSTED)
