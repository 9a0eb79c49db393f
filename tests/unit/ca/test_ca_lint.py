from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ca.authority import CertificationAuthority
from ca.issuer import Issuer
from ca.lint import PLACEHOLDER_SIGNATURE, check_tbs, findings
from ca.profile import Profile
from ca.rules.of_certificates import CERTIFICATE_RULES
from ca.rules.of_frames import FRAME_RULES
from fixtures.signers import EPOCH, HOLDER, Hierarchy, signer
from pki.der import codec, oids
from pki.der import extensions as x509
from pki.der.certificate import CertificateContent, encode_tbs_certificate, read_certificate
from pki.der.names import Attribute, DistinguishedName, read_name
from pki.der.signed import assemble
from pki.der.uzi_names import encode_subject_alt_name
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import LintFailed
from pki.domain.identifiers import SerialNumber
from pki.domain.uzi import PassType, UziName

Change = Callable[[CertificateContent], CertificateContent]
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def card(token_ca: CertificationAuthority) -> CertificateContent:
    key = signer(KeyType.RSA_2048, "card").public_key
    return content_of(token_ca.prepare_card(HOLDER, key, EPOCH).tbs)


@pytest.fixture(scope="module")
def responder(token_ca: CertificationAuthority) -> CertificateContent:
    key = signer(KeyType.RSA_2048, "responder").public_key
    return content_of(token_ca.prepare_responder(key, EPOCH).tbs)


def content_of(tbs: bytes) -> CertificateContent:
    der = assemble(tbs, SignatureAlgorithm.SHA256_RSA, PLACEHOLDER_SIGNATURE)
    return read_certificate(der).content


def judged(content: CertificateContent, profile: Profile, issuer: Issuer) -> set[str]:
    """The sources of the rules that the content breaks."""
    found = findings(encode_tbs_certificate(content), profile=profile, issuer=issuer)
    return {each.partition(": ")[0] for each in found}


def extension(oid: str, value: bytes, *, critical: bool = False) -> Change:
    """With this extension in place of the one of its type, or at the end."""

    def change(content: CertificateContent) -> CertificateContent:
        new = x509.Extension(oid=oid, critical=critical, value=value)
        others = [new if each.oid == oid else each for each in content.extensions]
        return replace(content, extensions=tuple(others if new in others else [*others, new]))

    return change


def without(oid: str) -> Change:
    return lambda content: replace(
        content, extensions=tuple(each for each in content.extensions if each.oid != oid)
    )


def subject(change: Callable[[tuple[Attribute, ...]], tuple[Attribute, ...]]) -> Change:
    def changed(content: CertificateContent) -> CertificateContent:
        rdns = change(read_name(content.subject_der).rdns)
        return replace(content, subject_der=DistinguishedName(rdns=rdns).der)

    return changed


def times(*, start: timedelta = 0 * SECOND, end: timedelta = 0 * SECOND) -> Change:
    return lambda content: replace(
        content, not_before=content.not_before + start, not_after=content.not_after + end
    )


def policies(oid: str) -> bytes:
    return x509.certificate_policies([x509.Policy(oid=oid, cps_uri="http://x")])


def more_names(name: UziName) -> bytes:
    """The UZI names with one of another kind behind them."""
    names = encode_subject_alt_name(name)
    return codec.sequence(names[2:], codec.tlv(codec.context(2), b"localhost"))


ISSUED = "RFC 5280 4.1.2.2; first hexadecimal digit 1 to 7"
NAMES = "RFC 5280 4.1.2.6 and A.1; CPS UZI-register 7.1"
KEYS = "BR 6.1.5, 6.1.6 and 6.1.1.3"
CONSTRAINTS = "RFC 5280 4.2.1.9; X.690 11.5"
PURPOSES = "RFC 5280 4.2.1.12; RFC 6960 4.2.2.2"
ADDRESSES = "RFC 5280 4.2.1.13, 4.2.1.15 and 4.2.2.1"
UZI = "CPS UZI-register 7.1.5"
VALIDITY = "RFC 5280 4.1.2.5; RFC 9810 4.4.1"
SELF_ISSUED = "RFC 5280 3.2; RFC 9810 4.4"
ALGORITHM = "RFC 5280 4.1.1.2 and 4.1.2.3"
TITLE = Attribute(oid=oids.TITLE, text="Huisarts")
GUEST = replace(HOLDER.uzi_name, pass_type=PassType.MEDEWERKER_NIET_OP_NAAM)
NUMBER = replace(HOLDER.uzi_name, uzi_number=type(HOLDER.uzi_name.uzi_number)("900021218"))

