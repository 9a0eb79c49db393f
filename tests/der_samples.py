"""Values of every DER type, drawn by chance, each with what another library makes of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import settings
from hypothesis import strategies as st

from pki.der import extensions, oids
from pki.der.certificate import CertificateContent
from pki.der.crl import CrlContent, Entry, encode_entry
from pki.der.extensions import AuthorityInfo, BasicConstraints, Extension, KeyUsage, Policy
from pki.der.names import Attribute, DistinguishedName
from pki.der.ocsp import SingleResponse, make_cert_id
from pki.der.uzi_names import encode_subject_alt_name
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.identifiers import SerialNumber, Ura, UziNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked
from pki.domain.uzi import PassType, UziName

few = settings(max_examples=max(settings().max_examples // 4, 1))
"""For tests whose every example is costly."""

KEY = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
SPKI = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

FOREIGN_REASONS = {
    RevocationReason.KEY_COMPROMISE: x509.ReasonFlags.key_compromise,
    RevocationReason.AFFILIATION_CHANGED: x509.ReasonFlags.affiliation_changed,
    RevocationReason.SUPERSEDED: x509.ReasonFlags.superseded,
    RevocationReason.CESSATION_OF_OPERATION: x509.ReasonFlags.cessation_of_operation,
    RevocationReason.CERTIFICATE_HOLD: x509.ReasonFlags.certificate_hold,
    RevocationReason.PRIVILEGE_WITHDRAWN: x509.ReasonFlags.privilege_withdrawn,
}

serials = st.integers(1, (1 << 159) - 1).map(SerialNumber)
reasons = st.none() | st.sampled_from(RevocationReason)
moments = st.datetimes(
    min_value=datetime(1950, 1, 1),  # noqa: DTZ001 -- hypothesis adds the time zone
    max_value=datetime(2120, 12, 31),  # noqa: DTZ001 -- as above
    timezones=st.just(UTC),
)
whole_moments = moments.map(lambda moment: moment.replace(microsecond=0))
texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
printables = st.text("ABCxyz019 '()+,-./:=?", min_size=1, max_size=12)
dotted_oids = st.builds(
    lambda first, second, rest: ".".join(map(str, (first, second, *rest))),
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(st.integers(0, 1 << 40), max_size=6),
)

attributes = st.one_of(
    st.just(Attribute(oid=oids.COUNTRY, text="NL", printable=True)),
    st.builds(Attribute, oid=st.just(oids.SERIAL_NUMBER), text=printables, printable=st.just(True)),
    st.builds(
        Attribute,
        oid=st.sampled_from(
            [
                oids.ORGANISATION,
                oids.ORGANISATIONAL_UNIT,
                oids.SURNAME,
                oids.GIVEN_NAME,
                oids.COMMON_NAME,
                oids.TITLE,
                oids.ORGANISATION_IDENTIFIER,
            ]
        ),
        text=texts,
    ),
)
names = st.lists(attributes, max_size=7).map(lambda each: DistinguishedName.of(*each))

uzi_names = st.builds(
    lambda oid_ca, number, ura, agb: UziName(
        oid_ca=oid_ca,
        uzi_number=UziNumber(f"{number:09d}"),
        pass_type=PassType.MEDEWERKER_OP_NAAM,
        ura=Ura(f"{ura:08d}"),
        agb=f"{agb:08d}",
    ),
    st.sampled_from(["2.16.528.1.1007.99.218", "2.16.528.1.1003.1.3.5.5.3", "1.3.6.1.4.1.99999.1"]),
    st.integers(0, 10**9 - 1),
    st.integers(0, 10**8 - 1),
    st.integers(0, 10**8 - 1),
)

statuses: st.SearchStrategy[CertificateStatus | None] = st.one_of(
    st.none(),
    st.just(Good()),
    st.builds(OnHold, since=whole_moments),
    st.builds(
        Revoked,
        at=whole_moments,
        reason=st.none()
        | st.sampled_from(
            [each for each in RevocationReason if each is not RevocationReason.CERTIFICATE_HOLD]
        ),
    ),
)


def foreign_name(name: DistinguishedName) -> x509.Name:
    """The same name as cryptography builds it from text."""
    return x509.Name(
        [x509.NameAttribute(x509.ObjectIdentifier(each.oid), each.text) for each in name.rdns]
    )


_BASIC = st.one_of(
    st.just(BasicConstraints(ca=False)),
    st.builds(BasicConstraints, ca=st.just(True), path_length=st.none() | st.integers(0, 300)),
)
_USAGES = st.frozensets(
    st.sampled_from(
        [each for each in KeyUsage if each not in {KeyUsage.ENCIPHER_ONLY, KeyUsage.DECIPHER_ONLY}]
    ),
    min_size=1,
)
_EKUS = st.lists(dotted_oids, min_size=1, max_size=4)
_ADDRESSES = st.sampled_from(
    ["http://ocsp.example.nl/ocsp", "http://crl.example.nl/a.crl", "https://x.example/?q=1&r=%20"]
)
_POLICIES = st.lists(
    st.builds(Policy, oid=dotted_oids, cps_uri=st.none() | _ADDRESSES, notice=st.none() | texts),
    min_size=1,
    max_size=3,
    unique_by=lambda policy: policy.oid,
)
_INFO = st.builds(
    AuthorityInfo,
    ocsp=st.lists(_ADDRESSES, max_size=2).map(tuple),
    ca_issuers=st.lists(_ADDRESSES, min_size=1, max_size=2).map(tuple),
)
key_ids = st.binary(min_size=20, max_size=20)


def _usage(usages: frozenset[KeyUsage]) -> x509.KeyUsage:
    return x509.KeyUsage(*(each in usages for each in sorted(KeyUsage)))


def _policy(policy: Policy) -> x509.PolicyInformation:
    qualifiers: list[str | x509.UserNotice] = []
    if policy.cps_uri is not None:
        qualifiers.append(policy.cps_uri)
    if policy.notice is not None:
        qualifiers.append(x509.UserNotice(None, policy.notice))
    return x509.PolicyInformation(x509.ObjectIdentifier(policy.oid), qualifiers or None)


def _access(info: AuthorityInfo) -> x509.AuthorityInformationAccess:
    method = x509.oid.AuthorityInformationAccessOID
    pairs = [(method.OCSP, each) for each in info.ocsp]
    pairs += [(method.CA_ISSUERS, each) for each in info.ca_issuers]
    return x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(each, x509.UniformResourceIdentifier(address))
            for each, address in pairs
        ]
    )


def _points(addresses: list[str]) -> x509.CRLDistributionPoints:
    return x509.CRLDistributionPoints(
        [
            x509.DistributionPoint([x509.UniformResourceIdentifier(each)], None, None, None)
            for each in addresses
        ]
    )


def _san(name: UziName) -> x509.SubjectAlternativeName:
    upn, text = name.upn.encode(), name.text.encode()
    return x509.SubjectAlternativeName(
        [
            x509.OtherName(
                x509.ObjectIdentifier(oids.USER_PRINCIPAL_NAME), bytes((0x0C, len(upn))) + upn
            ),
            x509.OtherName(x509.ObjectIdentifier(oids.UZI_NAME), bytes((0x16, len(text))) + text),
        ]
    )


Pair = tuple[Extension, x509.ExtensionType]
T = TypeVar("T")


def _paired(
    oid: str,
    values: st.SearchStrategy[T],
    ours: Callable[[T], bytes],
    theirs: Callable[[T], x509.ExtensionType],
) -> st.SearchStrategy[Pair]:
    return st.builds(
        lambda value, critical: (
            Extension(oid=oid, critical=critical, value=ours(value)),
            theirs(value),
        ),
        values,
        st.booleans(),
    )


def _ekus(usages: list[str]) -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage(map(x509.ObjectIdentifier, usages))


EXTENSION_PAIRS: list[st.SearchStrategy[Pair]] = [
    _paired(
        oids.BASIC_CONSTRAINTS,
        _BASIC,
        extensions.basic_constraints,
        lambda each: x509.BasicConstraints(each.ca, each.path_length),
    ),
    _paired(oids.KEY_USAGE, _USAGES, extensions.key_usage, _usage),
    _paired(oids.EXTENDED_KEY_USAGE, _EKUS, extensions.extended_key_usage, _ekus),
    _paired(
        oids.CERTIFICATE_POLICIES,
        _POLICIES,
        extensions.certificate_policies,
        lambda each: x509.CertificatePolicies(map(_policy, each)),
    ),
    _paired(oids.AUTHORITY_INFO_ACCESS, _INFO, extensions.authority_info_access, _access),
    _paired(
        oids.CRL_DISTRIBUTION_POINTS,
        st.lists(_ADDRESSES, min_size=1, max_size=3),
        extensions.crl_distribution_points,
        _points,
    ),
    _paired(
        oids.AUTHORITY_KEY_ID,
        key_ids,
        extensions.authority_key_id,
        lambda each: x509.AuthorityKeyIdentifier(each, None, None),
    ),
    _paired(oids.SUBJECT_KEY_ID, key_ids, extensions.subject_key_id, x509.SubjectKeyIdentifier),
    _paired(oids.SUBJECT_ALT_NAME, uzi_names, encode_subject_alt_name, _san),
    _paired(
        oids.OCSP_NO_CHECK,
        st.none(),
        lambda _: extensions.NO_CHECK,
        lambda _: x509.OCSPNoCheck(),
    ),
]
"""For each extension: ours beside the object with which cryptography writes it."""

extension_pairs: st.SearchStrategy[list[Pair]] = (
    st.permutations(EXTENSION_PAIRS)
    .flatmap(
        lambda order: st.integers(1, len(order)).flatmap(lambda count: st.tuples(*order[:count]))
    )
    .map(list)
)


@st.composite
def certificate_contents(
    draw: st.DrawFn,
) -> tuple[CertificateContent, list[x509.ExtensionType], DistinguishedName, DistinguishedName]:
    """A certificate's content, with the parts from which cryptography builds the same."""
    pairs = draw(extension_pairs)
    issuer, subject = draw(names), draw(names)
    first, second = draw(whole_moments), draw(whole_moments)
    content = CertificateContent(
        serial=draw(serials),
        issuer_der=issuer.der,
        subject_der=subject.der,
        not_before=min(first, second),
        not_after=max(first, second),
        public_key=SPKI,
        algorithm=SignatureAlgorithm.ECDSA_SHA256,
        extensions=tuple(ours for ours, _ in pairs),
    )
    return content, [theirs for _, theirs in pairs], issuer, subject


