import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ca.authority import AuthorityProfiles, CertificationAuthority
from ca.settings import OidCa
from fixtures.signers import EPOCH, HOLDER, SETTINGS, Hierarchy, KeySigner, open_token_ca, signer
from pki.der.certificate import read_certificate
from pki.der.uzi_names import read_subject_alt_name
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import (
    ConfigurationInvalid,
    KeyMismatch,
    KeyRejected,
    LintFailed,
    Malformed,
    Refused,
    SignatureBroken,
)
from pki.domain.identifiers import UziNumber
from pki.domain.people import PersonName
from pki.domain.reasons import RefusalReason
from pki.domain.records import PassHolder
from pki.domain.uzi import PassType, UziName
from pki.ports import Signer, SystemEntropy

CARD_KEY = signer(KeyType.RSA_2048, "card").public_key
SAN = "2.5.29.17"


async def test_a_card_certificate_says_what_the_facts_prescribe(
    token_ca: CertificationAuthority,
) -> None:
    prepared = token_ca.prepare_card(HOLDER, CARD_KEY, EPOCH)
    der = await token_ca.sign(prepared.tbs)
    certificate = x509.load_der_x509_certificate(der)
    assert certificate.tbs_certificate_bytes == prepared.tbs
    assert certificate.serial_number == prepared.serial.value
    assert [(each.oid, each.value) for each in certificate.subject] == [
        (NameOID.COUNTRY_NAME, "NL"),
        (NameOID.ORGANIZATION_NAME, "Tést Zorginstelling 03"),
        (NameOID.SURNAME, "van der Prœuve"),
        (NameOID.GIVEN_NAME, "Anne Zoë"),
        (NameOID.SERIAL_NUMBER, "900021219"),
        (NameOID.COMMON_NAME, "Anne Zoë van der Prœuve"),
    ]
    printable = [each.printable for each in read_certificate(der).subject.rdns]
    assert printable == [True, False, False, False, True, False]
    assert certificate.not_valid_before_utc == datetime(2026, 11, 22, 10, 30, 15, tzinfo=UTC)
    assert certificate.not_valid_after_utc == datetime(2029, 11, 22, 10, 30, 15, tzinfo=UTC)
    assert (prepared.not_before, prepared.not_after) == (
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [
        ExtendedKeyUsageOID.CLIENT_AUTH,
        x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),
    ]
    assert prepared.key_sha256 == hashlib.sha256(CARD_KEY).digest()
    assert prepared.profile == token_ca.profiles.person.digest


async def test_the_uzi_name_is_copied_under_our_own_oid(token_ca: CertificationAuthority) -> None:
    der = await token_ca.sign(token_ca.prepare_card(HOLDER, CARD_KEY, EPOCH).tbs)
    value = read_certificate(der).extension(SAN)
    assert value is not None
    san = read_subject_alt_name(value.value)
    assert san.upn == "900021219@90000382"
    assert san.name.text == "1.3.6.1.4.1.32473.2026-1-900021219-N-90000382-00.000-00000000"


def test_the_oid_of_the_pass_is_copied_when_so_set(token_ca: CertificationAuthority) -> None:
    copying = replace(token_ca, settings=replace(SETTINGS, oid_ca=OidCa.COPY))
    prepared = copying.prepare_card(HOLDER, CARD_KEY, EPOCH)
    assert HOLDER.uzi_name.text.encode() in prepared.tbs
    assert HOLDER.uzi_name.text.startswith("2.16.528.1.1007.99.218-1-")


def test_two_preparations_have_two_serials(token_ca: CertificationAuthority) -> None:
    first, second = (token_ca.prepare_card(HOLDER, CARD_KEY, EPOCH) for _ in range(2))
    assert first.serial != second.serial


