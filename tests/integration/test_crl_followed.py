"""openssl goes where a card's certificate points, and judges it by the lists that lie there."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from ca.profiles import load_profiles
from crl.build import CrlIssuer
from crl.http import CrlHandler
from crl.policy import CrlPolicy
from crl.service import CrlService
from fakes.listener import listening
from fakes.status import ISSUER, FakeClock, FakeCrlStore, FakeStore
from fixtures.signers import (
    HOLDER,
    PROFILES,
    SETTINGS,
    make_hierarchy,
    open_token_ca,
    signer,
)
from pki.der.certificate import read_certificate
from pki.domain.algorithms import KeyType
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.records import CrlList, delta_name, part_of
from pki.domain.status import Good, OnHold
from pki.ports import HttpAnswer, HttpRequest, ReadyAnswer, SystemClock
from pki.trust.signatures import verify_signature
from status_side.house import pem, run

PARTS = 2
CARD = "card-rsa2048"
pytestmark = pytest.mark.openssl


@dataclass
class Followed:
    """Two parts of a CA's list behind a real listener, which notes what it is asked for."""

    folder: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(SystemClock().now()))
    asked: list[str] = field(default_factory=list)
    methods: Sequence[str] = ("GET", "HEAD")
    kept: dict[str, HttpAnswer] = field(default_factory=dict)
    deltas: bool = False

    def __post_init__(self) -> None:
        self.store = FakeStore(self.clock)
        self.crls = FakeCrlStore(self.store)
        name = SETTINGS.token_ca_published_as
        self.names = [f"{name}-part-{part}" for part in range(PARTS)]
        self.serve(*range(PARTS))

    def serve(self, *parts: int) -> None:
        """Under the names of the parts, in their order, show these."""
        issued: dict[str, IssuerId] = {}
        for name, part in zip(self.names, parts, strict=True):
            each = CrlList(issuer=ISSUER, parts=PARTS, part=part, point="-")
            issued |= {name: each.id, delta_name(name): each.delta_id}
        self.handler = CrlHandler(
            self.crls,
            issued=issued,
            certificates={},
            clock=self.clock,
            policy=CrlPolicy(),
        )
        self.store.listeners.append(self.handler.apply)

    def hot(
        self, method: bytes, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> ReadyAnswer | None:
        if target.decode() in self.kept:
            return None
        found = self.handler.hot(method, target, headers, body)
        if found is not None:
            self.asked.append(target.decode())
        return found

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        target = request.target.decode()
        self.asked.append(target)
        return self.kept.get(target) or await self.handler.answer(request)

    async def keep(self, target: str) -> None:
        """From now on show what is there now, as a cache between would."""
        asked = HttpRequest(method="GET", target=target.encode(), headers={}, body=b"")
        self.kept[target] = await self.handler.answer(asked)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """The address that goes into certificates."""
        async with listening({b"/crl/": self}) as (_, port):
            self.base = f"http://127.0.0.1:{port}"
            await self._certify()
            yield self.base

    async def _certify(self) -> None:
        """A CA whose cards name one of two parts, and cards of both, two of each."""
        settings = replace(SETTINGS, base_url=self.base)
        profiles = dict(load_profiles(PROFILES, settings=settings))
        extensions = profiles[CARD].extensions
        extensions = replace(extensions, crl_parts=PARTS, crl_deltas=self.deltas)
        profiles[CARD] = replace(profiles[CARD], extensions=extensions)
        hierarchy = await make_hierarchy(profiles, now=self.clock.now() - timedelta(minutes=1))
        self.ca = open_token_ca(replace(hierarchy, settings=settings))
        for label, der in zip(("token-ca", "root"), self.ca.chain, strict=True):
            (self.folder / f"{label}.pem").write_bytes(pem(der))
        self.cards: dict[int, list[SerialNumber]] = {part: [] for part in range(PARTS)}
        while min(map(len, self.cards.values())) < PARTS:
            self._keep(await self._card())

    async def _card(self) -> bytes:
        key = signer(KeyType.RSA_2048, "card").public_key
        return await self.ca.sign(self.ca.prepare_card(HOLDER, key, self.clock.now()).tbs)

    def _keep(self, card: bytes) -> None:
        serial = read_certificate(card).content.serial
        self.cards[part_of(serial, PARTS)].append(serial)
        (self.folder / f"{serial}.pem").write_bytes(pem(card))
        self.store.statuses[serial] = Good()

    async def publish(self, part: int) -> None:
        """The CRL of one part."""
        point, delta = (
            f"{self.base}/crl/{name}.crl"
            for name in (self.names[part], delta_name(self.names[part]))
        )
        crl_list = CrlList(
            issuer=ISSUER,
            parts=PARTS,
            part=part,
            point=point,
            delta=delta if self.deltas else None,
        )
        await CrlService(
            CrlIssuer.of(ISSUER, self.ca.certificate, crl_list),
            self.ca.signer,
            self.crls,
            verify=verify_signature,
            clock=self.clock,
            policy=CrlPolicy(),
        ).publish_next()

    async def judged(self, serial: SerialNumber, *more: str, status: int = 0) -> str:
        """What openssl says of a card when it fetches the CRL itself."""
        root, between = self.folder / "root.pem", self.folder / "token-ca.pem"
        card = self.folder / f"{serial}.pem"
        asked = ("openssl", "verify", "-crl_check", "-crl_download", *more)
        return await run(*asked, "-CAfile", root, "-untrusted", between, card, status=status)


@pytest.fixture
async def followed(tmp_path: Path) -> AsyncIterator[Followed]:
    found = Followed(tmp_path)
    async with found.open():
        yield found


@pytest.mark.parametrize("more", [(), ("-extended_crl",)], ids=["plain", "extended"])
async def test_each_card_is_judged_by_its_own_part(
    followed: Followed, more: tuple[str, ...]
) -> None:
    for part, (held, good, *_) in followed.cards.items():
        followed.store.change(held, OnHold(since=followed.clock.now()))
        await followed.publish(part)
        followed.asked.clear()
        assert "certificate revoked" in await followed.judged(held, *more, status=2)
        assert await followed.judged(good, *more)
        assert set(followed.asked) == {f"/crl/{followed.names[part]}.crl"}


@pytest.mark.parametrize("more", [(), ("-extended_crl",)], ids=["plain", "extended"])
async def test_no_card_is_judged_by_another_part_in_place_of_its_own(
    followed: Followed, more: tuple[str, ...]
) -> None:
    """Genuine and fresh, and put there by somebody between: plain HTTP allows that."""
    held, good, *_ = followed.cards[0]
    followed.store.change(held, OnHold(since=followed.clock.now()))
    for part in range(PARTS):
        await followed.publish(part)
    followed.serve(1, 0)
    for serial in (held, good, followed.cards[1][0]):
        told = (await followed.judged(serial, *more, status=2)).lower()
        assert "different crl scope" in told
        assert "certificate revoked" not in told
    followed.serve(0, 1)
    assert "certificate revoked" in await followed.judged(held, *more, status=2)
    assert await followed.judged(good, *more)


async def test_a_card_leads_to_the_delta_which_tells_what_a_cached_part_cannot(
    tmp_path: Path,
) -> None:
    followed = Followed(tmp_path, deltas=True)
    async with followed.open():
        now, (held, lifted, *_) = followed.clock.now(), followed.cards[0]
        complete, delta = (
            f"/crl/{name}.crl" for name in (followed.names[0], delta_name(followed.names[0]))
        )
        await followed.publish(0)
        followed.store.change(lifted, OnHold(since=now))
        await followed.publish(0)
        await followed.keep(complete)
        followed.store.change(lifted, Good())
        followed.store.change(held, OnHold(since=now))
        await followed.publish(0)
        assert await followed.judged(held, "-extended_crl")
        assert "certificate revoked" in await followed.judged(lifted, "-extended_crl", status=2)
        followed.asked.clear()
        deltas = ("-extended_crl", "-use_deltas")
        assert "certificate revoked" in await followed.judged(held, *deltas, status=2)
        assert await followed.judged(lifted, *deltas)
        assert set(followed.asked) == {complete, delta}
