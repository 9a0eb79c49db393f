"""Passes: the one good shape, and every way of being refused, each with its own reason."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fixtures.uzi import FakeStatusCheck, accepts, reason_for
from made.uzi import (
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
    upn,
    uzi,
)
from pki.domain.errors import (
    PassStatusUnavailable,
    Refused,
    ZorgidError,
)
from pki.domain.reasons import RefusalReason
from pki.domain.uzi import PassType
from pki.trust.uzi_pass import UziTrust

SECOND = timedelta(seconds=1)


async def test_a_good_pass_gives_what_is_copied_to_a_card(uzi_register: Register) -> None:
    certificate = uzi_register.issue()
    status = FakeStatusCheck()
    holder = await UziTrust(uzi_register.settings, status).verify_pass(der(certificate), NOW)

    assert holder.uzi_name.text == N_TEXT
    assert holder.organisation_name == "Tést Zorginstelling 03"
    assert holder.name.surname == "van den Test-90002"
    assert holder.name.given_names == "Jan Piet"
    assert holder.name.common_name == "Jan Piet van den Test-90002"
    assert holder.not_after == certificate.not_valid_after_utc
    assert holder.certificate_sha256 == certificate.fingerprint(hashes.SHA256())
    assert status.asked == [certificate.serial_number]


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
    assert await accepts(UziTrust(uzi_register.settings, FakeStatusCheck()), der(certificate), NOW)


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
    trust = UziTrust(uzi_register.settings, FakeStatusCheck())
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
    trust = UziTrust(uzi_register.settings, FakeStatusCheck(failure))
    with pytest.raises(type(failure)) as caught:
        await trust.verify_pass(der(uzi_register.issue()), NOW)
    assert caught.value is failure
