"""Parts and deltas: a complete list always suffices alone, the others never say anything else."""

from datetime import timedelta

from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from crl.build import CrlIssuer
from crl.plan import concerned
from crl.policy import CrlPolicy
from crl.service import CrlService
from fakes.status import CARD, ISSUER, START, FakeClock, FakeCrlStore, FakeStore
from pki.der import oids
from pki.domain.events import CardBlocked, RestoreConfirmed
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.reasons import BlockReason, RevocationReason
from pki.domain.records import CrlList, part_of
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked
from pki.trust.signatures import verify_signature
from status_side.small_pki import SERIALS, PlainSigner, PracticeCa, new_key

CA = PracticeCa("Token CA", new_key("ca"))
A, B, C, D, *_ = SERIALS
URL = "http://crl.example/token-ca"
WHOLE = CrlList(issuer=ISSUER, delta=f"{URL}-delta.crl")
PARTS = [
    CrlList(issuer=ISSUER, parts=3, part=part, point=f"{URL}-part-{part}.crl") for part in range(3)
]


class Lists:
    def __init__(self) -> None:
        self.store = FakeStore(FakeClock())
        self.crls = FakeCrlStore(self.store)

    def service(self, crl_list: CrlList) -> CrlService:
        return CrlService(
            CrlIssuer.of(ISSUER, CA.certificate, crl_list),
            PlainSigner(CA.key),
            self.crls,
            verify=verify_signature,
            clock=self.store.clock,
            policy=CrlPolicy(delta_span=timedelta(hours=2)),
        )

    def last(self, list_id: IssuerId) -> x509.CertificateRevocationList:
        mine = [crl.der for crl in self.crls.published if crl.issuer == list_id]
        return x509.load_der_x509_crl(mine[-1])


def said(crl: x509.CertificateRevocationList) -> dict[int, str]:
    found = {}
    for entry in crl:
        reasons = [each.value.reason.name for each in entry.extensions]
        found[entry.serial_number] = reasons[0] if reasons else "none"
    return found


async def test_each_certificate_is_on_its_part_and_on_no_other() -> None:
    lists = Lists()
    for serial in SERIALS:
        lists.store.change(serial, OnHold(since=START))
    for each in PARTS:
        await lists.service(each).publish_next()
    assert {each.id.value for each in PARTS} == {f"token-ca-g1-part-{part}" for part in range(3)}
    for serial in SERIALS:
        on = [each.part for each in PARTS if serial.value in said(lists.last(each.id))]
        assert on == [part_of(serial, 3)]


async def test_a_part_says_critically_that_it_is_one() -> None:
    lists = Lists()
    await lists.service(PARTS[1]).publish_next()
    extension = lists.last(PARTS[1].id).extensions.get_extension_for_class(
        x509.IssuingDistributionPoint
    )
    assert extension.critical
    assert extension.value.full_name == [x509.UniformResourceIdentifier(f"{URL}-part-1.crl")]
    assert not extension.value.only_contains_user_certs


def test_a_change_asks_for_its_own_part_and_the_whole() -> None:
    event = CardBlocked(card=CARD, issuer=ISSUER, serial=A, reason=BlockReason.LOSS)
    asked = [each for each in PARTS if concerned(event, each)]
    assert [each.part for each in asked] == [part_of(A, 3)]
    assert concerned(event, WHOLE)
    restored = RestoreConfirmed(issuer=ISSUER, crl_number=4, position=9, digest="00")
    assert all(concerned(restored, each) for each in PARTS)


async def test_a_delta_says_what_changed_since_its_base() -> None:
    lists = Lists()
    service = lists.service(WHOLE)
    lists.store.change(A, OnHold(since=START))
    lists.store.change(B, Revoked(at=START, reason=None))
    lists.store.change(D, OnHold(since=START))
    await service.publish_next()
    assert [crl.issuer for crl in lists.crls.published] == [WHOLE.id]
    lists.store.change(A, Good())
    lists.store.change(C, Revoked(at=START, reason=RevocationReason.SUPERSEDED))
    whole = (await service.publish_next(from_rows=False)).whole
    delta = lists.last(WHOLE.delta_id)
    assert said(delta) == {A.value: "remove_from_crl", C.value: "superseded"}
    indicator = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert (indicator.critical, indicator.value.crl_number) == (True, 1)
    number = delta.extensions.get_extension_for_class(x509.CRLNumber).value
    assert number.crl_number == whole.number == 2
    assert delta.next_update_utc == START + timedelta(hours=2)
    complete = lists.last(WHOLE.id)
    assert said(complete) == {B.value: "none", C.value: "superseded", D.value: "certificate_hold"}
    freshest = complete.extensions.get_extension_for_class(x509.FreshestCRL)
    assert not freshest.critical
    assert freshest.value[0].full_name == [x509.UniformResourceIdentifier(f"{URL}-delta.crl")]


async def test_the_first_crl_names_no_delta_since_there_is_none() -> None:
    lists = Lists()
    await lists.service(WHOLE).publish_next()
    found = [each.oid.dotted_string for each in lists.last(WHOLE.id).extensions]
    assert oids.FRESHEST_CRL not in found


async def test_the_base_follows_at_the_distance_that_is_set() -> None:
    lists = Lists()
    service = lists.service(WHOLE)
    for _ in range(4):
        await service.publish_next()
        lists.store.clock.advance(3600)
    delta = lists.last(WHOLE.delta_id)
    indicator = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert indicator.value.crl_number == 2


Step = tuple[int, CertificateStatus | None]
steps = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from([Good(), OnHold(since=START), Revoked(at=START, reason=None), None]),
    ),
    max_size=20,
)


@settings(max_examples=60, deadline=None)
@given(steps)
async def test_any_complete_crl_from_the_base_on_and_a_delta_make_the_newest(
    taken: list[Step],
) -> None:
    lists = Lists()
    service = lists.service(WHOLE)
    complete: dict[int, dict[int, str]] = {}
    for index, status in [*taken, (0, None)]:
        serial: SerialNumber = SERIALS[index]
        if status is not None:
            if not isinstance(lists.store.statuses.get(serial), Revoked):
                lists.store.change(serial, status)
            continue
        lists.store.clock.advance(1800)
        crl = (await service.publish_next(from_rows=False)).whole
        complete[crl.number] = said(lists.last(WHOLE.id))
        if crl.number == 1:
            continue
        delta = lists.last(WHOLE.delta_id)
        base = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number
        for number, listed in complete.items():
            if number >= base:
                brought = {**listed, **said(delta)}
                now = {key: why for key, why in brought.items() if why != "remove_from_crl"}
                assert now == complete[crl.number]