async def test_a_responder_certificate_is_made_for_thirty_days(
    token_ca: CertificationAuthority,
) -> None:
    key = signer(KeyType.RSA_2048, "responder").public_key
    der = await token_ca.sign(token_ca.prepare_responder(key, EPOCH).tbs)
    certificate = x509.load_der_x509_certificate(der)
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lifetime == timedelta(days=30)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [each.value for each in names] == ["OCSP responder ZORG-ID Token CA"]
    found = {each.oid.dotted_string for each in certificate.extensions}
    assert "1.3.6.1.5.5.7.48.1.5" in found
    assert not found & {"2.5.29.31", "1.3.6.1.5.5.7.1.1", SAN}


def years(count: int, seconds: int = 0) -> datetime:
    return EPOCH.replace(year=EPOCH.year + count) + timedelta(seconds=seconds)


def test_cards_stop_three_years_before_the_ca_ends_and_responders_go_on(
    token_ca: CertificationAuthority,
) -> None:
    assert token_ca.prepare_card(HOLDER, CARD_KEY, years(7)).not_after == years(10).replace(
        microsecond=0
    )
    with pytest.raises(Refused) as refused:
        token_ca.prepare_card(HOLDER, CARD_KEY, years(7, 1))
    assert refused.value.reason is RefusalReason.ISSUING_STOPPED
    responder = signer(KeyType.RSA_2048, "responder").public_key
    last = token_ca.prepare_responder(responder, years(10, -86_400))
    assert last.not_after == years(10).replace(microsecond=0)
    with pytest.raises(Refused):
        token_ca.prepare_responder(responder, years(10, 1))


def test_keys_that_the_profile_does_not_allow_are_refused(token_ca: CertificationAuthority) -> None:
    token_ca.check_key(CARD_KEY)
    for key in (signer(KeyType.P256, "card"), signer(KeyType.RSA_3072, "root")):
        with pytest.raises(KeyRejected):
            token_ca.check_key(key.public_key)
        with pytest.raises(KeyRejected):
            token_ca.prepare_card(HOLDER, key.public_key, EPOCH)


async def test_the_other_shipped_card_profile_takes_p256(hierarchy: Hierarchy) -> None:
    authority = open_token_ca(hierarchy, card="card-p256")
    key = signer(KeyType.P256, "card").public_key
    der = await authority.sign(authority.prepare_card(HOLDER, key, EPOCH).tbs)
    assert read_certificate(der).content.public_key == key
    with pytest.raises(KeyRejected):
        authority.prepare_card(HOLDER, CARD_KEY, EPOCH)


def uzi(pass_type: PassType, role: str) -> UziName:
    return replace(HOLDER.uzi_name, pass_type=pass_type, role=role)


@pytest.mark.parametrize(
    "holder",
    [
        replace(HOLDER, uzi_name=uzi(PassType.ZORGVERLENER, "01.015")),
        replace(HOLDER, uzi_name=uzi(PassType.MEDEWERKER_NIET_OP_NAAM, "00.000")),
        replace(HOLDER, uzi_name=uzi(PassType.SERVER, "00.000")),
    ],
)
def test_no_card_is_made_for_another_pass_type(
    token_ca: CertificationAuthority, holder: PassHolder
) -> None:
    with pytest.raises(LintFailed) as refused:
        token_ca.prepare_card(holder, CARD_KEY, EPOCH)
    assert refused.value.findings == ("CPS UZI-register 7.1.5: pass type is not N",)


@pytest.mark.parametrize(
    "name",
    [
        PersonName(surname="A\x00B", given_names="C", common_name="D"),
        PersonName(surname="", given_names="C", common_name="D"),
        PersonName(surname="A", given_names="C", common_name="D" * 65),
        PersonName(surname="\ud800", given_names="C", common_name="D"),
    ],
)
def test_names_that_cannot_be_written_are_refused_without_repeating_them(
    token_ca: CertificationAuthority, name: PersonName
) -> None:
    with pytest.raises(Malformed) as refused:
        token_ca.prepare_card(replace(HOLDER, name=name), CARD_KEY, EPOCH)
    assert "DDD" not in str(refused.value)


