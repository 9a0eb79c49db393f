"""The role `publisher`: keeps the directory in line, with a slapd of our own if need be."""

import asyncio
import logging
from pathlib import Path
from typing import Final

from ldap_publish.directory import LdapDirectory, LdapServer
from ldap_publish.follower import Backoff, LdapFollower
from ldap_publish.publisher import Publisher
from ldap_publish.slapd import PrivateSlapd, SlapdPlace, find_slapd
from ldap_publish.tree import PublishedCa, Tree
from ldap_publish.upkeep import Upkeep
from pki.domain.errors import ConfigurationInvalid
from pki.domain.identifiers import IssuerId
from pki.ports import Clock, Entropy
from pki.store.reading import ReadStore
from pki.store.tail import JournalTail
from pki.store.writing import Store
from server.roles.directory_ports import StoreFacts
from server.roles.keys import read_certificate_file
from server.roles.write_ports import StoreCursors
from server.settings import LdapSettings, Settings

SCHEMA: Final = "zorgid.schema"

_log: Final = logging.getLogger(__name__)


class PublisherRole:
    """The LDAP follower and, for a private directory, its slapd."""

    def __init__(
        self,
        settings: Settings,
        *,
        stores: tuple[Store, ReadStore],
        tail: JournalTail,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        """Build it; nothing is started.

        Raises:
            ConfigurationInvalid: a setting or file of [ldap] cannot be used.
        """
        store, reader = stores
        self.slapd = _private_slapd(settings.ldap, entropy)
        self.directory = LdapDirectory(_server(settings.ldap, self.slapd))
        tree = published_tree(settings)
        publisher = Publisher(self.directory, tree)
        self.follower = LdapFollower(
            journal=tail,
            cursors=StoreCursors(reader, store),
            upkeep=Upkeep(facts=StoreFacts(reader), publisher=publisher, tree=tree),
            clock=clock,
            # A slapd of our own needs a fraction of a second to start.
            backoff=Backoff(first=0.05),
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the directory in line until ``stop``."""
        try:
            async with asyncio.TaskGroup() as tasks:
                background = [tasks.create_task(self.follower.run())]
                if self.slapd is not None:
                    background.append(tasks.create_task(self.slapd.run()))
                await stop.wait()
                for task in background:
                    task.cancel()
        finally:
            await self.directory.close()

    async def problem(self) -> str | None:
        """Why the directory is not in line, for readiness."""
        found = self.follower.statistics()
        if not found.connected:
            return "the directory cannot be reached"
        return None


def directory_missing(settings: LdapSettings) -> str | None:
    """Why no directory can be kept here, or None when one can."""
    if settings.mode == "off":
        return "switched off by ldap.mode"
    if settings.mode == "private" and find_slapd() is None:
        return "slapd is not installed (apt-get install slapd ldap-utils)"
    return None


def published_tree(settings: Settings) -> Tree:
    """The CAs whose certificates and CRLs stand in the directory."""
    cas = tuple(
        PublishedCa(
            issuer=IssuerId(each.id),
            certificates=(read_certificate_file(each.certificate),),
            is_root=each in settings.root,
        )
        for each in settings.published
    )
    return Tree(base=settings.ldap.base, cas=cas)


def _private_slapd(settings: LdapSettings, entropy: Entropy) -> PrivateSlapd | None:
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


def _server(settings: LdapSettings, slapd: PrivateSlapd | None) -> LdapServer:
    if slapd is not None:
        return LdapServer(url=slapd.writer_url, bind_dn=slapd.bind_dn, password=slapd.password())
    if settings.url is None or settings.bind_dn is None or settings.password_file is None:
        raise ConfigurationInvalid(
            key="ldap",
            message="an external directory needs url, bind_dn and password_file",
            next_step="add them to the section [ldap]",
        )
    return LdapServer(
        url=settings.url,
        bind_dn=settings.bind_dn,
        password=_secret(settings.password_file),
        ca_file=settings.ca_file,
    )


def _secret(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise ConfigurationInvalid(
            key="ldap.password_file",
            message=f"{path.name} may be read by others than its owner",
            next_step=f"chmod 600 {path}",
        )
    return path.read_text("utf-8").strip()
