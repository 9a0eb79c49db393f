"""The LDAP directory: one connection with many operations under way, every step with a time limit.

The protocol is our own (`ldap_publish.wire`): libldap's clients never return from the TLS handshake
of a server that hangs, and ldap3 needs more time for an operation than the directory. After any
error the connection is thrown away, and whoever called decides when to try again.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, assert_never
from urllib.parse import unquote, urlsplit

from ldap_publish.entry import OBJECT_CLASS, VERSION
from ldap_publish.plan import (
    Actual,
    AddEntry,
    AddValues,
    Change,
    DeleteEntry,
    DeleteValues,
    ReplaceValues,
)
from ldap_publish.ports import Done, NotAccepted, Outcome, Overtaken, Page, ParentMissing
from ldap_publish.wire import messages
from ldap_publish.wire.asserting import if_equal
from ldap_publish.wire.ber import BadMessage
from ldap_publish.wire.connection import LdapWire, Limits
from ldap_publish.wire.messages import Found, LdapResult, Modification
from ldap_publish.wire.paging import cookie_of, next_page
from pki.domain.errors import ConfigurationInvalid, DirectoryUnavailable

# Result codes of RFC 4511 appendix A, the last of RFC 4528.
_SUCCESS: Final = 0
_NO_SUCH_ATTRIBUTE: Final = 16
_VALUE_EXISTS: Final = 20
_NO_SUCH_OBJECT: Final = 32
_ENTRY_EXISTS: Final = 68
_ASSERTION_FAILED: Final = 122
_REFUSALS: Final = frozenset({17, 18, 19, 21, 34, 64, 65, 66, 67, 69})
"""What is about the entry itself; every other code is about the directory and is tried again."""

_NOT_IN_BULK: Final = frozenset({2, 3, 4, 11, 12, 50, 53})
"""How servers say that they give no page, or no more of them: limits, or an unknown control."""

_PAGE: Final = 1000

_LDAP_PORT: Final = 389
_LDAPS_PORT: Final = 636

_NEXT_STEP: Final = (
    "check that the directory runs, its address, and the publisher's name and password"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """Who writes, for a server that asks for certificates; PEM files, read at each connection."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapServer:
    """Where the directory is and who writes to it.

    ``url``: ldaps://, ldapi://, or ldap:// on loopback. Without ``bind_dn`` the writer is whoever
    the connection proves: the subject of ``client``, or the user at the other end of the socket.
    ``ca_file``: PEM roots for ldaps. All limits in seconds: ``receive_seconds`` is the longest
    silence while an answer is owed; ``operation_seconds`` bounds one operation as a whole, whatever
    a server does to dribble.
    """

    url: str
    bind_dn: str = ""
    password: str = field(default="", repr=False)
    client: ClientCertificate | None = None
    ca_file: Path | None = None
    connect_seconds: float = 2
    receive_seconds: float = 5
    operation_seconds: float = 60.0

    def __post_init__(self) -> None:
        """Refuse to send a password in the clear over a network, and to write as nobody.

        Raises:
            ConfigurationInvalid: another scheme, plain LDAP to another host, ldaps without roots,
            or nothing that says who writes.
        """
        parts = urlsplit(self.url)
        loopback = parts.hostname in {"127.0.0.1", "::1", "localhost"}
        secure = parts.scheme == "ldaps" and self.ca_file is not None
        if not (secure or parts.scheme == "ldapi" or (parts.scheme == "ldap" and loopback)):
            raise ConfigurationInvalid(
                key="ldap.url",
                message="the directory on another host is reached by ldaps:// with ldap.ca_file",
                next_step="set ldap.url to ldaps://host and ldap.ca_file to the roots to trust",
            )
        # A bind with a name and no password is anonymous, and servers say that it succeeded
        # (RFC 4513 5.1.2).
        named = bool(self.bind_dn and self.password)
        proven = not self.bind_dn and (parts.scheme == "ldapi" or (secure and self.client))
        if not (named or proven):
            raise ConfigurationInvalid(
                key="ldap.bind_dn",
                message="nothing says who writes to the directory",
                next_step="give bind_dn and password_file, or certificate and key",
            )


