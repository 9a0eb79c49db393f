"""Settings of the places outside the store where CRLs are put."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from pki.settings.types import AnyPath, Section


def protected_url(value: str) -> str:
    """TLS, but on this computer: what is sent is not for everybody.

    Raises:
        ValueError: it is neither.
    """
    parts = urlsplit(value)
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return value
    if parts.scheme != "http" or not (host == "localhost" or _is_loopback(host)):
        raise ValueError("must start with https://, except on a loopback address")
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class CrlFolderSettings(Section):
    """A folder that shows every CRL under the name it is served by."""

    path: AnyPath
    archive_days: Annotated[int, Field(ge=0, le=36_500)] = 0


class CrlBucketSettings(Section):
    """A bucket of an S3-compatible server; who may write stands in no configuration."""

    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "us-east-1"
    endpoint: Annotated[str, AfterValidator(protected_url)] | None = None
    path_style: bool = False
    prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9._-]+/)*$", max_length=200)] = ""
    credentials_file: AnyPath | None = None
    ca_file: AnyPath | None = None
    conditional: bool = True
    archive: bool = False
