"""The CAs of an installation: offline root, Services CA, generations of Token and Mobiel CA."""

from typing import Annotated, Literal

from pydantic import Field

from pki.domain.records import MOST_PARTS
from pki.settings.types import ExistingFile, Section
from server.setting.keys import CaKeySettings
from server.setting.types import CaName


class IssuerSettings(Section):
    """One generation of one CA. A CA without ``key`` is only published here (an offline root)."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    name: CaName
    certificate: ExistingFile
    published_as: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}$")]
    key: CaKeySettings | None = None
    crl: ExistingFile | None = None


class LinkSettings(Section):
    """A certificate that one root made of another's key (RFC 9810 4.4); only published."""

    certificate: ExistingFile
    published_as: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}$")]


class RootSettings(IssuerSettings):
    """One generation of the offline root, with the links to and from it."""

    links: Annotated[list[LinkSettings], Field(default_factory=list)]


class GenerationSettings(IssuerSettings):
    """One generation of a CA that issues here; its ``key`` is needed where `issuance` runs.

    ``issues``: a candidate for new certificates; of those that can, the newest does. ``answers``:
    no new ones, but CRLs and OCSP. ``ended``: its last CRL is made, or was. ``crl_parts``: into how
    many lists its CRL is split for those that find it by their certificate; it never changes.
    """

    state: Literal["issues", "answers", "ended"] = "issues"
    archive_years: Annotated[int, Field(ge=0, le=50)] = 7
    crl_parts: Annotated[int, Field(ge=0, le=MOST_PARTS)] = 0


class TokenCaSettings(GenerationSettings):
    """One generation of the Token CA, which certifies smartcards."""


class MobielCaSettings(GenerationSettings):
    """One generation of the Mobiel CA, which certifies telephones; no directory shows it."""