class LdapDirectory:
    """Satisfies `ports.Directory`. Operations may overlap: those of one entry are the caller's."""

    def __init__(self, server: LdapServer) -> None:
        self._settings = server
        self._wire: LdapWire | None = None
        self._connecting = asyncio.Lock()

    async def read(self, dn: str, attributes: Sequence[str]) -> Actual | None:
        result, found = await self._ask(messages.search_entry(dn, attributes))
        if result.code == _NO_SUCH_OBJECT:
            return None
        _demand(result)
        return found[0].attributes if found else None

    async def page_below(
        self, dn: str, attributes: Sequence[str], after: bytes = b""
    ) -> Page | None:
        control = next_page(_PAGE, after)
        result, found = await self._ask(messages.search_below(dn, attributes), control)
        if result.code == _NO_SUCH_OBJECT:
            return Page(entries=(), after=b"")
        if result.code in _NOT_IN_BULK:
            return None
        _demand(result)
        try:
            after = cookie_of(result.controls)
        except BadMessage as error:
            raise _unavailable(f"the directory does not speak LDAP: {error}") from error
        return Page(entries=tuple((each.dn, each.attributes) for each in found), after=after)

    async def apply(self, change: Change) -> Outcome:
        result, _ = await self._ask(_operation(change), _condition(change))
        return _outcome(change, result)

    async def close(self) -> None:
        """Let go of the connection."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.abort()

    async def _ask(self, operation: bytes, control: bytes = b"") -> tuple[LdapResult, list[Found]]:
        try:
            wire = self._wire
            if wire is None or not wire.usable:
                wire = await self._connected()
            return await wire.ask(operation, control)
        except (OSError, ssl.SSLError) as error:
            why = error.strerror or (
                str(error) if isinstance(error, ConnectionError) else type(error).__name__
            )
            raise _unavailable(f"the directory cannot be used: {why}") from error

    async def _connected(self) -> LdapWire:
        async with self._connecting:
            if self._wire is None or not self._wire.usable:
                self._wire = await self._connect()
            return self._wire

    async def _connect(self) -> LdapWire:
        settings = self._settings
        limits = Limits(silence=settings.receive_seconds, operation=settings.operation_seconds)
        async with asyncio.timeout(settings.connect_seconds):
            wire = await _open(settings, limits)
        try:
            result, _ = await wire.ask(_bind(settings))
            _demand(result)
        except BaseException:
            wire.abort()
            raise
        return wire


async def _open(settings: LdapServer, limits: Limits) -> LdapWire:
    loop = asyncio.get_running_loop()
    parts = urlsplit(settings.url)
    if parts.scheme == "ldapi":
        path = unquote(parts.netloc)
        _, wire = await loop.create_unix_connection(lambda: LdapWire(limits), path)
        return wire
    secure = parts.scheme == "ldaps"
    context = _tls(settings) if secure else None
    port = parts.port or (_LDAPS_PORT if secure else _LDAP_PORT)
    _, wire = await loop.create_connection(
        lambda: LdapWire(limits), parts.hostname or "localhost", port, ssl=context
    )
    return wire


def _tls(settings: LdapServer) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.client is not None:
        # Without an answer of ours OpenSSL asks the terminal for the passphrase of a key.
        context.load_cert_chain(
            settings.client.certificate, settings.client.key, password=lambda: ""
        )
    return context


def _bind(settings: LdapServer) -> bytes:
    if settings.bind_dn:
        return messages.bind_simple(settings.bind_dn, settings.password)
    return messages.bind_external()


def _operation(change: Change) -> bytes:
    match change:
        case AddEntry(entry=entry):
            classes = tuple(each.encode() for each in entry.object_classes)
            values = ((each.attribute, each.values) for each in entry.attributes)
            return messages.add(entry.dn, ((OBJECT_CLASS, classes), *values))
        case DeleteEntry(dn=dn):
            return messages.delete(dn)
        case AddValues() | ReplaceValues() | DeleteValues():
            kind = _MODIFICATIONS[type(change)]
            return messages.modify(change.dn, kind, change.attribute, change.values)
        case _:
            assert_never(change)


def _condition(change: Change) -> bytes:
    if isinstance(change, AddEntry | AddValues) or not change.version:
        return b""
    return if_equal(VERSION, change.version)


_MODIFICATIONS: Final[Mapping[type[Change], Modification]] = {
    AddValues: Modification.ADD,
    ReplaceValues: Modification.REPLACE,
    DeleteValues: Modification.DELETE,
}


def _outcome(change: Change, result: LdapResult) -> Outcome:
    code = result.code
    if code in {_SUCCESS, _VALUE_EXISTS, _ENTRY_EXISTS, _NO_SUCH_ATTRIBUTE}:
        return Done()
    if code == _ASSERTION_FAILED:
        return Overtaken()
    if code == _NO_SUCH_OBJECT:
        return Done() if isinstance(change, DeleteEntry | DeleteValues) else ParentMissing()
    if code in _REFUSALS:
        return NotAccepted(code=code, why=f"{result.name} {result.message}".strip())
    raise _unavailable(f"the directory answers {result.name}")


def _demand(result: LdapResult) -> None:
    if result.code != _SUCCESS:
        raise _unavailable(f"the directory answers {result.name}")


def _unavailable(message: str) -> DirectoryUnavailable:
    return DirectoryUnavailable(message=message, next_step=_NEXT_STEP)
