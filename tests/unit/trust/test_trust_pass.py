"""Passes: the one good shape, and every way of being refused, each with its own reason."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from fixtures_uzi import (
    AUTHENTICITY,
    DAY,
    M_TEXT,
    N_TEXT,
    NOW,
    PRINTABLE,
    SIGNATURE,
    UTF8,
    Z_TEXT,
    PassPlan,
    Register,
    der,
    make_ca,
    make_register,
    new_key,
    upn,
    uzi,
)
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import (
    ConfigurationInvalid,
    Malformed,
    PassStatusUnavailable,
    Refused,
    ZorgidError,
)
from pki.domain.reasons import RefusalReason
from pki.domain.uzi import PassType
from pki.trust.path import Issuer, read_pass_certificate
from pki.trust.settings import UziTrustSettings
from pki.trust.uzi_pass import UziTrust

SECOND = timedelta(seconds=1)


class Status:
    """A status service that says the same of every pass."""

    def __init__(self, failure: ZorgidError | None = None) -> None:
        self.failure = failure
        self.asked: list[int] = []

    async def require_good(
        self, certificate: x509.Certificate, issuer: Issuer, at: datetime
    ) -> None:
        self.asked.append(certificate.serial_number)
        if self.failure:
            raise self.failure


async def reason_for(
    register: Register,
    certificate: x509.Certificate,
    *,
    at: datetime = NOW,
    settings: UziTrustSettings | None = None,
) -> RefusalReason:
    status = Status()
    with pytest.raises(Refused) as caught:
        await UziTrust(settings or register.settings, status).verify_pass(der(certificate), at)
    assert status.asked == []
    return caught.value.reason


async def test_a_good_pass_gives_what_is_copied_to_a_card(uzi_register: Register) -> None:
    certificate = uzi_register.issue()
    status = Status()
    holder = await UziTrust(uzi_register.settings, status).verify_pass(der(certificate), NOW)

    assert holder.uzi_name.text == N_TEXT
    assert holder.organisation_name == "Tést Zorginstelling 03"
    assert holder.name.surname == "van den Test-90002"
    assert holder.name.given_names == "Jan Piet"
    assert holder.name.common_name == "Jan Piet van den Test-90002"
    assert holder.not_after == certificate.not_valid_after_utc
    assert holder.certificate_sha256 == certificate.fingerprint(hashes.SHA256())
    assert status.asked == [certificate.serial_number]


async def accepts(trust: UziTrust, certificate: bytes, at: datetime) -> bool:
    return (await trust.verify_pass(certificate, at)).uzi_name.text == N_TEXT


NOT_AUTHENTICITY: dict[str, PassPlan] = {
    "signature": PassPlan(
        key_usage=("content_commitment",),
        purposes=(ExtendedKeyUsageOID.EMAIL_PROTECTION,),
        policies=(SIGNATURE,),
        names=(uzi(N_TEXT),),
    ),
    "confidentiality": PassPlan(key_usage=("key_encipherment", "data_encipherment")),
    "usage too wide": PassPlan(key_usage=("digital_signature", "content_commitment")),
    "usage not critical": PassPlan(key_usage_critical=False),
    "no usage": PassPlan(leave_out=(x509.KeyUsage,)),
    "no purpose": PassPlan(leave_out=(x509.ExtendedKeyUsage,)),
    "another purpose": PassPlan(purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)),
    "any purpose": PassPlan(purposes=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)),
    "no policy": PassPlan(leave_out=(x509.CertificatePolicies,)),
    "signature policy": PassPlan(policies=(SIGNATURE,)),
}


@pytest.mark.parametrize("plan", NOT_AUTHENTICITY.values(), ids=NOT_AUTHENTICITY)
async def test_only_the_authenticity_certificate_proves_a_pass(
    plan: PassPlan, uzi_register: Register
) -> None:
    certificate = uzi_register.issue(plan)
    assert await reason_for(uzi_register, certificate) is RefusalReason.PASS_NOT_AUTHENTICITY


async def test_one_of_several_policies_suffices(uzi_register: Register) -> None:
    plan = PassPlan(policies=(AUTHENTICITY, "2.16.528.1.1007.99.2042"))
    certificate = uzi_register.issue(plan)
    assert await accepts(UziTrust(uzi_register.settings, Status()), der(certificate), NOW)


def without(subject: NameOID | x509.ObjectIdentifier) -> PassPlan:
    plan = PassPlan()
    return replace(plan, subject=[pair for pair in plan.subject if pair[0] != subject])


def twice(subject: x509.ObjectIdentifier) -> PassPlan:
    plan = PassPlan()
    more = [pair for pair in plan.subject if pair[0] == subject]
    return replace(plan, subject=[*plan.subject, *more])


def named(*names: x509.GeneralName) -> PassPlan:
    return PassPlan(names=names)


UPN = upn("900021219@90000382")
BAD_NAMES: dict[str, PassPlan] = {
    "no subjectAltName": PassPlan(leave_out=(x509.SubjectAlternativeName,)),
    "UPN alone": named(UPN),
    "two names": named(UPN, uzi(N_TEXT), uzi(N_TEXT)),
    "UTF8String": named(UPN, uzi(N_TEXT, UTF8)),
    "PrintableString": named(UPN, uzi(N_TEXT, PRINTABLE)),
    "8-digit number": named(uzi(N_TEXT.replace("900021219", "90002121"))),
    "10-digit number": named(uzi(N_TEXT.replace("900021219", "9000212190"))),
    "7-digit URA": named(uzi(N_TEXT.replace("90000382", "9000038"))),
    "version 2": named(uzi(N_TEXT.replace("-1-", "-2-"))),
    "eight pieces": named(uzi(f"{N_TEXT}-0")),
    "a role on N": named(uzi(N_TEXT.replace("00.000", "01.015"))),
    "unknown type": named(uzi(N_TEXT.replace("-N-", "-X-"))),
    "another OID CA": named(uzi(N_TEXT.replace("99.218", "99.219"))),
    "Z text under N": named(uzi(Z_TEXT)),
    "M text under N": named(uzi(M_TEXT.replace("99.219", "99.218"))),
    "UPN of another": named(upn("900021218@90000382"), uzi(N_TEXT)),
    "another subject number": replace(
        PassPlan(),
        subject=[
            (oid, "900021218" if oid == NameOID.SERIAL_NUMBER else value)
            for oid, value in PassPlan().subject
        ],
    ),
    "no organisation": without(NameOID.ORGANIZATION_NAME),
    "no surname": without(NameOID.SURNAME),
    "no given names": without(NameOID.GIVEN_NAME),
    "no common name": without(NameOID.COMMON_NAME),
    "no number": without(NameOID.SERIAL_NUMBER),
    "two surnames": twice(NameOID.SURNAME),
    "two numbers": twice(NameOID.SERIAL_NUMBER),
    "number as UTF8String": PassPlan(string_types=((NameOID.SERIAL_NUMBER, UTF8),)),
    "surname as PrintableString": PassPlan(string_types=((NameOID.SURNAME, PRINTABLE),)),
}


@pytest.mark.parametrize("plan", BAD_NAMES.values(), ids=BAD_NAMES)
async def test_a_name_that_is_not_exact_is_refused(plan: PassPlan, uzi_register: Register) -> None:
    certificate = uzi_register.issue(plan)
    assert await reason_for(uzi_register, certificate) is RefusalReason.PASS_NAME_INVALID


async def test_n_text_under_the_z_ca_is_refused(uzi_register: Register) -> None:
    certificate = uzi_register.issue(by=PassType.ZORGVERLENER)
    assert await reason_for(uzi_register, certificate) is RefusalReason.PASS_NAME_INVALID


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (PassType.ZORGVERLENER, Z_TEXT, RefusalReason.PASS_IS_ZORGVERLENER),
        (PassType.MEDEWERKER_NIET_OP_NAAM, M_TEXT, RefusalReason.PASS_NOT_ON_NAME),
        (PassType.SERVER, N_TEXT, RefusalReason.PASS_IS_SERVER),
    ],
)
@pytest.mark.parametrize("at", [NOW, NOW - 100 * DAY, NOW + 1500 * DAY])
async def test_other_types_of_pass_are_refused_as_such_at_any_time(
    kind: PassType, text: str, reason: RefusalReason, at: datetime, uzi_register: Register
) -> None:
    plan = PassPlan(names=(uzi(text),), subject=((NameOID.COMMON_NAME, "of no import"),))
    certificate = uzi_register.issue(plan, by=kind)
    assert await reason_for(uzi_register, certificate, at=at) is reason


async def test_a_server_certificate_is_named_as_one_though_it_is_no_authenticity_certificate(
    uzi_register: Register,
) -> None:
    plan = PassPlan(purposes=(ExtendedKeyUsageOID.SERVER_AUTH,), names=(x509.DNSName("a.test"),))
    certificate = uzi_register.issue(plan, by=PassType.SERVER)
    assert await reason_for(uzi_register, certificate) is RefusalReason.PASS_IS_SERVER


async def test_both_ends_of_the_validity_period_belong_to_it(uzi_register: Register) -> None:
    certificate = uzi_register.issue()
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    trust = UziTrust(uzi_register.settings, Status())
    assert await accepts(trust, der(certificate), start)
    assert await accepts(trust, der(certificate), end)
    early = await reason_for(uzi_register, certificate, at=start - SECOND)
    late = await reason_for(uzi_register, certificate, at=end + SECOND)
    assert early is RefusalReason.PASS_NOT_YET_VALID
    assert late is RefusalReason.PASS_EXPIRED


@pytest.mark.parametrize(
    "failure",
    [
        Refused(reason=RefusalReason.PASS_REVOKED, message="revoked"),
        PassStatusUnavailable(message="down"),
    ],
)
async def test_without_a_good_status_nobody_gets_in(
    failure: ZorgidError, uzi_register: Register
) -> None:
    trust = UziTrust(uzi_register.settings, Status(failure))
    with pytest.raises(type(failure)) as caught:
        await trust.verify_pass(der(uzi_register.issue()), NOW)
    assert caught.value is failure


async def test_a_renewed_ca_certificate_for_the_same_key_serves_either_way(
    uzi_register: Register,
) -> None:
    n = uzi_register.n
    renewed = make_ca("TEST UZI CA N", uzi_register.level2, key=n.key, path_length=0)
    certificate = der(uzi_register.issue())
    for chosen in ((n.der, renewed.der), (renewed.der, n.der), (renewed.der,)):
        settings = uzi_register.settings
        issuers = [
            replace(each, certificates=chosen) if each.certificates == (n.der,) else each
            for each in settings.issuers
        ]
        trust = UziTrust(replace(settings, issuers=tuple(issuers)), Status())
        assert await accepts(trust, certificate, NOW)


async def test_an_expired_ca_certificate_beside_a_renewed_one_does_no_harm(
    uzi_register: Register,
) -> None:
    n = uzi_register.n
    old = make_ca("TEST UZI CA N", uzi_register.level2, key=n.key, end=NOW - DAY)
    settings = uzi_register.settings
    plain = next(each for each in settings.issuers if each.certificates == (n.der,))
    both = replace(plain, certificates=(old.der, n.der))
    only_old = replace(plain, certificates=(old.der,))
    certificate = uzi_register.issue()

    trust = UziTrust(replace(settings, issuers=(both,)), Status())
    assert await accepts(trust, der(certificate), NOW)
    assert trust.unusable_issuers(NOW) == ()
    stale = replace(settings, issuers=(only_old,))
    reason = await reason_for(uzi_register, certificate, settings=stale)
    assert reason is RefusalReason.PASS_NOT_TRUSTED
    assert UziTrust(stale, Status()).unusable_issuers(NOW) == (
        n.certificate.subject.rfc4514_string(),
    )


async def test_a_stranger_with_the_same_names_is_not_trusted(uzi_register: Register) -> None:
    impostor = make_ca("TEST UZI CA N", None)
    certificate = uzi_register.issue(issuer=impostor)
    assert await reason_for(uzi_register, certificate) is RefusalReason.PASS_NOT_TRUSTED


@pytest.mark.parametrize("signer", ["root", "level2"])
async def test_a_ca_that_issues_no_passes_cannot_vouch_for_one(
    signer: str, uzi_register: Register
) -> None:
    certificate = uzi_register.issue(issuer=getattr(uzi_register, signer))
    assert await reason_for(uzi_register, certificate) is RefusalReason.PASS_NOT_TRUSTED


async def test_a_pass_cannot_issue_a_pass(uzi_register: Register) -> None:
    plan = PassPlan(is_ca=True, key_usage=("key_cert_sign", "digital_signature"))
    parent = uzi_register.issue(plan)
    name = parent.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    child_issuer = replace(make_ca(str(name), None, key=uzi_register.pass_key), certificate=parent)
    child = uzi_register.issue(issuer=child_issuer)
    assert await reason_for(uzi_register, child) is RefusalReason.PASS_NOT_TRUSTED
    assert await reason_for(uzi_register, parent) is RefusalReason.PASS_NOT_AUTHENTICITY


@pytest.mark.parametrize("which", ["root", "level2", "n"])
async def test_a_ca_certificate_is_no_pass(which: str, uzi_register: Register) -> None:
    ca = getattr(uzi_register, which)
    reason = await reason_for(uzi_register, ca.certificate)
    assert reason is RefusalReason.PASS_NOT_TRUSTED


async def test_an_unknown_critical_extension_is_not_passed_over(uzi_register: Register) -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.999.1"), b"\x05\x00")
    assert (
        await reason_for(uzi_register, uzi_register.issue(PassPlan(extra=((unknown, True),))))
        is RefusalReason.PASS_NOT_TRUSTED
    )
    harmless = uzi_register.issue(PassPlan(extra=((unknown, False),)))
    assert await accepts(UziTrust(uzi_register.settings, Status()), der(harmless), NOW)


async def test_an_algorithm_that_is_not_allowed_is_refused(uzi_register: Register) -> None:
    certificate = uzi_register.issue(digest=hashes.SHA512())
    assert await reason_for(uzi_register, certificate) is RefusalReason.PASS_NOT_TRUSTED


async def test_rsa_pss_counts_where_it_is_allowed() -> None:
    register = make_register(pss=True)
    certificate = register.issue(pss=True)
    with pytest.raises(ConfigurationInvalid, match="not allowed"):
        UziTrust(register.settings, Status())
    allowed = frozenset({SignatureAlgorithm.SHA512_RSA_PSS})
    settings = replace(register.settings, algorithms=allowed)
    assert await accepts(UziTrust(settings, Status()), der(certificate), NOW)


async def test_a_flipped_bit_in_the_signature_is_noticed(uzi_register: Register) -> None:
    octets = bytearray(der(uzi_register.issue()))
    octets[-5] ^= 1
    with pytest.raises(Refused) as caught:
        await UziTrust(uzi_register.settings, Status()).verify_pass(bytes(octets), NOW)
    assert caught.value.reason is RefusalReason.PASS_NOT_TRUSTED


@pytest.mark.parametrize("octets", [b"", b"0", b"\x30\x00", b"\x30\x82" + bytes(40_000)])
def test_what_is_no_certificate_is_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed):
        read_pass_certificate(octets)


@given(
    cut=st.integers(0, 1200), flips=st.lists(st.tuples(st.integers(0, 1200), st.integers(1, 255)))
)
async def test_damaged_passes_never_get_in(
    cut: int, flips: list[tuple[int, int]], uzi_register: Register
) -> None:
    whole = der(_CACHED.setdefault("pass", uzi_register.issue()))
    octets = bytearray(whole[: len(whole) - cut])
    for position, mask in flips:
        if position < len(octets):
            octets[position] ^= mask
    trust = _TRUST.setdefault("trust", UziTrust(uzi_register.settings, Status()))
    if bytes(octets) == whole:
        assert await accepts(trust, whole, NOW)
        return
    with pytest.raises((Malformed, Refused)):
        await trust.verify_pass(bytes(octets), NOW)


_CACHED: dict[str, x509.Certificate] = {}
_TRUST: dict[str, UziTrust] = {}


def edited(register: Register, certificates: tuple[bytes, ...]) -> UziTrustSettings:
    settings = register.settings
    return replace(settings, issuers=(replace(settings.issuers[0], certificates=certificates),))


def test_settings_that_cannot_be_right_are_refused(uzi_register: Register) -> None:
    good = uzi_register.settings
    stranger = make_ca("TEST UZI CA N", uzi_register.level2, key=new_key())
    no_ca = make_ca("no CA", uzi_register.root, is_ca=False)
    no_crls = make_ca("no CRLs", uzi_register.root, key_usage=("key_cert_sign",))
    bad: dict[str, UziTrustSettings] = {
        "uzi.roots": replace(good, roots=()),
        "uzi.intermediates": replace(good, intermediates=(no_ca.der,)),
        "uzi.algorithms": replace(good, algorithms=frozenset()),
    }
    several = (
        replace(good, roots=(b"no certificate",)),
        replace(good, roots=(der(uzi_register.issue()),)),
        replace(good, intermediates=(no_crls.der,)),
    )
    for_issuers = (
        edited(uzi_register, (uzi_register.n.der, stranger.der)),
        edited(uzi_register, ()),
        replace(good, issuers=(good.issuers[0], good.issuers[0])),
        replace(good, issuers=(replace(good.issuers[0], policies=frozenset()),)),
    )
    for key, settings in bad.items():
        with pytest.raises(ConfigurationInvalid) as caught:
            UziTrust(settings, Status())
        assert caught.value.key == key
    for settings in several:
        with pytest.raises(ConfigurationInvalid):
            UziTrust(settings, Status())
    for settings in for_issuers:
        with pytest.raises(ConfigurationInvalid) as caught:
            UziTrust(settings, Status())
        assert caught.value.key == "uzi.issuers"
