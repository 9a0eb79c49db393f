"""Certificate contents and extensions, drawn by chance, beside the objects of another library."""

from collections.abc import Callable
from typing import TypeVar

from cryptography import x509
from hypothesis import strategies as st

from made.der_samples import (
    SPKI,
    dotted_oids,
    key_ids,
    names,
    serials,
    texts,
    uzi_names,
    whole_moments,
)
from pki.der import extensions, oids
from pki.der.certificate import CertificateContent
from pki.der.extensions import AuthorityInfo, BasicConstraints, Extension, KeyUsage, Policy
from pki.der.names import DistinguishedName
from pki.der.uzi_names import encode_subject_alt_name
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.uzi import UziName

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
