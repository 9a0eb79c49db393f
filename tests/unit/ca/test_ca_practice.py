import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from ca.practice import (
    Moment,
    PracticeKeys,
    PracticePlan,
    PracticeSet,
    SigningCa,
    issue_end_entity,
    make_client,
    make_crl,
    make_practice_set,
    make_root,
    make_server,
    make_subordinate,
)
from ca.prepare import Request
from ca.profile import NameField, Profile
from ca.profiles import load_profiles
from ca.settings import CaSettings, Installation
from ca.sign import sign_certificate, sign_crl
from fixtures.signers import EPOCH, PROFILES, Hierarchy, KeySigner, signer
from pki.der.certificate import read_certificate
from pki.der.crl import read_crl
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import (
    ConfigurationInvalid,
    KeyMismatch,
    KeyRejected,
    Malformed,
    Refused,
    SignatureBroken,
)
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.ports import SystemEntropy

NOW = Moment(now=EPOCH, entropy=SystemEntropy())


def keys(*operators: str) -> PracticeKeys:
    return PracticeKeys(
        root=signer(KeyType.RSA_3072, "root"),
        token_ca=signer(KeyType.RSA_3072, "token-ca"),
        services_ca=signer(KeyType.P256, "services-ca"),
        mobiel_ca=signer(KeyType.P256, "mobiel-ca"),
        evidence=signer(KeyType.P256, "evidence").public_key,
        api=signer(KeyType.P256, "api").public_key,
        operators={name: signer(KeyType.P256, name).public_key for name in operators},
    )


@pytest.fixture(scope="module")
def practice(profiles: Mapping[str, Profile]) -> PracticeSet:
    plan = PracticePlan(operators=("team", "beheerder"))
    return asyncio.run(
        make_practice_set(plan, keys=keys("team", "beheerder"), profiles=profiles, moment=NOW)
    )


def test_a_practice_set_shows_that_it_is_practice(practice: PracticeSet) -> None:
    cas = (practice.root, practice.token_ca, practice.services_ca, practice.mobiel_ca)
    for der in (*cas, practice.evidence):
        assert (
            read_certificate(der)
            .subject.text(reverse=False)
            .startswith("C=NL,O=ZORG-ID PRACTICE,CN=ZORG-ID ")
        )
    assert read_certificate(practice.token_ca).subject.rfc4514 == (
        "CN=ZORG-ID Token CA,O=ZORG-ID PRACTICE,C=NL"
    )


def test_a_practice_set_holds_together(practice: PracticeSet) -> None:
    root, token_ca, services, evidence, api = (
        x509.load_der_x509_certificate(der)
        for der in (
            practice.root,
            practice.token_ca,
            practice.services_ca,
            practice.evidence,
            practice.api,
        )
    )
    root.verify_directly_issued_by(root)
    token_ca.verify_directly_issued_by(root)
    services.verify_directly_issued_by(root)
    evidence.verify_directly_issued_by(services)
    api.verify_directly_issued_by(services)
    names = api.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1")]
    assert set(practice.operators) == {"team", "beheerder"}
    for name, der in practice.operators.items():
        client = x509.load_der_x509_certificate(der)
        client.verify_directly_issued_by(services)
        assert client.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == name


def test_both_ceremony_crls_are_empty_and_count_for_half_a_year(practice: PracticeSet) -> None:
    for der, issuer in (
        (practice.root_crl, practice.root),
        (practice.services_crl, practice.services_ca),
    ):
        crl = read_crl(der)
        assert crl.issuer_der == read_certificate(issuer).content.subject_der
        assert crl.authority_key_id == read_certificate(issuer).subject_key_id
        assert (crl.number, crl.entries) == (1, {})
        assert crl.next_update - crl.this_update == timedelta(days=182)


async def test_a_ceremony_crl_lists_what_was_revoked_sorted(hierarchy: Hierarchy) -> None:
    at = EPOCH - timedelta(days=1)
    revoked = {
        SerialNumber(300): (at, RevocationReason.SUPERSEDED),
        SerialNumber(2): (at, None),
    }
    der = await make_crl(hierarchy.root, number=7, now=EPOCH, revoked=revoked)
    whole = at.replace(microsecond=0)
    assert list(read_crl(der).entries.items()) == [
        (2, (whole, None)),
        (300, (whole, RevocationReason.SUPERSEDED)),
    ]
    assert read_crl(der).number == 7


async def test_a_crl_never_outlives_its_ca(hierarchy: Hierarchy) -> None:
    late = EPOCH.replace(year=EPOCH.year + 20) - timedelta(days=1)
    with pytest.raises(ConfigurationInvalid):
        await make_crl(hierarchy.root, number=1, now=late)
    assert await make_crl(hierarchy.root, number=1, now=late, lifetime=timedelta(hours=1))


async def test_a_crl_with_a_wrong_key_or_signature_is_not_released(hierarchy: Hierarchy) -> None:
    class Flipping(KeySigner):
        __slots__ = ()

        async def sign(self, message: bytes) -> bytes:
            made = await KeySigner.sign(self, message)
            return bytes((made[0] ^ 1, *made[1:]))

    flipping = Flipping(key=signer(KeyType.RSA_3072, "root").key)
    with pytest.raises(SignatureBroken):
        await make_crl(replace(hierarchy.root, signer=flipping), number=1, now=EPOCH)
    foreign = replace(hierarchy.root, signer=hierarchy.token_ca.signer)
    with pytest.raises(KeyMismatch):
        await make_crl(foreign, number=1, now=EPOCH)
    with pytest.raises(SignatureBroken):
        await make_root(hierarchy.root.profile, signer=flipping, moment=NOW)


