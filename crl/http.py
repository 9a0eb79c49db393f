"""Serves CRLs and CA certificates over HTTP (RFC 5280 4.2.1.13, 4.2.2.1; RFC 2585)."""

import asyncio
import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime
from http import HTTPStatus
from typing import Final

from crl.delivery import delivered, packed, wants_gzip
from crl.ending import is_last
from crl.policy import CrlPolicy
from crl.ports import CrlShelf
from pki.der.certificate import read_certificate
from pki.domain.errors import NotFound, StoreUnavailable, Unavailable
from pki.domain.events import CrlPublished
from pki.domain.identifiers import IssuerId
from pki.domain.journal import JournalEntry
from pki.domain.records import PublishedCrl
from pki.ports import OK, Clock, HttpAnswer, HttpRequest, ReadyAnswer

logger = logging.getLogger(__name__)

CERTIFICATE_MAX_AGE: Final = 86400
_CRL: Final = ("/crl/", ".crl")
_CERTIFICATE: Final = ("/ca/", ".cer")


@dataclass(slots=True)
class _Held:
    """The CRL in hand; ``announced`` is the highest number that the journal has told of.

    ``packed`` is its compressed form, made when it is first asked for. ``dated``: it is known that
    no other CRL of this list is of its second. ``looks`` counts those into the store.
    """

    issuer: IssuerId
    crl: PublishedCrl | None = None
    tag: str = ""
    dated: bool = False
    announced: int = 0
    looks: int = 0
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    packed: bytes | None = None
    packing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def lacks(self) -> bool:
        """Whether there is a newer one, wherever: a database may not have it yet."""
        return self.crl is None or self.crl.number < self.announced


