"""OCSP, CRL and directory as a stranger sees them, and how soon each shows a change.

Read with cryptography and ldap3, on purpose not with this project's own readers.
"""

import asyncio
import base64
import urllib.parse
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Final, Self

import aiohttp
import ldap3
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID as Access

from server.demo.telling.narrator import Narrator

INTERVAL_SECONDS: Final = 0.02
LIMIT_SECONDS: Final = 15.0
_CRL_ATTRIBUTE: Final = "certificateRevocationList;binary"
_CERTIFICATE_ATTRIBUTE: Final = "userCertificate;binary"


class Shown(Enum):
    """What a status service says of one certificate."""

    GOOD = "good"
    """OCSP: good; a CRL: not listed; a directory: its CRL does not list it."""
    ON_HOLD = "on hold"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the outside world asks; the URLs are those that stand in the certificates."""

    ocsp: str
    crl_token: str
    crl_root: str
    ca_issuers: str
    ldap: str
    ldap_base: str
    ldap_ca: str

    @property
    def in_card(self) -> dict[str, str]:
        """The addresses that every card must name."""
        return {"OCSP": self.ocsp, "caIssuers": self.ca_issuers, "CRL": self.crl_token}

    @property
    def ldap_ca_dn(self) -> str:
        """The directory entry of the Token CA."""
        return f"ou={self.ldap_ca},{self.ldap_base}"


def addresses_in(certificate: x509.Certificate) -> dict[str, str]:
    """The addresses that a certificate names, under the same keys as `Addresses.in_card`."""
    names = {Access.OCSP: "OCSP", Access.CA_ISSUERS: "caIssuers"}
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    found = {names[each.access_method]: str(each.access_location.value) for each in access.value}
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    for point in points.value:
        for name in point.full_name or ():
            found["CRL"] = str(name.value)
    return found


def get_url(ocsp_url: str, request: bytes) -> str:
    """The URL of an OCSP GET (RFC 6960 A.1)."""
    return f"{ocsp_url}/{urllib.parse.quote(base64.b64encode(request), safe='')}"


def in_crl(crl: x509.CertificateRevocationList, serial: int) -> Shown:
    """What a CRL says of a serial."""
    entry = crl.get_revoked_certificate_by_serial_number(serial)
    if entry is None:
        return Shown.GOOD
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return Shown.REVOKED
    return Shown.ON_HOLD if reason is x509.ReasonFlags.certificate_hold else Shown.REVOKED


def in_ocsp(answer: ocsp.OCSPResponse) -> Shown:
    """What an OCSP answer says."""
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return Shown.UNKNOWN
    if answer.certificate_status is ocsp.OCSPCertStatus.GOOD:
        return Shown.GOOD
    if answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        return Shown.UNKNOWN
    held = answer.revocation_reason is x509.ReasonFlags.certificate_hold
    return Shown.ON_HOLD if held else Shown.REVOKED


class Outside:
    """Asks the three services about certificates of one CA."""

    def __init__(self, addresses: Addresses, issuer: x509.Certificate, narrator: Narrator) -> None:
        self.addresses = addresses
        self._issuer = issuer
        self._narrator = narrator
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        server = ldap3.Server(addresses.ldap, get_info=ldap3.NONE, connect_timeout=5)
        self._directory = ldap3.Connection(server, read_only=True, receive_timeout=5)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._directory.bind)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.close()
        await asyncio.to_thread(self._directory.unbind)

    async def ocsp_answer(self, certificate: x509.Certificate) -> ocsp.OCSPResponse:
        """What OCSP answers to a GET without nonce."""
        builder = ocsp.OCSPRequestBuilder()
        builder = builder.add_certificate(certificate, self._issuer, hashes.SHA1())  # noqa: S303 -- a CertID names, it does not protect
        request = builder.build().public_bytes(Encoding.DER)
        return ocsp.load_der_ocsp_response(await self._get(get_url(self.addresses.ocsp, request)))

    async def responder(self, certificate: x509.Certificate) -> x509.Certificate:
        """The certificate of the OCSP responder, as it comes with an answer."""
        return (await self.ocsp_answer(certificate)).certificates[0]

    async def ocsp(self, certificate: x509.Certificate) -> Shown:
        """What OCSP says."""
        return in_ocsp(await self.ocsp_answer(certificate))

    async def crl(self, certificate: x509.Certificate) -> Shown:
        """What the CRL at its HTTP address says."""
        return self._read_crl(await self._get(self.addresses.crl_token), certificate)

    async def directory(self, certificate: x509.Certificate) -> Shown:
        """What the CRL in the directory says."""
        found = await self._search(
            self.addresses.ldap_ca_dn, f"(ou={self.addresses.ldap_ca})", _CRL_ATTRIBUTE
        )
        values = found.get(_CRL_ATTRIBUTE, [])
        return self._read_crl(values[0], certificate) if values else Shown.UNKNOWN

    async def is_published(self, certificate: x509.Certificate) -> bool:
        """Whether the directory has this certificate under its serial."""
        name = f"uid={certificate.serial_number}"
        found = await self._search(
            f"{name},{self.addresses.ldap_ca_dn}", f"({name})", _CERTIFICATE_ATTRIBUTE
        )
        der = certificate.public_bytes(Encoding.DER)
        return der in found.get(_CERTIFICATE_ATTRIBUTE, [])

    async def delays(self, certificate: x509.Certificate, wanted: Shown) -> dict[str, float]:
        """Seconds from now until each service first shows ``wanted``; all watched at once.

        Raises:
            DemoFailed: one of them does not show it in time.
        """
        views = {"OCSP": self.ocsp, "CRL": self.crl, "LDAP": self.directory}
        async with asyncio.TaskGroup() as group:
            running = {
                name: group.create_task(self.until(name, partial(look, certificate), wanted))
                for name, look in views.items()
            }
        return {name: task.result() for name, task in running.items()}

    async def until(self, name: str, look: Callable[[], Awaitable[Any]], wanted: object) -> float:
        """Seconds from now until ``look`` first gives ``wanted``.

        Raises:
            DemoFailed: it does not in time.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            seen = await look()
            passed = loop.time() - began
            if seen == wanted:
                return passed
            self._narrator.expect(
                passed < LIMIT_SECONDS,
                expected=f"{name} shows {_text(wanted)} within {LIMIT_SECONDS:.0f} s",
                seen=_text(seen),
            )
            await asyncio.sleep(INTERVAL_SECONDS)

    def _read_crl(self, der: bytes, certificate: x509.Certificate) -> Shown:
        crl = x509.load_der_x509_crl(der)
        key = self._issuer.public_key()
        genuine = isinstance(key, rsa.RSAPublicKey) and crl.is_signature_valid(key)
        self._narrator.expect(genuine, expected="a CRL signed by the Token CA", seen="another")
        return in_crl(crl, certificate.serial_number)

    async def _get(self, url: str) -> bytes:
        async with self._http.get(url) as answer:
            body = await answer.read()
            self._narrator.expect(
                answer.status == 200,  # noqa: PLR2004 -- RFC 9110 15.3.1
                expected=f"HTTP 200 from {url}",
                seen=f"HTTP {answer.status}",
            )
            return body

    async def _search(self, base: str, query: str, attribute: str) -> Mapping[str, list[bytes]]:
        def search() -> Mapping[str, list[bytes]]:
            self._directory.search(base, query, ldap3.BASE, attributes=[attribute])
            for entry in self._directory.response or ():
                found: Mapping[str, list[bytes]] = entry.get("raw_attributes", {})
                return found
            return {}

        return await asyncio.to_thread(search)


def _text(value: object) -> str:
    return value.value if isinstance(value, Shown) else str(value)
