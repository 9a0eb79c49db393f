"""The section [ldap]: a private slapd, one directory, or several replicas."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from pki.settings.types import AnyPath, ExistingFile, Section
from server.setting.types import LoopbackAddress

Url = Annotated[str, Field(pattern=r"^(ldaps?|ldapi)://")]


class DirectoryAccess(Section):
    """Where a directory is, and who writes to it.

    By name and password, or (SASL EXTERNAL) by a client certificate or the socket's own user.
    """

    url: Url | None = None
    bind_dn: str | None = None
    password_file: ExistingFile | None = None
    certificate: ExistingFile | None = None
    key: ExistingFile | None = None
    ca_file: ExistingFile | None = None

    def missing(self) -> Iterator[str]:
        """Which settings a directory cannot be written without."""
        if self.url is None:
            yield "url"
        by_socket = self.url is not None and self.url.startswith("ldapi://")
        external = self.bind_dn is None and self.password_file is None
        if external and by_socket:
            return
        if external and (self.certificate is not None or self.key is not None):
            needed = ("certificate", "key")
        else:
            needed = ("bind_dn", "password_file")
        yield from (name for name in needed if getattr(self, name) is None)


class ReplicaSettings(DirectoryAccess):
    """One of several directories; its name stands in metrics, and keeps its place in the journal.

    A new name begins from the start.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class LdapSettings(DirectoryAccess):
    """The directory: a private slapd that this program starts, external servers, or none."""

    mode: Literal["private", "external", "off"] = "private"
    listen: LoopbackAddress = "127.0.0.1:8082"
    directory: AnyPath = Path("ldap")
    schema_directory: AnyPath = Path("schema")
    base: Annotated[str, Field(min_length=3)] = "o=ZORG-ID,c=NL"
    changes_per_second: Annotated[int, Field(ge=0, le=100_000)] = 0
    replicas: Annotated[tuple[ReplicaSettings, ...], Field(max_length=16)] = ()

    @property
    def external(self) -> tuple[tuple[str, DirectoryAccess], ...]:
        """The external directories by name; one without a name is the only one."""
        if self.mode != "external":
            return ()
        return tuple((each.name, each) for each in self.replicas) or (("", self),)
