"""The role `publisher`: keeps the directory in line, with a slapd of our own if need be."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ldap_publish.directory import ClientCertificate, LdapDirectory, LdapServer
from ldap_publish.follower import Backoff, LdapFollower
from ldap_publish.plan import Actual, Change
from ldap_publish.ports import Outcome, Page
from ldap_publish.publisher import Publisher
from ldap_publish.slapd import PrivateSlapd, SlapdPlace, find_slapd
from ldap_publish.tree import PublishedCa, Tree
from ldap_publish.upkeep import Upkeep
from pki.domain.identifiers import IssuerId
from pki.ports import Clock, Entropy
from server.files import read_private_text, require_private
from server.leases.names import Task
from server.leases.once import OnceTask
from server.leases.sides import Sides
from server.roles.directory_ports import StoreFacts
from server.roles.keys import read_certificate_file
from server.roles.write_ports import StoreCursors
from server.setting.directory import DirectoryAccess, LdapSettings
from server.settings import Settings

SCHEMA: Final = "zorgid.schema"
_NOT_OURS: Final = (
    "the private directory is not kept in line by this process: "
    "the store cannot be reached, or another publisher has that task (then use ldap.mode external)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """One directory and who keeps it in line; each goes at its own pace."""

    name: str
    directory: LdapDirectory
    follower: LdapFollower


class PublisherRole:
    """A follower for each directory and, for a private directory, its slapd."""

    def __init__(
        self,
        settings: Settings,
        sides: Sides,
        *,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        """Build it; nothing is started.

        Raises:
            ConfigurationInvalid: a setting or file of [ldap] cannot be used.
        """
        self._keeping = keeping = sides.leases.task(Task.DIRECTORY)
        self.slapd = private_slapd(settings.ldap, entropy)
        tree = published_tree(settings)

        def follower(name: str, directory: LdapDirectory) -> LdapFollower:
            publisher = Publisher(_InTurn(directory, keeping), tree)
            return LdapFollower(
                journal=sides.tail,
                cursors=StoreCursors(sides.reader, keeping.store),
                upkeep=Upkeep(facts=StoreFacts(sides.reader), publisher=publisher, tree=tree),
                clock=clock,
                # A slapd of our own needs a fraction of a second to start.
                backoff=Backoff(first=0.05, per_second=settings.ldap.changes_per_second),
                replica=name,
            )

        directories = ((name, LdapDirectory(each)) for name, each in servers(settings, self.slapd))
        self.replicas = tuple(
            Replica(name=name, directory=each, follower=follower(name, each))
            for name, each in directories
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the directories in line until ``stop``, in its turn; a slapd of our own runs on."""
        try:
            async with asyncio.TaskGroup() as tasks:
                background = [tasks.create_task(self._keeping.run(self._keep))]
                if self.slapd is not None:
                    background.append(tasks.create_task(self.slapd.run()))
                await stop.wait()
                for task in background:
                    task.cancel()
        finally:
            for each in self.replicas:
                await each.directory.close()

    @property
    def kept(self) -> Sequence[LdapFollower]:
        """Who keeps the directories in line, where they are at work."""
        return [each.follower for each in self.replicas] if self._keeping.held else []

    async def problem(self) -> str | None:
        """Why a directory is not in line, for readiness."""
        if not self._keeping.held:
            return None if self.slapd is None else _NOT_OURS
        away = [each for each in self.replicas if not each.follower.statistics().connected]
        if not away:
            return None
        names = ", ".join(each.name for each in away if each.name)
        return f"the directory cannot be reached{names and ': '}{names}"

    async def _keep(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for each in self.replicas:
                tasks.create_task(each.follower.run())


class _InTurn:
    """Writes nothing once the lease has ended: a directory knows no tokens."""

    def __init__(self, directory: LdapDirectory, keeping: OnceTask) -> None:
        self._directory = directory
        self._keeping = keeping

    async def read(self, dn: str, attributes: Sequence[str]) -> Actual | None:
        return await self._directory.read(dn, attributes)

    async def page_below(
        self, dn: str, attributes: Sequence[str], after: bytes = b""
    ) -> Page | None:
        return await self._directory.page_below(dn, attributes, after)

    async def apply(self, change: Change) -> Outcome:
        self._keeping.proven()
        return await self._directory.apply(change)


def directory_missing(settings: LdapSettings) -> str | None:
    """Why no directory can be kept here, or None when one can."""
    if settings.mode == "off":
        return "switched off by ldap.mode"
    if settings.mode == "private" and find_slapd() is None:
        return "slapd is not installed (apt-get install slapd ldap-utils)"
    return None


def published_tree(settings: Settings) -> Tree:
    """The CAs whose certificates and CRLs stand in the directory; the Mobiel CA's do not."""
    cas = tuple(
        PublishedCa(
            issuer=IssuerId(each.id),
            certificates=(read_certificate_file(each.certificate),),
            is_root=each in settings.root,
        )
        for each in settings.published
        if each not in settings.mobiel_ca
    )
    return Tree(base=settings.ldap.base, cas=cas)


def private_slapd(settings: LdapSettings, entropy: Entropy) -> PrivateSlapd | None:
    """The slapd of our own, not started; None when the directories are external."""
    if settings.mode != "private":
        return None
    host, _, port = settings.listen.rpartition(":")
    place = SlapdPlace(
        directory=settings.directory,
        host=host,
        port=int(port),
        base=settings.base,
        schemas=[settings.schema_directory / SCHEMA],
    )
    return PrivateSlapd(place, entropy)


def servers(settings: Settings, slapd: PrivateSlapd | None) -> tuple[tuple[str, LdapServer], ...]:
    """Every directory by name, as its writer reaches it.

    Raises:
        ConfigurationInvalid: a secret may be read by others, or nothing says who writes.
    """
    if slapd is not None:
        own = LdapServer(url=slapd.writer_url, bind_dn=slapd.bind_dn, password=slapd.password())
        return (("", own),)
    return tuple((name, _server(each)) for name, each in settings.ldap.external)


def _server(access: DirectoryAccess) -> LdapServer:
    client, password = None, ""
    if access.password_file is not None:
        password = read_private_text(access.password_file, "ldap.password_file")
    if access.certificate is not None and access.key is not None:
        require_private(access.key, "ldap.key")
        client = ClientCertificate(certificate=access.certificate, key=access.key)
    return LdapServer(
        url=access.url or "",
        bind_dn=access.bind_dn or "",
        password=password,
        client=client,
        ca_file=access.ca_file,
    )
