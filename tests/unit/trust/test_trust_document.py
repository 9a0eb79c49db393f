"""Registration documents: what a UZI server certificate's key signed, and nothing around it."""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from made.uzi import N_TEXT, NOW, PassPlan, Register, der, make_register, new_key, uzi
from pki.domain.errors import Malformed, PassStatusUnavailable, Refused
from pki.domain.identifiers import Ura, UziNumber
from pki.domain.reasons import RefusalReason
from pki.domain.uzi import PassType
from pki.trust.registration.document import NAME_LIMIT, NAMESPACE
from pki.trust.registration.signed_xml import SIZE_LIMIT, SignedXml
from registration.documents import S_TEXT, SERVER_PLAN, URA, Notary

DS = "{http://www.w3.org/2000/09/xmldsig#}"
SIGNATURE = f"{DS}Signature"
Refusal = type[Malformed] | RefusalReason
UNTRUSTED = RefusalReason.DOCUMENT_NOT_TRUSTED


@pytest.fixture(scope="module")
def notary(uzi_register: Register) -> Notary:
    return Notary.of(uzi_register)


@pytest.fixture(scope="module")
def good(notary: Notary) -> bytes:
    return notary.sign()


async def refusal_of(notary: Notary, octets: bytes) -> Refusal:
    with pytest.raises((Malformed, Refused)) as raised:
        await notary.judge.verify_document(octets, NOW)
    error = raised.value
    return error.reason if isinstance(error, Refused) else Malformed


async def test_a_document_says_who_is_administrator(notary: Notary, good: bytes) -> None:
    document = await notary.judge.verify_document(good, NOW)
    assert document.ura == Ura(URA)
    assert document.administrator == der(notary.certificate)
    assert document.person.uzi_number == UziNumber("900054321")
    assert document.person.name.common_name == "Anna Jansen"


@pytest.mark.parametrize("method", [SignatureMethod.RSA_SHA512, SignatureMethod.SHA256_RSA_MGF1])
async def test_signatures_of_other_kinds(notary: Notary, method: SignatureMethod) -> None:
    def change(signer: XMLSigner) -> None:
        signer.sign_alg, signer.digest_alg = method, DigestAlgorithm.SHA512

    document = await notary.judge.verify_document(notary.sign(change=change), NOW)
    assert document.ura == Ura(URA)


async def test_a_changed_letter_is_seen(notary: Notary, good: bytes) -> None:
    changed = good.replace(b"<Achternaam>Jansen", b"<Achternaam>Janssen")
    assert await refusal_of(notary, changed) is UNTRUSTED


async def test_a_comment_hides_nothing(notary: Notary, good: bytes) -> None:
    # The canonical form has no comments, so the number is read whole, as it was signed.
    split = good.replace(b"<UziNummer>900054321", b"<UziNummer>900054<!-- 9 -->321")
    document = await notary.judge.verify_document(split, NOW)
    assert document.person.uzi_number == UziNumber("900054321")


def _moved(octets: bytes, move: Callable[[etree._Element, etree._Element], None]) -> bytes:
    """A document of another root: ``move`` is given it, and the signed one."""
    signed = etree.fromstring(octets)
    forged = copy.deepcopy(signed)
    signature = forged.find(SIGNATURE)
    assert signature is not None
    forged.remove(signature)
    number = forged.find(f".//{{{NAMESPACE}}}UziNummer")
    assert number is not None
    number.text = "900000009"
    move(forged, signed)
    return etree.tostring(forged)


def _whole_inside(forged: etree._Element, signed: etree._Element) -> None:
    forged.append(signed)


def _signature_on_top(forged: etree._Element, signed: etree._Element) -> None:
    signature = signed.find(SIGNATURE)
    assert signature is not None
    forged.append(signature)
    forged.append(signed)


def _original_in_object(forged: etree._Element, signed: etree._Element) -> None:
    signature = signed.find(SIGNATURE)
    assert signature is not None
    forged.append(signature)
    etree.SubElement(signature, f"{DS}Object").append(signed)


