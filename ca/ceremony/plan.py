"""What a ceremony plan says, as checked values; `ca.ceremony.reading` reads them."""

import base64
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Annotated, ClassVar, Final, Self

from pydantic import ConfigDict, Field

from ca.ceremony.custody import Custody
from ca.settings import CaSettings, Installation
from pki.domain.algorithms import KeyType
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason

TEST: Final = "TEST"
"""What practice puts in front of every name: of files, of the operator, on every page."""

_STRICT: Final = ConfigDict(extra="forbid", strict=True)

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,62}$")]
PathText = Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]{1,200}$")]
PersonName = Annotated[str, Field(pattern=r"^[^\s<>&\"][^<>&\"\x00-\x1f]{1,63}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class PlanKind(Enum):
    """What a ceremony does; the profile says for whom."""

    ROOT = "root"
    KEY = "key"
    CERTIFICATE = "certificate"
    CRL = "crl"
    LINK = "link"
    BACKUP = "hsm-backup"
    RESTORE = "hsm-restore"
    DESTRUCTION = "key-destruction"


class KeyPlace(Enum):
    """Where private keys are."""

    FILE = "file"
    PKCS11 = "pkcs11"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindow:
    """When the ceremony may be held, UTC."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Somebody who watches and signs; ``public_key`` is SubjectPublicKeyInfo, DER in base64."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: PersonName
    public_key: str

    @property
    def spki(self) -> bytes:
        """The key, DER."""
        return base64.b64decode(self.public_key, validate=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Operators act and confirm; witnesses sign, at least ``witnesses_needed`` of them."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    operators: tuple[PersonName, ...]
    witnesses: tuple[Witness, ...]
    witnesses_needed: Annotated[int, Field(ge=1, le=16)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The PKCS#11 token that holds the keys: path of the module, label of the token."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    module: PathText
    label: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._-]{1,32}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key to be made. In a file it opens with ``threshold`` of the holders' shares."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: FileName
    profile: FileName
    type: KeyType
    holders: tuple[PersonName, ...] = ()
    threshold: Annotated[int, Field(ge=2, le=16)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerRef:
    """The CA that signs: its key's name in ``folder``, and the digest of its certificate (DER)."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: FileName
    folder: PathText
    certificate_sha256: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCertificate:
    """A certificate for a PKCS#10 request whose digest (of its DER) was reviewed."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: FileName
    profile: FileName
    request: PathText
    request_sha256: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A link certificate for another root, whose own certificate (digest of its DER) is pinned."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: FileName
    profile: FileName
    certificate: PathText
    certificate_sha256: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """One entry of the CRL."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    serial: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    at: datetime
    reason: str | None = None

    @property
    def code(self) -> RevocationReason | None:
        """The reason code, none for unspecified."""
        return None if self.reason is None else RevocationReason[self.reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCrl:
    """A CRL; ``previous`` is the one that it follows, which no first CRL has."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: FileName
    number: Annotated[int, Field(ge=1, lt=1 << 63)]
    days: Annotated[int, Field(ge=1, le=366)]
    previous: PathText | None = None
    previous_sha256: Sha256 | None = None
    revoked: tuple[Revoked, ...] = ()

    @property
    def entries(self) -> dict[SerialNumber, tuple[datetime, RevocationReason | None]]:
        """What `ca.practice.make_crl` takes."""
        return {SerialNumber.parse(each.serial): (each.at, each.code) for each in self.revoked}


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroyed:
    """A key to be destroyed. A key file is pinned by the digest its own ceremony recorded."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: FileName
    folder: PathText
    sha256: Sha256 | None = None
    reason: Annotated[str, Field(min_length=3, max_length=200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be done, by whom, when, and where the results go; ``sha256`` of the file."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    format: Annotated[int, Field(ge=1, le=1)]
    kind: PlanKind
    title: Annotated[str, Field(pattern=r"^[^<>&\"\x00-\x1f]{3,100}$")]
    folder: PathText
    window: TimeWindow
    ca: CaSettings
    people: People
    keys: KeyPlace = KeyPlace.FILE
    profiles: PathText | None = None
    token: Token | None = None
    key: NewKey | None = None
    issuer: IssuerRef | None = None
    certificate: NewCertificate | None = None
    link: NewLink | None = None
    crl: NewCrl | None = None
    hsm: Custody | None = None
    destroy: Destroyed | None = None
    sha256: str = ""
    practice: bool = False

    @property
    def stamp(self) -> str:
        """What stands before the name of every file that is made: ``TEST-`` in practice."""
        return f"{TEST}-" if self.practice else ""

    def practised(self) -> Self:
        """The same for practice: everything that is made says TEST.

        Raises:
            ConfigurationInvalid: the operator's name has no room for the stamp.
        """
        words = [word for word in self.ca.operator.split() if word != Installation.ACCEPTANCE.name]
        marks = [mark for mark in (TEST, Installation.PRACTICE.name) if mark not in words]
        settings = replace(
            self.ca, installation=Installation.PRACTICE, operator=" ".join([*marks, *words])
        )
        return replace(self, ca=settings, practice=True)
