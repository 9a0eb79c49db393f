"""What OCSP says of a card, asked at the address that stands in its certificate."""

from dataclasses import dataclass

import aiohttp

from card_writer.card_edge import CardDiffers
from pki.der.certificate import read_certificate
from pki.domain.errors import Malformed
from pki.domain.identifiers import SerialNumber
from pki.domain.status import Good, OnHold, Revoked
from pki.observe.ocsp import OcspObserver
from pki.ports import Clock, Entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspStatus:
    """Fulfils the card writer's port."""

    http: aiohttp.ClientSession
    clock: Clock
    entropy: Entropy

    async def ask(self, chain: tuple[bytes, ...]) -> Good | OnHold | Revoked | None:
        """The verified answer about the first certificate, whose issuer comes next.

        Raises:
            CardDiffers: the chain does not say where to ask.
            Unavailable, Malformed, SignatureBroken: no answer, or none of the issuer's.
        """
        serial, url = _question(chain)
        observer = OcspObserver(self.http, url, chain[1], clock=self.clock, entropy=self.entropy)
        return (await observer.ask(serial)).status


def _question(chain: tuple[bytes, ...]) -> tuple[SerialNumber, str]:
    try:
        leaf = read_certificate(chain[0])
        info = leaf.authority_info
    except Malformed:
        pass
    else:
        if info is not None and info.ocsp and len(chain) > 1:
            return leaf.content.serial, info.ocsp[0]
    raise CardDiffers(
        message="the chain on the card does not say where its status can be asked",
        next_step="let an administrator block and revoke this card, then make a new one",
    )