class CrlHandler:
    """Answers ``/crl/<name>.crl`` and ``/ca/<name>.cer`` for a fixed set of names.

    ``issued``: names of CRLs that are in the store, made here or elsewhere; ``certificates``: DER.
    It needs no key and no write access.
    """

    methods: Sequence[str] = ("GET", "HEAD")

    def __init__(
        self,
        shelf: CrlShelf,
        *,
        issued: Mapping[str, IssuerId],
        certificates: Mapping[str, bytes],
        clock: Clock,
        policy: CrlPolicy,
    ) -> None:
        self._shelf = shelf
        self._clock = clock
        self._policy = policy
        self._held = {name: _Held(issuer) for name, issuer in issued.items()}
        self._certificates = {name: _certificate(der) for name, der in certificates.items()}

    def hot(
        self, method: bytes, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> ReadyAnswer | None:
        """Nothing is ready: what a cache may keep depends on the time."""
        del method, target, headers, body
        return None

    def apply(self, entries: Sequence[JournalEntry]) -> None:
        """Notice that a newer CRL was published."""
        for entry in entries:
            if isinstance(entry.event, CrlPublished):
                for held in self._held.values():
                    if held.issuer == entry.event.issuer:
                        held.announced = max(held.announced, entry.event.number)

    def forget(self) -> None:
        """What is in hand is of another store than there is now, and so is what is being read."""
        self._held = {name: _Held(held.issuer) for name, held in self._held.items()}

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer in full.

        Raises:
            Unavailable: there is no CRL yet, and none can be read.
        """
        path = request.target.split(b"?", 1)[0].decode("latin-1")
        gzip = wants_gzip(request.headers.get(b"accept-encoding"))
        try:
            answer, dated = await self._found(path, gzip=gzip)
        except NotFound:
            body = b"not found\n"
            return HttpAnswer(
                status=HTTPStatus.NOT_FOUND.value,
                headers=(
                    ("Content-Type", "text/plain; charset=utf-8"),
                    ("Content-Length", str(len(body))),
                ),
                body=body,
            )
        return delivered(answer, request, dated=dated)

    async def _found(self, path: str, *, gzip: bool) -> tuple[HttpAnswer, bool]:
        """The whole answer, and whether its date names it."""
        name = _name(path, *_CERTIFICATE)
        if name in self._certificates:
            return self._certificates[name], True
        name = _name(path, *_CRL)
        held = self._held.get(name)
        if held is None:
            raise NotFound(what="path", message="no such CRL or certificate")
        crl, tag, dated = await self._current(held)
        if not gzip:
            return self._crl_answer(crl, tag, crl.der), dated
        octets, tag = await _packed(held, crl), f'{tag[:-1]}-gzip"'
        return self._crl_answer(crl, tag, octets, ("Content-Encoding", "gzip")), dated

    async def _current(self, held: _Held) -> tuple[PublishedCrl, str, bool]:
        """The newest CRL; without the store the one in hand, since late is better than none."""
        if held.lacks():
            await self._look(held)
        if held.crl is None:
            raise Unavailable(
                message=f"no CRL of {held.issuer} was published yet",
                next_step="look why the CRL follower of the issuance role does not publish",
            )
        return held.crl, held.tag, held.dated

    async def _look(self, held: _Held) -> None:
        """Ask the store, one at a time: whoever waited for a look that began later has its result.

        A CRL may be large, and OCSP asks by the same connections.
        """
        begun = held.looks
        async with held.looking:
            if held.looks > begun or not held.lacks():
                return
            held.looks += 1
            try:
                found = await self._shelf.latest(held.issuer)
            except StoreUnavailable as error:
                if held.crl is None:
                    raise
                logger.warning("serving the CRL in hand", extra={"next_step": error.next_step})
                return
            if found is not None and (held.crl is None or found.number > held.crl.number):
                held.dated = _alone(held.crl, found)
                held.crl, held.tag, held.packed = found, _tag(found.der), None

    def _crl_answer(
        self, crl: PublishedCrl, tag: str, octets: bytes, *coding: tuple[str, str]
    ) -> HttpAnswer:
        now = self._clock.now()
        made_here = crl.upto > 0 and not is_last(crl.next_update)
        planned = crl.this_update + self._policy.every if made_here else crl.next_update
        until = min(planned, crl.next_update)
        max_age = max(0, min(self._policy.max_age, int((until - now).total_seconds())))
        return HttpAnswer(
            status=OK,
            headers=(
                ("Content-Type", "application/pkix-crl"),
                *coding,
                ("Content-Length", str(len(octets))),
                ("Last-Modified", format_datetime(crl.this_update, usegmt=True)),
                ("Expires", format_datetime(crl.next_update, usegmt=True)),
                ("ETag", tag),
                ("Vary", "Accept-Encoding"),
                ("Accept-Ranges", "bytes"),
                ("Cache-Control", f"max-age={max_age}, public, no-transform, must-revalidate"),
            ),
            body=octets,
        )


async def _packed(held: _Held, crl: PublishedCrl) -> bytes:
    """Compressed once for all who ask, in a thread; a newer one in hand is not touched."""
    async with held.packing:
        if held.crl is crl and held.packed is not None:
            return held.packed
        octets = await asyncio.to_thread(packed, crl.der)
        if held.crl is crl:
            held.packed = octets
        return octets


def _alone(before: PublishedCrl | None, found: PublishedCrl) -> bool:
    """Whether no other CRL can be of the same second; a ceremony, by hand, makes one at a time."""
    if found.upto == 0:
        return True
    follows = before is not None and found.number == before.number + 1
    return follows and before is not None and before.this_update < found.this_update


def _name(path: str, start: str, end: str) -> str:
    """The name in a path of this form, else a text that is no name."""
    if path.startswith(start) and path.endswith(end):
        return path[len(start) : -len(end)]
    return ""


def _tag(der: bytes) -> str:
    return f'"{hashlib.sha256(der).hexdigest()}"'


def _certificate(der: bytes) -> HttpAnswer:
    made = read_certificate(der).content.not_before
    return HttpAnswer(
        status=OK,
        headers=(
            ("Content-Type", "application/pkix-cert"),
            ("Content-Length", str(len(der))),
            ("Last-Modified", format_datetime(made, usegmt=True)),
            ("ETag", _tag(der)),
            ("Cache-Control", f"max-age={CERTIFICATE_MAX_AGE}, public, no-transform"),
        ),
        body=der,
    )
