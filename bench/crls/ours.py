"""One process that makes CRLs as the server does, and measures itself.

It is started by the suite, so that what it uses of memory is its own:

    python -m bench.crls.ours URL KEY CERTIFICATE OUT ROUNDS
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


def service_over(reader: ReadStore, store: Store, key: Path, certificate: Path) -> CrlService:
    """Everything as the server joins it."""
    private_key = load_pem_private_key(key.read_bytes(), None)
    assert isinstance(private_key, PrivateKey)
    return CrlService(
        CrlIssuer.of(IssuerId(ISSUER), from_pem(certificate.read_text("ascii"))),
        CheckedSigner(SoftSigner(private_key)),
        StoreCrls(reader, store),
        verify=verify_signature,
        clock=SystemClock(),
        policy=CrlPolicy(),
    )


async def run(service: CrlService, store: Store, rounds: int) -> tuple[dict[str, object], bytes]:
    """First a CRL from rows, then as many after one change each; the last lists no change."""

    async def made(*, from_rows: bool) -> int:
        return len((await service.publish_next(from_rows=from_rows)).der)

    octets, first = await measured(partial(made, from_rows=True))
    again = []
    for number in range(rounds):
        await store.write(partial(change, hold=number % 2 == 0))
        octets, figures = await measured(partial(made, from_rows=False))
        again.append(figures)
    if rounds % 2:
        await store.write(partial(change, hold=False))
    last = await service.publish_next(from_rows=False)
    found = {"octets": octets, "from_rows": first, "after_a_change": again}
    return found, last.der


def main() -> int:
    """Run, and print one JSON object."""
    url, key, certificate, out, rounds = sys.argv[1:]
    store, reader = Store.open(url, clock=SystemClock()), ReadStore.open(url)
    service = service_over(reader, store, Path(key), Path(certificate))
    found, last = asyncio.run(run(service, store, int(rounds)))
    store.close_sync()
    reader.close_sync()
    Path(out).write_bytes(last)
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