CARD_CASES: list[tuple[Change, str]] = [
    (lambda c: replace(c, serial=SerialNumber((1 << 156) - 1)), ISSUED),
    (lambda c: replace(c, serial=SerialNumber(1)), ISSUED),
    (lambda c: replace(c, issuer_der=c.subject_der), "RFC 5280 4.1.2.4 and 7.1"),
    (lambda c: replace(c, subject_der=c.issuer_der), SELF_ISSUED),
    (subject(lambda rdns: (*rdns[:2], TITLE, *rdns[2:])), NAMES),
    (subject(lambda rdns: (rdns[1], rdns[0], *rdns[2:])), NAMES),
    (subject(lambda rdns: rdns[:-1]), NAMES),
    (subject(lambda rdns: (replace(rdns[0], printable=False), *rdns[1:])), NAMES),
    (subject(lambda rdns: (replace(rdns[0], text="BE"), *rdns[1:])), NAMES),
    (subject(lambda rdns: (*rdns[:-1], replace(rdns[-1], text="x" * 65))), NAMES),
    (subject(lambda rdns: (*rdns[:4], replace(rdns[4], printable=False), rdns[5])), NAMES),
    (times(end=SECOND), VALIDITY),
    (times(end=-SECOND), VALIDITY),
    (times(start=-SECOND, end=-SECOND), VALIDITY),
    (times(start=timedelta(days=1096), end=0 * SECOND), VALIDITY),
    (lambda c: replace(c, public_key=signer(KeyType.P256, "card").public_key), KEYS),
    (lambda c: replace(c, public_key=signer(KeyType.RSA_3072, "token-ca").public_key), KEYS),
    (without(oids.SUBJECT_ALT_NAME), "RFC 5280 4.2"),
    (without(oids.CRL_DISTRIBUTION_POINTS), "RFC 5280 4.2"),
    (extension("1.2.3.4", codec.NULL), "RFC 5280 4.2"),
    (extension(oids.OCSP_NO_CHECK, x509.NO_CHECK), "RFC 5280 4.2"),
    (extension(oids.KEY_USAGE, x509.key_usage([x509.KeyUsage(0)])), "RFC 5280 4.2.1"),
    (extension(oids.BASIC_CONSTRAINTS, b"\x30\x03\x01\x01\xff", critical=True), CONSTRAINTS),
    (extension(oids.BASIC_CONSTRAINTS, b"\x30\x03\x01\x01\x00", critical=True), CONSTRAINTS),
    (
        extension(oids.KEY_USAGE, x509.key_usage([x509.KeyUsage(5)]), critical=True),
        "RFC 5280 4.2.1.3",
    ),
    (
        extension(
            oids.KEY_USAGE, x509.key_usage([x509.KeyUsage(0), x509.KeyUsage(1)]), critical=True
        ),
        "RFC 5280 4.2.1.3",
    ),
    (
        extension(oids.EXTENDED_KEY_USAGE, x509.extended_key_usage([oids.EKU_OCSP_SIGNING])),
        PURPOSES,
    ),
    (extension(oids.EXTENDED_KEY_USAGE, x509.extended_key_usage(["2.5.29.37.0"])), PURPOSES),
    (extension(oids.SUBJECT_KEY_ID, x509.subject_key_id(bytes(20))), "RFC 5280 4.2.1.2"),
    (extension(oids.AUTHORITY_KEY_ID, x509.authority_key_id(bytes(20))), "RFC 5280 4.2.1.1"),
    (
        extension(
            oids.CRL_DISTRIBUTION_POINTS, x509.crl_distribution_points(["http://example.test/x"])
        ),
        ADDRESSES,
    ),
    (extension(oids.FRESHEST_CRL, x509.crl_distribution_points(["http://d/"])), ADDRESSES),
    (extension(oids.FRESHEST_CRL, x509.crl_distribution_points(["http://d/"])), "RFC 5280 4.2"),
    (extension(oids.CERTIFICATE_POLICIES, policies("2.16.528.1.1003.1.2.5.1")), "RFC 5280 4.2.1.4"),
    (extension(oids.SUBJECT_ALT_NAME, encode_subject_alt_name(GUEST)), UZI),
    (extension(oids.SUBJECT_ALT_NAME, encode_subject_alt_name(NUMBER)), UZI),
    (extension(oids.SUBJECT_ALT_NAME, x509.subject_hosts(["localhost"])), UZI),
    (extension(oids.SUBJECT_ALT_NAME, more_names(HOLDER.uzi_name)), UZI),
    (extension(oids.SUBJECT_ALT_NAME, b"\x04\x00"), "X.690; two readers agree"),
]


def test_a_prepared_card_breaks_no_rule(
    token_ca: CertificationAuthority, card: CertificateContent
) -> None:
    assert judged(card, token_ca.profiles.person, token_ca.identity) == set()


@pytest.mark.parametrize(("change", "source"), CARD_CASES)
def test_each_fault_in_a_card_breaks_the_rule_that_forbids_it(
    token_ca: CertificationAuthority, card: CertificateContent, change: Change, source: str
) -> None:
    changed = change(card)
    assert changed != card
    assert source in judged(changed, token_ca.profiles.person, token_ca.identity)
    with pytest.raises(LintFailed) as refused:
        check_tbs(
            encode_tbs_certificate(changed),
            profile=token_ca.profiles.person,
            issuer=token_ca.identity,
        )
    assert any(each.startswith(source) for each in refused.value.findings)


