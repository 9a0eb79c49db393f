"""Paths to a configured root: who may vouch for a pass, and with which signatures."""

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from fixtures.uzi import FakeStatusCheck, accepts, reason_for
from made.uzi import DAY, NOW, PassPlan, Register, der, make_ca, make_register, new_key
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import (
    ConfigurationInvalid,
    Malformed,
    Refused,
)
from pki.domain.reasons import RefusalReason
from pki.trust.path import read_pass_certificate
from pki.trust.settings import UziTrustSettings
from pki.trust.uzi_pass import UziTrust


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
        trust = UziTrust(replace(settings, issuers=tuple(issuers)), FakeStatusCheck())
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

    trust = UziTrust(replace(settings, issuers=(both,)), FakeStatusCheck())
    assert await accepts(trust, der(certificate), NOW)
    assert trust.unusable_issuers(NOW) == ()
    stale = replace(settings, issuers=(only_old,))
    reason = await reason_for(uzi_register, certificate, settings=stale)
    assert reason is RefusalReason.PASS_NOT_TRUSTED
    assert UziTrust(stale, FakeStatusCheck()).unusable_issuers(NOW) == (
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
    assert await accepts(UziTrust(uzi_register.settings, FakeStatusCheck()), der(harmless), NOW)


async def test_an_algorithm_that_is_not_allowed_is_refused(uzi_register: Register) -> None:
    certificate = uzi_register.issue(digest=hashes.SHA512())
    assert await reason_for(uzi_register, certificate) is RefusalReason.PASS_NOT_TRUSTED


async def test_rsa_pss_counts_where_it_is_allowed() -> None:
    register = make_register(pss=True)
    certificate = register.issue(pss=True)
    with pytest.raises(ConfigurationInvalid, match="not allowed"):
        UziTrust(register.settings, FakeStatusCheck())
    allowed = frozenset({SignatureAlgorithm.SHA512_RSA_PSS})
    settings = replace(register.settings, algorithms=allowed)
    assert await accepts(UziTrust(settings, FakeStatusCheck()), der(certificate), NOW)


async def test_a_flipped_bit_in_the_signature_is_noticed(uzi_register: Register) -> None:
    octets = bytearray(der(uzi_register.issue()))
    octets[-5] ^= 1
    with pytest.raises(Refused) as caught:
        await UziTrust(uzi_register.settings, FakeStatusCheck()).verify_pass(bytes(octets), NOW)
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
    trust = _TRUST.setdefault("trust", UziTrust(uzi_register.settings, FakeStatusCheck()))
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
            UziTrust(settings, FakeStatusCheck())
        assert caught.value.key == key
    for settings in several:
        with pytest.raises(ConfigurationInvalid):
            UziTrust(settings, FakeStatusCheck())
    for settings in for_issuers:
        with pytest.raises(ConfigurationInvalid) as caught:
            UziTrust(settings, FakeStatusCheck())
        assert caught.value.key == "uzi.issuers"
