"""Where a private key is: an encrypted file, a PKCS#11 token, or memory alone."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pki.settings.types import AnyPath, ExistingFile, Section

ResponderKeyType = Literal["rsa-2048", "rsa-3072", "p-256"]


class KeySettings(Section):
    """A software key: an encrypted PKCS#8 file and the file that holds its passphrase."""

    file: ExistingFile
    passphrase_file: ExistingFile


class Pkcs11Settings(Section):
    """A key in a PKCS#11 token, found by its id; the PIN comes from just one of three places."""

    module: AnyPath
    token: Annotated[str, Field(min_length=1, max_length=32)]
    key_id: Annotated[str, Field(pattern=r"^([0-9a-f]{2}){1,64}$")]
    label: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    pin_file: ExistingFile | None = None
    pin_credential: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] | None = None
    pin_fd: Annotated[int, Field(ge=3, le=1023)] | None = None

    @model_validator(mode="after")
    def _one_pin(self) -> Self:
        given = (self.pin_file, self.pin_credential, self.pin_fd)
        if sum(each is not None for each in given) != 1:
            raise ValueError("give just one of pin_file, pin_credential and pin_fd")
        return self


class CaKeySettings(Section):
    """The key of a CA: a software key as in `KeySettings`, or one in a token."""

    file: ExistingFile | None = None
    passphrase_file: ExistingFile | None = None
    pkcs11: Pkcs11Settings | None = None

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if (self.file is None) != (self.passphrase_file is None):
            raise ValueError("file and passphrase_file belong together")
        if (self.file is None) == (self.pkcs11 is None):
            raise ValueError("give either file and passphrase_file, or pkcs11")
        return self

    @property
    def software(self) -> KeySettings | None:
        """The software key, if it is one."""
        if self.file is None or self.passphrase_file is None:
            return None
        return KeySettings.model_construct(file=self.file, passphrase_file=self.passphrase_file)


class ResponderKeySettings(Section):
    """The key of OCSP answers: made in memory for each certificate, or always one in a token."""

    type: ResponderKeyType | None = None
    pkcs11: Pkcs11Settings | None = None

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.type is not None and self.pkcs11 is not None:
            raise ValueError("give either type, or pkcs11: a key in a token has its type already")
        return self
