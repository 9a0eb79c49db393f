"""Registrations that are prepared and finished, on the desk of fakes."""

import hashlib

import pytest

from fakes.issuance import RSA, Surroundings, answer, person_name
from issuance.open_session import PassProof, ask_challenge
from issuance.organisations.finish import FinishedByPass, finish_by_pass
from issuance.organisations.prepare import prepare_organisation
from issuance.register_organisation import NewOrganisation
from issuing.holder import refusals
from pki.domain.errors import (
    Refused,
)
from pki.domain.identifiers import Ura, UziNumber
from pki.domain.people import Organisation, OrganisationKind
from pki.domain.reasons import RefusalReason
from pki.domain.records import ChallengePurpose, PassHolder
from pki.domain.uzi import PassType, UziName

NEW = Ura("11112222")
OTHER = Ura("33334444")
DOCUMENT = b"<signed/>"


async def prepared(
    around: Surroundings, kind: OrganisationKind = OrganisationKind.CARE_PROVIDER
) -> Organisation:
    new = NewOrganisation(ura=NEW, name="Praktijk")
    return await prepare_organisation(around.desk, around.team, new, kind)


def zorgverlener(around: Surroundings, ura: Ura = NEW) -> bytes:
    """A pass that may speak for an organisation, and makes no card."""
    certificate = f"ZPASS {ura}".encode()
    around.representation.holders[certificate] = PassHolder(
        uzi_name=UziName(
            oid_ca="2.16.528.1.1007.99.217",
            uzi_number=UziNumber("900030757"),
            pass_type=PassType.ZORGVERLENER,
            ura=ura,
            role="01.015",
        ),
        name=person_name("de Vries"),
        organisation_name="Praktijk",
        certificate_sha256=hashlib.sha256(certificate).digest(),
        not_after=around.clock.now(),
    )
    return certificate


async def proof(
    around: Surroundings,
    certificate: bytes,
    purpose: ChallengePurpose = ChallengePurpose.FINISH_REGISTRATION,
) -> PassProof:
    challenge = await ask_challenge(around.desk, purpose)
    return PassProof(
        challenge_id=challenge.id,
        certificate=certificate,
        signature=answer(challenge, certificate),
        algorithm=RSA,
    )


async def finish(around: Surroundings, certificate: bytes) -> FinishedByPass:
    return await finish_by_pass(around.desk, await proof(around, certificate))


async def refusal_of(around: Surroundings, certificate: bytes) -> RefusalReason:
    with pytest.raises(Refused) as raised:
        await finish(around, certificate)
    assert refusals(around)[-1] is raised.value.reason
    return raised.value.reason
