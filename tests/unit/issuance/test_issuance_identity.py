"""The UZI pass as a source of identity, and what an identity is good for."""

from dataclasses import replace

import pytest

from fixtures.uzi import FakeStatusCheck
from issuance.identity.passes import PassSource
from issuance.identity.ports import IdentitySource
from issuance.identity.use import makes_card
from made.uzi import NOW, Register, der
from pki.domain.errors import Refused
from pki.domain.identity.record import Means
from pki.domain.reasons import RefusalReason
from pki.trust.uzi_pass import UziTrust


def source(register: Register, failure: Refused | None = None) -> IdentitySource:
    return PassSource(UziTrust(register.settings, FakeStatusCheck(failure)))


async def test_a_pass_gives_the_person_that_its_verification_gives(uzi_register: Register) -> None:
    certificate = der(uzi_register.issue())
    holder = await UziTrust(uzi_register.settings, FakeStatusCheck()).verify_pass(certificate, NOW)
    found = await source(uzi_register).identify(certificate, NOW)
    assert found.means is Means.UZI_PASS
    assert found.number == holder.uzi_name.uzi_number.value
    assert (found.name, found.organisation) == (holder.name, holder.uzi_name.ura)
    assert (found.organisation_name, found.role) == (holder.organisation_name, "00.000")
    assert (found.evidence_sha256, found.not_after) == (holder.certificate_sha256, holder.not_after)


async def test_what_the_verification_refuses_identifies_nobody(uzi_register: Register) -> None:
    revoked = Refused(reason=RefusalReason.PASS_REVOKED, message="revoked")
    with pytest.raises(Refused) as caught:
        await source(uzi_register, revoked).identify(der(uzi_register.issue()), NOW)
    assert caught.value.reason is RefusalReason.PASS_REVOKED


async def test_a_card_rests_on_a_pass_alone(uzi_register: Register) -> None:
    found = await source(uzi_register).identify(der(uzi_register.issue()), NOW)
    assert makes_card(found)
    assert not makes_card(replace(found, means=Means.DEZI))