@st.composite
def crl_contents(draw: st.DrawFn) -> tuple[CrlContent, dict[SerialNumber, Entry]]:
    """A CRL's content and its entries as values, sorted by serial number."""
    listed = draw(st.dictionaries(serials, st.tuples(whole_moments, reasons), max_size=8))
    entries = dict(sorted(listed.items()))
    first, second = draw(whole_moments), draw(whole_moments)
    content = CrlContent(
        issuer_der=draw(names).der,
        algorithm=SignatureAlgorithm.ECDSA_SHA256,
        this_update=min(first, second),
        next_update=max(first, second),
        number=draw(st.integers(0, (1 << 159) - 1)),
        authority_key_id=draw(key_ids),
        entries=[encode_entry(serial, *entry) for serial, entry in entries.items()],
        expired_certs_on_crl=draw(st.none() | whole_moments),
    )
    return content, entries


hash_names = st.sampled_from(["sha1", "sha256", "sha384", "sha512"])
cert_ids = st.builds(
    make_cert_id,
    names.map(lambda name: name.der),
    st.just(SPKI),
    st.integers(-(1 << 170), 1 << 170),
    hash_names,
)
nonces = st.none() | st.binary(min_size=1, max_size=128)
singles = st.builds(
    SingleResponse,
    cert_id=cert_ids,
    status=statuses,
    this_update=whole_moments,
    next_update=st.none() | whole_moments,
    archive_cutoff=st.none() | whole_moments,
)
