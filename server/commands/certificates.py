"""`zorgid cert list`: which certificates of a CA count now, as a list that can be revoked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pki.domain.emergency.records import RecordedSerial
from pki.domain.errors import ConfigurationInvalid
from pki.domain.event_codec import encode_time
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.status import Good, OnHold, Revoked, Unconfirmed
from pki.ports import SystemClock
from pki.store.reading import ReadSession, ReadStore
from server.report import Report, progress
from server.settings import Settings, load

_PAGE: Final = 500
_SAY: Final = 50_000


def list_certificates(config: Path, issuer: str) -> Report:
    """Every certificate of one CA that is neither revoked nor expired, by serial.

    Raises:
        ConfigurationInvalid: no generation of the configuration has this id.
        StoreUnavailable: the store cannot be read.
    """
    settings, now = load(config), SystemClock().now()
    _require_known(settings, issuer)
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        found = [
            {
                "serial": serial.hex,
                "kind": each.kind.value,
                "status": _word(each),
                "not_after": encode_time(each.certified.not_after),
            }
            for serial, each in _recorded(store, IssuerId(issuer))
            if each.certified is not None
            and not isinstance(each.status, Revoked)
            and now <= each.certified.not_after
        ]
    finally:
        store.close_sync()
    lines = ["serial,kind,status,not_after", *(",".join(each.values()) for each in found)]
    return Report(result={"issuer": issuer, "certificates": found}, lines=lines)


def _recorded(store: ReadStore, issuer: IssuerId) -> Iterator[tuple[SerialNumber, RecordedSerial]]:
    after: SerialNumber | None = None
    looked = 0

    def page(session: ReadSession) -> list[tuple[SerialNumber, RecordedSerial]]:
        return sorted(session.recorded(session.serials_of(issuer, after, _PAGE)).items())

    while found := store.read_sync(page):
        yield from found
        after, looked = found[-1][0], looked + len(found)
        if looked % _SAY < _PAGE and looked >= _SAY:
            progress(f"{looked} looked at")


def _word(recorded: RecordedSerial) -> str:
    match recorded.status:
        case Good():
            return "good"
        case OnHold():
            return "on-hold"
        case Unconfirmed():
            return "unconfirmed"
        case Revoked():
            return "revoked"


def _require_known(settings: Settings, issuer: str) -> None:
    ids = [each.id for each in settings.generations]
    if issuer not in ids:
        raise ConfigurationInvalid(
            key="--issuer",
            message=f"no CA of cards or telephones here is called {issuer}",
            next_step=f"give one of: {', '.join(ids)}",
        )
