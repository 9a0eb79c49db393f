"""What the CA makes, judged by pkilint: RFC 5280 and ETSI EN 319 412-2."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from pkilint import etsi, loader, pkix
from pkilint.etsi import etsi_constants
from pkilint.pkix import certificate, crl, extension, name
from pkilint.validation import ValidationFindingSeverity, ValidationResult

from ca.authority import CertificationAuthority
from ca.profile import Profile
from made.ca_products import make_all

# Finding codes of pkilint that are accepted; docs/deviations.md says why, by the same code.
ACCEPTED = frozenset({"pkix.certificate_policies_policy_has_qualifier"})
ACCEPTED_FOR_PRACTICE_SERVER = ACCEPTED | {"pkix.invalid_domain_name_syntax"}
ACCEPTED_IN_CRLS: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
def made(profiles: Mapping[str, Profile], token_ca: CertificationAuthority) -> Mapping[str, bytes]:
    return asyncio.run(make_all(profiles, token_ca))


def _findings(der: bytes) -> set[str]:
    validator = certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(
            name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
        ),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )
    document = loader.RFC5280CertificateDocumentLoader().load_der_document(der)
    return _codes(validator.validate(document.root))


def _crl_findings(der: bytes) -> set[str]:
    validator = crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )
    document = loader.RFC5280CertificateListDocumentLoader().load_der_document(der)
    return _codes(validator.validate(document.root))


def _codes(results: Sequence[ValidationResult]) -> set[str]:
    return {
        each.finding.code
        for result in results
        for each in result.finding_descriptions
        if each.finding.severity <= ValidationFindingSeverity.NOTICE
    }


@pytest.mark.parametrize(
    ("label", "accepted"),
    [
        ("root", frozenset()),
        ("link", frozenset()),
        ("token-ca", ACCEPTED),
        ("card", ACCEPTED),
        ("card-delta", ACCEPTED),
        ("responder", ACCEPTED),
        ("services-ca", ACCEPTED),
        ("mobiel-ca", ACCEPTED),
        ("telephone", ACCEPTED),
        ("api", ACCEPTED_FOR_PRACTICE_SERVER),
        ("client", ACCEPTED),
        ("evidence", ACCEPTED),
    ],
)
def test_pkilint_finds_exactly_what_is_accepted(
    made: Mapping[str, bytes], label: str, accepted: frozenset[str]
) -> None:
    assert _findings(made[label]) == accepted


@pytest.mark.parametrize("label", ["card", "card-delta"])
def test_the_card_meets_the_norm_for_natural_persons(made: Mapping[str, bytes], label: str) -> None:
    """ETSI EN 319 412-2, non-qualified, as pkilint reads it."""
    kind = etsi_constants.CertificateType.NCP_NATURAL_PERSON_CERTIFICATE
    validator = certificate.create_pkix_certificate_validator_container(
        etsi.create_decoding_validators(kind), etsi.create_validators(kind)
    )
    document = loader.RFC5280CertificateDocumentLoader().load_der_document(made[label])
    assert _codes(validator.validate(document.root)) == ACCEPTED


@pytest.mark.parametrize("label", ["root-crl", "services-crl"])
def test_pkilint_finds_nothing_in_ceremony_crls(made: Mapping[str, bytes], label: str) -> None:
    assert _crl_findings(made[label]) == ACCEPTED_IN_CRLS


def test_pkilint_would_find_something(made: Mapping[str, bytes]) -> None:
    spoilt = made["card"].replace(b"\x06\x03\x55\x1d\x23", b"\x06\x03\x55\x1d\x24")
    assert "pkix.authority_key_identifier_extension_absent" in _findings(spoilt)
