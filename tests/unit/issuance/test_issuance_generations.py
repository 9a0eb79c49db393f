"""Several generations of the CA at one desk: each card keeps to the one that issued it."""

import pytest

from fakes.issuance import FakeAuthority, Surroundings
from fakes.issuance_store import ISSUER
from issuance.lapse import lapse_overdue
from issuance.steps.responders import certify_responder
from issuing.holder import Holder
from pki.domain.errors import NotFound
from pki.domain.events import CardLapsed, CertificateIssued, ResponderCertified
from pki.domain.identifiers import IssuerId
from pki.domain.people import SYSTEM

NEXT = IssuerId("token-ca-g2")


@pytest.fixture
def following(around: Surroundings) -> FakeAuthority:
    return FakeAuthority(around.entropy, NEXT)


async def test_after_the_roll_over_cards_come_from_the_new_one(
    around: Surroundings, holder: Holder, following: FakeAuthority
) -> None:
    around.authorities.authorities.append(following)
    await holder.begin()
    await holder.order()
    certified = await holder.certify()
    assert certified.chain == following.chain
    assert (len(around.authority.signed), len(following.signed)) == (0, 1)
    (issued,) = around.store.events(CertificateIssued)
    assert isinstance(issued.event, CertificateIssued)
    assert issued.event.issuer == NEXT


async def test_a_certificate_that_is_asked_for_again_comes_with_the_chain_it_had(
    around: Surroundings, holder: Holder, following: FakeAuthority
) -> None:
    await holder.begin()
    await holder.order()
    first = await holder.certify()
    around.authorities.authorities.append(following)
    again = await holder.certify()
    assert again.certificate == first.certificate
    assert again.chain == first.chain == around.authority.chain
    assert not following.signed


async def test_each_generation_certifies_its_own_responder(
    around: Surroundings, following: FakeAuthority
) -> None:
    around.authorities.authorities.append(following)
    for issuer in (ISSUER, NEXT):
        await certify_responder(around.desk, issuer, b"key", SYSTEM)
    recorded = [each.event for each in around.store.events(ResponderCertified)]
    assert [e.issuer for e in recorded if isinstance(e, ResponderCertified)] == [ISSUER, NEXT]
    assert (len(around.authority.signed), len(following.signed)) == (1, 1)
    with pytest.raises(NotFound):
        await certify_responder(around.desk, IssuerId("token-ca-g3"), b"key", SYSTEM)


async def test_an_order_that_lapses_before_any_certificate_belongs_to_no_generation(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()
    await holder.order()
    around.clock.advance(seconds=3600)
    assert await lapse_overdue(around.desk) == 1
    (lapsed,) = around.store.events(CardLapsed)
    assert isinstance(lapsed.event, CardLapsed)
    assert (lapsed.event.issuer, lapsed.event.serial) == (None, None)
