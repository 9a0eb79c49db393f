"""The section [notices]: what organisations are told of their cards, and by which mail server."""

import ipaddress
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pki.domain.errors import Malformed
from pki.domain.notices.addresses import EmailAddress
from pki.settings.types import AnyPath, ExistingFile, Section


def _address(value: str) -> str:
    try:
        return EmailAddress.parse(value).value
    except Malformed as error:
        raise ValueError(error.message) from None


def _calendar_url(value: str) -> str:
    if not value.startswith("https://") or value.endswith("/"):
        raise ValueError("must start with https:// (the address holds a secret), not end in /")
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class SmtpSettings(Section):
    """The mail server that takes notices; its log-in stands in a file of its own."""

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: Annotated[str, AfterValidator(_address)]
    sender_name: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")] = "ZORG-ID"
    user: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,254}$")] | None = None
    password_file: AnyPath | None = None
    ca_file: ExistingFile | None = None
    timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 30

    @model_validator(mode="after")
    def _together(self) -> Self:
        """Refuse what would send in the clear, and half a log-in."""
        if self.security == "none" and not _is_loopback(self.host):
            raise ValueError('security = "none" is for a mail server on this computer')
        if (self.user is None) is not (self.password_file is None):
            raise ValueError("user and password_file are given both or neither")
        return self


class NoticeSettings(Section):
    """Notices are made in any case; without ``smtp`` none is sent."""

    calendar_url: Annotated[str, Field(max_length=200), AfterValidator(_calendar_url)] | None = None
    smtp: SmtpSettings | None = None
