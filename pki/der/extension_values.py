"""X.509 extension values, read (RFC 5280 4.2); anything unexpected raises `Malformed`.

What is the same in every certificate of a CA is remembered, for the last few values.
"""

from functools import lru_cache
from typing import Final

from pki.der import codec, oids
from pki.der.extensions import AuthorityInfo, BasicConstraints, KeyUsage, Policy

_LIMIT: Final = 64 * 1024
_REMEMBERED: Final = 32
_URI: Final = codec.context(6)
_KEY_ID: Final = codec.context(0)
_NOTICE_ALPHABETS: Final = {
    codec.UTF8_STRING: "utf-8",
    codec.IA5_STRING: "ascii",
    0x1A: "ascii",  # VisibleString
    0x1E: "utf-16-be",  # BMPString
}


@lru_cache(maxsize=_REMEMBERED)
def read_basic_constraints(der: bytes) -> BasicConstraints:
    """Raises `Malformed` unless canonical: no explicit FALSE, a path length only for a CA."""
    outer = codec.outermost(der, "basicConstraints", _LIMIT)
    ca = outer.tag() == codec.BOOLEAN
    if ca and not outer.boolean():
        raise outer.bad("an explicit FALSE where the default is FALSE")
    length = outer.integer() if ca and outer.tag() == codec.INTEGER else None
    outer.finish()
    if length is not None and length < 0:
        raise outer.bad("negative path length")
    return BasicConstraints(ca=ca, path_length=length)


@lru_cache(maxsize=_REMEMBERED)
def read_key_usage(der: bytes) -> frozenset[KeyUsage]:
    """Raises `Malformed` when empty, with unknown bits or with trailing zeroes."""
    reader = codec.Reader(der, "keyUsage")
    bits = reader.named_bits()
    reader.finish()
    if not bits or max(bits) > max(KeyUsage):
        raise reader.bad("no bit, or one that RFC 5280 does not know")
    return frozenset(map(KeyUsage, bits))


@lru_cache(maxsize=_REMEMBERED)
def read_extended_key_usage(der: bytes) -> tuple[str, ...]:
    """Object identifiers in order, at least one."""
    outer = codec.outermost(der, "extKeyUsage", _LIMIT)
    usages: list[str] = []
    while outer.tag() >= 0:
        usages.append(outer.oid())
    if not usages:
        raise outer.bad("no usage")
    return tuple(usages)


def _string(reader: codec.Reader, alphabets: dict[int, str]) -> str:
    tag = reader.tag()
    alphabet = alphabets.get(tag)
    if alphabet is None:
        raise reader.bad("not a string of an expected type")
    try:
        return reader.take(tag).decode(alphabet)
    except UnicodeDecodeError as error:
        raise reader.bad("text is not in its own alphabet") from error


def _read_notice(notice: codec.Reader) -> str | None:
    if notice.tag() == codec.SEQUENCE:
        notice.element()
    text = _string(notice, _NOTICE_ALPHABETS) if notice.tag() >= 0 else None
    notice.finish()
    return text


def _read_policy(policy: codec.Reader) -> Policy:
    oid = policy.oid()
    cps_uri: str | None = None
    notice: str | None = None
    qualifiers = policy.enter() if policy.tag() >= 0 else policy
    policy.finish()
    while qualifiers.tag() >= 0:
        qualifier = qualifiers.enter()
        match qualifier.oid():
            case oids.QUALIFIER_CPS:
                cps_uri = _string(qualifier, {codec.IA5_STRING: "ascii"})
            case oids.QUALIFIER_USER_NOTICE:
                notice = _read_notice(qualifier.enter())
            case _:
                qualifier.element()
        qualifier.finish()
    return Policy(oid=oid, cps_uri=cps_uri, notice=notice)


@lru_cache(maxsize=_REMEMBERED)
def read_certificate_policies(der: bytes) -> tuple[Policy, ...]:
    """Policies in order, at least one, none twice; qualifiers of other kinds are passed over."""
    outer = codec.outermost(der, "certificatePolicies", _LIMIT)
    policies: list[Policy] = []
    while outer.tag() >= 0:
        policies.append(_read_policy(outer.enter()))
    if not policies or len({policy.oid for policy in policies}) < len(policies):
        raise outer.bad("no policy, or one twice")
    return tuple(policies)


@lru_cache(maxsize=_REMEMBERED)
def read_authority_info_access(der: bytes) -> AuthorityInfo:
    """The addresses of both methods; other methods and other kinds of name are passed over."""
    outer = codec.outermost(der, "authorityInfoAccess", _LIMIT)
    found: dict[str, list[str]] = {oids.ACCESS_OCSP: [], oids.ACCESS_CA_ISSUERS: []}
    while outer.tag() >= 0:
        access = outer.enter()
        method = access.oid()
        if access.tag() == _URI and method in found:
            found[method].append(_string(access, {_URI: "ascii"}))
        else:
            access.element()
        access.finish()
    return AuthorityInfo(
        ocsp=tuple(found[oids.ACCESS_OCSP]), ca_issuers=tuple(found[oids.ACCESS_CA_ISSUERS])
    )


def _full_name(point: codec.Reader) -> codec.Reader | None:
    """General names of a distribution point that speaks for all reasons and for its own issuer."""
    name = point.enter(codec.constructed(0)) if point.tag() == codec.constructed(0) else None
    partial = False
    for tag in (codec.context(1), codec.constructed(2)):
        if point.tag() == tag:
            point.element()
            partial = True
    point.finish()
    if name is None or partial or name.tag() == codec.constructed(1):
        return None
    names = name.enter(codec.constructed(0))
    name.finish()
    return names


@lru_cache(maxsize=_REMEMBERED)
def read_crl_distribution_points(der: bytes) -> tuple[str, ...]:
    """Addresses of points without reasons and without another CRL issuer; others are ignored."""
    outer = codec.outermost(der, "cRLDistributionPoints", _LIMIT)
    addresses: list[str] = []
    while outer.tag() >= 0:
        names = _full_name(outer.enter())
        while names is not None and names.tag() >= 0:
            if names.tag() == _URI:
                addresses.append(_string(names, {_URI: "ascii"}))
            else:
                names.element()
    return tuple(addresses)


def read_issuing_distribution_point(der: bytes) -> str:
    """The address of a CRL that is partial by certificates alone (RFC 5280 5.2.5).

    Raises:
        Malformed: any other form: scopes of other kinds are not read here.
    """
    point = codec.outermost(der, "issuingDistributionPoint", _LIMIT)
    names = _full_name(point)
    if names is None:
        raise point.bad("no full name")
    address = _string(names, {_URI: "ascii"})
    names.finish()
    return address


def read_authority_key_id(der: bytes) -> bytes | None:
    """The key identifier, or None where only issuer and serial are given."""
    outer = codec.outermost(der, "authorityKeyIdentifier", _LIMIT)
    key_id = outer.take(_KEY_ID) if outer.tag() == _KEY_ID else None
    for tag in (codec.constructed(1), codec.context(2)):
        if outer.tag() == tag:
            outer.element()
    outer.finish()
    return key_id


def read_subject_key_id(der: bytes) -> bytes:
    """The key identifier."""
    reader = codec.Reader(der, "subjectKeyIdentifier")
    key_id = reader.take(codec.OCTET_STRING)
    reader.finish()
    return key_id
