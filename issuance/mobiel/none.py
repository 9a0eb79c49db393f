"""Stands in where the configuration names no Mobiel CA: nobody gets a ZORG-ID Mobiel."""

from datetime import datetime

from issuance.mobiel.ports import MobielAuthority
from pki.domain.errors import Refused
from pki.domain.reasons import RefusalReason


class NoMobielCa:
    """Certifies nobody."""

    def issuing_mobiel(self, now: datetime, /) -> MobielAuthority:
        """Refuse.

        Raises:
            Refused: ISSUING_STOPPED.
        """
        del now
        raise Refused(
            reason=RefusalReason.ISSUING_STOPPED,
            message="this installation has no Mobiel CA",
            next_step="add a table [[mobiel_ca]] to the configuration and start again",
        )
