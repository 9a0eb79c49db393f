"""People for whom every route about people can be asked."""

from fakes.issuance import Surroundings
from fakes.issuance_people import Telephone
from issuing.phones import MOBIEL_CA
from pki.domain.attributes.records import Attribute
from pki.domain.cards import Card
from pki.domain.identifiers import (
    ISSUED_SERIAL_MIN,
    AttributeId,
    MobielId,
    PersonId,
    SerialNumber,
    Ura,
)
from pki.domain.mobiel.records import (
    MobielIdentity,
    MobielIntent,
    MobielInvitation,
    MobielState,
)
from pki.domain.reasons import BlockReason, RevokeReason
from pki.domain.status import Good


def people_bodies(ura: str | None) -> dict[str, dict[str, object]]:
    """Bodies that the routes about people take."""
    holder: dict[str, object] = {"uzi_number": "900012345", "ura": ura}
    return {
        "setContact": {"email": "beheer@praktijk.example"},
        "giveAttribute": holder | {"type": "zorgtaak", "task_code": "01.015"},
        "searchAttributes": holder,
        "inviteMobiel": {
            "person": {
                "uzi_number": "900055555",
                "surname": "Jansen",
                "given_names": "",
                "common_name": "Jansen",
            },
            "ura": ura,
        },
        "blockMobiel": {"reason": BlockReason.LOSS.value},
        "unblockMobiel": {},
        "endMobiel": {"reason": RevokeReason.LOSS_OR_THEFT.value},
        "inviteMobielAgain": {},
    }


def telephone(
    around: Surroundings, person_id: PersonId, ura: Ura, certificate_sha256: bytes
) -> MobielIdentity:
    """A registered ZORG-ID Mobiel."""
    now, tables = around.clock.now(), around.store.tables
    of_its_own = int.from_bytes(certificate_sha256[:8], "big")
    identity = MobielIdentity(
        id=MobielId(person_id.value),
        person_id=person_id,
        ura=ura,
        issuer=MOBIEL_CA,
        serial=SerialNumber(ISSUED_SERIAL_MIN + of_its_own),
        certificate_sha256=certificate_sha256,
        state=MobielState.REGISTERED,
        registered_at=now,
        state_at=now,
        seen_at=now,
    )
    intent = MobielIntent(
        serial=identity.serial,
        issuer=identity.issuer,
        mobiel_id=identity.id,
        tbs=b"",
        profile="",
        key_sha256=certificate_sha256,
        created_at=now,
        lease_until=now,
    )
    tables.mobiel[identity.id] = identity
    tables.telephones[intent.serial] = Telephone(intent=intent)
    tables.statuses[intent.serial] = Good()
    return identity


def people_for(card: Card, ura: Ura, around: Surroundings) -> dict[str, object]:
    """What the paths of routes about people name, at this organisation."""
    now, tables = around.clock.now(), around.store.tables
    given = Attribute(
        id=AttributeId("ef" * 16),
        person_id=card.person_id,
        ura=ura,
        type="zorgtaak",
        task_code="01.015",
        since=now,
    )
    identity = telephone(around, PersonId("34" * 16), ura, bytes(32))
    tables.attributes[given.id] = given
    tables.invitations[identity.id] = MobielInvitation(
        id=identity.id,
        code_sha256=bytes(32),
        person_id=identity.person_id,
        ura=ura,
        expires_at=now,
    )
    return {"attribute_id": given.id, "mobiel_id": identity.id}
