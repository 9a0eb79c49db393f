"""The desk's configuration file, read once into checked, frozen objects.

Unknown keys, missing files and unsafe values are `ConfigurationInvalid` errors that name the key.
Paths are relative to the file they stand in. Nothing secret stands in it.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from card_writer.piv.admin_key import MASTER_OCTETS_MIN
from card_writer.piv.commands import AID
from card_writer.readers.recognition import UZI_PASSES, AtrMask, CardKind
from pki.settings.file import checked, read_toml
from pki.settings.types import ExistingFile, ExistingFolder, Section, existing_file

AID_MIN, AID_MAX = 5, 16
"""Octets of an application's name (ISO 7816-4 12.2.3)."""
_MISSING: Final = "give --config FILE; docs/card-writer.md has an example"


def _own_eyes_only(value: Path, info: ValidationInfo) -> Path:
    path = existing_file(value, info)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ValueError(f"file {path} can be read by others: chmod 600")
    if path.stat().st_size < MASTER_OCTETS_MIN:
        raise ValueError(f"file {path} holds fewer than {MASTER_OCTETS_MIN} octets")
    return path


def _application(text: str) -> str:
    try:
        octets = len(bytes.fromhex(text))
    except ValueError:
        octets = 0
    if not AID_MIN <= octets <= AID_MAX:
        raise ValueError("write 5 to 16 octets in hexadecimal")
    return text


ApplicationName = Annotated[str, AfterValidator(_application)]
ReaderName = Annotated[str, Field(min_length=1, max_length=200)]


class ServerSettings(Section):
    """The issuance API, and the root that its TLS certificate is under."""

    url: Annotated[str, Field(pattern=r"^https://[A-Za-z0-9.:-]+$")]
    ca: ExistingFile | None = None
    timeout_seconds: Annotated[float, Field(ge=1, le=120)] = 30.0


class PassSettings(Section):
    """How UZI passes are read: a vendor's PKCS#11 module, PIV, or software ones for practice."""

    driver: Literal["pkcs11", "piv", "soft"]
    module: ExistingFile | None = None
    reader: ReaderName | None = None
    folder: ExistingFolder | None = None
    atr: tuple[str, ...] = ()
    aid: ApplicationName | None = None
    pin_pad: bool = True

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _require(self.driver == "pkcs11", self.module, "module")
        _require(self.driver == "soft", self.folder, "folder")
        _allow(self.driver == "piv", self.aid, "aid")
        _allow(self.driver == "piv", None if self.pin_pad else self.pin_pad, "pin_pad = false")
        return self

    @property
    def application(self) -> bytes:
        """The name of the application on UZI passes of this kind."""
        return AID if self.aid is None else bytes.fromhex(self.aid)

    @property
    def masks(self) -> tuple[AtrMask, ...]:
        """Answers to reset of UZI passes."""
        given = (AtrMask.read(CardKind.UZI_PASS, text) for text in self.atr)
        return tuple(given) or UZI_PASSES


class CardSettings(Section):
    """How ZORG-ID cards are made: PIV by APDUs, a vendor's PKCS#11 module, or software ones."""

    driver: Literal["piv", "pkcs11", "soft"]
    module: ExistingFile | None = None
    reader: ReaderName | None = None
    label: Annotated[str, Field(pattern=r"^[ -~]{1,32}$")] = "ZORG-ID Smartcard"
    folder: ExistingFolder | None = None
    key: Literal["rsa-2048", "rsa-3072", "p-256"] = "rsa-2048"
    pin: Literal["digits", "letters-and-digits"] = "digits"
    vendor_extensions: bool = False
    master_key: Annotated[Path, AfterValidator(_own_eyes_only)] | None = None
    atr: tuple[str, ...] = ()
    aid: ApplicationName | None = None
    pin_pad: bool = True

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _require(self.driver == "soft", self.folder, "folder")
        _require(self.driver == "pkcs11", self.module, "module")
        _allow(self.driver == "piv", self.aid, "aid")
        _allow(self.driver == "piv", None if self.pin_pad else self.pin_pad, "pin_pad = false")
        if self.driver == "pkcs11" and self.reader is None:
            raise ValueError("reader is needed with this driver")
        if self.master_key is not None and not self.vendor_extensions:
            raise ValueError("master_key is of no use without vendor_extensions = true")
        return self

    @property
    def application(self) -> bytes:
        """The name of the application on cards of this kind."""
        return AID if self.aid is None else bytes.fromhex(self.aid)

    @property
    def masks(self) -> tuple[AtrMask, ...]:
        """Answers to reset of blank cards."""
        return tuple(AtrMask.read(CardKind.ZORG_ID, text) for text in self.atr)


class DeskSettings(Section):
    """The whole file. ``language`` is what the person reads."""

    language: Literal["nl", "en"] = "nl"
    server: ServerSettings
    uzi_pass: Annotated[PassSettings, Field(alias="pass")]
    card: CardSettings


def load(path: Path) -> DeskSettings:
    """Read and check the file.

    Raises:
        ConfigurationInvalid: it cannot be read or parsed, or a setting is unknown, missing or
            unsafe.
    """
    document = read_toml(path, missing=_MISSING)
    return check(document, directory=path.resolve().parent)


def check(document: dict[str, Any], *, directory: Path) -> DeskSettings:
    """Check a parsed file; paths in it are relative to ``directory``.

    Raises:
        ConfigurationInvalid: names the first offending key.
    """
    settings = checked(DeskSettings, document, directory=directory)
    _ = (settings.uzi_pass.masks, settings.card.masks)
    return settings


def _require(asked: bool, given: object, name: str) -> None:  # noqa: FBT001 -- read as a sentence
    if asked != (given is not None):
        raise ValueError(f"{name} {'is needed' if asked else 'does not go'} with this driver")


def _allow(asked: bool, given: object, name: str) -> None:  # noqa: FBT001 -- read as a sentence
    if given is not None and not asked:
        raise ValueError(f"{name} does not go with this driver")
