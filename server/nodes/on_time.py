"""The CAs of a node that certify only while its clock can be believed."""

from datetime import datetime
from typing import Protocol

from issuance.desk import Authorities
from issuance.mobiel.ports import MobielAuthorities, MobielAuthority
from issuance.ports import CertificationAuthority
from pki.domain.identifiers import IssuerId
from server.nodes.watch import NodeWatch


class Issuing(Authorities, MobielAuthorities, Protocol):
    """Those of the Token CA, and of the Mobiel CA."""


class OnTime:
    """The generations, as the registration authority wants them.

    Blocking, CRLs and answers go on with any clock: they are worth more than their dates.
    """

    def __init__(self, inner: Issuing, watch: NodeWatch) -> None:
        self._inner = inner
        self._watch = watch

    def issuing(self, now: datetime, /) -> CertificationAuthority:
        """As the one inside.

        Raises:
            Unavailable: the clock is wrong.
        """
        self._watch.require()
        return self._inner.issuing(now)

    def issuing_mobiel(self, now: datetime, /) -> MobielAuthority:
        """As `issuing`, for a telephone."""
        self._watch.require()
        return self._inner.issuing_mobiel(now)

    def of(self, issuer: IssuerId, /) -> CertificationAuthority:
        """As the one inside."""
        return self._inner.of(issuer)
