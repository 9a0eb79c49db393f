"""What a plan says of the keys in a token, and of the media that hold their backup."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, ClassVar, Final

from pydantic import ConfigDict, Field

from ca.ceremony.describe import Fields

_STRICT: Final = ConfigDict(extra="forbid", strict=True)

Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Person = Annotated[str, Field(pattern=r"^[^\s<>&\"][^<>&\"\x00-\x1f]{1,63}$")]


class MediumForm(Enum):
    """A file that the HSM's tool writes, or a device that the HSM copies its keys into."""

    FILE = "file"
    DEVICE = "device"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptKey:
    """A key of the token, and the digest of its public half (SubjectPublicKeyInfo, DER)."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    label: Label
    public_key_sha256: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """One copy of the backup and who keeps it.

    A device has a ``serial``. A restore names the ``seal`` that the backup's report has, and the
    ``sha256`` of a file.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: Label
    form: MediumForm
    holder: Person
    serial: Label | None = None
    sha256: Sha256 | None = None
    seal: Label | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """All that the token holds: ``keys``, and the labels of ``others``; and the backup's media."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    keys: tuple[KeptKey, ...]
    media: tuple[Medium, ...]
    others: tuple[Label, ...] = ()

    @property
    def labels(self) -> frozenset[str]:
        """What may be in the token."""
        return frozenset({*(each.label for each in self.keys), *self.others})

    @property
    def key_fields(self) -> Fields:
        """The keys, for people to read."""
        return tuple((each.label, each.public_key_sha256) for each in self.keys)

    @property
    def media_fields(self) -> Fields:
        """The media, for people to read."""
        return tuple((each.name, _described(each)) for each in self.media)


def custody_problems(custody: Custody, *, restore: bool) -> list[tuple[str, str]]:
    """What cannot be meant: keys of the plan at fault, and why."""
    found: list[tuple[str, str]] = []
    labels = [*(each.label for each in custody.keys), *custody.others]
    if not custody.keys or len(set(labels)) != len(labels):
        found.append(("hsm.keys", "at least one key, each label once"))
    names = [each.name for each in custody.media]
    if not names or len(set(names)) != len(names):
        found.append(("hsm.media", "at least one medium, each name once"))
    for each in custody.media:
        found += [("hsm.media", why) for why in _medium_problems(each, restore=restore)]
    return found


def _medium_problems(medium: Medium, *, restore: bool) -> list[str]:
    is_file = medium.form is MediumForm.FILE
    rules = (
        (is_file and medium.serial is not None, "is a file and has no serial number"),
        (not is_file and medium.serial is None, "is a device and has a serial number"),
        (not is_file and medium.sha256 is not None, "is a device and has no SHA-256"),
        (is_file and restore and medium.sha256 is None, "needs the SHA-256 of its file"),
        (restore and medium.seal is None, "needs the seal that the backup's report names"),
        (not restore and medium.sha256 is not None, "gets its SHA-256 in the ceremony"),
        (not restore and medium.seal is not None, "gets its seal in the ceremony"),
    )
    return [f"{medium.name} {why}" for broken, why in rules if broken]


def _described(medium: Medium) -> str:
    parts = (
        medium.form.value,
        f"kept by {medium.holder}",
        "" if medium.serial is None else f"serial {medium.serial}",
        "" if medium.seal is None else f"seal {medium.seal}",
        medium.sha256 or "",
    )
    return ", ".join(part for part in parts if part)