def _by_id(forged: etree._Element, signed: etree._Element) -> None:
    _original_in_object(forged, signed)
    signed.set("Id", "signed")
    reference = next(forged.iter(f"{DS}Reference"))
    reference.set("URI", "#signed")


@pytest.mark.parametrize(
    ("move", "refusal"),
    [
        (_whole_inside, Malformed),
        (_signature_on_top, UNTRUSTED),
        (_original_in_object, UNTRUSTED),
        (_by_id, Malformed),
    ],
)
async def test_no_wrapping(
    notary: Notary,
    good: bytes,
    move: Callable[[etree._Element, etree._Element], None],
    refusal: Refusal,
) -> None:
    assert await refusal_of(notary, _moved(good, move)) == refusal


async def test_a_part_that_was_signed_is_not_the_document(notary: Notary) -> None:
    xml = notary.content.xml.replace("<Administrator>", '<Administrator Id="part">')
    assert await refusal_of(notary, notary.sign(xml, reference="#part")) is Malformed


async def test_two_signatures_are_one_too_many(notary: Notary, good: bytes) -> None:
    root = etree.fromstring(good)
    signature = root.find(SIGNATURE)
    assert signature is not None
    root.append(copy.deepcopy(signature))
    assert await refusal_of(notary, etree.tostring(root)) is Malformed
    root = etree.fromstring(good)
    signature = root.find(SIGNATURE)
    assert signature is not None
    root.remove(signature)
    assert await refusal_of(notary, etree.tostring(root)) is Malformed


async def test_another_certificate_in_its_place(notary: Notary, good: bytes) -> None:
    other = notary.register.issue(
        replace(SERVER_PLAN, names=(uzi(S_TEXT.replace(URA, "90000999")),)), by=PassType.SERVER
    )
    signed = notary.with_certificate(other).sign()
    # A valid certificate of another organisation, whose key did sign.
    assert await refusal_of(notary, signed) is UNTRUSTED


async def test_a_key_that_is_not_the_certificates(notary: Notary) -> None:
    assert await refusal_of(notary, notary.sign(key=new_key())) is UNTRUSTED


@pytest.mark.parametrize(
    ("plan", "by"),
    [
        (replace(SERVER_PLAN, names=(uzi(N_TEXT),)), PassType.MEDEWERKER_OP_NAAM),
        (SERVER_PLAN, PassType.MEDEWERKER_OP_NAAM),
        (replace(SERVER_PLAN, names=(uzi(N_TEXT),)), PassType.SERVER),
        (replace(SERVER_PLAN, key_usage=("key_encipherment",)), PassType.SERVER),
        (replace(SERVER_PLAN, policies=("2.16.528.1.1007.99.212",)), PassType.SERVER),
        (replace(SERVER_PLAN, not_after=NOW - timedelta(seconds=1)), PassType.SERVER),
        (replace(SERVER_PLAN, not_before=NOW + timedelta(seconds=1)), PassType.SERVER),
        (replace(SERVER_PLAN, leave_out=(x509.CertificatePolicies,)), PassType.SERVER),
    ],
    ids=["N pass", "by N", "N name", "usage", "policy", "late", "early", "no policy"],
)
async def test_only_a_valid_uzi_server_certificate_speaks(
    notary: Notary, plan: PassPlan, by: PassType
) -> None:
    certificate = notary.register.issue(plan, by=by)
    signed = notary.with_certificate(certificate).sign()
    assert await refusal_of(notary, signed) is UNTRUSTED


async def test_a_stranger_with_a_certificate_of_their_own(notary: Notary) -> None:
    stranger = Notary.of(make_register())
    signed = notary.with_certificate(stranger.certificate).sign(key=stranger.register.pass_key)
    assert await refusal_of(notary, signed) is UNTRUSTED


async def test_a_revoked_one_does_not_and_one_of_unknown_status_waits(
    notary: Notary, good: bytes
) -> None:
    reason = RefusalReason.PASS_REVOKED
    notary.status.failure = Refused(reason=reason, message="revoked")
    try:
        assert await refusal_of(notary, good) is UNTRUSTED
        notary.status.failure = PassStatusUnavailable(message="away")
        with pytest.raises(PassStatusUnavailable):
            await notary.judge.verify_document(good, NOW)
    finally:
        notary.status.failure = None


