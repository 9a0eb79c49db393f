"""The directory as relying parties ask it: anonymously, for one certificate at a time."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import ldap3
from cryptography import x509
from ldap3.core.exceptions import LDAPException
from ldap3.utils.conv import escape_filter_chars

from pki.domain.errors import DirectoryUnavailable
from pki.domain.identifiers import IssuerId, SerialNumber, UziNumber

_CERTIFICATE: Final = "userCertificate;binary"
_CA_CERTIFICATE: Final = "cACertificate;binary"
_CRLS: Final = ("certificateRevocationList;binary", "authorityRevocationList;binary")
_SUCCESS: Final = 0
_NO_SUCH_OBJECT: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapView:
    """One entry that was found, with its certificates (DER)."""

    dn: str
    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaView:
    """A CA's entry: its certificates and CRLs (DER)."""

    dn: str
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapObserver:
    """Asks one directory; a new connection for each question. ``seconds`` bounds each network step.

    Every method raises DirectoryUnavailable when the directory does not answer, or refuses.
    """

    url: str
    base: str
    ca_file: Path | None = None
    seconds: int = 5

    async def by_issuer_and_serial(
        self, issuer: bytes, serial: SerialNumber
    ) -> tuple[LdapView, ...]:
        """Find a certificate as an XML signature names it; ``issuer`` is the CA's certificate."""
        return await self._certificates(exact_match(issuer, serial))

    async def by_uzi_number(self, number: UziNumber) -> tuple[LdapView, ...]:
        """Every certificate of one person."""
        return await self._certificates(f"(serialNumber={number})")

    async def ca(self, issuer: IssuerId) -> CaView | None:
        """The entry of one generation of a CA."""
        dn = f"ou={issuer},{self.base}"
        found = await self._ask(dn, "(objectClass=*)", (_CA_CERTIFICATE, *_CRLS))
        for name, values in found:
            crls = tuple(crl for each in _CRLS for crl in values.get(each, ()))
            return CaView(dn=name, certificates=values.get(_CA_CERTIFICATE, ()), crls=crls)
        return None

    async def _certificates(self, search: str) -> tuple[LdapView, ...]:
        found = await self._ask(self.base, search, (_CERTIFICATE,))
        return tuple(
            LdapView(dn=name, certificates=values.get(_CERTIFICATE, ())) for name, values in found
        )

    async def _ask(
        self, base: str, search: str, attributes: Sequence[str]
    ) -> list[tuple[str, dict[str, tuple[bytes, ...]]]]:
        try:
            async with asyncio.timeout(3 * self.seconds):
                return await asyncio.to_thread(self._search, base, search, attributes)
        except (LDAPException, OSError) as error:
            raise _unavailable(f"cannot be asked: {type(error).__name__}") from error

    def _search(
        self, base: str, search: str, attributes: Sequence[str]
    ) -> list[tuple[str, dict[str, tuple[bytes, ...]]]]:
        tls = None
        if self.ca_file is not None:
            tls = _Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(self.ca_file))
        server = ldap3.Server(self.url, get_info=ldap3.NONE, connect_timeout=self.seconds, tls=tls)
        scope = ldap3.SUBTREE if base == self.base else ldap3.BASE
        connection = ldap3.Connection(
            server,
            client_strategy=ldap3.SAFE_SYNC,
            receive_timeout=self.seconds,
            auto_bind=ldap3.AUTO_BIND_NONE,
            auto_referrals=False,
            check_names=False,
            read_only=True,
        )
        try:
            connection.bind(read_server_info=False)
            _, result, entries, _ = connection.search(
                base, search, search_scope=scope, attributes=list(attributes)
            )
        finally:
            if connection.socket is not None:
                connection.socket.close()
        if result["result"] == _NO_SUCH_OBJECT:
            return []
        if result["result"] != _SUCCESS:
            raise _unavailable(f"answers {result['description']}")
        return [
            (
                str(entry["dn"]),
                {name: tuple(values) for name, values in entry["raw_attributes"].items()},
            )
            for entry in entries or ()
            if entry["type"] == "searchResEntry"
        ]


class _Tls(ldap3.Tls):
    """Leaves the server's name to OpenSSL: ldap3 compares by itself, and knows no addresses."""

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:  # noqa: FBT001, FBT002 -- ldap3's own signature
        context = ssl.create_default_context(cafile=self.ca_certs_file)
        connection.socket = context.wrap_socket(
            connection.socket,
            server_hostname=connection.server.host,
            do_handshake_on_connect=do_handshake,
        )


def exact_match(issuer: bytes, serial: SerialNumber) -> str:
    """The filter for one certificate (RFC 4523 2.5, 3.1; quotes are doubled, RFC 3641 3.2)."""
    name = x509.load_der_x509_certificate(issuer).subject.rfc4514_string().replace('"', '""')
    assertion = f'{{ serialNumber {serial.decimal}, issuer rdnSequence:"{name}" }}'
    return f"(userCertificate:certificateExactMatch:={escape_filter_chars(assertion)})"


def _unavailable(why: str) -> DirectoryUnavailable:
    return DirectoryUnavailable(
        message=f"the directory {why}", next_step="check that the directory runs and its address"
    )
