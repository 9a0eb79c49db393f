"""The LDAP directory through ldap3: one connection in one thread, every step with a time limit.

ldap3 because it keeps its limits: libldap's clients never return from the TLS handshake of a server
that hangs. Its own reconnecting strategies are not used: after any error the connection is thrown
away, and whoever called decides when to try again.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar, assert_never
from urllib.parse import urlsplit

import ldap3
from ldap3.core.exceptions import LDAPException

from ldap_publish.plan import (
    Actual,
    AddEntry,
    AddValues,
    Change,
    DeleteEntry,
    DeleteValues,
    ReplaceValues,
)
from ldap_publish.ports import Done, NotAccepted, Outcome, ParentMissing
from pki.domain.errors import ConfigurationInvalid, DirectoryUnavailable

T = TypeVar("T")

# Result codes of RFC 4511 appendix A.
_SUCCESS: Final = 0
_NO_SUCH_ATTRIBUTE: Final = 16
_VALUE_EXISTS: Final = 20
_NO_SUCH_OBJECT: Final = 32
_ENTRY_EXISTS: Final = 68
_REFUSALS: Final = frozenset({17, 18, 19, 21, 34, 64, 65, 66, 67, 69})
"""What is about the entry itself; every other code is about the directory and is tried again."""

_NEXT_STEP: Final = (
    "check that the directory runs, its address, and the publisher's name and password"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapServer:
    """Where the directory is and who writes to it.

    ``url``: ldaps://, ldapi://, or ldap:// on loopback.
    ``ca_file``: PEM roots for ldaps. All limits in seconds; ``operation_seconds`` bounds one
    operation as a whole, whatever a server does to dribble.
    """

    url: str
    bind_dn: str
    password: str = field(repr=False)
    ca_file: Path | None = None
    connect_seconds: int = 2
    receive_seconds: int = 5
    operation_seconds: float = 60.0

    def __post_init__(self) -> None:
        """Refuse to send a password in the clear over a network.

        Raises:
            ConfigurationInvalid: another scheme, plain LDAP to another host, or ldaps without
            roots.
        """
        parts = urlsplit(self.url)
        loopback = parts.hostname in {"127.0.0.1", "::1", "localhost"}
        if parts.scheme == "ldapi" or (parts.scheme == "ldap" and loopback):
            return
        if parts.scheme != "ldaps" or self.ca_file is None:
            raise ConfigurationInvalid(
                key="ldap.url",
                message="the directory on another host is reached by ldaps:// with ldap.ca_file",
                next_step="set ldap.url to ldaps://host and ldap.ca_file to the roots to trust",
            )


class LdapDirectory:
    """Satisfies `ports.Directory`."""

    def __init__(self, server: LdapServer) -> None:
        self._settings = server
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ldap")
        self._connection: ldap3.Connection | None = None

    async def read(self, dn: str, attributes: Sequence[str]) -> Actual | None:
        return await self._run(lambda connection: _read(connection, dn, attributes))

    async def apply(self, change: Change) -> Outcome:
        return await self._run(lambda connection: _send(connection, change))

    async def close(self) -> None:
        """Let go of the connection and the thread."""
        self._abort()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[ldap3.Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._settings.operation_seconds):
                return await loop.run_in_executor(self._thread, self._work, work)
        except TimeoutError:
            self._abort()
            raise _unavailable("the directory did not answer in time") from None
        except asyncio.CancelledError:
            self._abort()
            raise

    def _work(self, work: Callable[[ldap3.Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = self._connect()
            return work(self._connection)
        except (LDAPException, OSError) as error:
            self._abort()
            raise _unavailable(f"the directory cannot be used: {type(error).__name__}") from error
        except BaseException:
            self._abort()
            raise

    def _connect(self) -> ldap3.Connection:
        settings = self._settings
        tls = None
        if settings.ca_file is not None:
            tls = ldap3.Tls(
                validate=ssl.CERT_REQUIRED, ca_certs_file=str(settings.ca_file), version=None
            )
        server = ldap3.Server(
            settings.url, get_info=ldap3.NONE, connect_timeout=settings.connect_seconds, tls=tls
        )
        connection = ldap3.Connection(
            server,
            user=settings.bind_dn,
            password=settings.password,
            client_strategy=ldap3.SAFE_SYNC,
            receive_timeout=settings.receive_seconds,
            auto_bind=ldap3.AUTO_BIND_NONE,
            auto_referrals=False,
            check_names=False,
            auto_encode=False,
        )
        self._connection = connection
        connection.open(read_server_info=False)
        _, result, _, _ = connection.bind(read_server_info=False)
        _demand(result)
        return connection

    def _abort(self) -> None:
        """Forget the connection; a thread that waits on it gets an error at once."""
        connection, self._connection = self._connection, None
        raw = None if connection is None else connection.socket
        if raw is not None:
            with suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                raw.close()


def _read(
    connection: Any,  # noqa: ANN401 -- its type says nothing of what SAFE_SYNC returns
    dn: str,
    attributes: Sequence[str],
) -> Actual | None:
    _, result, response, _ = connection.search(
        dn, "(objectClass=*)", search_scope=ldap3.BASE, attributes=list(attributes)
    )
    if result["result"] == _NO_SUCH_OBJECT:
        return None
    _demand(result)
    for item in response or ():
        if item["type"] == "searchResEntry":
            return {name.lower(): tuple(values) for name, values in item["raw_attributes"].items()}
    return None


def _send(
    connection: Any,  # noqa: ANN401 -- as above
    change: Change,
) -> Outcome:
    match change:
        case AddEntry(entry=entry):
            values = {each.attribute: list(each.values) for each in entry.attributes}
            _, result, _, _ = connection.add(entry.dn, list(entry.object_classes), values)
        case DeleteEntry(dn=dn):
            _, result, _, _ = connection.delete(dn)
        case AddValues() | ReplaceValues() | DeleteValues():
            operation = (_OPERATIONS[type(change)], list(change.values))
            _, result, _, _ = connection.modify(change.dn, {change.attribute: [operation]})
        case _:
            assert_never(change)
    return _outcome(change, result)


_OPERATIONS: Final[Mapping[type[Change], str]] = {
    AddValues: ldap3.MODIFY_ADD,
    ReplaceValues: ldap3.MODIFY_REPLACE,
    DeleteValues: ldap3.MODIFY_DELETE,
}


def _outcome(change: Change, result: Mapping[str, Any]) -> Outcome:
    code = int(result["result"])
    if code in {_SUCCESS, _VALUE_EXISTS, _ENTRY_EXISTS, _NO_SUCH_ATTRIBUTE}:
        return Done()
    if code == _NO_SUCH_OBJECT:
        return Done() if isinstance(change, DeleteEntry | DeleteValues) else ParentMissing()
    if code in _REFUSALS:
        why = f"{result['description']} {result['message']}".strip()
        return NotAccepted(code=code, why=why)
    raise _unavailable(f"the directory answers {result['description']}")


def _demand(result: Mapping[str, Any]) -> None:
    if result["result"] != _SUCCESS:
        raise _unavailable(f"the directory answers {result['description']}")


def _unavailable(message: str) -> DirectoryUnavailable:
    return DirectoryUnavailable(message=message, next_step=_NEXT_STEP)
