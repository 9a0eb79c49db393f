"""A ZORG-ID Mobiel and its certificate, as samples for stores."""

from datetime import timedelta

from pki.domain.identifiers import (
    ISSUED_SERIAL_MIN,
    IssuerId,
    MobielId,
    PersonId,
    SerialNumber,
    Ura,
)
from pki.domain.mobiel.events import MobielIntended
from pki.domain.mobiel.records import (
    MobielCertificate,
    MobielIdentity,
    MobielIntent,
    MobielState,
)
from pki.domain.people import SYSTEM
from pki.domain.status import Unconfirmed
from pki.store.write_session import WriteSession
from stores.samples import NOON, octets, opaque

CA = IssuerId("mobiel-ca-g1")
HERE = Ura("90000001")


def mobiel(
    number: int, person: int = 7, state: MobielState = MobielState.REGISTERED
) -> MobielIdentity:
    return MobielIdentity(
        id=MobielId(opaque(number)),
        person_id=PersonId(opaque(person)),
        ura=HERE,
        issuer=CA,
        serial=SerialNumber(ISSUED_SERIAL_MIN + number),
        certificate_sha256=octets(number, "mobiel"),
        state=state,
        registered_at=NOON,
        state_at=NOON,
    )


def intent(number: int, mobiel: int = 1, key: str = "key") -> MobielIntent:
    return MobielIntent(
        serial=SerialNumber(ISSUED_SERIAL_MIN + number),
        issuer=CA,
        mobiel_id=MobielId(opaque(mobiel)),
        tbs=octets(number, "tbs"),
        profile="zorgid-mobiel@0",
        key_sha256=octets(mobiel, key),
        created_at=NOON,
        lease_until=NOON + timedelta(minutes=1),
        not_after=NOON + timedelta(days=365),
    )


def completed(of: MobielIntent) -> MobielCertificate:
    return MobielCertificate(
        serial=of.serial,
        issuer=of.issuer,
        mobiel_id=of.mobiel_id,
        der=b"CERT" + of.tbs,
        not_before=NOON,
        not_after=NOON + timedelta(days=365),
        key_sha256=of.key_sha256,
    )


def intend(session: WriteSession, wanted: MobielIntent) -> None:
    session.put_mobiel_intent(wanted)
    event = MobielIntended(
        mobiel=wanted.mobiel_id,
        issuer=wanted.issuer,
        serial=wanted.serial,
        tbs_sha256="0" * 64,
        profile=wanted.profile,
    )
    entry = session.record(event, SYSTEM)
    session.set_status(wanted.issuer, wanted.serial, Unconfirmed(since=NOON), entry)