async def test_operators_of_plan_and_keys_must_agree(profiles: Mapping[str, Profile]) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        await make_practice_set(
            PracticePlan(operators=("team",)), keys=keys(), profiles=profiles, moment=NOW
        )
    assert refused.value.key == "practice.operators"


async def test_a_missing_profile_is_named(profiles: Mapping[str, Profile]) -> None:
    some = {name: each for name, each in profiles.items() if name != "evidence"}
    with pytest.raises(ConfigurationInvalid) as refused:
        await make_practice_set(PracticePlan(), keys=keys(), profiles=some, moment=NOW)
    assert refused.value.key == "practice.evidence"


async def test_each_ca_issues_its_own_kinds_only(hierarchy: Hierarchy) -> None:
    profiles = hierarchy.profiles
    request = Request(public_key=signer(KeyType.P256, "client").public_key)
    for ca, name in (
        (hierarchy.token_ca, "tls-client"),
        (hierarchy.token_ca, "evidence"),
        (hierarchy.token_ca, "services-ca"),
        (hierarchy.services_ca, "card-p256"),
        (hierarchy.services_ca, "ocsp-responder"),
        (hierarchy.root, "card-p256"),
        (hierarchy.services_ca, "root"),
    ):
        with pytest.raises(ConfigurationInvalid) as refused:
            await issue_end_entity(profiles[name], request=request, ca=ca, moment=NOW)
        assert refused.value.key.endswith(".issues")


async def test_weak_ca_keys_are_refused(
    profiles: Mapping[str, Profile], hierarchy: Hierarchy
) -> None:
    with pytest.raises(KeyRejected):
        await make_root(profiles["root"], signer=signer(KeyType.RSA_2048, "card"), moment=NOW)
    with pytest.raises(KeyRejected):
        await make_subordinate(
            profiles["token-ca"],
            signer=signer(KeyType.RSA_2048, "card"),
            root=hierarchy.root,
            moment=NOW,
        )


async def test_a_root_that_signs_with_ecdsa_is_refused(profiles: Mapping[str, Profile]) -> None:
    p256 = signer(KeyType.P256, "services-ca")
    assert p256.algorithm is SignatureAlgorithm.ECDSA_SHA256
    with pytest.raises(ConfigurationInvalid) as refused:
        await make_root(profiles["root"], signer=p256, moment=NOW)
    assert refused.value.key == "root.signatures"


async def test_a_ca_does_not_certify_its_own_key(hierarchy: Hierarchy) -> None:
    with pytest.raises(KeyRejected) as refused:
        await make_client(
            "x",
            public_key=hierarchy.services_ca.signer.public_key,
            ca=hierarchy.services_ca,
            profiles=hierarchy.profiles,
            moment=NOW,
        )
    assert refused.value.rule == "issuer's own key"


async def test_requests_hold_what_the_profile_leaves_open(hierarchy: Hierarchy) -> None:
    profiles, services = hierarchy.profiles, hierarchy.services_ca
    key = signer(KeyType.P256, "client").public_key
    name = {NameField.COMMON_NAME: "x"}
    for profile, request in (
        ("tls-client", Request(public_key=key)),
        ("tls-client", Request(public_key=key, subject={**name, NameField.ORGANISATION: "y"})),
        ("tls-server", Request(public_key=key, subject=name)),
    ):
        with pytest.raises(Malformed):
            await issue_end_entity(profiles[profile], request=request, ca=services, moment=NOW)
    with pytest.raises(ConfigurationInvalid):
        await make_server((), public_key=key, ca=services, profiles=profiles, moment=NOW)


async def test_a_subordinate_ca_is_never_shortened(hierarchy: Hierarchy) -> None:
    late = Moment(now=EPOCH + timedelta(days=11 * 366), entropy=SystemEntropy())
    with pytest.raises(Refused):
        await make_subordinate(
            hierarchy.profiles["token-ca"],
            signer=signer(KeyType.RSA_3072, "token-ca"),
            root=hierarchy.root,
            moment=late,
        )


def test_a_certificate_of_another_installation_is_not_taken(
    hierarchy: Hierarchy, practice: PracticeSet
) -> None:
    other = CaSettings(
        installation=Installation.ACCEPTANCE,
        operator="ZORG-ID ACCEPTANCE",
        oid_arc="1.3.6.1.4.1.99999.1",
        base_url="http://status.example.com",
    )
    profiles = load_profiles(PROFILES, settings=other)
    foreign = SigningCa(
        certificate=hierarchy.token_ca.certificate,
        profile=profiles["token-ca"],
        signer=hierarchy.token_ca.signer,
    )
    with pytest.raises(KeyMismatch):
        _ = foreign.issuer
    leaf = replace(hierarchy.token_ca, certificate=practice.evidence)
    with pytest.raises(KeyMismatch):
        _ = leaf.issuer


async def test_only_a_crl_leaves_as_a_crl(hierarchy: Hierarchy) -> None:
    root = hierarchy.root
    with pytest.raises(SignatureBroken):
        await sign_crl(b"\x30\x00", signer=root.signer, issuer_certificate=root.certificate)
    with pytest.raises(SignatureBroken):
        await sign_certificate(b"\x30\x00", signer=root.signer, issuer_certificate=None)
