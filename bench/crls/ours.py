"""One process that makes CRLs as the server does, and measures itself.

It is started by the suite for every round, so that what it uses of memory is its own:

    python -m bench.crls.ours URL EMPTY_URL KEY CERTIFICATE OUT
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bench.crls.data import CHANGING, ISSUER
from crl.build import CrlIssuer
from crl.policy import CrlPolicy
from crl.ports import Publication
from crl.service import CrlService
from pki.api.fields import from_pem
from pki.domain.events import CardBlocked, CardUnblocked
from pki.domain.identifiers import CardId, IssuerId
from pki.domain.people import SYSTEM
from pki.domain.reasons import BlockReason
from pki.domain.status import Good, OnHold
from pki.keys.algorithms import PrivateKey
from pki.keys.checked import CheckedSigner
from pki.keys.soft import SoftSigner
from pki.ports import SystemClock
from pki.store.reading import ReadStore
from pki.store.writing import Store, WriteSession
from pki.trust.signatures import verify_signature
from server.roles.write_ports import StoreCrls

T = TypeVar("T")
CARD = CardId("0" * 32)


def resident(field: str) -> int:
    """Octets of memory, now (VmRSS) or at most since `forget` (VmHWM)."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def forget() -> None:
    """Let VmHWM start again (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


async def measured(work: Callable[[], Awaitable[T]]) -> tuple[T, dict[str, float]]:
    """What came of it, the seconds it took, and the memory it needed beyond what was there."""
    forget()
    before = resident("VmRSS")
    start = time.perf_counter()
    done = await work()
    seconds = time.perf_counter() - start
    return done, {"seconds": seconds, "memory": resident("VmHWM") - before}


def change(session: WriteSession, *, hold: bool) -> None:
    """Block or unblock one certificate."""
    issuer = IssuerId(ISSUER)
    if hold:
        reason = BlockReason.LOSS
        entry = session.record(
            CardBlocked(card=CARD, issuer=issuer, serial=CHANGING, reason=reason), SYSTEM
        )
        session.set_status(issuer, CHANGING, OnHold(since=session.now), entry)
    else:
        entry = session.record(CardUnblocked(card=CARD, issuer=issuer, serial=CHANGING), SYSTEM)
        session.set_status(issuer, CHANGING, Good(), entry)


class House:
    """A store and the service that makes its CRLs, joined as the server joins them."""

    def __init__(self, url: str, key: Path, certificate: Path) -> None:
        private_key = load_pem_private_key(key.read_bytes(), None)
        assert isinstance(private_key, PrivateKey)
        self.store = Store.open(url, clock=SystemClock())
        self._reader = ReadStore.open(url)
        self._service = CrlService(
            CrlIssuer.of(IssuerId(ISSUER), from_pem(certificate.read_text("ascii"))),
            CheckedSigner(SoftSigner(private_key)),
            StoreCrls(self._reader, self.store),
            verify=verify_signature,
            clock=SystemClock(),
            policy=CrlPolicy(),
        )

    async def publish(self, *, from_rows: bool) -> Publication:
        """Make and publish the next one."""
        return await self._service.publish_next(from_rows=from_rows)

    async def changed(self, *, hold: bool) -> None:
        """One block, or its end."""
        await self.store.write(partial(change, hold=hold))

    def close(self) -> None:
        """Give the connections back."""
        self.store.close_sync()
        self._reader.close_sync()


async def octets(house: House, *, from_rows: bool) -> int:
    """Make a CRL and let go of it; how long it was."""
    return (await house.publish(from_rows=from_rows)).octets


async def run(house: House) -> tuple[dict[str, object], bytes]:
    """A CRL from all rows, then one after a change; the last lists no change."""
    _, first = await measured(partial(octets, house, from_rows=True))
    await house.changed(hold=True)
    size, again = await measured(partial(octets, house, from_rows=False))
    await house.changed(hold=False)
    last = await house.publish(from_rows=False)
    return {"octets": size, "from_rows": first, "after_a_change": again}, last.whole.der


def main() -> int:
    """Run, and print one JSON object."""
    url, empty, *files = sys.argv[1:]
    key, certificate, out = map(Path, files)
    # What is loaded when it is first used is not in the figures, nor is it in a server's.
    practice = House(empty, key, certificate)
    asyncio.run(run(practice))
    practice.close()
    house = House(url, key, certificate)
    found, last = asyncio.run(run(house))
    house.close()
    out.write_bytes(last)
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