BOMB = '<!ENTITY e0 "lol">' + "".join(
    f'<!ENTITY e{level} "{f"&e{level - 1};" * 9}">' for level in range(1, 12)
)


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
        "<!DOCTYPE x [" + BOMB + '<!ENTITY e "&e11;">]>',
        "<!DOCTYPE OrganisatieRegistratie>",
    ],
    ids=["file", "network", "parameter", "bomb", "empty"],
)
async def test_no_entities_of_any_kind(notary: Notary, good: bytes, declaration: str) -> None:
    assert await refusal_of(notary, declaration.encode() + good) is Malformed
    used = good.replace(b"<Voornamen>Anna", b"<Voornamen>&e;")
    assert await refusal_of(notary, declaration.encode() + used) is Malformed


async def test_weak_algorithms_and_strange_transforms(notary: Notary, good: bytes) -> None:
    weak = good.replace(b"2001/04/xmldsig-more#rsa-sha256", b"2000/09/xmldsig#rsa-sha1")
    assert await refusal_of(notary, weak) is UNTRUSTED
    keyed = good.replace(b"2001/04/xmldsig-more#rsa-sha256", b"2001/04/xmldsig-more#hmac-sha256")
    assert await refusal_of(notary, keyed) is UNTRUSTED
    for transform in (b"http://www.w3.org/TR/1999/REC-xslt-19991116", b"urn:unknown"):
        place = b'Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"'
        strange = good.replace(place, b'Transform Algorithm="' + transform + b'"')
        assert await refusal_of(notary, strange) is Malformed


async def test_a_document_is_good_for_31_days(notary: Notary) -> None:
    content = notary.content
    oldest = replace(content, made=NOW - timedelta(days=31))
    assert (await notary.judge.verify_document(notary.sign(oldest.xml), NOW)).ura == Ura(URA)
    for made in (NOW - timedelta(days=31, seconds=1), NOW + timedelta(minutes=6)):
        late = notary.sign(replace(content, made=made).xml)
        assert await refusal_of(notary, late) is UNTRUSTED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Ura>90000382", "<Ura>9000038"),
        ("<Voornamen>Anna", "<Voornamen>"),
        ("<Voornamen>Anna", "<Voornamen>" + "A" * (NAME_LIMIT + 1)),
        ("<Voornamen>Anna", "<Voornamen>A&#x202e;nna"),
        ("<UziNummer>", '<UziNummer soort="Z">'),
        ("<Administrator>", "<Administrator><Rol>administrator</Rol>"),
        ("<Administrator>", "<?php x?><Administrator>"),
        ("Z</Opgesteld>", "</Opgesteld>"),
        ("<Certificaat>", "<Certificaat>AAAA"),
        ("<Certificaat>", "<Certificaat>*"),
        (NAMESPACE, "urn:other"),
    ],
)
async def test_what_is_signed_must_have_the_form(notary: Notary, old: str, new: str) -> None:
    xml = notary.content.xml
    assert old in xml
    assert await refusal_of(notary, notary.sign(xml.replace(old, new))) is Malformed


async def test_ten_thousand_characters_and_too_many_octets(notary: Notary) -> None:
    long = replace(notary.content, surname="é" * 10_000)
    assert await refusal_of(notary, notary.sign(long.xml)) is Malformed
    with pytest.raises(Malformed):
        SignedXml(b"<x>" + b" " * SIZE_LIMIT + b"</x>")


@settings(max_examples=300, deadline=None)
@given(octets=st.binary(max_size=200))
def test_any_octets_are_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed):
        SignedXml(octets)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
async def test_a_damaged_document_is_refused_or_says_the_same(
    notary: Notary, good: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(good) - 1))
    octet = data.draw(st.integers(0, 255))
    damaged = good[:place] + bytes([octet]) + good[place + 1 :]
    said = await notary.judge.verify_document(good, NOW)
    try:
        found = await notary.judge.verify_document(damaged, NOW)
    except (Malformed, Refused):
        return
    assert replace(found, sha256=said.sha256) == said
