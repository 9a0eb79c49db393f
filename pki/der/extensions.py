"""X.509 extensions, written (RFC 5280 4.2): criticality and order are the profile's to decide."""

import ipaddress
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

from pki.der import codec, oids
from pki.domain.errors import Malformed

_URI: Final = codec.context(6)
_DNS_NAME: Final = codec.context(2)
_IP_ADDRESS: Final = codec.context(7)

_REMEMBERED: Final = 64
_REMEMBERED_OCTETS: Final = 1024
"""Most extensions are the same in all certificates of a CA: the last few short ones are kept."""

NO_CHECK: Final = codec.NULL
"""Value of id-pkix-ocsp-nocheck (RFC 6960 4.2.2.2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """One extension; ``value`` is the content of extnValue."""

    oid: str
    critical: bool
    value: bytes


class KeyUsage(IntEnum):
    """Bit positions of keyUsage (RFC 5280 4.2.1.3)."""

    DIGITAL_SIGNATURE = 0
    NON_REPUDIATION = 1
    KEY_ENCIPHERMENT = 2
    DATA_ENCIPHERMENT = 3
    KEY_AGREEMENT = 4
    KEY_CERT_SIGN = 5
    CRL_SIGN = 6
    ENCIPHER_ONLY = 7
    DECIPHER_ONLY = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicConstraints:
    """RFC 5280 4.2.1.9. ``path_length`` only with ``ca``."""

    ca: bool
    path_length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One certificate policy with at most one CPS address and one notice (RFC 5280 4.2.1.4)."""

    oid: str
    cps_uri: str | None = None
    notice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityInfo:
    """Addresses in authorityInfoAccess (RFC 5280 4.2.2.1)."""

    ocsp: tuple[str, ...] = ()
    ca_issuers: tuple[str, ...] = ()


def encode_extensions(extensions: Sequence[Extension]) -> bytes:
    """The SEQUENCE of extensions, in this order; ``critical`` is left out when false."""
    return codec.sequence(*[_encoded(each.oid, each.critical, each.value) for each in extensions])


@lru_cache(maxsize=_REMEMBERED)
def _encoded(oid: str, critical: bool, value: bytes) -> bytes:  # noqa: FBT001 -- it is ASN.1's
    flag = codec.TRUE if critical else b""
    return codec.sequence(codec.oid(oid), flag, codec.octet_string(value))


def read_extensions(extensions: codec.Reader) -> tuple[Extension, ...]:
    """Read what is inside the SEQUENCE: at least one extension, none twice (RFC 5280 4.2)."""
    found: dict[str, Extension] = {}
    while extensions.tag() >= 0:
        element = extensions.element(codec.SEQUENCE)
        read = _known if len(element) <= _REMEMBERED_OCTETS else _read
        one = read(element, extensions.what)
        if one.oid in found:
            raise extensions.bad(f"extension {one.oid} twice")
        found[one.oid] = one
    if not found:
        raise extensions.bad("an empty list of extensions")
    return tuple(found.values())


def read_tagged_extensions(
    parent: codec.Reader, number: int, understood: Container[str]
) -> tuple[Extension, ...]:
    """Optional extensions behind ``[number]``; a critical one that is not understood is refused."""
    if parent.tag() != codec.constructed(number):
        return ()
    wrapper = parent.enter(codec.constructed(number))
    extensions = read_extensions(wrapper.enter())
    wrapper.finish()
    for extension in extensions:
        if extension.critical and extension.oid not in understood:
            raise parent.bad("a critical extension that is not understood")
    return extensions


def _read(element: bytes, what: str) -> Extension:
    one = codec.Reader(element, what).enter()
    oid = one.oid()
    critical = one.tag() == codec.BOOLEAN
    if critical and not one.boolean():
        raise one.bad("an explicit FALSE where the default is FALSE")
    value = one.take(codec.OCTET_STRING)
    one.finish()
    return Extension(oid=oid, critical=critical, value=value)


_known: Final = lru_cache(maxsize=_REMEMBERED)(_read)


def _ascii(text: str, what: str) -> bytes:
    if not text or not text.isascii() or not text.isprintable():
        raise Malformed(what=what, message=f"{what}: empty, or not printable ASCII")
    return text.encode()


def _uri(text: str) -> bytes:
    return codec.tlv(_URI, _ascii(text, "URI"))


def basic_constraints(constraints: BasicConstraints) -> bytes:
    """``30 00`` for an end entity."""
    if not constraints.ca:
        return codec.sequence()
    length = constraints.path_length
    return codec.sequence(codec.TRUE, b"" if length is None else codec.integer(length))


def key_usage(usages: Iterable[KeyUsage]) -> bytes:
    """Named bits, without trailing zeroes."""
    return codec.named_bits(frozenset(usages))


def extended_key_usage(usages: Sequence[str]) -> bytes:
    """Object identifiers, in this order."""
    return codec.sequence(*map(codec.oid, usages))


def _policy(policy: Policy) -> bytes:
    qualifiers = b""
    if policy.cps_uri is not None:
        address = codec.tlv(codec.IA5_STRING, _ascii(policy.cps_uri, "CPS URI"))
        qualifiers += codec.sequence(codec.oid(oids.QUALIFIER_CPS), address)
    if policy.notice is not None:
        text = codec.tlv(codec.UTF8_STRING, policy.notice.encode())
        qualifiers += codec.sequence(codec.oid(oids.QUALIFIER_USER_NOTICE), codec.sequence(text))
    return codec.sequence(codec.oid(policy.oid), codec.sequence(qualifiers) if qualifiers else b"")


def certificate_policies(policies: Sequence[Policy]) -> bytes:
    """Policies in this order, the CPS address before the notice; a notice is a UTF8String."""
    return codec.sequence(*map(_policy, policies))


def authority_info_access(info: AuthorityInfo) -> bytes:
    """OCSP addresses first, then those of the issuer's certificate."""
    ocsp, issuers = codec.oid(oids.ACCESS_OCSP), codec.oid(oids.ACCESS_CA_ISSUERS)
    return codec.sequence(
        *(codec.sequence(ocsp, _uri(each)) for each in info.ocsp),
        *(codec.sequence(issuers, _uri(each)) for each in info.ca_issuers),
    )


def crl_distribution_points(uris: Sequence[str]) -> bytes:
    """One distribution point per address, each with a full name alone (RFC 5280 4.2.1.13)."""
    return codec.sequence(
        *(codec.sequence(codec.explicit(0, codec.explicit(0, _uri(each)))) for each in uris)
    )


def issuing_distribution_point(uri: str) -> bytes:
    """The one place where a partial CRL is found, nothing else said of it (RFC 5280 5.2.5)."""
    return codec.sequence(codec.explicit(0, codec.explicit(0, _uri(uri))))


def authority_key_id(key_id: bytes) -> bytes:
    """The key identifier alone (RFC 5280 4.2.1.1)."""
    return codec.sequence(codec.tlv(codec.context(0), key_id))


def subject_key_id(key_id: bytes) -> bytes:
    """RFC 5280 4.2.1.2."""
    return codec.octet_string(key_id)


def subject_hosts(hosts: Sequence[str]) -> bytes:
    """A subjectAltName of a TLS server: DNS names and IP addresses (RFC 5280 4.2.1.6)."""
    names: list[bytes] = []
    for host in hosts:
        try:
            names.append(codec.tlv(_IP_ADDRESS, ipaddress.ip_address(host).packed))
        except ValueError:
            names.append(codec.tlv(_DNS_NAME, _ascii(host, "DNS name")))
    return codec.sequence(*names)
