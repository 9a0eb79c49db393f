"""`zorgid crl list|get`: CRLs of the past, from the store, which keeps all of them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from issuance.statement.at import read_moment
from pki.domain.errors import IntegrityBroken, Malformed, NotFound
from pki.domain.event_codec import encode_time
from pki.domain.events import CrlPublished
from pki.domain.identifiers import IssuerId
from pki.domain.records import KeptCrl, PublishedCrl
from pki.store.reading import ReadSession, ReadStore
from server.files import write_new
from server.generation.list_names import served_lists
from server.report import Report
from server.settings import Settings, load

T = TypeVar("T")

_BATCH: Final = 500
_BATCHES: Final = 4
"""A CRL's entry follows the state that it shows at once; after so many it is not looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which CRL: by ``number``, or the one in force ``at`` a time."""

    issuer: str | None
    number: int | None
    at: str | None


def list_crls(config: Path, issuer: str | None, *, at: str | None, limit: int) -> Report:
    """The CRLs of one list, the newest first.

    Raises:
        Malformed: not a time, or it is not said of which list.
    """
    settings = load(config)
    which = _which(settings, issuer)
    moment = None if at is None else read_moment(at)
    found = _read(settings, lambda session: session.kept_crls(which, at=moment, limit=limit))
    crls = [_described(each) for each in found]
    heading = f"{which.value}: {len(found)} CRLs, the newest first"
    lines = [
        f"{each['number']:>8}  {each['this_update']} — {each['next_update']}"
        f"  {each['entries']} entries"
        for each in crls
    ]
    return Report(result={"issuer": which.value, "crls": crls}, lines=[heading, *lines])


def get_crl(config: Path, wanted: Wanted, target: Path) -> Report:
    """Write it to a new file; its digest is held against the journal.

    Raises:
        Malformed: neither or both of number and time, or it is not said of which list.
        NotFound: there is no such CRL.
        IntegrityBroken: it is not what the journal says was published.
        FileExistsError: the file exists.
    """
    settings = load(config)
    which = _which(settings, wanted.issuer)
    if (wanted.number is None) == (wanted.at is None):
        raise Malformed(
            what="CRL", message="say which CRL", next_step="give either --number or --at"
        )
    moment = None if wanted.at is None else read_moment(wanted.at)
    crl, position = _read(settings, lambda session: _found(session, which, wanted.number, moment))
    write_new(target, crl.der)
    sha256 = hashlib.sha256(crl.der).hexdigest()
    result = _described(crl) | {
        "issuer": which.value,
        "file": str(target),
        "sha256": sha256,
        "journal_position": position,
    }
    return Report(result=result, lines=[f"{name:<17}{value}" for name, value in result.items()])


def _which(settings: Settings, issuer: str | None) -> IssuerId:
    lists = {each.value for each in served_lists(settings).values()}
    if issuer is None and len(settings.token_ca) == 1:
        return IssuerId(settings.token_ca[0].id)
    if issuer not in lists:
        raise Malformed(
            what="issuer",
            message="no such list" if issuer else "there are several lists",
            next_step=f"give --issuer: one of {', '.join(sorted(lists))}",
        )
    return IssuerId(issuer)


def _found(
    session: ReadSession, issuer: IssuerId, number: int | None, moment: datetime | None
) -> tuple[PublishedCrl, int | None]:
    if number is None:
        kept = session.kept_crls(issuer, at=moment, limit=1)
        number = kept[0].number if kept else 0
    crl = session.crl_numbered(issuer, number)
    if crl is None:
        raise NotFound(
            what="CRL",
            message=f"{issuer} has no such CRL",
            next_step="see which there are: zorgid crl list",
        )
    return crl, _recorded(session, crl)


def _recorded(session: ReadSession, crl: PublishedCrl) -> int | None:
    """Where the journal says that it was published; None when that is not close by.

    Raises:
        IntegrityBroken: the journal has another digest.
    """
    position = crl.upto
    for _ in range(_BATCHES):
        for entry in session.journal_after(position, _BATCH):
            position, event = entry.position, entry.event
            if not isinstance(event, CrlPublished) or not _names(event, crl):
                continue
            if event.crl_sha256 == hashlib.sha256(crl.der).hexdigest():
                return position
            raise IntegrityBroken(
                message=f"CRL {crl.number} is not the one of journal entry {position}",
                next_step="run zorgid journal verify; compare with a backup",
            )
    return None


def _names(event: CrlPublished, crl: PublishedCrl) -> bool:
    return (event.issuer, event.number) == (crl.issuer, crl.number)


def _described(crl: KeptCrl) -> dict[str, Any]:
    return {
        "number": crl.number,
        "this_update": encode_time(crl.this_update),
        "next_update": encode_time(crl.next_update),
        "entries": crl.entries,
    }


def _read(settings: Settings, query: Callable[[ReadSession], T]) -> T:
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        return store.read_sync(query)
    finally:
        store.close_sync()