@pytest.mark.parametrize("spoil", [lambda tbs: tbs[:-1], lambda tbs: b"", lambda tbs: bytes(500)])
async def test_only_certificates_are_signed(
    token_ca: CertificationAuthority, spoil: Callable[[bytes], bytes]
) -> None:
    tbs = token_ca.prepare_card(HOLDER, CARD_KEY, EPOCH).tbs
    with pytest.raises((Malformed, LintFailed)):
        await token_ca.sign(spoil(tbs))


async def test_prepared_bytes_that_were_changed_are_not_signed(
    token_ca: CertificationAuthority,
) -> None:
    tbs = token_ca.prepare_card(HOLDER, CARD_KEY, EPOCH).tbs
    forged = tbs.replace(b"900021219@90000382", b"900021218@90000382")
    assert forged != tbs
    with pytest.raises(LintFailed) as refused:
        await token_ca.sign(forged)
    assert any("UPN" in each for each in refused.value.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenSigner:
    """Signs, and then does something to what it made."""

    inner: KeySigner
    after: Callable[[bytes], bytes]

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self.inner.algorithm

    @property
    def public_key(self) -> bytes:
        return self.inner.public_key

    async def sign(self, message: bytes) -> bytes:
        return self.after(await self.inner.sign(message))


@pytest.mark.parametrize(
    "after",
    [
        lambda signature: bytes((signature[0] ^ 1, *signature[1:])),
        lambda signature: signature[:-1],
        lambda signature: b"",
        lambda signature: bytes(len(signature)),
    ],
)
async def test_a_wrong_signature_is_never_released(
    token_ca: CertificationAuthority, after: Callable[[bytes], bytes]
) -> None:
    inner = signer(KeyType.RSA_3072, "token-ca")
    broken = replace(token_ca, signer=BrokenSigner(inner=inner, after=after))
    with pytest.raises(SignatureBroken):
        await broken.sign(token_ca.prepare_card(HOLDER, CARD_KEY, EPOCH).tbs)


def reopen(
    token_ca: CertificationAuthority,
    *,
    chain: tuple[bytes, ...] | None = None,
    with_signer: Signer | None = None,
    profiles: AuthorityProfiles | None = None,
) -> CertificationAuthority:
    return CertificationAuthority.open(
        token_ca.issuer,
        chain=token_ca.chain if chain is None else chain,
        signer=with_signer or token_ca.signer,
        profiles=profiles or token_ca.profiles,
        settings=SETTINGS,
        entropy=SystemEntropy(),
    )


def test_a_foreign_key_is_refused_at_start(token_ca: CertificationAuthority) -> None:
    assert reopen(token_ca).certificate == token_ca.certificate
    for other in (signer(KeyType.RSA_3072, "root"), signer(KeyType.RSA_2048, "other")):
        with pytest.raises(KeyMismatch):
            reopen(token_ca, with_signer=other)


def test_a_chain_that_does_not_hold_is_refused_at_start(
    token_ca: CertificationAuthority, hierarchy: Hierarchy
) -> None:
    own, root = token_ca.chain
    services = hierarchy.services_ca.certificate
    for chain in (
        (),
        (own,),
        (root, own),
        (own, services),
        (services, root),
        (root,),
        (b"x", root),
    ):
        with pytest.raises(KeyMismatch):
            reopen(token_ca, chain=chain)


def test_profiles_of_another_kind_or_issuer_are_refused_at_start(
    token_ca: CertificationAuthority, hierarchy: Hierarchy
) -> None:
    shipped = hierarchy.profiles
    with pytest.raises(ConfigurationInvalid):
        replace(token_ca.profiles, person=shipped["tls-client"])
    other_issuer = replace(shipped["card-rsa2048"], issuer="services-ca")
    with pytest.raises(ConfigurationInvalid):
        reopen(token_ca, profiles=replace(token_ca.profiles, person=other_issuer))


def test_a_number_of_another_person_cannot_slip_in(token_ca: CertificationAuthority) -> None:
    other = replace(HOLDER.uzi_name, uzi_number=UziNumber("900021218"))
    prepared = token_ca.prepare_card(replace(HOLDER, uzi_name=other), CARD_KEY, EPOCH)
    assert b"900021219" not in prepared.tbs
