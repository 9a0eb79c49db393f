"""Genuine certificates and CRLs of the UZI register's test environment, and mocks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from fixtures.uzi import FakeStatusHttp
from made.uzi import der
from pki.domain.errors import PassStatusUnavailable, Refused
from pki.domain.reasons import RefusalReason
from pki.domain.uzi import PassType
from pki.ports import SystemEntropy
from pki.trust.pass_crl import check_crl
from pki.trust.pass_status import PassStatus
from pki.trust.path import Issuer, PathValidator
from pki.trust.settings import G3_ALGORITHMS, IssuingCa, StatusSettings, UziTrustSettings
from pki.trust.uzi_pass import UziTrust

FOLDER = Path(__file__).parents[2].parent / "shared" / "uzi-certs"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CRL_TIME = datetime(2020, 10, 27, 12, 0, tzinfo=UTC)
TEST_POLICY, POLICY = "2.16.528.1.1007.99.211", "2.16.528.1.1003.1.2.5.1"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the genuine certificates are not at {FOLDER}"
)


def load(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((FOLDER / name).read_bytes())


def trust(settings: UziTrustSettings) -> UziTrust:
    return UziTrust(settings, PassStatus(settings, FakeStatusHttp(), SystemEntropy()))


def issuing(kind: PassType, oid_ca: str, policy: str, *names: str) -> IssuingCa:
    return IssuingCa(
        certificates=tuple(der(load(name)) for name in names),
        pass_type=kind,
        oid_ca=oid_ca,
        policies=frozenset({policy}),
    )


def register_of_tests(*zorgverlener_years: int) -> UziTrustSettings:
    folder = "test-register/ca_test"
    z_names = [f"{folder}_uzi_zorgverlener_ca_g3_{year}.pem" for year in zorgverlener_years]
    return UziTrustSettings(
        roots=(der(load(f"{folder}_zorg_csp_root_ca_g3.pem")),),
        intermediates=(der(load(f"{folder}_zorg_csp_level_2_persoon_ca_g3.pem")),),
        issuers=(
            issuing(PassType.ZORGVERLENER, "2.16.528.1.1007.99.217", TEST_POLICY, *z_names),
            issuing(
                PassType.MEDEWERKER_OP_NAAM,
                "2.16.528.1.1007.99.218",
                TEST_POLICY,
                f"{folder}_uzi_medewerker_op_naam_ca_g3_2017.pem",
            ),
        ),
        status=StatusSettings(hosts=frozenset({"www.uzi-register-test.nl"})),
    )


def production() -> UziTrustSettings:
    return UziTrustSettings(
        roots=(der(load("prod-ca/RootCA-G3.pem")),),
        intermediates=(der(load("prod-ca/DomOrganisatiePersoonCA-G3.pem")),),
        issuers=(
            issuing(
                PassType.ZORGVERLENER,
                "2.16.528.1.1003.1.3.5.5.2",
                POLICY,
                "prod-ca/UZI-register_Zorgverlener_CA_G3.pem",
                "prod-ca/20190418_UZI-register_Zorgverlener_CA_G3.pem",
            ),
            issuing(
                PassType.MEDEWERKER_OP_NAAM,
                "2.16.528.1.1003.1.3.5.5.3",
                POLICY,
                "prod-ca/UZI-register_Medewerker_op_naam_CA_G3.pem",
                "prod-ca/20190418_UZI-register_Medewerker_op_naam_CA_G3.pem",
            ),
        ),
        status=StatusSettings(hosts=frozenset({"www.csp.uzi-register.nl"})),
    )


async def refusal(settings: UziTrustSettings, name: str, at: datetime = NOW) -> RefusalReason:
    with pytest.raises(Refused) as caught:
        await trust(settings).verify_pass(der(load(name)), at)
    return caught.value.reason


Z_PASS = "test-register/ee_Z_authenticiteit_900030757_2024.pem"


@pytest.mark.parametrize("years", [(2017,), (2019,), (2017, 2019), (2019, 2017)])
async def test_the_genuine_zorgverlener_pass_is_refused_as_one(years: tuple[int, ...]) -> None:
    reason = await refusal(register_of_tests(*years), Z_PASS)
    assert reason is RefusalReason.PASS_IS_ZORGVERLENER


@pytest.mark.parametrize("days", [-365 * 3, 365, 365 * 20])
async def test_it_is_refused_as_one_before_and_after_its_time(days: int) -> None:
    reason = await refusal(register_of_tests(2017, 2019), Z_PASS, NOW + timedelta(days=days))
    assert reason is RefusalReason.PASS_IS_ZORGVERLENER


async def test_a_test_pass_is_not_trusted_in_production() -> None:
    assert await refusal(production(), Z_PASS) is RefusalReason.PASS_NOT_TRUSTED


@pytest.mark.parametrize(
    "name",
    [
        "mock-001-no-rnd.cert",
        "mock-003-valid-san.cert",
        "mock-011-correct.cert",
        "mock-020-incorrect-oidca.cert",
    ],
)
async def test_mocks_are_trusted_nowhere(name: str) -> None:
    for settings in (register_of_tests(2017, 2019), production()):
        assert await refusal(settings, f"mock/{name}") is RefusalReason.PASS_NOT_TRUSTED


@pytest.mark.parametrize(
    "name",
    [
        "prod-ca/UZI-register_Medewerker_op_naam_CA_G3.pem",
        "prod-ca/20190418_UZI-register_Zorgverlener_CA_G3.pem",
        "prod-ca/DomOrganisatiePersoonCA-G3.pem",
        "prod-ca/RootCA-G3.pem",
    ],
)
async def test_a_ca_certificate_is_no_pass(name: str) -> None:
    for settings in (register_of_tests(2017, 2019), production()):
        assert await refusal(settings, name) is RefusalReason.PASS_NOT_TRUSTED


def test_the_genuine_hierarchies_are_usable_until_2028() -> None:
    for settings in (register_of_tests(2017, 2019), production()):
        assert trust(settings).unusable_issuers(NOW) == ()
        late = datetime(2029, 1, 1, tzinfo=UTC)
        assert len(trust(settings).unusable_issuers(late)) == 2


def n_issuer() -> Issuer:
    validator = PathValidator(register_of_tests(2017, 2019))
    return next(
        each
        for each in validator._issuers.values()
        if each.pass_type is PassType.MEDEWERKER_OP_NAAM
    )


def n_crl() -> bytes:
    name = "test-register/crl_test_uzi_medewerker_op_naam_ca_g3_20201027.crl"
    return (FOLDER / name).read_bytes()


def test_the_genuine_crl_is_the_n_cas() -> None:
    crl = check_crl(n_crl(), n_issuer(), CRL_TIME, G3_ALGORITHMS)
    assert (len(crl.serials), crl.number) == (60, 31730)
    assert crl.next_update - crl.this_update == timedelta(hours=48)
    theirs = x509.load_der_x509_crl(n_crl())
    assert crl.serials == {each.serial_number for each in theirs}


def test_the_genuine_crl_no_longer_counts() -> None:
    with pytest.raises(PassStatusUnavailable, match="nextUpdate"):
        check_crl(n_crl(), n_issuer(), NOW, G3_ALGORITHMS)


@pytest.mark.parametrize("name", ["zorg_csp_level_2_persoon_ca_g3", "zorg_csp_root_ca_g3"])
def test_the_crl_of_another_ca_does_not_speak_for_the_n_ca(name: str) -> None:
    octets = (FOLDER / f"test-register/crl_test_{name}_20201027.crl").read_bytes()
    with pytest.raises(PassStatusUnavailable, match="another issuer"):
        check_crl(octets, n_issuer(), CRL_TIME, G3_ALGORITHMS)