RESPONDER_CASES: list[tuple[Change, str]] = [
    (times(end=SECOND), VALIDITY),
    (extension(oids.OCSP_NO_CHECK, b"\x04\x00"), "RFC 6960 4.2.2.2.1"),
    (without(oids.OCSP_NO_CHECK), "RFC 5280 4.2"),
    (extension(oids.SUBJECT_ALT_NAME, x509.subject_hosts(["localhost"])), "RFC 5280 4.2"),
]


@pytest.mark.parametrize(("change", "source"), RESPONDER_CASES)
def test_each_fault_in_a_responder_breaks_the_rule_that_forbids_it(
    token_ca: CertificationAuthority, responder: CertificateContent, change: Change, source: str
) -> None:
    profile = token_ca.profiles.responder
    assert judged(responder, profile, token_ca.identity) == set()
    assert source in judged(change(responder), profile, token_ca.identity)


def test_a_responder_may_be_shortened_and_a_card_may_not(
    token_ca: CertificationAuthority, responder: CertificateContent, card: CertificateContent
) -> None:
    shorter = times(end=-SECOND)
    profiles = token_ca.profiles
    assert judged(shorter(responder), profiles.responder, token_ca.identity) == set()
    assert judged(shorter(card), profiles.person, token_ca.identity) == {VALIDITY}


def test_no_certificate_outlives_its_ca(
    token_ca: CertificationAuthority, card: CertificateContent
) -> None:
    assert token_ca.identity.window is not None
    window = replace(token_ca.identity.window, not_after=card.not_after - SECOND)
    issuer = replace(token_ca.identity, window=window)
    assert judged(card, token_ca.profiles.person, issuer) == {VALIDITY}


def test_the_issuing_keys_algorithm_counts(
    token_ca: CertificationAuthority, card: CertificateContent
) -> None:
    other = replace(token_ca.identity, algorithm=SignatureAlgorithm.SHA512_RSA)
    content = replace(card, algorithm=SignatureAlgorithm.SHA512_RSA)
    assert judged(content, token_ca.profiles.person, other) == {ALGORITHM}


def test_an_end_entity_with_the_cas_own_key_is_refused(
    token_ca: CertificationAuthority, card: CertificateContent
) -> None:
    issuer = replace(token_ca.identity, public_key=card.public_key)
    assert SELF_ISSUED in judged(card, token_ca.profiles.person, issuer)


def test_a_ca_certificate_passes_only_as_what_it_is(hierarchy: Hierarchy) -> None:
    profiles = hierarchy.profiles
    root = read_certificate(hierarchy.root.certificate).content
    new_root = replace(hierarchy.root.issuer, window=None)
    assert judged(root, profiles["root"], new_root) == set()
    token_ca = read_certificate(hierarchy.token_ca.certificate).content
    assert judged(token_ca, profiles["token-ca"], hierarchy.root.issuer) == set()
    assert judged(token_ca, profiles["services-ca"], hierarchy.root.issuer)
    assert judged(token_ca, profiles["card-rsa2048"], hierarchy.root.issuer)
    deeper = x509.basic_constraints(x509.BasicConstraints(ca=True, path_length=1))
    changed = extension(oids.BASIC_CONSTRAINTS, deeper, critical=True)(token_ca)
    assert judged(changed, profiles["token-ca"], hierarchy.root.issuer) == {CONSTRAINTS}


@pytest.mark.parametrize("tbs", [b"", b"\x30\x00", bytes(300), b"\x30\x80\x00\x00"])
def test_bytes_that_are_no_certificate_are_one_finding(
    token_ca: CertificationAuthority, tbs: bytes
) -> None:
    found = findings(tbs, profile=token_ca.profiles.person, issuer=token_ca.identity)
    assert len(found) == 1
    assert found[0].startswith("RFC 5280 4.1: ")


def test_every_rule_has_a_case_that_breaks_it() -> None:
    shown = {source for _, source in (*CARD_CASES, *RESPONDER_CASES)} | {ALGORITHM}
    assert {source for source, _ in (*FRAME_RULES, *CERTIFICATE_RULES)} == shown


def test_findings_hold_no_personal_data(
    token_ca: CertificationAuthority, card: CertificateContent
) -> None:
    for change, _ in CARD_CASES:
        tbs = encode_tbs_certificate(change(card))
        text = " ".join(findings(tbs, profile=token_ca.profiles.person, issuer=token_ca.identity))
        assert "90002121" not in text
        assert "Anne" not in text


def test_a_verdict_that_is_remembered_is_that_of_the_same_frame_alone(
    token_ca: CertificationAuthority, card: CertificateContent
) -> None:
    """Good and bad in turns, twice: nothing of one clings to the other."""
    profile = token_ca.profiles.person
    for _ in range(2):
        for change, source in CARD_CASES:
            assert judged(card, profile, token_ca.identity) == set()
            assert source in judged(change(card), profile, token_ca.identity)
    other = replace(profile, extensions=replace(profile.extensions, ocsp_url="http://o.test/"))
    assert judged(card, other, token_ca.identity) == {ADDRESSES}
    assert judged(card, profile, replace(token_ca.identity, name_der=card.subject_der))
    assert judged(card, profile, token_ca.identity) == set()
